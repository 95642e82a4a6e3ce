"""Former paths of an outputs folder, noted in it, so that they are known once it was moved or copied."""

from __future__ import annotations

from pathlib import Path

from simpleflow_nb.constants import STATE_FOLDER

from ..artefacts import read_record, with_schema, write_record

_FILE = Path(STATE_FOLDER, "place.json")


def former_places(outputs: Path) -> list[str]:
    """Return the former paths of the folder, as far as they were noted there; the latest last."""
    noted = read_record(outputs / _FILE)
    places = [*(noted.get("former") or ()), noted.get("outputs")]
    return [place for place in dict.fromkeys(places) if isinstance(place, str) and place != str(outputs)]


def note_place(outputs: Path, *also: str) -> None:
    """Note the present path of the folder, and ``also`` as former ones. Its state folder must exist.

    Raises:
        OSError: it cannot be written.
    """
    former = list(dict.fromkeys([*former_places(outputs), *also]))
    noted = with_schema({"outputs": str(outputs), "former": [place for place in former if place != str(outputs)]})
    if read_record(outputs / _FILE) != noted:
        write_record(outputs / _FILE, noted)
