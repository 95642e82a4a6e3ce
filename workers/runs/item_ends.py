"""Ends of the items of a run, for the run records: from the worker that executed an item, and from the run itself."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deciders.values.artefact_key import ArtefactKey, ArtefactKind
from deciders.values.item import Item
from deciders.values.item_reason import ItemReason
from deciders.values.label_state import LabelState
from simpleflow_nb.exceptions import ActivityCanceled

from ..artefacts import Artefacts, read_record
from ..kept_paths import kept_path
from ..lights import Light
from ..notebooks.notebook_errors import NotebookSkipped
from ..records.run_items import EMPTY_FAN, ItemRecord, ItemState
from ..records.run_records import RecordsError, RunRecord, RunRecords

logger = logging.getLogger(__name__)

#: State of an item by the state of its label in a run's record.
_STATE_OF: dict[LabelState, ItemState] = {
    LabelState.SUCCEEDED: "succeeded",
    LabelState.FAILED: "failed",
    LabelState.CACHED: "cached",
    LabelState.SKIPPED: "skipped",
    LabelState.NOT_RUN: "skipped",
    LabelState.CANCELLED: "cancelled",
    LabelState.TIMED_OUT: "timed_out",
}
_BAD = ("failed", "cancelled", "timed_out")


@dataclass(frozen=True)
class ItemPlace:
    """An item of a run, and the folder that it has there."""

    artefacts: Artefacts
    workflow: str
    instance: str
    label: str
    index: int | None = None  #: None of a label without a list of items
    item: str | None = None  #: name of its folder in that of its label

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.artefacts.notebook_folder(self.workflow, self.instance, self.label, self.item)

    def __str__(self) -> str:
        return f"{Item(self.label, self.index)} of {self.workflow}/{self.instance}"


@dataclass
class ToldOfItem:
    """Things about an item that are known only while it is under way, for its row."""

    reason: str | None = None  #: why it runs although it ran before


@contextmanager
def recorded_item(run_id: str, place: ItemPlace, attempt: int, key: str | None = None) -> Iterator[ToldOfItem]:
    """Write the row of an item when the block has ended, with whatever outcome.

    An unreachable database is no failure: the row is then written with the end of the run, from the files in the notebook's
    folder (see `ends_of_items`). Nothing is written when the process is being stopped, as the item is retried.
    """
    told = ToldOfItem()
    try:
        yield told
    except Exception as error:
        _write(run_id, place, attempt, _state_after(error), str(error), key, told.reason)
        raise
    _write(run_id, place, attempt, "succeeded", None, key, told.reason)


def ends_of_items(
    record: RunRecord,
    artefacts: Artefacts,
    former: Sequence[RunRecord] = (),
    causes: Mapping[str, str] | None = None,
    items: Sequence[Mapping[str, Any]] = (),
    fans: Collection[str] = (),
) -> list[ItemRecord]:
    """Return the items of a run as the run itself saw them end: one for each label, or those of ``items`` for a fan.

    Args:
        former: earlier runs of the instance, oldest first.
        causes: by label, why it failed or was not run.
        items: ends of items, as `deciders.notebook_runs.run_end` gives them.
        fans: labels with lists of items of which no more is known than what their workers have written.
    """
    fans = {*fans, *(str(end["label"]) for end in items)}
    found = [_end_of_item(record, artefacts, end) for end in items]
    for label, word in record.labels.items():
        if ArtefactKey.parse(label).kind is ArtefactKind.REPORT or label in fans:
            continue
        said = (causes or {}).get(label)
        if word == LabelState.SKIPPED:
            said = next(iter(record.notes.get(label, ())), said)
        if word == LabelState.FAILED:
            said = said or record.error
        place = ItemPlace(artefacts, record.workflow_name, record.instance, label)
        began = word != LabelState.NOT_RUN and (word != LabelState.SKIPPED or label in record.notes)
        makers = [one.run_id for one in former if one.labels.get(label) == LabelState.SUCCEEDED]
        found.append(_end(record, place, _STATE_OF[word], said, began=began, makers=makers))
    return found


def _end_of_item(record: RunRecord, artefacts: Artefacts, end: Mapping[str, Any]) -> ItemRecord:
    place = ItemPlace(artefacts, record.workflow_name, record.instance, end["label"], end["index"], end["folder"])
    state: ItemState = end["state"]
    if end.get("items") == 0:
        return ItemRecord(run_id=record.run_id, label=place.label, kind=EMPTY_FAN, state=state)
    if state == "cached":
        folder = Path(end["path"]).parent
        left = read_record(folder / "run.json")
        of_run = place.artefacts.folders(place.workflow, place.instance)[0]
        reason = ItemReason.kept_from(None if folder.is_relative_to(of_run) else left.get("run"))
        return ItemRecord(
            run_id=record.run_id,
            label=place.label,
            index=place.index or 0,
            slug=place.item,
            state=state,
            light=left.get("light"),
            attempt=left.get("attempt"),
            key=left.get("key"),
            taken_from=left.get("run_id"),
            folder=kept_path(str(folder), artefacts.outputs),
            reason=str(reason),
        )
    return _end(record, place, state, end.get("said"), began=end.get("began", True))


def _end(
    record: RunRecord,
    place: ItemPlace,
    state: ItemState,
    said: str | None,
    *,
    began: bool,
    makers: Sequence[str] = (),
) -> ItemRecord:
    """Return the end of an item, with what the files in its folder say if they are of this run."""
    of_item: dict[str, Any] = {"run_id": record.run_id, "label": place.label, "index": place.index or 0, "slug": place.item}
    if not began:  # the files in its folder belong to an earlier run
        error = said if state in _BAD else None
        return ItemRecord(**of_item, state=state, reason=said if error is None else None, error=error)
    left = read_record(place.folder / "run.json")
    if state == "cached":
        others = [run_id for run_id in makers if run_id != record.run_id]
        return ItemRecord(
            **of_item,
            state=state,
            light=left.get("light"),
            attempt=left.get("attempt"),
            taken_from=others[-1] if others else None,
            folder=kept_path(str(place.folder), place.artefacts.outputs),
            reason=str(ItemReason.kept_from(None)),
        )
    moment = _moment(left.get("started"))
    return _item(record.run_id, place, state, said, left if moment is not None and moment >= record.started else {})


def _write(
    run_id: str, place: ItemPlace, attempt: int, state: ItemState, said: str | None, key: str | None, reason: str | None
) -> None:
    left = read_record(place.folder / "run.json")
    left = left if left.get("attempt") == attempt else {"attempt": attempt}
    item = _item(run_id, place, state, said, {**left, "reason": reason}, key)
    try:
        with closing(RunRecords.open(place.artefacts.outputs)) as records:
            records.record_item(item)
    except RecordsError as trouble:
        logger.warning("%s is recorded with the end of the run: %s", place, trouble)


def _state_after(error: Exception) -> ItemState:
    if isinstance(error, NotebookSkipped):
        return "skipped"
    return "cancelled" if isinstance(error, ActivityCanceled) else "failed"


def _item(
    run_id: str, place: ItemPlace, state: ItemState, said: str | None, left: Mapping[str, Any], key: str | None = None
) -> ItemRecord:
    """Make the record of an item that had begun, from its ``run.json`` if there is one."""
    return ItemRecord(
        run_id=run_id,
        label=place.label,
        index=place.index or 0,
        slug=place.item,
        state=state,
        light=Light.RED if state in _BAD else left.get("light"),
        attempt=left.get("attempt"),
        started=_moment(left.get("started")),
        ended=_moment(left.get("ended")),
        key=key or left.get("key"),
        folder=kept_path(str(place.folder), place.artefacts.outputs),
        reason=said if state == "skipped" else left.get("reason"),
        error=said if state in _BAD else None,
    )


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None
