"""Replay of an execution to look at it: what its code knows, and where it waits. Nothing is decided."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

from ..exceptions import StaleCache
from .calls import commands
from .execution import Execution
from .handlers import HANDLERS
from .state.execution_state import Event

_COMPLETED = "DecisionTaskCompleted"

#: how an execution has closed, as SWF says it in small letters, by the type of its last event
CLOSED = {
    "WorkflowExecutionCompleted": "completed",
    "WorkflowExecutionFailed": "failed",
    "WorkflowExecutionTimedOut": "timed_out",
    "WorkflowExecutionCanceled": "canceled",
    "WorkflowExecutionTerminated": "terminated",
    "WorkflowExecutionContinuedAsNew": "continued_as_new",
}
#: the verb of a sentence that says so
ENDED = {
    "completed": "completed",
    "failed": "failed",
    "timed_out": "timed out",
    "canceled": "was cancelled",
    "terminated": "was terminated",
    "continued_as_new": "was continued as new",
}


@dataclass(frozen=True)
class Observation:
    """The progress of an execution's code by its history, which tells that without a replay."""

    seen: int  #: id of the last event that the code has seen, the start of its last decision; 0 before the first decision
    unseen: tuple[str, ...]  #: types of the events that have arrived since, which the next decision will see
    parked: str | None  #: why nothing was decided at the last decision task, as the decider recorded it; None if something was

    @classmethod
    def of(cls, events: list[Event]) -> Observation:
        """Read a whole history."""
        completed = [event for event in events if event["eventType"] == _COMPLETED]
        reasons = [_parked_reason(events, event) for event in completed]
        seen = max((_started_id(one) for one, reason in zip(completed, reasons, strict=True) if reason is None), default=0)
        return cls(seen, _unseen(events[max(seen, 1) :]), reasons[-1] if reasons else None)


@dataclass(frozen=True)
class Wait:
    """A place where the code is suspended."""

    strand: str  #: ``run``, or the name of what runs beside it
    frames: tuple[traceback.FrameSummary, ...]  #: of the workflow's code, innermost last; none of the engine's
    futures: tuple[Any, ...]  #: for which it waits there; or what stands for several, such as `futures.Completions`
    is_any: bool  #: the end of one of them is enough


class ObservedExecution(Execution):
    """An execution that is replayed to be looked at; its arguments are those of :class:`Execution`."""

    __slots__ = ()

    def observe(self, events: list[Event]) -> None:
        """Replay a whole history up to its last decision; to be called once.

        The code is then where that decision has left it: events that have arrived since are not applied, because the code
        has not seen them. What the decision recorded is, so that its tasks are scheduled. Before the first decision the code
        has not begun.

        Raises:
            NonDeterminismError: the code's decisions differ from the history, its last decision included.
            HistoryError: this version does not know an event.
            PayloadError: the code has read a payload that cannot be read here.
        """
        if not events or events[0]["eventId"] != 1:
            raise StaleCache("looking at an execution takes its whole history")
        self.delivered = events  # for hooks, and for queries that read the history
        completed = [event for event in events if event["eventType"] == _COMPLETED]
        position = self._replay(events, completed)
        if not position:
            self._apply(events[:1])
            self.now = events[0]["eventTimestamp"]
            return
        decided = next(event["eventId"] for event in completed if _started_id(event) == position)
        self._apply([event for event in events[position:] if _decision_of(event) == decided])
        self._check_complete()

    def waits(self) -> list[Wait]:
        """Return where the code is suspended, ``run()`` first; empty if it has not begun, or has ended."""
        found = []
        for strand in (self.main, *self.strands):
            if strand.greenlet.gr_frame is not None:
                frames = tuple(self.where(strand))
                found.append(Wait(strand.name, frames, strand.waits_for, strand.waits_for_any))
        return found

    def log(self, message: str) -> None:
        if self.asked is not None:
            self.refuse_to_change()
        super().log(message)


def _started_id(completed: Event) -> int:
    return completed["decisionTaskCompletedEventAttributes"]["startedEventId"]


def _decision_of(event: Event) -> int | None:
    """Return the id of the DecisionTaskCompleted that has decided an event, None if it has another cause.

    A request to another execution is decided when it is initiated; its failure names the same decision, and comes later.
    """
    attributes: Any = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
    if attributes.get("initiatedEventId"):
        return None
    found: int | None = attributes.get("decisionTaskCompletedEventId")
    return found


def _parked_reason(events: list[Event], completed: Event) -> str | None:
    """Return why a decision task was answered without a decision, None if it was not. ``events`` are a whole history."""
    after = events[completed["eventId"]] if completed["eventId"] < len(events) else completed
    marker = after.get("markerRecordedEventAttributes")
    if marker is None or not marker["markerName"].startswith(commands.PARK):
        return None
    return marker.get("details", "")


def _unseen(events: list[Event]) -> tuple[str, ...]:
    """Return the types of the events that were not decided, and mean something to the code or end it."""
    return tuple(
        event["eventType"]
        for event in events
        if HANDLERS.get(event["eventType"]) is not None and _decision_of(event) is None and not _is_retry_of_park(event)
    )


def _is_retry_of_park(event: Event) -> bool:
    return event["eventType"] == "TimerFired" and event["timerFiredEventAttributes"]["timerId"].startswith(commands.PARK)
