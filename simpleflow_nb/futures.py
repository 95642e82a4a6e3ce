"""Futures: the results of what a workflow submitted, available now or later.

The names are those of simpleflow (and of :mod:`concurrent.futures`). A future belongs to one workflow execution; asking a
pending one for its result suspends the workflow until history has it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from contextvars import ContextVar
from types import CodeType, EllipsisType
from typing import Any, ClassVar, Generic, Protocol, TypeVar, overload

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T_co = TypeVar("T_co", covariant=True)

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


RUNNING_IN: ContextVar[Any] = ContextVar("running in")  #: the execution whose code is running

FUTURE_TYPES: set[type] = set()  #: the class of futures and its subclasses


class Owner(Protocol):
    """The methods of an execution that its futures call."""

    failures: Any
    dead: bool

    @property
    def are_failures_quiet(self) -> bool: ...

    def block(self, futures: tuple[Any, ...], quantifier: Callable[[Iterator[bool]], bool] = all) -> None: ...
    def rouse(self, future: Any) -> None: ...
    def decoded(self, future: Future[Any]) -> Any: ...
    def cancel(self, future: Future[Any]) -> None: ...


class Watcher(Protocol):
    """Something that is told at once when a future has ended."""

    def ended(self, future: Future[Any]) -> None: ...


class Future(Generic[T_co]):
    """The result of an activity, a timer or a signal, now or later.

    It is also the decision that asks the service for it, from ``submit`` until history has recorded it; so it has the
    engine's fields too.
    """

    instead_of_json: ClassVar[str] = "ask it for its result, or await it; yield does not wait"  #: for the message about it

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
        "strand",
        "task",
        "type",
        "value",
        "watchers",
    )

    def __init_subclass__(cls) -> None:
        FUTURE_TYPES.add(cls)

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
        self.awaited: Any = None  # the strand that waits for it, or a list of several
        self.strand: Any = None  # the strand that submitted it, None for run() itself
        self.watchers: list[Watcher] | None = None
        self.decode = self.cancelling = self.raises = False
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
    def result(self) -> T_co:
        """The result, for which this waits; None if the task failed and its ``raises_on_failure`` is False.

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
        if self.is_lenient:
            return None  # type: ignore[return-value]
        assert self.error is not None
        raise self.error

    @property
    def is_lenient(self) -> bool:
        """True if ``exception`` alone tells of a failure: that of a task whose ``raises_on_failure`` is False."""
        return not self.raises and self.task is not None and self.execution.are_failures_quiet

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

    def watch(self, watcher: Watcher) -> None:
        """Tell a watcher when this has ended; at once if it has already."""
        if self.stage >= DONE:
            watcher.ended(self)
        elif self.watchers is None:
            self.watchers = [watcher]
        else:
            self.watchers.append(watcher)

    def cancel(self) -> None:
        """Request the cancellation of the task; it is not retried any more.

        A timer, or a task not scheduled yet, ends at once; an activity when its worker reports the cancellation, or its own
        end.
        """
        self.execution.cancel(self)

    def wait(self) -> T_co | None:
        """Wait for the end; return the result, or None if the task failed or was cancelled."""
        return self.result if self.exception is None else None

    def __await__(self) -> Generator[Any, None, T_co]:
        return self.result
        yield  # makes it a generator; ``result`` suspends the workflow, no event loop is needed

    def __repr__(self) -> str:
        return f"<Future {self.id} {self.state}>"


FUTURE_TYPES.add(Future)

Awaited = Future[T] | Coroutine[Any, Any, T]  #: by :func:`gather`
Futures = Future[Any] | Sequence[Future[Any]]  #: futures as arguments, or a single list of them


def get_result_or_raise(future: Future[T]) -> T:
    """Wait for the end; return the result, or raise the failure, also that of a task with ``raises_on_failure=False``.

    Raises:
        TaskFailed: the task failed, timed out or was cancelled.
    """
    error = future.exception
    if error is not None and future.stage > DONE:
        raise error
    return future.result


def wait(*futures: Futures) -> list[Any]:
    """Wait for all; return their results in the order given, None for each that failed or was cancelled.

    The failure of a task with ``raises_on_failure`` is raised here, as at any other wait.
    """
    pending = _futures(futures)
    if pending:
        pending[0].execution.block(pending)
    return [future.wait() for future in pending]


