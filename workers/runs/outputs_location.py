"""Where an outputs folder is, noted in it: so that it is known, once it was moved or copied, where it was before."""

from __future__ import annotations

import json
from pathlib import Path

from simpleflow_nb.constants import STATE_FOLDER

from ..artefacts import read_record, write_atomically

_FILE = Path(STATE_FOLDER, "place.json")


def former_places(outputs: Path) -> list[str]:
    """Where the folder was before, as far as anybody has noted it there; the latest last."""
    noted = read_record(outputs / _FILE)
    places = [*(noted.get("former") or ()), noted.get("outputs")]
    return [place for place in dict.fromkeys(places) if isinstance(place, str) and place != str(outputs)]


def note_place(outputs: Path, *also: str) -> None:
    """Note where the folder is now, and that it was in those places ``also``. Its state folder must exist.

    Raises:
        OSError: it cannot be written.
    """
    former = list(dict.fromkeys([*former_places(outputs), *also]))
    noted = {"outputs": str(outputs), "former": [place for place in former if place != str(outputs)]}
    if read_record(outputs / _FILE) != noted:
        write_atomically(outputs / _FILE, json.dumps(noted, ensure_ascii=False, indent=1) + "\n")
