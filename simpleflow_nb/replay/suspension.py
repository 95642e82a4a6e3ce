"""The workflow's code in a greenlet: suspended where it waits, resumed when history has the result."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import copy_context
from types import CoroutineType
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from .. import futures, payload
from ..constants import MAX_REASON_CHARACTERS
from ..exceptions import DefinitionError, ReplayError, RunEnded, TaskFailed
from ..futures import DONE, Future
from ..tracebacks import text_of, traceback_lines
from .arguments import waited_for
from .commands import Command
from .decisions import FailWorkflowExecution

_FAILED = "FailWorkflowExecution"
_MAX_DEATHS = 20  # times that evicted code may catch GreenletExit before it is left alone


class Suspension:
    """The greenlet of a run: ``program(self)`` is called once inside it, and its return value is the run's result.

    A suspension belongs to the thread that creates it. Call :meth:`kill` before dropping it: the garbage collector cannot
    see into a suspended stack.
    """

    __slots__ = (
        "dead",
        "deaths",
        "defect",
        "error",
        "failures",
        "finished",
        "greenlet",
        "hub",
        "is_interruptible",
        "load",
        "program",
    )

    def __init__(self, program: Callable[[Any], Any], load: payload.Load | None) -> None:
        self.program, self.load = program, load
        self.greenlet = greenlet(self._main)
        self.greenlet.gr_context = copy_context()
        self.hub: greenlet | None = None
        self.failures: deque[Future[Any]] = deque()  # to be raised where the code waits, in event order
        self.finished: Command | None = None
        self.error: BaseException | None = None  # raised by run(), if the run has failed
        self.defect: BaseException | None = None  # not the code's fault: the execution is parked
        self.is_interruptible = True  # a KeyboardInterrupt may be one of the process, not raised by the code
        self.dead, self.deaths = False, 0

    def block(self, futures: tuple[Future[Any], ...], quantifier: Callable[[Iterator[bool]], bool] = all) -> None:
        """Suspend the code until all (or any) of these have ended, or a failure is to be raised.

        Raises:
            TaskFailed: the oldest failure not raised yet of a task with ``raises_on_failure``.
            GreenletExit: the execution was evicted; raised at every later call too.
        """
        while True:
            if self.dead:
                self.deaths += 1
                if self.deaths > _MAX_DEATHS:  # `while True: try ... except: pass` in user code: leave it behind
                    self._hub_switch()
                raise GreenletExit
            if self.failures:
                error = self.failures.popleft().error
                assert error is not None
                raise error
            if quantifier is all:
                for future in futures:
                    if future.stage < DONE:
                        future.awaited = True
                        break
                else:
                    return
            else:
                if any(future.stage >= DONE for future in futures):
                    return
                for future in futures:
                    future.awaited = True
            self._hub_switch()

    def decoded(self, future: Future[Any]) -> Any:
        """Return the result of a finished future, decoded once; never waits."""
        if future.decode:
            try:
                future.value = payload.decode(future.value, self.load)
            except ReplayError as error:
                self.give_up(error)
            future.decode = False
        return future.value

    def give_up(self, error: ReplayError) -> None:
        """Park the execution: the code stays suspended.

        Raises:
            ReplayError: the error, if called outside the code, in a hook; the hook may catch it.
        """
        self.defect = error
        if getcurrent() is not self.greenlet:
            raise error
        self._hub_switch()

    def kill(self) -> bool:
        """Unwind the code without letting it decide anything; its ``finally`` blocks run.

        Return False if the code does not end; keep a reference then, or GreenletExit is thrown at it again.
        """
        self.dead = True
        if self.greenlet:
            self.hub = getcurrent()
            self.greenlet.throw(GreenletExit)
        return not self.greenlet

    def loaded(self, digest: str) -> str:
        """Load the text of a payload; if it cannot be read, the execution is parked."""
        assert self.load is not None
        try:
            return self.load(digest)
        except ReplayError as error:
            self.give_up(error)
            raise

    def where(self) -> list[traceback.FrameSummary]:
        """Return the stack of the suspended code, innermost frame last; empty when it is not suspended."""
        frame = self.greenlet.gr_frame if self.greenlet else None
        if frame is None:
            return []
        return [f for f in traceback.extract_stack(frame) if f.filename not in _ENGINE_FILES]

    def _main(self) -> None:
        try:
            result = self.program(self)
            if type(result) is CoroutineType:
                result = _driven(result)
            text = payload.encoded(waited_for(result), "what run() returned")
            if self.failures or self.dead:  # dead: it caught GreenletExit and returned all the same
                self.block(())
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

    def _hub_switch(self) -> None:
        hub = self.hub
        if hub is None or getcurrent() is not self.greenlet:
            raise DefinitionError("a workflow can only wait inside run(), in the thread that runs it")
        hub.switch()


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


def _driven(coroutine: CoroutineType[Any, Any, Any]) -> Any:
    """Run ``async def run`` and return its value: awaiting a future suspends the greenlet, so the coroutine never yields."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    except RuntimeError as error:
        if not str(error).startswith(_ASYNCIO_SAYS):  # sleep, gather and others, before they yield anything
            raise
        raise DefinitionError(_ONLY_FUTURES).with_traceback(error.__traceback__) from None
    coroutine.close()
    raise DefinitionError(_ONLY_FUTURES)


_ASYNCIO_SAYS = ("no running event loop", "There is no current event loop")
_ONLY_FUTURES = (
    "async run() may only await what submit() returned; use self.timer(seconds) for asyncio.sleep "
    "and futures.wait(...) for asyncio.gather"
)
_ENGINE_FILES = frozenset({__file__, futures.__file__})
_PACKAGE = __file__.rpartition("replay")[0]
_CARRIERS = frozenset({__file__, payload.__file__, f"{_PACKAGE}program.py", f"{_PACKAGE}workflow.py"})