@overload
def wait_any(futures: Sequence[Future[T]], /) -> Future[T]: ...
@overload
def wait_any(*futures: Future[T]) -> Future[T]: ...
def wait_any(*futures: Any) -> Future[Any]:
    """Wait until one has ended; return the first, in the order of history.

    Raises:
        ValueError: no futures were given.
    """
    pending = _futures(futures)
    if not pending:
        raise ValueError("wait_any needs at least one future; without one it would never end")
    pending[0].execution.block(pending, any)
    return min((future for future in pending if future.stage >= DONE), key=lambda future: future.order)


@overload
def gather(a: Awaited[T1], b: Awaited[T2], /) -> Future[tuple[T1, T2]]: ...
@overload
def gather(a: Awaited[T1], b: Awaited[T2], c: Awaited[T3], /) -> Future[tuple[T1, T2, T3]]: ...
@overload
def gather(*awaitables: Awaited[T]) -> Future[list[T]]: ...
@overload
def gather(*awaitables: Awaited[Any], return_exceptions: bool) -> Future[list[Any]]: ...
def gather(*awaitables: Any, return_exceptions: bool = False) -> Future[Any]:
    """Return a future of all results in the order given, for ``await``; coroutines are started beside the code.

    The first failure, in the order of history, is its failure, and the others go on; with ``return_exceptions`` failures stand
    among the results. The result is a list; two or three are typed as a tuple, as in :func:`asyncio.gather`.

    Raises:
        RuntimeError: called outside a workflow.
    """
    execution = RUNNING_IN.get(None)
    if execution is None:
        raise RuntimeError("futures.gather() is called inside a workflow's run()")
    gathered: Future[list[Any]] = execution.gathered(awaitables, return_exceptions)
    return gathered


class Completions(Generic[T]):
    """Futures in the order of history in which they end, however many they are: a step costs the same for any number.

    ::

        queue = futures.Completions(self.submit(load, day) for day in days)
        while queue:
            done = queue.next()
            if done.exception is None:
                queue.add(self.submit(draw, done.result))

    ``len(queue)`` is the number of futures that :meth:`next` has not returned yet; so an empty queue is False.
    """

    __slots__ = ("_count", "_ended", "_execution", "awaited")

    def __init__(self, futures: Iterable[Future[T]] = ()) -> None:
        self._ended: deque[Future[T]] = deque()
        self._execution: Owner | None = None
        self._count = 0
        self.awaited: Any = None
        for future in sorted(_futures((list(futures),)), key=_by_end):
            self.add(future)

    def add(self, future: Future[T]) -> None:
        """Add a future; one that has ended already comes after those that have ended before."""
        self._execution = future.execution
        self._count += 1
        future.watch(self)

    def next(self) -> Future[T]:
        """Return the next future that has ended, with a result or without; wait for it.

        Raises:
            ValueError: there are no more.
            TaskFailed: a task with ``raises_on_failure`` failed, as at any other wait.
        """
        if not self._count or self._execution is None:
            raise ValueError("there is no future to wait for: each one that was added has been returned")
        self._execution.block((self,), any)
        self._count -= 1
        return self._ended.popleft()

    def ended(self, future: Future[T]) -> None:
        """Take note of the end of a future; called by the engine."""
        self._ended.append(future)
        if self.awaited is not None and self._execution is not None:
            waiting = self._execution
            waiting.rouse(self)

    @property
    def stage(self) -> int:
        """The stage of a future that ends when the next one does, for the engine."""
        return DONE if self._ended else OPEN

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<Completions, {self._count} to come, {len(self._ended)} of them ended>"


@overload
def as_completed(futures: Sequence[Future[T]], /) -> Iterator[Future[T]]: ...
@overload
def as_completed(*futures: Future[T]) -> Iterator[Future[T]]: ...
def as_completed(*futures: Any) -> Iterator[Future[Any]]:
    """Yield the futures in the order of history in which they end; waits before each."""
    queue = Completions(_futures(futures))
    while queue:
        yield queue.next()


def _by_end(future: Future[Any]) -> tuple[bool, int]:
    return (future.stage < DONE, future.order if future.stage >= DONE else 0)


def _futures(futures: tuple[Any, ...]) -> tuple[Future[Any], ...]:
    if len(futures) == 1 and isinstance(futures[0], list | tuple):
        futures = tuple(futures[0])
    for future in futures:
        if not isinstance(future, Future):
            raise TypeError(f"{future!r:.80} is not a future; pass what submit() returned")
    return futures
