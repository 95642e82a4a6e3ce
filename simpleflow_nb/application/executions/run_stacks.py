"""The places where the code of a run waits, and for what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...exceptions import ReplayError
from ...futures import DONE, Completions, Future
from ...inspection.documents import Document, document_of
from ...masking import masked
from ...processes.observed_run import ObservedRun
from ...processes.workflow_classes import WorkflowNotFound
from ...replay.observation import Wait
from ..places import Place
from ..services import Service
from .run_moments import RunMoment, found_run, observed

#: of futures, by the types that the engine gives them; that of a group is its name: group, chain, gather
_KINDS = {
    "ScheduleActivityTask": "activity",
    "StartTimer": "timer",
    "signal": "signal",
    "last signal": "signal",
    "RecordMarker": "marker",
    "StartChildWorkflowExecution": "child",
    "SignalExternalWorkflowExecution": "sent signal",
    "RequestCancelExternalWorkflowExecution": "sent cancellation",
    "Group": "group",
    "strand": "strand",
    "cancellation": "cancellation",
}


@dataclass(frozen=True)
class StackFrame:
    """A line of the workflow's code, with known secrets masked."""

    file: str
    line: int
    function: str
    source: str  #: empty if the file is not here


@dataclass(frozen=True)
class AwaitedFuture:
    """A future for which code waits, as its last decision has left it."""

    #: ``activity``, ``child``, ``timer``, ``signal``, ``group``; ``next`` of several, ``room`` in a group, ``condition``
    kind: str
    id: str  #: for a signal its name
    attempt: int
    state: str  #: ``pending``, ``running``, ``finished`` or ``cancelled``; a signal that has not been received is pending
    has_ended: bool


@dataclass(frozen=True)
class CodeWait:
    """A place where the code of a run waits: ``run()`` itself, or what it has started beside it."""

    strand: str  #: ``run``, or the name of what runs beside it
    frames: tuple[StackFrame, ...]  #: innermost last
    futures: tuple[AwaitedFuture, ...]
    is_any: bool  #: for the first of them, else for all

    def to_dict(self) -> Document:
        return {
            "strand": self.strand,
            "frames": [vars(frame) for frame in self.frames],
            "waits_for": "any" if self.is_any else "all",
            "futures": [vars(future) for future in self.futures],
        }


@dataclass(frozen=True)
class RunStack:
    """The places where the code of a run waits; none if it has closed, or has not been decided yet."""

    moment: RunMoment
    waits: tuple[CodeWait, ...]
    reason: str | None = None  #: of the end of a closed run
    failure: str | None = None  #: why the code of a parked run cannot be replayed here

    def to_dict(self) -> Document:
        body = {**self.moment.to_dict(), "reason": self.reason, "failure": self.failure}
        return document_of("stack", {**body, "waits": [one.to_dict() for one in self.waits]})


def stack_of(place: Place, execution: dict[str, str], *, workflow: str | None = None) -> RunStack:
    """Return where the code of an open run waits: its history is replayed in this process, and nothing is sent to its service.

    Of a run that has closed, or has not been decided yet, the code is not needed.

    Args:
        workflow: dotted path of the run's class; None is the one named in its input.

    Raises:
        WorkflowNotFound: the class cannot be imported here, or is of another version than the run.
        ReplayError: the code of a run that is not parked does not match the history, or a payload cannot be read.
        ServiceError: the service cannot be reached, or the journal cannot be read.
    """
    with observed(place, execution, workflow) as run:
        moment = RunMoment.of(run)
        if not moment.is_open:
            last: Any = next(value for key, value in run.events[-1].items() if key.endswith("EventAttributes"))
            return RunStack(moment, (), last.get("reason"))
        if not moment.seen_event:
            return RunStack(moment, ())
        try:
            return RunStack(moment, _waits(run))
        except WorkflowNotFound:
            raise
        except ReplayError as error:
            if moment.parked is None:
                raise
            return RunStack(moment, (), failure=f"{type(error).__name__}: {error}")


def stack_of_run(
    service: Service, run: str, *, run_id: str | None = None, workflow: str | None = None, outputs: Path | str = ""
) -> RunStack:
    """Return where the code of a run of `Local` or `Swf` waits; the run is named as on the command line. See `stack_of`.

    Args:
        outputs: the folder of the journal, for `Local` without a ``db``; the working directory by default.
    """
    with found_run(service, run, run_id, outputs) as (place, execution):
        return stack_of(place, execution, workflow=workflow)


def _waits(run: ObservedRun) -> tuple[CodeWait, ...]:
    return tuple(_wait(one) for one in run.waits)


def _wait(wait: Wait) -> CodeWait:
    frames = [StackFrame(one.filename, one.lineno or 0, one.name, masked(one.line or "")) for one in wait.frames]
    return CodeWait(wait.strand, tuple(frames), tuple(_awaited(one) for one in wait.futures), wait.is_any)


def _awaited(awaited: Any) -> AwaitedFuture:
    if isinstance(awaited, Completions):
        return AwaitedFuture("next", f"{len(awaited)} futures", 1, "pending", awaited.stage >= DONE)
    if (condition := getattr(awaited, "condition", None)) is not None:
        return AwaitedFuture("condition", _place_of(condition), 1, "pending", awaited.stage >= DONE)
    if not isinstance(awaited, Future):  # a group that holds back its members
        return AwaitedFuture("room", awaited.group.id, 1, "pending", awaited.stage >= DONE)
    kind, has_ended = _KINDS.get(awaited.type, awaited.type), awaited.stage >= DONE
    state = "pending" if kind in ("signal", "cancellation") and not has_ended else awaited.state.lower()
    return AwaitedFuture(kind, awaited.id or awaited.name, awaited.attempt, state, has_ended)


def _place_of(function: Any) -> str:
    """Return ``mine.py:12`` of a function; its name if it has no line, as a method of another language."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return str(getattr(function, "__qualname__", type(function).__qualname__))
    return f"{code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"
