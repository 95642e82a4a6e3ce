"""The steps of a run as far as its tasks tell: which items run, which wait, and how the others have ended.

What became of items that were not started follows from the ends of those that were: the graph of the steps is unfolded once
more, as the decider does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import payload
from ...exceptions import TaskFailed
from ...inspection.task_rows import TaskRow, epoch, task_rows
from ...replay.calls.commands import retry_timer_id
from ..states.run_states import ShownLabel, plain_cause
from ..states.shown_states import ShownState
from .item_rows import ItemRow

if TYPE_CHECKING:
    from deciders.notebook_runs.notebook_run import NotebookRun
    from deciders.steps.outcomes import Outcome
    from deciders.tasks.results import NotebookResult
    from deciders.values.item import Item
    from deciders.values.item_state import ItemState
    from deciders.values.label_state import LabelState
    from deciders.values.light import Light

_NOTEBOOKS = "workers.activities.execute_notebook"
_CANCEL = "WorkflowExecutionCancelRequested"


@dataclass(frozen=True, kw_only=True)
class ItemTask:
    """The last attempt at an item that was started."""

    item: Item  #: with index 0, of a label without a list of items
    state: ItemState  #: of the item: pending until a worker has taken it
    attempt: int = 1
    began: float | None = None  #: epoch seconds
    ended: float | None = None  #: epoch seconds; None also of an attempt that failed and is tried again
    result: Mapping[str, Any] = field(default_factory=dict)  #: the JSON of a `NotebookResult`, if it ended well
    cause: str | None = None  #: why the attempt ended otherwise

    @property
    def is_tried_again(self) -> bool:
        """Tell whether it waits for its next attempt."""
        return self.ended is None and self.cause is not None


class OpenSteps:
    """The steps of a run, from what it was started with and its tasks.

    ``cancelled_at``: when its cancellation was requested, in epoch seconds.
    """

    def __init__(self, arguments: Mapping[str, Any], tasks: Iterable[ItemTask], *, cancelled_at: float | None = None) -> None:
        from deciders.notebook_runs.item_tasks import ItemTasks

        self.run = _run_of(arguments)
        self.known: dict[Item, ItemTask] = {one.item: _as_told(one) for one in tasks}
        self.tasks = ItemTasks(self.run, share=lambda value: value)
        self.results: dict[Item, NotebookResult] = {}  #: of those that were started
        self._unfold(cancelled_at)

    @classmethod
    def of_history(cls, arguments: Mapping[str, Any], events: Sequence[Mapping[str, Any]], load: payload.Load) -> OpenSteps:
        """Read the steps of a run from its whole history.

        Raises:
            PayloadError: an argument or a result of a task is not to be had here.
        """
        cancelled_at = next((epoch(one["eventTimestamp"]) for one in events if one["eventType"] == _CANCEL), None)
        return cls(arguments, _tasks_in(events, load), cancelled_at=cancelled_at)

    @property
    def labels(self) -> dict[str, LabelState]:
        """The states of its labels, in the order of its specification."""
        return {notebook.label: self._label_state(notebook.label) for notebook in self.run.specification.notebooks}

    def items(self) -> list[ItemRow]:
        """Return the items that are known so far, in the order of labels and indexes.

        A label whose items are not known yet has none; one that ended before they were known is its item 0.
        """
        return [row for notebook in self.run.asked_for for row in self._rows(notebook.label)]

    def _unfold(self, cancelled_at: float | None) -> None:
        """Tell the graph how the items have ended, in the order of their ends."""
        from deciders.steps.outcomes import UnfoldingError

        unfolding = self.tasks.unfold()
        unfolding.begin()
        ended = [(one.ended, one) for one in self.known.values() if one.ended is not None]
        for moment, one in sorted(ended, key=lambda pair: pair[0]):
            if cancelled_at is not None and cancelled_at <= moment:
                unfolding.cancel()
                cancelled_at = None
            outcome = self._outcome(one)
            try:
                unfolding.ended(one.item, outcome)
            except UnfoldingError:
                # It was carried out otherwise than by tasks of this run alone. Its own state is that of its task anyway.
                continue
        if cancelled_at is not None:
            unfolding.cancel()

    def _outcome(self, one: ItemTask) -> Outcome:
        from deciders.notebook_runs.outcomes_of_items import outcome_of_result
        from deciders.steps.outcomes import Outcome
        from deciders.tasks.results import NotebookResult
        from deciders.values.item_state import GOOD

        if one.state not in GOOD:
            self.tasks.work.errors[one.item] = one.cause or str(one.state)
            return Outcome(one.state)
        result = NotebookResult.of_json(one.result)
        self.tasks.work.results[one.item] = self.results[one.item] = result
        return outcome_of_result(result, self.run.graph.wanted[one.item.label], one.state)

    # ---- labels ------------------------------------------------------------------------------------------------------------

    def _label_state(self, label: str) -> LabelState:
        from deciders.values.item_state import FINAL, ItemState
        from deciders.values.label_state import LabelState

        if label not in self.run.graph.steps:
            return LabelState.NOT_RUN
        states = [self._state(item) for item in self._items(label)]
        if states and not self.tasks.is_fanned(label):
            found = states[0]
        elif all(state in FINAL for state in states):
            found = self.tasks.unfold().state(label)
        else:
            found = ItemState.PENDING if all(state is ItemState.PENDING for state in states) else ItemState.RUNNING
        if found is ItemState.SKIPPED and self._has_failure_behind(label):
            return LabelState.NOT_RUN
        return LabelState.read(str(found))

    def _has_failure_behind(self, label: str) -> bool:
        from deciders.values.item import Item

        causes = [self.tasks.unfold().cause(item) for item in self._items(label) or [Item(label)]]
        return any(cause is not None and cause.is_failure for cause in causes)

    def _items(self, label: str) -> list[Item]:
        from deciders.values.item import Item

        return [Item(label, index) for index in range(self.tasks.unfold().length(label) or 0)]

    def _state(self, item: Item) -> ItemState:
        from deciders.values.item_state import ItemState

        if item in self.known:
            return self.known[item].state
        state = self.tasks.unfold().item_state(item)
        return ItemState.PENDING if state is ItemState.RUNNING else state  # its task is not scheduled yet

    # ---- items -------------------------------------------------------------------------------------------------------------

    def _rows(self, label: str) -> Iterator[ItemRow]:
        from deciders.values.item import Item
        from deciders.values.item_state import FINAL
        from deciders.values.label_state import LabelState

        unfolding = self.tasks.unfold()
        items = self._items(label)
        is_whole = unfolding.length(label) is None and unfolding.state(label) in FINAL
        if not items and (is_whole or not self.tasks.is_fanned(label)):
            cause = unfolding.cause(Item(label))
            state = LabelState.read(str(unfolding.state(label)))
            yield _with_cause(ItemRow(label=label, index=0, state=state), str(cause) if cause is not None else None)
        for item in items:
            row = self._row(item)
            said = self.tasks.work.errors.get(item)
            cause = unfolding.cause(item) if said is None else None
            yield _with_cause(row, said if cause is None else str(cause))

    def _row(self, item: Item) -> ItemRow:
        from deciders.values.label_state import LabelState
        from workers.artefacts import read_record

        folder, known = self.folder(item), self.known.get(item)
        row = ItemRow(
            label=item.label, index=item.index or 0, slug=self.tasks.folder(item), state=LabelState.read(str(self._state(item)))
        )
        if known is None:
            kept = self.tasks.work.results.get(item)
            if kept is None:
                return row
            return dataclasses.replace(row, light=kept.light, folder=str(Path(kept.path).parent))
        left = read_record(folder / "run.json") if row.state == LabelState.RUNNING else {}
        return dataclasses.replace(
            row,
            light=self._light(known),
            attempt=left.get("attempt") or known.attempt,
            started=_moment(known.began),
            ended=_moment(known.ended),
            folder=str(folder) if known.began is not None else None,
            note=f"tried again after: {known.cause}" if known.is_tried_again else progress_in(left),
        )

    def _light(self, known: ItemTask) -> Light | None:
        from deciders.values.item_state import BAD
        from deciders.values.light import Light

        if known.ended is None:
            return None
        result = self.results.get(known.item)
        return result.light if result is not None else Light.of_work(failed=known.state in BAD)

    def folder(self, item: Item) -> Path:
        """Return the folder of an item, whether it is there yet or not."""
        from workers.artefacts import Artefacts

        of_run = self.run.folder
        return Artefacts(Path(of_run.outputs)).notebook_folder(
            of_run.workflow, of_run.instance, item.label, self.tasks.folder(item)
        )


def progress_in(record: Mapping[str, Any]) -> str | None:
    """Return ``cell 3 of 8: Totals`` of the ``run.json`` of a notebook that is under way; None of any other."""
    from deciders.values.label_state import AttemptState

    if record.get("status") != AttemptState.RUNNING:
        return None
    now = record.get("progress") or {}
    text = f"cell {now['cell']} of {now['cells']}" if now else "begun"
    return text + (f": {now['heading']}" if now.get("heading") else "")


def _with_cause(row: ItemRow, said: str | None) -> ItemRow:
    from deciders.values.label_state import LabelState

    if said is None:
        return row
    is_bad = row.state in (LabelState.FAILED, LabelState.TIMED_OUT, LabelState.CANCELLED)
    return dataclasses.replace(row, error=said) if is_bad else dataclasses.replace(row, reason=said)


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def shown_tasks(labels: Iterable[ShownLabel]) -> Iterator[ItemTask]:
    """Yield the tasks of a run's items as they are shown; a timeout is a failure there."""
    from deciders.values.item import Item
    from deciders.values.item_state import ItemState

    states = {
        ShownState.WAITING: ItemState.PENDING,
        ShownState.RUNNING: ItemState.RUNNING,
        ShownState.DONE: ItemState.SUCCEEDED,
        ShownState.CACHED: ItemState.CACHED,
        ShownState.SKIPPED: ItemState.SKIPPED,
        ShownState.FAILED: ItemState.FAILED,
        ShownState.CANCELLED: ItemState.CANCELLED,
    }
    for label in labels:
        is_task = label.state != ShownState.CACHED or label.began is not None  # one that was kept never was one
        if not label.is_shown or label.is_report or label.state not in states or not is_task:
            continue
        item = Item.parse(label.name) if label.fan is not None else Item(label.name)
        yield ItemTask(
            item=Item(item.label, item.index or 0),
            state=states[label.state],
            attempt=label.attempt,
            began=label.began,
            ended=label.ended,
            result=label.result,
            cause=label.cause or label.note or None,
        )


