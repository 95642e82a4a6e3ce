"""How the items of a run ended, for the run records: from the worker that carried one out, and from the run itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

from deciders.values.artefact_key import ArtefactKey, ArtefactKind
from deciders.values.label_state import LabelState
from simpleflow_nb.exceptions import ActivityCanceled

from ..artefacts import Artefacts, read_record
from ..kept_paths import kept_path
from ..lights import Light
from ..notebooks.notebook_errors import NotebookSkipped
from ..records.run_items import ItemRecord, ItemState
from ..records.run_records import RecordsError, RunRecord, RunRecords

logger = logging.getLogger(__name__)

#: The word of a run's record for the end of a label, and the state of its item.
_STATE_OF: dict[LabelState, ItemState] = {
    LabelState.SUCCEEDED: "succeeded",
    LabelState.FAILED: "failed",
    LabelState.CACHED: "cached",
    LabelState.SKIPPED: "skipped",
    LabelState.NOT_RUN: "skipped",
}

_Place = tuple[Artefacts, str, str, str]  #: with the names of workflow, instance and label


@contextmanager
def recorded_item(run_id: str, artefacts: Artefacts, workflow: str, instance: str, label: str, attempt: int) -> Iterator[None]:
    """Write the row of an item when the work in the block has come to its end, whichever that is.

    A database that is out of reach fails nothing: the row is then written with the end of the run, from what the notebook has
    left in its folder (see `ends_of_items`). Nothing is written when the process is being ended, as the item is tried again.
    """
    place = (artefacts, workflow, instance, label)
    try:
        yield
    except Exception as error:
        _write(run_id, place, attempt, _state_after(error), str(error))
        raise
    _write(run_id, place, attempt, "succeeded", None)


def ends_of_items(
    record: RunRecord, artefacts: Artefacts, former: Sequence[RunRecord] = (), causes: Mapping[str, str] | None = None
) -> list[ItemRecord]:
    """The items of a run as it saw them end itself, one for each label.

    Args:
        former: the runs of the instance before it, as they were made.
        causes: of labels that failed or were not run, why.
    """
    found = []
    for label, word in record.labels.items():
        if ArtefactKey.parse(label).kind is ArtefactKind.REPORT:
            continue
        state = _STATE_OF[word]
        said = (causes or {}).get(label)
        if state == "skipped" and word != LabelState.NOT_RUN:
            said = next(iter(record.notes.get(label, ())), said)
        if state == "failed":
            said = said or record.error
        place = (artefacts, record.workflow_name, record.instance, label)
        if word == LabelState.NOT_RUN or (word == LabelState.SKIPPED and label not in record.notes):
            # nothing has begun: what lies in its folder is that of a run before
            found.append(ItemRecord(run_id=record.run_id, label=label, state=state, reason=said))
        elif state == "cached":
            makers = [
                one.run_id for one in former if one.labels.get(label) == LabelState.SUCCEEDED and one.run_id != record.run_id
            ]
            left = _left(place)
            found.append(
                ItemRecord(
                    run_id=record.run_id,
                    label=label,
                    state=state,
                    light=left.get("light"),
                    attempt=left.get("attempt"),
                    taken_from=makers[-1] if makers else None,
                    folder=_folder(place),
                )
            )
        else:
            left = _left(place)
            began = _moment(left.get("started"))
            is_of_this_run = began is not None and began >= record.started
            found.append(_item(record.run_id, place, state, said, left if is_of_this_run else {}))
    return found


def _write(run_id: str, place: _Place, attempt: int, state: ItemState, said: str | None) -> None:
    left = _left(place)
    item = _item(run_id, place, state, said, left if left.get("attempt") == attempt else {"attempt": attempt})
    artefacts, workflow, instance, label = place
    try:
        with closing(RunRecords.open(artefacts.outputs)) as records:
            records.record_item(item)
    except RecordsError as trouble:
        logger.warning("%s of %s/%s is recorded with the end of the run: %s", label, workflow, instance, trouble)


def _state_after(error: Exception) -> ItemState:
    if isinstance(error, NotebookSkipped):
        return "skipped"
    return "cancelled" if isinstance(error, ActivityCanceled) else "failed"


def _item(run_id: str, place: _Place, state: ItemState, said: str | None, left: Mapping[str, Any]) -> ItemRecord:
    """One that was begun, with what its ``run.json`` says of it, where it has one."""
    return ItemRecord(
        run_id=run_id,
        label=place[-1],
        state=state,
        light=Light.RED if state in ("failed", "cancelled") else left.get("light"),
        attempt=left.get("attempt"),
        started=_moment(left.get("started")),
        ended=_moment(left.get("ended")),
        folder=_folder(place),
        reason=said if state == "skipped" else None,
        error=said if state in ("failed", "cancelled") else None,
    )


def _left(place: _Place) -> dict[str, Any]:
    artefacts, workflow, instance, label = place
    return read_record(artefacts.notebook_folder(workflow, instance, label) / "run.json")


def _folder(place: _Place) -> str:
    artefacts, workflow, instance, label = place
    return kept_path(str(artefacts.notebook_folder(workflow, instance, label)), artefacts.outputs)


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None
