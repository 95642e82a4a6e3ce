"""Time limits and task groups: blocks of a workflow's code, ``with`` or ``async with``."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Self, TypeVar

from .exceptions import DefinitionError, TaskCanceled, TimeLimitExceeded
from .futures import DONE, STOPPED, Future
from .replay import Execution
from .replay.suspended_code.coroutines import close_unstarted
from .replay.suspended_code.strand import Strand

T = TypeVar("T")


class _TimeIsUp(BaseException):
    """Raised where the code waits when a time limit has passed; the limit's own block turns it into a TimeoutError.

    Not an Exception: code inside the block that goes on after the failure of a task may not take it for one.
    """


class Waited:
    """A wait that is over: ``await`` of it goes on at once, so that coroutines can be written with or without it."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield  # makes it a generator


class _Block:
    """A block that is entered with ``with`` or ``async with``, which is the same: nothing in it needs an event loop."""

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


class TimeLimit(_Block):
    """A block that ends with :class:`.TimeLimitExceeded`, a TimeoutError, when a time has passed while it waits.

    What it was waiting for is cancelled, unless the end of one of several was enough. The time is the service's, so a limit
    survives restarts; ``expired`` tells afterwards.
    A block whose timer the service refuses ends at its wait with the timer's TaskFailed: it would have no limit.
    """

    def __init__(self, executor: Execution, seconds: int) -> None:
        self.executor, self.seconds = executor, seconds
        self.expired = False
        self._error: BaseException | None = None
        self._strand: Strand | None = None
        self._timer: Future[None] | None = None

    def __enter__(self) -> Self:
        if self._timer is not None:
            raise DefinitionError("a time limit is used once; ask for another with self.timeout(...)")
        self._strand = self.executor.running_strand("a time limit")
        self._timer = self.executor.start_timer(self.seconds)
        self._timer.watch(self)
        return self

    def ended(self, timer: Future[Any]) -> None:
        """Take note that the timer has fired, or was refused; called by the engine."""
        if timer.stage != STOPPED and self._strand is not None:
            self._error = _TimeIsUp(timer.id) if timer.error is None else timer.error
            self.executor.interrupt(self._strand, self._error)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        strand, self._strand = self._strand, None
        assert strand is not None
        assert self._timer is not None
        if self._timer.stage < DONE and not self.executor.dead:
            self._timer.cancel()
        strand.forget(self._error)  # it has passed, and nothing has waited since
        if error is None or error is not self._error:
            return
        self.executor.cancel_waits(strand)
        if isinstance(error, _TimeIsUp):
            self.expired = True
            raise TimeLimitExceeded(self._timer.id, self.seconds) from None


class TaskGroup(_Block):
    """A block that ends when all its tasks have ended; the first that fails cancels the others and is raised."""

    def __init__(self, executor: Execution) -> None:
        self.executor = executor
        self._tasks: list[Future[Any]] = []
        self._strand: Strand | None = None
        self._failed: Future[Any] | None = None
        self._interrupt: TaskCanceled | None = None

    def create_task(self, awaitable: Coroutine[Any, Any, T] | Callable[[], T] | Future[T]) -> Future[T]:
        """Run a coroutine, or a function without arguments, beside the block; or take in a future. Return its future.

        Raises:
            DefinitionError: outside the block, or it is none of these.
        """
        if self._strand is None:
            raise DefinitionError(
                "create_task() is called inside the block of its group: async with self.task_group() as group:"
            )
        try:
            future: Future[T] = self.executor.started(awaitable)
        finally:
            close_unstarted((awaitable,))
        self._tasks.append(future)
        future.watch(self)
        return future

    def ended(self, future: Future[Any]) -> None:
        """Take note of the end of a task; called by the engine."""
        if future.error is not None and self._failed is None and not future.cancelling and not future.is_lenient:
            self._failed = future
            self.executor.untold.pop(future, None)
            if self._strand is not None:
                self._interrupt = TaskCanceled(future.id)
                self.executor.interrupt(self._strand, self._interrupt)

    def __enter__(self) -> Self:
        self._strand = self.executor.running_strand("a task group")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        strand, executor = self._strand, self.executor
        assert strand is not None
        if executor.dead:
            return
        raised = error
        if raised is None:
            try:
                self._settle()
            except BaseException as other:
                if executor.dead:
                    raise
                raised = other
        self._strand = None
        strand.forget(self._interrupt)
        if raised is not None and raised is self._interrupt:
            executor.cancel_waits(strand)
        if raised is not None or self._failed is not None:
            for future in self._tasks:
                future.cancel()
            with strand.shielded():
                self._settle()
        executor.take_failures(self._tasks)
        if self._failed is not None and (raised is None or raised is self._interrupt):
            assert self._failed.error is not None
            raise self._failed.error from None
        if raised is not None and raised is not error:
            raise raised

    def _settle(self) -> None:
        """Wait for all tasks, also those that they start meanwhile."""
        known = -1
        while known != len(self._tasks):
            known = len(self._tasks)
            self.executor.settle_all(self._tasks)