def _tasks_in(events: Sequence[Mapping[str, Any]], load: payload.Load) -> Iterator[ItemTask]:
    """Yield the last attempt at each item that was started, in the order in which they were first scheduled.

    Raises:
        PayloadError: an argument or a result of a task is not to be had here.
    """
    from deciders.tasks.arguments import NotebookTask
    from deciders.values.item import Item
    from deciders.values.item_state import FINAL, ItemState

    waits = _open_timers(events)
    latest: dict[str, TaskRow] = {row.id: row for row in task_rows(events) if row.name == _NOTEBOOKS}
    for row in latest.values():
        task = NotebookTask.of_json(payload.decode(row.input, load)["kwargs"])
        is_tried_again = retry_timer_id(row.id, row.attempt) in waits
        state = ItemState.PENDING if is_tried_again else _state_of(row)
        yield ItemTask(
            item=Item(task.label, task.index or 0),
            state=state,
            attempt=row.attempt,
            began=row.started,
            ended=row.ended if state in FINAL else None,
            result=payload.decode(row.result, load) if row.result else {},
            cause=None if row.state in ("scheduled", "started", "completed") else _cause(row, load),
        )


def _state_of(row: TaskRow) -> ItemState:
    from deciders import activities as declared
    from deciders.values.item_state import ItemState

    if row.state == "failed" and TaskFailed(row.id, row.reason).error_type == declared.NOTEBOOK_SKIPPED:
        return ItemState.SKIPPED
    states = {
        "scheduled": ItemState.PENDING,
        "started": ItemState.RUNNING,
        "completed": ItemState.SUCCEEDED,
        "failed": ItemState.FAILED,
        "timed_out": ItemState.TIMED_OUT,
        "canceled": ItemState.CANCELLED,
    }
    return states[row.state]


