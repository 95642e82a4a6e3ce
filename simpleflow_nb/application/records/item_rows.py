"""The items of a run, ended and open, as one kind of row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.documents import iso_time
from .record_files import has_records

if TYPE_CHECKING:
    from deciders.values.item import Item
    from deciders.values.label_state import LabelState
    from deciders.values.light import Light
    from workers.records.run_items import ItemRecord


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """One item of a run.

    A label without a list of items is its item 0, and so is one that ended before its items were known.
    """

    label: str
    index: int
    slug: str | None = None  #: name of its folder in that of its label; None of a label without a list of items
    state: LabelState
    light: Light | None = None  #: None if it was not run, or has not ended
    attempt: int | None = None  #: from 1; None if it was not run
    started: datetime | None = None
    ended: datetime | None = None
    folder: str | None = None  #: absolute; None if it was not run
    reason: str | None = None  #: why it was skipped
    error: str | None = None  #: why it failed
    note: str | None = None  #: of one that runs: the cell that it is in
    is_empty_fan: bool = False  #: no item, but a label with a list of items, which is empty

    @property
    def item(self) -> Item:
        """Its name for people: the label alone, of a label without a list of items."""
        from deciders.values.item import Item

        return Item(self.label, self.index if self.slug is not None else None)

    @property
    def cause(self) -> str | None:
        """The reason why it failed or was skipped."""
        return self.error or self.reason

    def to_dict(self) -> dict[str, Any]:
        """One item among others: a part of a document."""
        return {
            "label": self.label,
            "index": self.index,
            "slug": self.slug,
            "state": str(self.state),
            "light": self.light or "",
            "attempt": self.attempt,
            "started": iso_time(self.started),
            "ended": iso_time(self.ended),
            "folder": self.folder,
            "reason": self.reason,
            "error": self.error,
            "note": self.note,
        }


def recorded_items(outputs: Path, run_id: str, labels: Iterable[str] = ()) -> list[ItemRow]:
    """Return the items of a run that are on record: all of one that has ended, of an open one those that workers have executed.
    They are in the order of these ``labels``, those of others behind them. None of a run of version 0.1.

    Raises:
        RecordsError: the records cannot be read.
    """
    from workers.records.run_records import RunRecords

    if not run_id or not has_records(outputs):
        return []
    with RunRecords.open(outputs, to_look=True) as records:
        found = [_row(record, outputs) for record in records.items(run_id)]
    places = {label: place for place, label in enumerate(labels)}
    return sorted(found, key=lambda row: (places.get(row.label, len(places)), row.label, row.index))


def _row(record: ItemRecord, outputs: Path) -> ItemRow:
    from deciders.values.label_state import LabelState
    from deciders.values.light import Light
    from workers.kept_paths import found_path
    from workers.records.run_items import EMPTY_FAN
    from workers.sharing.taken_items import folder_with_key

    folder = found_path(record.folder, outputs, "", "") if record.folder is not None else None
    if record.folder is not None and record.key is not None and record.state == "cached":
        found = folder_with_key(outputs, record.folder, record.key)
        folder = str(found) if found is not None else folder
    return ItemRow(
        label=record.label,
        index=record.index,
        slug=record.slug,
        state=LabelState.read(record.state),
        light=Light(record.light) if record.light is not None and Light.is_light(record.light) else None,
        attempt=record.attempt,
        started=record.started,
        ended=record.ended,
        folder=folder,
        reason=record.reason,
        error=record.error,
        is_empty_fan=record.kind == EMPTY_FAN,
    )
