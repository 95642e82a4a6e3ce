"""Events of a long call that is under way, for a caller that shows them."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from ..exceptions import CallGivenUp

if TYPE_CHECKING:
    from types import GeneratorType

    from .outcomes import RemoteExecution, RunOutcome
    from .states.run_states import ShownRun, Watch

R = TypeVar("R")


@dataclass(frozen=True)
class Look:
    """Nothing new: given every tenth of a second, so that what counts seconds can be drawn anew and a caller can end it."""


@dataclass(frozen=True)
class Note:
    """A sentence for the person who has asked, as ``going on with 2 interrupted runs``."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Announcement:
    """Announcement of what is about to be done, once that is certain: ``14 runs of days, 2 left out``."""

    text: str


@dataclass(frozen=True)
class Watching:
    """Runs are carried out from now on; ``watch`` holds those that there are, as they were at the last `RunChanged`."""

    watch: Watch


@dataclass(frozen=True)
class RunChanged:
    """There is something new about a run: it was started, has ended, or one of its labels has."""

    run: ShownRun


@dataclass(frozen=True)
class Started:
    """An execution was started on a service."""

    execution: RemoteExecution


@dataclass(frozen=True)
class RemoteRunEnded:
    """A run on a service, which was waited for, has ended."""

    run: RunOutcome


@dataclass(frozen=True)
class CheckEnded:
    """A check on a service, which was waited for, has ended, and so have the runs that it started."""

    started: int
    succeeded: int  #: or were skipped
    not_due: int  #: pairs of a workflow and a date


@dataclass(frozen=True)
class ReportMade:
    """A report was made anew."""

    run: str  #: ``NAME/DATE_IDENTITY``
    report: str  #: ``count.pdf``
    path: str
    warnings: tuple[str, ...] = ()


Event = Look | Note | Announcement | Watching | RunChanged | Started | RemoteRunEnded | CheckEnded | ReportMade


class UnderWay(Generic[R]):
    """A long call: iterate over it to see what happens, or ask for its result, which waits for the end.

    Nothing is done before the first of these. What was started ends by itself when it is given up (`close`, or the end of a
    ``with`` block): no task is started any more, those under way end, and the same call goes on later. Any thread may do each
    of this.
    """

    def __init__(self, events: Generator[Event, None, R]) -> None:
        self._events = cast("GeneratorType[Event, None, R]", events)
        self._running = threading.RLock()  # held while the call does something
        self._is_over = False
        self._result: list[R] = []  # empty until it has ended by itself

    def __iter__(self) -> UnderWay[R]:
        return self

    def __next__(self) -> Event:
        if self._is_over:  # even before the lock: `close` may be waiting for it
            self._end()
            raise StopIteration
        with self._running:
            try:
                return next(self._events)
            except StopIteration as end:
                if not self._is_over:
                    self._is_over = True
                    self._result.append(end.value)
                raise
            except BaseException:
                self._is_over = True
                raise

    def __enter__(self) -> UnderWay[R]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def result(self) -> R:
        """Wait for the end and return the result of the call.

        Raises:
            CallGivenUp: it was closed, perhaps by another thread, or has raised something, before its end.
            and whatever the call raises.
        """
        for _ in self:
            pass
        if not self._result:
            raise CallGivenUp("this call was given up before it ended")
        return self._result[0]

    def close(self) -> None:
        """Give it up: nothing is lost. Waits for what is under way.

        Another thread that iterates over it, or waits for its result, is stopped at its next look, some tenths of a second
        later. Called by a signal handler, in the midst of a look of the same thread, it returns at once.
        """
        self._is_over = True
        self._end()

    def _end(self) -> None:
        with self._running:
            if not self._events.gi_running:  # else this is a signal handler: the lock is held by its own thread
                self._events.close()
