"""The workflow's code in greenlets: suspended where it waits, resumed when history has the result."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterator
from types import CoroutineType
from typing import Any

from greenlet import GreenletExit, getcurrent

from ... import futures, payload
from ...constants import MAX_REASON_CHARACTERS
from ...exceptions import DefinitionError, ReplayError, RunEnded, TaskFailed
from ...futures import DONE, Future
from ...tracebacks import text_of, traceback_lines
from ..calls.arguments import waited_for
from ..calls.commands import Command
from ..protocol.decisions import FailWorkflowExecution
from .coroutines import driven
from .strand import Strand

_FAILED = "FailWorkflowExecution"
_RETURNED = "what run() returned"
_MAX_DEATHS = 20  # times that evicted code may catch GreenletExit before it is left alone


class Suspension:
    """The greenlets of a run: ``program(self)`` is called once inside the main one, and its return value is the run's result.

    A suspension belongs to the thread that creates it. Call :meth:`kill` before dropping it: the garbage collector cannot
    see into a suspended stack.
    """

    __slots__ = (
        "closings",
        "current",
        "dead",
        "deaths",
        "defect",
        "error",
        "failures",
        "finished",
        "is_interruptible",
        "load",
        "main",
        "program",
        "roused",
        "strands",
        "untold",
    )

    def __init__(self, program: Callable[[Any], Any], load: payload.Load | None) -> None:
        self.program, self.load = program, load
        self.main = Strand(self._main, "run")
        self.main.is_roused = True
        self.strands: dict[Strand, None] = {}  # those beside the main one, in the order of their starts
        self.roused: deque[Strand] = deque([self.main])  # to be resumed, in this order
        self.current: Strand | None = None  # whose code is running
        self.failures: deque[Future[Any]] = deque()  # to be raised where the code waits, in event order
        self.untold: dict[Future[Any], None] = {}  # that have failed, and nobody has asked; they do not raise by themselves
        self.finished: Command | None = None
        self.error: BaseException | None = None  # raised by run(), if the run has failed
        self.defect: BaseException | None = None  # not the code's fault: the execution is parked
        #: called in run()'s strand when it has returned, with None, or with what it has raised, before the run ends; they may
        #: submit and wait, and no failure or interrupt is raised in them
        self.closings: list[Callable[[BaseException | None], None]] = []
        self.is_interruptible = True  # a KeyboardInterrupt may be one of the process, not raised by the code
        self.dead, self.deaths = False, 0

    def block(self, futures: tuple[Future[Any], ...], quantifier: Callable[[Iterator[bool]], bool] = all) -> None:
        """Suspend the strand until all (or any) of these have ended, or a failure is to be raised in it.

        Raises:
            TaskFailed: the oldest failure not raised yet of a task with ``raises_on_failure``.
            GreenletExit: the execution was evicted; raised at every later call too.
        """
        strand, ended, number = self.current, 0, len(futures)
        while True:
            if self.dead:
                self._called_when_dead(futures, quantifier)
                return
            if self.failures:
                error = self._failure_of(strand)
                if error is not None:
                    raise error
            if quantifier is all:
                while ended < number and futures[ended].stage >= DONE:
                    ended += 1
                if ended == number:
                    return
            elif any(future.stage >= DONE for future in futures):
                return
            if strand is None:
                raise _cannot_wait()
            if strand.interrupts and not strand.is_shielded:
                strand.waits_for = futures if quantifier is all else ()
                raise strand.interrupts.popleft()
            if quantifier is all:
                first = futures[ended]
                if first.awaited is None:
                    first.awaited = strand
                else:
                    _note_waiting(first, strand)
            else:
                for future in futures:
                    _note_waiting(future, strand)
            strand.waits_for, strand.waits_for_any = futures, quantifier is any
            self._leave()

    def _called_when_dead(self, futures: tuple[Future[Any], ...], quantifier: Callable[[Iterator[bool]], bool]) -> None:
        """Answer a call that would wait, or change the run, of code that is being unwound."""
        self.deaths += 1
        if self.deaths > _MAX_DEATHS:  # `while True: try ... except: pass` in user code: leave it behind
            self._leave()
        raise GreenletExit

    def rouse(self, future: Any) -> None:
        """Have the strands that wait for a future resumed."""
        waiting = future.awaited
        if type(waiting) is Strand:
            if not waiting.is_roused:
                waiting.is_roused = True
                self.roused.append(waiting)
        else:
            for strand in waiting:
                self.rouse_strand(strand)

    def rouse_strand(self, strand: Strand) -> None:
        if not strand.is_roused:
            strand.is_roused = True
            self.roused.append(strand)

    def switch_into(self, strand: Strand) -> None:
        """Run the code of a strand until it waits or ends."""
        previous, self.current = self.current, strand
        here = getcurrent()
        if strand.back is not here:
            strand.back = strand.greenlet.parent = here
        strand.greenlet.switch()
        self.current = previous

    def submitter(self) -> Strand | None:
        """Return the strand whose code is running, None for ``run()`` itself, as futures note it."""
        return None if self.current is self.main else self.current

    def failing_strand(self, future: Future[Any]) -> Strand:
        """Return the strand in which the failure of a task is raised."""
        return self.main if future.strand is None else future.strand.failing()

    def _failure_of(self, strand: Strand | None) -> BaseException | None:
        """Take the oldest failure that is to be raised in a strand."""
        strand = strand or self.main
        if strand.is_shielded:
            return None
        for n, future in enumerate(self.failures):
            if self.failing_strand(future) is strand:
                del self.failures[n]
                return future.error
        return None

    def decoded(self, future: Future[Any]) -> Any:
        """Return the result of a finished future, decoded once; never waits."""
        if future.decode:
            try:
                if future.value is not None:
                    future.value = payload.decode(future.value, self.load)
                    if (result_as := getattr(future.task, "result_as", None)) is not None:
                        future.value = result_as(future.value)
                elif (collected := getattr(future, "collected", None)) is not None:
                    future.value = collected()
            except ReplayError as error:
                self.give_up(error)
            future.decode = False
        return future.value

    def give_up(self, error: Exception) -> None:
        """Decide nothing, which parks the execution if the error does not pass: the code stays suspended.

        Raises:
            Exception: the error, if called outside the code, in a hook; the hook may catch it.
        """
        self.defect = error
        if self.current is None or getcurrent() is not self.current.greenlet:
            raise error
        self._leave()

    def kill(self) -> bool:
        """Unwind the code without letting it decide anything; its ``finally`` blocks run.

        Return False if the code does not end; keep a reference then, or GreenletExit is thrown at it again.
        """
        self.dead = True
        is_over = True
        for strand in [*reversed(self.strands), self.main]:
            if strand.greenlet:
                self.deaths = 0
                previous, self.current = self.current, strand
                strand.back = strand.greenlet.parent = getcurrent()
                strand.greenlet.throw(GreenletExit)
                self.current = previous
                is_over = is_over and not strand.greenlet
        return is_over

    def loaded(self, digest: str) -> str:
        """Load the text of a payload; if it cannot be read, the execution is parked."""
        assert self.load is not None
        try:
            return self.load(digest)
        except ReplayError as error:
            self.give_up(error)
            raise

    def where(self, strand: Strand | None = None) -> list[traceback.FrameSummary]:
        """Return the stack of suspended code, innermost frame last, of ``run()`` by default; empty when it is not suspended."""
        strand = strand or self.main
        frame = strand.greenlet.gr_frame if strand.greenlet else None
        if frame is None:
            return []
        return [f for f in traceback.extract_stack(frame) if not f.filename.startswith(_PACKAGE)]

    def _main(self) -> None:
        futures.RUNNING_IN.set(self)
        try:
            try:
                result = self.program(self)
                if type(result) is CoroutineType:
                    result = driven(result)
                text = payload.encoded(waited_for(result, _RETURNED), _RETURNED)
                if self.failures or self.dead:  # dead: it caught GreenletExit and returned all the same
                    self.block(())
                for failed in self.untold:
                    assert failed.error is not None
                    raise failed.error
            except BaseException as error:
                if self.closings and self._ends_the_run(error):
                    self._close(error)
                raise
            if self.closings:
                self._close(None)
            self.finished = Command("CompleteWorkflowExecution", None, {} if result is None else {"result": text})
        except GreenletExit as error:
            if not self.dead:
                self._fail_run(error)
        except (MemoryError, ReplayError) as error:
            if not self.dead:
                self.defect = error
        except BaseException as error:  # SystemExit too: user code must not end the decider
            if not self.dead and self.may_interrupt(error):
                self.defect = error
            elif not self.dead:
                self._end_run(error)

    def _ends_the_run(self, error: BaseException) -> bool:
        """Tell whether the run ends for what its code has raised, rather than being evicted or parked."""
        return not (self.dead or isinstance(error, GreenletExit | MemoryError | ReplayError) or self.may_interrupt(error))

    def _close(self, error: BaseException | None) -> None:
        closings, self.closings = self.closings, []
        with self.main.shielded():
            for closing in closings:
                closing(error)

    def may_interrupt(self, error: BaseException) -> bool:
        """Return whether an exception out of the code may be an interrupt of this process, which goes on to the caller."""
        return self.is_interruptible and isinstance(error, KeyboardInterrupt)

    def _end_run(self, error: BaseException) -> None:
        """End the run for what its code or a hook has raised: with a failure, or the decision of a :class:`RunEnded`."""
        if isinstance(error, RunEnded) and error.decision_type != _FAILED:
            self.finished = Command(error.decision_type, None, error.attributes)
        else:
            self._fail_run(error)

    def _fail_run(self, error: BaseException) -> None:
        self.error = error
        self.finished = Command(_FAILED, None, failure_attributes(error))

    def _leave(self) -> None:
        """Suspend the current strand: what has resumed it goes on."""
        strand = self.current
        if strand is None or strand.back is None or getcurrent() is not strand.greenlet:
            raise _cannot_wait()
        strand.back.switch()


def _cannot_wait() -> DefinitionError:
    return DefinitionError("a workflow can only wait inside run(), in the thread that runs it")


def _note_waiting(future: Any, strand: Strand) -> None:
    waiting = future.awaited
    if waiting is None:
        future.awaited = strand
    elif waiting is not strand:
        if type(waiting) is Strand:
            future.awaited = [waiting, strand]
        elif strand not in waiting:
            waiting.append(strand)


def failure_attributes(error: BaseException, hidden: Callable[[str], str] = str) -> FailWorkflowExecution:
    """Return the attributes of the decision to fail with ``error``, an exception or what ``Workflow.fail`` raises.

    ``hidden`` masks secrets in each text before it is cut. Replayed code does without: its decisions may not depend on the
    machine.
    """
    if isinstance(error, RunEnded):
        reason, details = hidden(error.attributes["reason"]), hidden(error.attributes["details"])
    elif isinstance(error, TaskFailed):
        reason = hidden(f'Workflow execution error in {error.name}: "{error.reason}"')
        details = hidden(error.details or "")
    else:
        reason = hidden(f"{type(error).__name__}: {text_of(error)}")
        trace = "".join(traceback_lines(error, _CARRIERS))
        body = {"error_type": type(error).__name__, "message": hidden(text_of(error)), "traceback": hidden(trace)}
        details = payload.encode(body)
    attributes: FailWorkflowExecution = {"reason": payload.whole_characters(reason)[:MAX_REASON_CHARACTERS]}
    if details:
        attributes["details"] = payload.shortened(details) or ""
    return attributes


_PACKAGE = __file__.rpartition("replay")[0]
_CARRIERS = frozenset({__file__, payload.__file__, f"{_PACKAGE}program.py", f"{_PACKAGE}workflow.py"})
