"""The strands of a run beside ``run()``: started by the code or the engine, ended by their own return."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from types import CoroutineType
from typing import Any

from greenlet import GreenletExit

from ...exceptions import DefinitionError, ReplayError, RunEnded, TaskCanceled
from ...futures import DONE, FAILED, OPEN, RUNNING_IN, STOPPED, Future
from ..suspended_code.coroutines import close_unstarted, driven
from ..suspended_code.gathering import GatheredFuture
from ..suspended_code.strand import Strand
from .requests import Requests

STRAND = "strand"  #: the type of futures that end with a strand


class _Condition:
    """A condition that a strand waits for, in place of a future."""

    __slots__ = ("awaited", "condition", "holds")

    def __init__(self, condition: Callable[[], bool]) -> None:
        self.condition, self.holds = condition, False
        self.awaited: Any = None

    @property
    def stage(self) -> int:
        return DONE if self.holds else OPEN


class StrandFuture(Future[Any]):
    """The value of a strand; its failure is always told, by ``result`` too."""

    __slots__ = ()

    @property
    def is_lenient(self) -> bool:
        return False


class Strands(Requests):
    """Strands, each with the future that ends with it."""

    __slots__ = ("conditions",)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.conditions: dict[_Condition, Strand] = {}  # that strands wait for

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Suspend the strand until a condition holds, which is asked whenever code of the run has gone on.

        Raises:
            DefinitionError: the condition does more than look, or there is no code that could wait.
            Exception: what the condition raises.
        """
        strand = self.running_strand("wait_until()")
        while not self._holds(condition):
            waited = _Condition(condition)
            waiting: tuple[Any, ...] = (waited,)
            self.conditions[waited] = strand
            try:
                self.block(waiting)
            finally:
                self.conditions.pop(waited, None)

    def _holds(self, condition: Callable[[], bool]) -> bool:
        return bool(self.ask("the condition of wait_until()", condition))

    def rouse_conditions(self) -> None:
        """Resume the strands whose conditions hold by now."""
        for waited, strand in list(self.conditions.items()):
            if not waited.holds:
                try:
                    waited.holds = self._holds(waited.condition)
                except ReplayError:
                    raise
                except BaseException as error:  # SystemExit too; raised again where the strand asks itself
                    if self.may_interrupt(error):
                        raise
                    waited.holds = True
            if waited.holds:
                self.rouse_strand(strand)

    def spawn(
        self, body: Callable[[], Any], name: str, *, raises: bool = True, is_own: bool = True, id: str | None = None
    ) -> Future[Any]:
        """Run ``body()``, plain or a coroutine function, as a strand until it first waits; return the future of its value.

        An exception is the future's failure. With ``is_own``, failures of tasks that the body submits are raised in it;
        without, in the strand that called this. ``id`` names the strand instead of a number behind its name.
        """
        if self.dead:
            self.block(())
        id, spawner = id or self.numbered(name), self.current
        future = StrandFuture(self, STRAND, id, name)
        future.stage, future.raises, future.strand = OPEN, raises, self.submitter()
        strand = Strand(partial(self._live, body, future), id, future, None if is_own else spawner or self.main)
        future.task = strand
        self.strands[strand] = None
        if spawner is None:  # a hook: the strand starts with the code
            self.rouse_strand(strand)
            return future
        self.switch_into(strand)
        if self.defect is not None or self.finished is not None:  # nothing goes on
            self._leave()
        return future

    def cancel(self, future: Future[Any]) -> None:
        if future.type != STRAND:
            super().cancel(future)
            return
        if self.dead:
            self.block(())
        if future.stage < DONE and not future.cancelling:
            future.cancelling = True
            self.interrupt(future.task, TaskCanceled(future.id))

    def started(self, awaitable: Any) -> Future[Any]:
        """Start a coroutine, or a function without arguments, as a strand; a future is returned as it is.

        Raises:
            DefinitionError: it is none of these.
        """
        if isinstance(awaitable, Future):
            return awaitable
        if type(awaitable) is CoroutineType:
            return self.spawn(lambda: awaitable, awaitable.cr_code.co_name, raises=False)
        if callable(awaitable):
            return self.spawn(awaitable, getattr(awaitable, "__name__", "task"), raises=False)
        raise DefinitionError(f"{awaitable!r:.80} cannot be awaited here; pass a coroutine or what submit() returned")

    def gathered(self, awaitables: tuple[Any, ...], return_exceptions: bool) -> Future[list[Any]]:
        """Return the future of all these, each as in :meth:`started`."""
        try:
            members = [self.started(one) for one in awaitables]
        finally:
            close_unstarted(awaitables)
        return GatheredFuture(self, members, return_exceptions)

    def numbered(self, name: str) -> str:
        """Return the next id of a name: ``group-1``."""
        if self.dead:
            self.block(())
        n = self.counters[name] = self.counters.get(name, 0) + 1
        return f"{name}-{n}"

    def running_strand(self, what: str) -> Strand:
        """Return the strand whose code is running; ``what`` needs one.

        Raises:
            DefinitionError: none is, as in a hook.
        """
        if self.dead:
            self.block(())
        if self.current is None:
            raise DefinitionError(f"{what} can only be used inside run()")
        return self.current

    def settle_all(self, futures: Iterable[Future[Any]]) -> None:
        """Wait until all have ended, with or without success."""
        self.block(tuple(futures))

    def take_failures(self, futures: Iterable[Future[Any]]) -> None:
        """Raise the failures of these no more: whoever has waited for them raises what is to be raised."""
        taken = set(futures)
        self.failures = deque(failed for failed in self.failures if failed not in taken)

    def cancel_waits(self, strand: Strand) -> None:
        """Cancel what an interrupted strand was waiting for."""
        waited, strand.waits_for = strand.waits_for, ()
        for future in waited:
            if isinstance(future, Future):
                future.cancel()

    def interrupt(self, strand: Strand, error: BaseException) -> None:
        """Raise an exception in a strand at its next wait."""
        strand.interrupts.append(error)
        self.rouse_strand(strand)

    def _live(self, body: Callable[[], Any], future: Future[Any]) -> None:
        strand: Strand = future.task
        RUNNING_IN.set(self)
        try:
            value = body()
            if type(value) is CoroutineType:
                value = driven(value)
            if self.failures or self.dead:
                self.block(())
        except GreenletExit as error:
            if not self.dead:
                self._end_strand(future, error)
        except (MemoryError, ReplayError) as error:
            if not self.dead:
                self.defect = error
        except RunEnded as error:
            if not self.dead:
                self._end_run(error)
        except BaseException as error:
            if not self.dead and self.may_interrupt(error):
                self.defect = error
            elif not self.dead:
                if future.cancelling:
                    self.cancel_waits(strand)
                self._end_strand(future, error)
        else:
            if future.stage < DONE:
                self.resolve(future, value, self.next_id, decode=False)
        finally:
            self.strands.pop(strand, None)
            if strand.raises_in is strand:
                strand.raises_in = self.main  # tasks that outlive it
                if any(self.failing_strand(failed) is self.main for failed in self.failures):
                    self.rouse_strand(self.main)

    def _end_strand(self, future: Future[Any], error: BaseException) -> None:
        if future.stage >= DONE:
            return
        if isinstance(error, TaskCanceled) and future.cancelling:
            self.settle(future, STOPPED, error)
            return
        self.settle(future, FAILED, error)
        if future.raises:
            self.failures.append(future)
            self.rouse_strand(self.failing_strand(future))