def _as_told(task: ItemTask) -> ItemTask:
    """Return the task of an item as what its result says: as one that runs, if another execution is to carry the item out; as
    cached, if the notebook was taken over.
    """
    from deciders.tasks.results import NotebookResult, SharedWork
    from deciders.values.item_state import ItemState

    if SharedWork.of_json(task.result) is None:
        is_taken = task.state is ItemState.SUCCEEDED and NotebookResult.of_json(task.result).is_taken
        return dataclasses.replace(task, state=ItemState.CACHED) if is_taken else task
    return dataclasses.replace(task, state=ItemState.RUNNING, ended=None, result={})


def _cause(row: TaskRow, load: payload.Load) -> str:
    details = payload.decode(row.details, load) if row.details else None
    message = details.get("message") if isinstance(details, dict) else None
    return plain_cause(str(message or row.reason or row.state))


def _open_timers(events: Iterable[Mapping[str, Any]]) -> set[str]:
    found = set[str]()
    for event in events:
        if event["eventType"] == "TimerStarted":
            found.add(event["timerStartedEventAttributes"]["timerId"])
        elif event["eventType"] == "TimerFired":
            found.discard(event["timerFiredEventAttributes"]["timerId"])
        elif event["eventType"] == "TimerCanceled":
            found.discard(event["timerCanceledEventAttributes"]["timerId"])
    return found


#: Arguments of a run that say what its steps are given.
_ARGUMENTS = (
    "workflow",
    "instance",
    "identity",
    "parameters",
    "inputs_dir",
    "outputs",
    "kept",
    "kept_items",
    "kept_reports",
    "sources",
    "only",
    "missing_dates",
)


def _run_of(arguments: Mapping[str, Any]) -> NotebookRun:
    """Return the run that was started so, as `deciders.notebook_workflow` reads it."""
    from deciders.notebook_runs.notebook_run import NotebookRun

    given = {name: arguments[name] for name in _ARGUMENTS if name in arguments}
    return NotebookRun.of_arguments(run_id="", **given)
