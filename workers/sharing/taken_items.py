"""Items that are taken over from other runs: finding what they have made, and leaving a note of it in the run that takes it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deciders.tasks.results import NotebookResult
from deciders.values.key_parts import KeyParts
from deciders.values.label_state import AttemptState

from ..artefacts import Artefacts, path_part, read_record, write_record
from ..kept_paths import kept_path
from ..notebooks.kept_notebook import kept_result
from ..records.run_items import ItemRecord

#: In the folder of an item that was taken over: from where.
TAKEN_FROM = "taken_from.json"
#: In the folder of an item that others have taken over: that it is to stay.
TAKEN_OVER = "taken_over.json"

_ATTEMPTS = ".attempts"
_PARTS_OF_RUN = 3  #: of the path of an item's folder, relative to the outputs: notebooks, workflow, instance


@dataclass(frozen=True)
class FoundItem:
    """An item that a run has executed, in the folder where it is now."""

    folder: Path
    record: Mapping[str, Any]  #: its ``run.json``
    row: ItemRecord

    @property
    def run(self) -> str:
        """NAME/INSTANCE of the run, as far as the folders of version 0.2 tell it."""
        told = self.record.get("run")
        return str(told) if told else "/".join(Path(str(self.row.folder)).parts[1:_PARTS_OF_RUN])

    @property
    def notebook(self) -> Path:
        """The executed notebook."""
        return self.folder / f"{path_part(self.row.label)}.ipynb"

    @property
    def parts(self) -> KeyParts | None:
        """Everything that its work depended on; None if that was not kept."""
        return KeyParts.of_json(self.record.get("key_parts"))

    def is_older_than(self, seconds: int | None) -> bool:
        """Tell whether it ended more than so many seconds ago; no item is older than None."""
        try:
            ended = datetime.fromisoformat(str(self.record.get("ended")))
        except ValueError:
            return seconds is not None
        return seconds is not None and datetime.now(UTC) - ended > timedelta(seconds=seconds)

    def result(self, scraps: Sequence[str]) -> NotebookResult | None:
        """Return the result of its activity; None if it lacks one of the scraps that are asked for now."""
        found = kept_result(self.record, self.notebook, scraps)
        if found is None:
            return None
        own = {"key": self.record.get("key"), "taken_from": self.run}
        return NotebookResult.of_json({**found.as_json(), **own})


def found_items(outputs: Path, rows: Sequence[ItemRecord]) -> Iterator[FoundItem]:
    """Yield those of the recorded items whose folders still have what they made, wherever later attempts have moved them."""
    for row in rows:
        if row.folder is None:
            continue
        for folder in _places(outputs, row.folder):
            record = read_record(folder / "run.json")
            if record.get("key") == row.key and record.get("status") == AttemptState.SUCCEEDED:
                found = FoundItem(folder, record, row)
                if found.notebook.is_file():
                    yield found
                    break


def _places(outputs: Path, kept: str) -> Iterator[Path]:
    folder = Path(os.path.join(outputs, kept))
    yield folder
    parts = folder.relative_to(outputs).parts if folder.is_relative_to(outputs) else ()
    of_run = outputs.joinpath(*parts[:_PARTS_OF_RUN])
    attempts = of_run / _ATTEMPTS
    if len(parts) <= _PARTS_OF_RUN or _ATTEMPTS in parts or not attempts.is_dir():
        return
    numbers = [entry.name for entry in attempts.iterdir() if entry.name.isdecimal()]
    for number in sorted(numbers, key=int, reverse=True):
        yield attempts.joinpath(number, *parts[_PARTS_OF_RUN:])


def leave_note(found: FoundItem, artefacts: Artefacts, folder: Path, parts: KeyParts) -> None:
    """Note in the folder of an item where it was taken over from, and in that of its maker that it is referred to.

    Raises:
        OSError: it cannot be written.
    """
    note = {
        "run": found.run,
        "run_id": found.record.get("run_id"),
        "folder": kept_path(str(found.folder), artefacts.outputs),
        "notebook": found.notebook.name,
        "taken": datetime.now(UTC).isoformat(),
        "light": found.record.get("light"),
        "source_sha256": found.record.get("source_sha256"),
        "key": parts.key,
        "key_parts": parts.as_json(),
    }
    if not (found.folder / TAKEN_OVER).exists():
        write_record(found.folder / TAKEN_OVER, {"by": kept_path(str(folder), artefacts.outputs)})
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder / TAKEN_FROM, note)


def taken_folder(folder: Path, outputs: Path) -> Path | None:
    """Return the folder of the item that this one was taken over from; None if it was not, or that is gone."""
    note = read_record(folder / TAKEN_FROM)
    kept, key = note.get("folder"), note.get("key")
    if not isinstance(kept, str):
        return None
    return folder_with_key(outputs, kept, key)


def folder_with_key(outputs: Path, kept: str, key: str | None) -> Path | None:
    """Return where the item with a key is that was executed in a folder, relative to the outputs; None if it is gone.

    Later attempts of its run have moved it.
    """
    return next((place for place in _places(outputs, kept) if read_record(place / "run.json").get("key") == key), None)


def made_folder(folder: Path, outputs: Path) -> Path:
    """Return the folder with what a label or an item has made: its own or, of what was taken over, that of its maker."""
    return taken_folder(folder, outputs) or folder


def executed_notebook(own: Path, outputs: Path) -> Path:
    """Return the path of an executed notebook: ``own`` or, of one that was taken over, that in the folder of its maker."""
    folder = taken_folder(own.parent, outputs)
    if folder is None:
        return own
    name = read_record(own.parent / TAKEN_FROM).get("notebook")
    return folder / str(name)


def is_taken_over(folder: Path) -> bool:
    """Tell whether other runs have taken over what is in this folder."""
    return (folder / TAKEN_OVER).exists()
