"""Replay of an execution to look at it: what its code knows, and where it waits. Nothing is decided."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn, TypeVar

from greenlet import getcurrent, greenlet

from ..exceptions import DefinitionError, StaleCache
from ..futures import DONE, Future
from . import commands
from .execution import Execution
from .execution_state import Event
from .handlers import HANDLERS

T = TypeVar("T")

_PACKAGE = __file__.rpartition("replay")[0]
_COMPLETED = "DecisionTaskCompleted"


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

    frames: tuple[traceback.FrameSummary, ...]  #: of the workflow's code, innermost last; none of the engine's
    futures: tuple[Future[Any], ...]  #: for which it waits there
    is_any: bool  #: the end of one of them is enough


class ObservedExecution(Execution):
    """An execution that is replayed to be looked at; its arguments are those of :class:`Execution`."""

    __slots__ = ("_asked", "_waits", "refusal")

    def __init__(self, program: Callable[[Any], Any], **options: Any) -> None:
        self._asked: str | None = None  # who looks, while the code is asked
        self._waits: dict[greenlet, tuple[tuple[Future[Any], ...], bool]] = {}
        self.refusal: DefinitionError | None = None  #: of what was asked last
        super().__init__(program, **options)

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
        if self.wants_history:
            self.delivered = events
        completed = [event for event in events if event["eventType"] == _COMPLETED]
        position = self._replay(events, completed)
        self.delivered = None
        if not position:
            self._apply(events[:1])
            self.now = events[0]["eventTimestamp"]
            return
        decided = next(event["eventId"] for event in completed if _started_id(event) == position)
        self._apply([event for event in events[position:] if _decision_of(event) == decided])
        self._check_complete()

    def ask(self, who: str, look: Callable[[], T]) -> T:
        """Call a function of the user's that looks at the execution, and return what it returns.

        Ended futures can be read. ``who`` begins the sentence that refuses everything else.

        Raises:
            DefinitionError: the function has called what would wait, or change the run; raised even if it has caught that.
            PayloadError: it has read a result that cannot be read here; raised even if it has caught that.
        """
        self._asked, self.refusal = who, None
        was_dead, self.dead = self.dead, True  # every call of the engine that is more than a look begins with block() then
        try:
            value = look()
        finally:
            self._asked, self.dead = None, was_dead
            if self.refusal is not None:
                raise self.refusal from None
            if self.defect is not None:
                raise self.defect from None
        return value

    def waits(self) -> list[Wait]:
        """Return where the code is suspended; empty if it has not begun, or has ended."""
        found = []
        for one, (futures, is_any) in self._waits.items():
            if one.gr_frame is not None:
                stack = traceback.extract_stack(one.gr_frame)
                frames = (frame for frame in stack if not frame.filename.startswith(_PACKAGE))
                found.append(Wait(tuple(frames), futures, is_any))
        return found

    def block(self, futures: tuple[Future[Any], ...], quantifier: Callable[[Iterator[bool]], bool] = all) -> None:
        if self._asked is None:
            self._waits[getcurrent()] = futures, quantifier is any
            super().block(futures, quantifier)
            return
        if not futures:
            self._refuse()
        if not quantifier(future.stage >= DONE for future in futures):
            self._refuse(next(future for future in futures if future.stage < DONE))

    def log(self, message: str) -> None:
        if self._asked is not None:
            self._refuse()
        super().log(message)

    def draw(self) -> Any:
        if self._asked is not None:
            self._refuse()
        return super().draw()

    def _refuse(self, unfinished: Future[Any] | None = None) -> NoReturn:
        name, frame = _call(sys._getframe(1))
        what = f"{name} at {frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"
        if unfinished is not None:
            sentence = f"{self._asked} cannot use {what}: {unfinished.id or unfinished.name} has not ended (see future.done)"
        else:
            sentence = f"{self._asked} cannot use {what}: it only looks, and may not wait, submit, record or change the run"
        self.refusal = DefinitionError(sentence)
        raise self.refusal


def _call(frame: FrameType) -> tuple[str, FrameType]:
    """Return the name of the engine's function that the code has called, and the frame that has called it."""
    name = frame.f_code.co_name
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        if not frame.f_code.co_name.startswith("<"):  # a comprehension
            name = frame.f_code.co_name
        frame = frame.f_back
    return name, frame


def _started_id(completed: Event) -> int:
    return completed["decisionTaskCompletedEventAttributes"]["startedEventId"]


def _decision_of(event: Event) -> int | None:
    """Return the id of the DecisionTaskCompleted that has decided an event, None if it has another cause."""
    attributes: Any = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
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
