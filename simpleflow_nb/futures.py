"""Futures: the results of what a workflow submitted, available now or later.

The names are those of simpleflow (and of :mod:`concurrent.futures`). A future belongs to one workflow execution; asking a
pending one for its result suspends the workflow until history has it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from types import CodeType, EllipsisType
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")

PENDING = "PENDING"
RUNNING = "RUNNING"
FINISHED = "FINISHED"
CANCELLED = "CANCELLED"

FIRST_COMPLETED = "FIRST_COMPLETED"
FIRST_EXCEPTION = "FIRST_EXCEPTION"
ALL_COMPLETED = "ALL_COMPLETED"

NO_KWARGS: dict[str, Any] = {}  # shared by the many tasks without any; never changed

# Stages of a future, in order; from DONE on it has ended.
HELD, QUEUED, OPEN, DONE, FAILED, STOPPED = range(6)


class Owner(Protocol):
    """The methods of an execution that its futures call."""

    failures: Any
    dead: bool

    def block(self, futures: tuple[Future[Any], ...], quantifier: Callable[[Iterator[bool]], bool] = all) -> None: ...
    def decoded(self, future: Future[Any]) -> Any: ...
    def cancel(self, future: Future[Any]) -> None: ...


class Future(Generic[T]):
    """The result of an activity, a timer or a signal, now or later.

    It is also the decision that asks the service for it, from ``submit`` until history has recorded it; so it has the
    engine's fields too.
    """

    __slots__ = (
        "args",
        "attempt",
        "awaited",
        "cancelling",
        "code",
        "decode",
        "dependents",
        "error",
        "execution",
        "failed_attempts",
        "followers",
        "id",
        "key",
        "kwargs",
        "lasti",
        "losses",
        "missing",
        "name",
        "order",
        "priority",
        "raises",
        "stage",
        "task",
        "type",
        "value",
    )

    def __init__(self, execution: Owner, type: str, id: str, name: str, task: Any = None) -> None:
        self.execution = execution
        self.type = type  # the decision's type, or "signal"
        self.id = self.key = id  # key: id of the current attempt
        self.name = name  # type name of the activity
        self.task = task
        self.stage = HELD
        self.value: Any = None
        self.error: BaseException | None = None
        self.order = 0  # id of the event that ended it
        self.awaited = self.decode = self.cancelling = self.raises = False
        self.dependents: list[Future[Any]] | None = None
        self.followers: list[Future[Any]] | None = None
        self.missing = self.failed_attempts = self.losses = 0
        self.attempt = 1
        self.args: tuple[Any, ...] = ()
        self.kwargs = NO_KWARGS
        self.priority: int | EllipsisType | None = ...  # by default that of the activity
        self.code: CodeType | None = None
        self.lasti = 0

    @property
    def result(self) -> T:
        """The result, for which this waits.

        Raises:
            TaskFailed: the task failed, timed out or was cancelled, or an earlier task with ``raises_on_failure`` did.
        """
        execution = self.execution
        if self.stage < DONE or execution.failures or execution.dead:
            execution.block((self,))
        if self.stage == DONE:
            if self.decode:
                return execution.decoded(self)  # type: ignore[no-any-return]
            return self.value  # type: ignore[no-any-return]
        assert self.error is not None
        raise self.error

    @property
    def exception(self) -> BaseException | None:
        """The exception that :attr:`result` would raise, None if the task succeeded; waits for the end."""
        execution = self.execution
        if self.stage < DONE or execution.failures or execution.dead:
            execution.block((self,))
        return self.error

    @property
    def state(self) -> str:
        """PENDING (not with the service yet), RUNNING (scheduled or started), FINISHED (also failed) or CANCELLED."""
        if self.stage == OPEN:
            return RUNNING
        if self.stage == STOPPED:
            return CANCELLED
        return FINISHED if self.stage >= DONE else PENDING

    @property
    def pending(self) -> bool:
        return self.stage < OPEN

    @property
    def running(self) -> bool:
        return self.stage == OPEN

    @property
    def finished(self) -> bool:
        """True once the task has ended with a result or a failure. Never waits."""
        return self.stage in (DONE, FAILED)

    @property
    def cancelled(self) -> bool:
        return self.stage == STOPPED

    @property
    def done(self) -> bool:
        """True once the task has ended in any way. Never waits."""
        return self.stage >= DONE

    def cancel(self) -> None:
        """Request the cancellation of the task; it is not retried any more.

        A timer, or a task not scheduled yet, ends at once; an activity when its worker reports the cancellation, or its own
        end.
        """
        self.execution.cancel(self)

    def wait(self) -> T | None:
        """Wait for the end; return the result, or None if the task failed or was cancelled."""
        return self.result if self.exception is None else None

    def __await__(self) -> Generator[Any, None, T]:
        return self.result
        yield  # makes it a generator; ``result`` suspends the workflow, no event loop is needed

    def __repr__(self) -> str:
        return f"<Future {self.id} {self.state}>"


Futures = Future[Any] | Sequence[Future[Any]]  #: futures as arguments, or a single list of them


def wait(*futures: Futures) -> list[Any]:
    """Wait for all; return their results in the order given, None for each that failed or was cancelled.

    The failure of a task with ``raises_on_failure`` is raised here, as at any other wait.
    """
    pending = _futures(futures)
    if pending:
        pending[0].execution.block(pending)
    return [future.wait() for future in pending]


def wait_any(*futures: Futures) -> Future[Any]:
    """Wait until one has ended; return the first, in the order of history.

    Raises:
        ValueError: no futures were given.
    """
    pending = _futures(futures)
    if not pending:
        raise ValueError("wait_any needs at least one future; without one it would never end")
    pending[0].execution.block(pending, any)
    return min((future for future in pending if future.stage >= DONE), key=lambda future: future.order)


def as_completed(*futures: Futures) -> Iterator[Future[Any]]:
    """Yield the futures in the order of history in which they end; waits before each."""
    remaining = list(_futures(futures))
    while remaining:
        first = wait_any(*remaining)
        remaining.remove(first)
        yield first


def _futures(futures: tuple[Any, ...]) -> tuple[Future[Any], ...]:
    if len(futures) == 1 and isinstance(futures[0], list | tuple):
        futures = tuple(futures[0])
    for future in futures:
        if not isinstance(future, Future):
            raise TypeError(f"{future!r:.80} is not a future; pass what submit() returned")
    return futures
