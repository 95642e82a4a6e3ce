"""Futures: the results, now or later, of what a workflow submitted.

The names are those of simpleflow (and of :mod:`concurrent.futures`). A future belongs to one workflow execution; asking a
pending one for its result suspends the workflow until history brings it.
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

NO_KWARGS: dict[str, Any] = {}  # shared by the many tasks that have none; never changed

# Stages of a future, in order; what is at DONE or beyond has ended.
HELD, QUEUED, OPEN, DONE, FAILED, STOPPED = range(6)


class Owner(Protocol):
    """What a future asks of the execution it belongs to."""

    failures: Any
    dead: bool

    def block(self, futures: tuple[Future[Any], ...], quantifier: Callable[[Iterator[bool]], bool] = all) -> None: ...
    def decoded(self, future: Future[Any]) -> Any: ...
    def cancel(self, future: Future[Any]) -> None: ...


class Future(Generic[T]):
    """The result of an activity, a timer or a signal, now or later.

    It is at the same time the decision that asks the service for it, from the moment of ``submit`` until history has
    its record; that is why the engine's fields live here.
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
        self.id = self.key = id  # key: id of the present attempt
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
        self.priority: int | EllipsisType | None = ...  # the task's own
        self.code: CodeType | None = None
        self.lasti = 0

    @property
    def result(self) -> T:
        """The result; waits for it.

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
        """What :attr:`result` would raise, None when the task succeeded; waits for the end."""
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
        """Whether it has ended with a result or a failure. Never waits."""
        return self.stage in (DONE, FAILED)

    @property
    def cancelled(self) -> bool:
        return self.stage == STOPPED

    @property
    def done(self) -> bool:
        """Whether it has ended in any way. Never waits."""
        return self.stage >= DONE

    def cancel(self) -> None:
        """Ask for the end of the task. A timer, and what is not with the service yet, ends at once; an activity when its
        worker says so or comes to an end by itself. It is not retried any more."""
        self.execution.cancel(self)

    def wait(self) -> T | None:
        """The result, or None when it failed or was cancelled; waits for the end."""
        return self.result if self.exception is None else None

    def __await__(self) -> Generator[Any, None, T]:
        return self.result
        yield  # makes it a generator; the workflow is suspended by ``result``, no event loop is needed

    def __repr__(self) -> str:
        return f"<Future {self.id} {self.state}>"


Futures = Future[Any] | Sequence[Future[Any]]  #: futures one by one, or a single list of them


def wait(*futures: Futures) -> list[Any]:
    """The results of all, in the order given; None for each that failed or was cancelled.

    Waits for all to end. The failure of a task with ``raises_on_failure`` is raised here, as at any other wait.
    """
    pending = _futures(futures)
    if pending:
        pending[0].execution.block(pending)
    return [future.wait() for future in pending]


def wait_any(*futures: Futures) -> Future[Any]:
    """The one that ended first, in the order of history; waits until one has.

    Raises:
        ValueError: no futures given.
    """
    pending = _futures(futures)
    if not pending:
        raise ValueError("wait_any needs at least one future: none of nothing ever ends")
    pending[0].execution.block(pending, any)
    return min((future for future in pending if future.stage >= DONE), key=lambda future: future.order)


def as_completed(*futures: Futures) -> Iterator[Future[Any]]:
    """The futures in the order in which they end, which is the order of history; waits before each."""
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
