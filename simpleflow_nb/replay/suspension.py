"""The workflow's code, suspended in a greenlet: it goes on where it waited when history has what it waits for."""

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
from ..tracebacks import traceback_lines
from .arguments import waited_for
from .commands import Command
from .decisions import FailWorkflowExecution

_FAILED = "FailWorkflowExecution"
_MAX_DEATHS = 20  # times that evicted code may catch its own end before it is left alone


class Suspension:
    """``program(self)`` is called once, inside the greenlet, and its return value is the run's result.

    A suspension belongs to the thread that creates it; :meth:`kill` must be called before it is dropped, because the
    collector cannot see into a suspended stack.
    """

    __slots__ = ("dead", "deaths", "defect", "error", "failures", "finished", "greenlet", "hub", "load", "program")

    def __init__(self, program: Callable[[Any], Any], load: payload.Load | None) -> None:
        self.program, self.load = program, load
        self.greenlet = greenlet(self._main)
        self.greenlet.gr_context = copy_context()
        self.hub: greenlet | None = None
        self.failures: deque[Future[Any]] = deque()  # to be raised where the code waits, in event order
        self.finished: Command | None = None
        self.error: BaseException | None = None  # what left run(), if the run has failed
        self.defect: BaseException | None = None  # not the code's doing: the execution is parked
        self.dead, self.deaths = False, 0

    def block(self, futures: tuple[Future[Any], ...], quantifier: Callable[[Iterator[bool]], bool] = all) -> None:
        """Suspend the code until all (or any) of these have ended or a failure must be raised.

        Raises:
            TaskFailed: the oldest failure of a task with ``raises_on_failure`` that was not raised yet.
            GreenletExit: the execution was evicted; from then on at every call.
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
        """The result of a finished future, decoded once; never waits."""
        if future.decode:
            try:
                future.value = payload.decode(future.value, self.load)
            except ReplayError as error:
                self.give_up(error)
            future.decode = False
        return future.value

    def give_up(self, error: ReplayError) -> None:
        """Have the execution parked; the code is not told, and does not go on.

        Raises:
            ReplayError: that error, outside the code: in a hook, which may make of it what it likes.
        """
        self.defect = error
        if getcurrent() is not self.greenlet:
            raise error
        self._hub_switch()

    def kill(self) -> bool:
        """Unwind the code without letting it decide anything; its ``finally`` blocks run.

        Returns False when the code refuses to end; keep a reference then, or it is thrown at again.
        """
        self.dead = True
        if self.greenlet:
            self.hub = getcurrent()
            self.greenlet.throw(GreenletExit)
        return not self.greenlet

    def loaded(self, digest: str) -> str:
        """The text of a payload that the code cannot do without."""
        assert self.load is not None
        try:
            return self.load(digest)
        except ReplayError as error:
            self.give_up(error)
            raise

    def where(self) -> list[traceback.FrameSummary]:
        """The stack of the suspended code, innermost last; empty when it is not suspended."""
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
            if self.failures or self.dead:  # dead: it caught its own end and returned all the same
                self.block(())
            self.finished = Command("CompleteWorkflowExecution", None, {} if result is None else {"result": text})
        except GreenletExit as error:
            if not self.dead:
                self._fail_run(error)
        except RunEnded as end:
            if not self.dead:
                if end.decision_type == _FAILED:
                    self._fail_run(end)
                else:
                    self.finished = Command(end.decision_type, None, end.attributes)
        except (KeyboardInterrupt, MemoryError, ReplayError) as error:
            if not self.dead:
                self.defect = error
        except BaseException as error:  # SystemExit too: user code must not end the decider
            if not self.dead:
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
    """How a run says that ``error`` has left its code, be it an exception or what ``Workflow.fail`` raises.

    ``hidden`` takes out of each text what nobody shall read, before it is cut. Replayed code does without: what it decides
    may not depend on the machine.
    """
    if isinstance(error, RunEnded):
        reason, details = hidden(error.attributes["reason"]), hidden(error.attributes["details"])
    elif isinstance(error, TaskFailed):
        reason = hidden(f'Workflow execution error in {error.name}: "{error.reason}"')
        details = hidden(error.details or "")
    else:
        reason = hidden(f"{type(error).__name__}: {error}")
        trace = "".join(traceback_lines(error, _CARRIERS))
        body = {"error_type": type(error).__name__, "message": hidden(str(error)), "traceback": hidden(trace)}
        details = payload.encode(body)
    attributes: FailWorkflowExecution = {"reason": payload.whole_characters(reason)[:MAX_REASON_CHARACTERS]}
    if details:
        attributes["details"] = payload.shortened(details) or ""
    return attributes


def _driven(coroutine: CoroutineType[Any, Any, Any]) -> Any:
    """The return value of ``async def run``: awaiting a future suspends the greenlet, the coroutine itself never yields."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    except RuntimeError as error:
        if not str(error).startswith(_ASYNCIO_SAYS):  # sleep, gather and their like, before they yield anything
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
_CARRIERS = frozenset({__file__, payload.__file__, f"{__file__.rpartition('replay')[0]}workflow.py"})
