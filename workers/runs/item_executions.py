"""Executions that carry out items of a run, as the history of the run tells of them: slices of large fans, and shared items.

The history tells when each was started and, once it has closed, what it came to. What an open one does just now is in its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deciders.steps.labels.slices import Slice
from deciders.steps.slice_json import read_place
from deciders.tasks.arguments import NotebookTask
from deciders.tasks.results import SharedEnd
from deciders.values.item_state import ItemState
from simpleflow_nb import payload
from simpleflow_nb.constants import ITEMS_TYPE
from simpleflow_nb.inspection.task_rows import epoch
from simpleflow_nb.service_faults import CHILD_IS_OPEN

Events = Sequence[Mapping[str, Any]]
#: Returns the history of an execution, given its workflow id and its run id.
Read = Callable[[str, str], Events]

_ENDS = {
    "ChildWorkflowExecutionCompleted": "completed",
    "ChildWorkflowExecutionFailed": "failed",
    "ChildWorkflowExecutionTimedOut": "timed_out",
    "ChildWorkflowExecutionCanceled": "canceled",
    "ChildWorkflowExecutionTerminated": "terminated",
    "StartChildWorkflowExecutionFailed": "refused",
}
_LATER = "_EXCEEDED"  #: the end of SWF's causes after which a decider tries again


@dataclass(kw_only=True)
class ItemExecution:
    """A child execution of a run, or of a slice, as its parent's history has it."""

    workflow_id: str
    input: str | None
    initiated_event_id: int
    state: str = "scheduled"  #: scheduled, started, completed, failed, timed_out, canceled, terminated, refused
    run_id: str | None = None  #: None until it has begun
    began: float | None = None  #: epoch seconds
    ended: float | None = None  #: epoch seconds
    ended_event_id: int | None = None
    result: str | None = None
    reason: str | None = None  #: of its failure, or SWF's cause why it was not started

    @property
    def is_open(self) -> bool:
        """True of one that has begun and whose end its parent has not heard of."""
        return self.state == "started"

    @property
    def is_refused(self) -> bool:
        """True of a shared item that another run carries out."""
        return self.state == "refused" and self.reason == CHILD_IS_OPEN

    def given(self, load: payload.Load, *, whole: bool = False) -> dict[str, Any]:
        """Return what it was started with, by name; ``whole``: with the lists that it shares with others in their places.

        Raises:
            PayloadError: that is not to be had here.
        """
        body = (payload.decode_input if whole else payload.decode)(self.input, load)
        found = body.get("kwargs") if isinstance(body, dict) else None
        return found if isinstance(found, dict) else {}

    def slice(self, load: payload.Load) -> Slice | None:
        """Return the place of the slice that it carries out, without what its items are given; None if it is no slice.

        Raises:
            PayloadError: what it was started with is not to be had here.
        """
        part = self.given(load).get("part")
        return read_place(part["slice"]) if part else None

    def task(self, load: payload.Load) -> NotebookTask | None:
        """Return the task of the shared item that it carries out; None if it is a slice.

        Raises:
            PayloadError: what it was started with is not to be had here.
        """
        task = self.given(load).get("task")
        return NotebookTask.of_json(task) if task else None

    def shared_end(self, load: payload.Load) -> SharedEnd | None:
        """Return the end of the shared item that it carries out; None while that is open, or another run carries it out.

        Raises:
            PayloadError: the result is not to be had here.
        """
        if self.ended is None or self.is_refused:
            return None
        if self.state == "completed":
            return SharedEnd.of_json(payload.decode(self.result, load))
        states = {"canceled": ItemState.CANCELLED, "timed_out": ItemState.TIMED_OUT}
        return SharedEnd(states.get(self.state, ItemState.FAILED), said=self.why)

    @property
    def why(self) -> str:
        """The cause for which it does not say itself how its items ended."""
        return self.reason or self.state.replace("_", " ")


def item_executions(events: Iterable[Mapping[str, Any]]) -> list[ItemExecution]:
    """Return the executions that a run, or a slice, has started for its items, in the order in which it has.

    What a quota has refused is not among them: it is started later.
    """
    found: dict[int, ItemExecution] = {}
    for event in events:
        kind = event["eventType"]
        if kind == "StartChildWorkflowExecutionInitiated":
            a = event["startChildWorkflowExecutionInitiatedEventAttributes"]
            if a["workflowType"]["name"] == ITEMS_TYPE:
                number = event["eventId"]
                found[number] = ItemExecution(workflow_id=a["workflowId"], input=a.get("input"), initiated_event_id=number)
        elif kind == "ChildWorkflowExecutionStarted":
            a = event["childWorkflowExecutionStartedEventAttributes"]
            if (one := found.get(a["initiatedEventId"])) is not None:
                one.state, one.run_id = "started", a["workflowExecution"]["runId"]
                one.began = epoch(event["eventTimestamp"])
        elif kind in _ENDS:
            a = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
            if (one := found.get(a.get("initiatedEventId") or 0)) is None:
                continue
            if str(a.get("cause", "")).endswith(_LATER):
                del found[a["initiatedEventId"]]
                continue
            one.state, one.ended, one.ended_event_id = _ENDS[kind], epoch(event["eventTimestamp"]), event["eventId"]
            one.result, one.reason = a.get("result"), a.get("reason") or a.get("cause") or a.get("timeoutType")
    return list(found.values())


@dataclass(frozen=True, kw_only=True)
class SliceTask:
    """A slice that was started."""

    part: Slice  #: without the labels that it needs
    began: int  #: number of the event with which it was started
    ended: int | None = None  #: number of the event with which it ended
    result: Mapping[str, Any] | None = None  #: of its execution, if that completed
    why: str = ""  #: why it did not
    events: Events | None = None  #: the history of one that is open, if it was read
    given: Mapping[str, Any] = field(default_factory=dict)  #: what one that is open was started with, if it was read


def slice_tasks(executions: Iterable[ItemExecution], load: payload.Load, read: Read | None = None) -> list[SliceTask]:
    """Return the slices among these executions. ``read`` is called once for each that is open.

    Raises:
        PayloadError: what one was started with, or has come to, is not to be had here.
    """
    return [_slice(one, part, load, read) for one in executions if (part := one.slice(load)) is not None]


def _slice(one: ItemExecution, part: Slice, load: payload.Load, read: Read | None) -> SliceTask:
    events = read(one.workflow_id, one.run_id) if one.is_open and read is not None and one.run_id is not None else None
    return SliceTask(
        part=part,
        began=one.initiated_event_id,
        ended=one.ended_event_id,
        result=payload.decode(one.result, load) if one.state == "completed" else None,
        why=one.why,
        events=events,
        given=one.given(load, whole=True) if events is not None else {},
    )
