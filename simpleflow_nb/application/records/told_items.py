"""Everything that histories tell of the items of a run: of its own, and of the executions that carry items out for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ... import payload
from ...exceptions import TaskFailed
from ...inspection.task_rows import TaskRow, task_rows
from ...replay.calls.commands import retry_timer_id
from ..states.run_states import ShownRun
from ..states.shown_labels import ELSEWHERE, ShownLabel, executions_for_items, plain_cause
from ..states.shown_states import ShownState

if TYPE_CHECKING:
    from deciders.steps.outcomes import Cause
    from deciders.values.item import Item
    from deciders.values.item_state import ItemState
    from workers.runs.item_executions import Events, ItemExecution, Read, SliceTask

_NOTEBOOKS = "workers.activities.execute_notebook"


@dataclass(frozen=True, kw_only=True)
class ItemTask:
    """The last attempt at an item that was started."""

    item: Item  #: with index 0, of a label without a list of items
    state: ItemState  #: of the item: pending until a worker has taken it
    attempt: int = 1
    began: float | None = None  #: epoch seconds
    ended: float | None = None  #: epoch seconds; None also of an attempt that failed and is tried again
    order: int = 0  #: the number of the event with which it ended
    result: Mapping[str, Any] = field(default_factory=dict)  #: the JSON of a `NotebookResult`, if it ended well
    cause: str | None = None  #: why the attempt ended otherwise
    note: str | None = None  #: of one that runs, who carries it out if this run does not

    @property
    def is_tried_again(self) -> bool:
        """Tell whether it waits for its next attempt."""
        return self.ended is None and self.cause is not None


@dataclass(frozen=True, kw_only=True)
class ToldItems:
    """The items of a run, or of a slice, and their ends so far."""

    tasks: Iterable[ItemTask] = ()
    slices: Sequence[SliceTask] = ()
    cancelled: int | None = None  #: number of the event with which its cancellation was requested
    stops: Sequence[tuple[int, str, Cause]] = ()  #: of a slice: labels of which nothing more is to start, with event numbers

    @classmethod
    def of_history(cls, events: Events, load: payload.Load, read: Read | None = None) -> ToldItems:
        """Read the items of a run, or of a slice, from its whole history.

        ``read`` is called once for each slice that is open; without it, nothing is known of the items of these.

        Raises:
            PayloadError: an argument or a result of a task is not to be had here.
        """
        from workers.runs.item_executions import slice_tasks

        executions = executions_for_items(events)
        tasks = sorted([*_own_tasks(events, load), *_shared(executions, load)], key=lambda pair: pair[0])
        slices = slice_tasks(executions, load, read)
        cancelled = (event["eventId"] for event in events if event["eventType"] == "WorkflowExecutionCancelRequested")
        return cls(
            tasks=[task for _, task in tasks],
            slices=slices,
            cancelled=next(cancelled, None),
            stops=_stops(events, load),
        )

    @classmethod
    def of_shown(cls, run: ShownRun) -> ToldItems:
        """Read the items of a run that has closed from what is shown of it; a timeout is a failure there."""
        return cls(tasks=list(_shown_tasks(run.own_labels)), slices=run.slices)


def _own_tasks(events: Events, load: payload.Load) -> Iterator[tuple[int, ItemTask]]:
    """Yield the last attempt of each task of an item, with the number of the event that scheduled it.

    A shared item may have several tasks: each asks anew what there is of it.
    """
    from deciders.tasks.arguments import NotebookTask
    from deciders.tasks.results import NotebookResult, SharedWork
    from deciders.values.item import Item
    from deciders.values.item_state import FINAL, ItemState

    waits = _open_timers(events)
    latest: dict[str, TaskRow] = {row.id: row for row in task_rows(events) if row.name == _NOTEBOOKS}
    for row in latest.values():
        task = NotebookTask.of_json(payload.decode(row.input, load)["kwargs"])
        is_tried_again = retry_timer_id(row.id, row.attempt) in waits
        state = ItemState.PENDING if is_tried_again else _state_of(row)
        result = payload.decode(row.result, load) if row.result else {}
        found = ItemTask(
            item=Item(task.label, task.index or 0),
            state=state,
            attempt=row.attempt,
            began=row.started,
            ended=row.ended if state in FINAL else None,
            order=row.ended_event_id or 0,
            result=result,
            cause=None if row.state in ("scheduled", "started", "completed") else _cause(row, load),
        )
        if SharedWork.of_json(result) is not None:  # it asks again, or an execution of its own is to carry it out
            found = dataclasses.replace(found, state=ItemState.RUNNING, ended=None, result={})
        elif task.shared is not None and row.state == "completed" and NotebookResult.of_json(result).is_taken:
            found = dataclasses.replace(found, state=ItemState.CACHED, began=None)
        elif task.shared is not None and task.shared.looks and state not in FINAL:
            found = dataclasses.replace(found, state=ItemState.RUNNING, began=None, note=ELSEWHERE)
        yield row.scheduled_event_id, found


def _shared(executions: Sequence[ItemExecution], load: payload.Load) -> Iterator[tuple[int, ItemTask]]:
    """Yield the shared items that executions of their own carry out, with the number of the event that started each."""
    from deciders.values.item import Item
    from deciders.values.item_state import ItemState

    for one in executions:
        if (task := one.task(load)) is None:
            continue
        end = one.shared_end(load)
        state = end.state if end is not None else ItemState.PENDING if one.state == "scheduled" else ItemState.RUNNING
        found = ItemTask(
            item=Item(task.label, task.index or 0),
            state=state,
            began=one.began,
            ended=one.ended if end is not None else None,
            order=one.ended_event_id or 0,
            result=end.result or {} if end is not None else {},
            cause=end.said if end is not None else None,
            note=ELSEWHERE if one.is_refused else None,
        )
        yield one.initiated_event_id, found


def _stops(events: Events, load: payload.Load) -> list[tuple[int, str, Cause]]:
    from deciders.notebook_runs.slices import Slices

    found = []
    for event in events:
        if event["eventType"] == "WorkflowExecutionSignaled":
            a = event["workflowExecutionSignaledEventAttributes"]
            if a["signalName"] == Slices.STOP:
                found.append((event["eventId"], *Slices.read_stop(payload.decode(a.get("input"), load))))
    return found


def _shown_tasks(labels: Iterable[ShownLabel]) -> Iterator[ItemTask]:
    """Yield the tasks of a run's items as they are shown."""
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
        is_kept = label.state == ShownState.CACHED and label.ended is None
        if not label.is_shown or label.is_report or label.is_of_slice or is_kept:
            continue
        item = Item.parse(label.name) if label.fan is not None else Item(label.name)
        yield ItemTask(
            item=Item(item.label, item.index or 0),
            state=states[label.state],
            attempt=label.attempt,
            began=label.began,
            ended=label.ended,
            order=label.order,
            result=label.result,
            cause=label.cause or label.note or None,
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
