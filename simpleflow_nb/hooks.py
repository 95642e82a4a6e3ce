"""The hooks of a workflow around its decisions, and at the failure of a task."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from . import payload
from .activity import Activity
from .exceptions import DefinitionError, SimpleflowError, TaskFailed, TimeoutError
from .futures import Future
from .history import History
from .replay import Execution
from .replay.calls.arguments import filled
from .replay.calls.commands import Command
from .replay.calls.failures import Verdict, VerdictKind
from .submission import task_of, whole_seconds
from .task import ActivityTask, Task
from .task_failure import TaskFailureContext
from .workflow import Workflow

logger = logging.getLogger("simpleflow_nb")

_Decision = TaskFailureContext.Decision
_BEFORE = ("before_replay", "before_run")
_AFTER = ("after_replay",)
_CLOSED = ("after_closed", "after_run")
_ENDS = {"CompleteWorkflowExecution": "on_completed", "FailWorkflowExecution": "on_failure"}
HOOKS = (*_BEFORE, *_AFTER, *_CLOSED, *_ENDS.values(), "should_cancel", "on_canceled", "on_task_failure")
_KINDS = {
    _Decision.abort: VerdictKind.ABORT,
    _Decision.ignore: VerdictKind.IGNORE,
    _Decision.cancel: VerdictKind.CANCEL,
    _Decision.retry_now: VerdictKind.RETRY,
    _Decision.retry_later: VerdictKind.RETRY,
    _Decision.handled: VerdictKind.RETRY,
}


class Hooks:
    """The hooks that a workflow class has of its own; those of :class:`Workflow` do nothing and are not called.

    Each is called before its decision is sent: again, if the decision has to be made again. They look and may not submit.
    An exception in one is logged, also for ``workflow.info``, and changes no decision. If the service cannot return the
    history for them, no decision is made yet.
    """

    def __init__(self, workflow: Workflow, execution: Execution) -> None:
        self.workflow, self.execution = workflow, execution
        names = (*_BEFORE, *_AFTER, *_CLOSED, *_ENDS.values())
        self._own = {name for name in names if _is_own(workflow, name)}
        if self._own:
            execution.hooks = self
        if _is_own(workflow, "on_task_failure"):
            execution.judge = self.verdict

    def before_decision(self) -> None:
        for name in _BEFORE:
            self._call(name)

    def after_decision(self, finished: Command | None) -> None:
        """Call the hooks after a decision; ``finished`` is the one that ends the run, None if it goes on."""
        if finished is not None and (name := _ENDS.get(finished.type)) is not None:
            failure = (finished.attributes.get("reason"), finished.attributes.get("details"))
            self._call(name, *(failure if name == "on_failure" else ()))
        for name in (*_AFTER, *(_CLOSED if finished is not None else ())):
            self._call(name)

    def _call(self, name: str, *more: Any) -> None:
        if name not in self._own:
            return
        execution = self.execution
        try:
            execution.ask(f"{name}()", lambda: getattr(self.workflow, name)(execution.history, *more))
        except BaseException as error:  # SystemExit too: it is the user's code
            if error is execution.unread or isinstance(error, MemoryError) or execution.may_interrupt(error):
                raise
            execution.note(f"{name}() raised {type(error).__name__}: {error}")
            if not isinstance(error, SimpleflowError):
                logger.exception("%s: %s() failed", execution.workflow_id, name)

    def verdict(self, future: Future[Any], error: TaskFailed) -> Verdict | None:
        """Return what ``on_task_failure`` decides about a failed attempt; None if it leaves that to the task.

        Raises:
            DefinitionError: it gives a wait that no timer takes, or a task of something else.
            Exception: what it raises itself.
        """
        execution = self.execution
        task: Any = task_of(future)
        task.args, task.kwargs = tuple(filled(future.args)), filled(future.kwargs)
        event = {
            "type": "activity" if isinstance(task, ActivityTask) else "child_workflow",
            "id": future.id,
            "name": future.name,
            "state": "timed_out" if isinstance(error, TimeoutError) else "failed",
            "retry": future.failed_attempts,
            "attempt": future.attempt,
            "reason": error.reason,
            "details": error.details,
            "exception": error,
        }
        if isinstance(error, TimeoutError):
            event["timeout_type"] = error.timeout_type
        context = TaskFailureContext(
            task, event, future, type(error), lambda: execution.history, reason=error.reason, details=error.details
        )
        decided = execution.ask("on_task_failure()", lambda: self.workflow.on_task_failure(context))
        if decided is None:
            return None
        if not isinstance(decided, TaskFailureContext):
            raise DefinitionError(f"on_task_failure() returned {decided!r:.80}; return the context, or None")
        if decided.decision == _Decision.none:
            return None
        kind = _KINDS[decided.decision]
        if kind is not VerdictKind.RETRY:
            return Verdict(kind)
        if decided.decision == _Decision.handled and decided.future is not future:
            return Verdict(kind, ended=decided.future)
        args, kwargs = _arguments(decided.a_task, future)
        wait = _wait_seconds(decided.retry_wait_timeout) if decided.decision == _Decision.retry_later else 0
        return Verdict(kind, wait, args, kwargs)


def _wait_seconds(given: Any) -> int:
    """Return the wait before a retry; simpleflow takes digits in a text, too."""
    if isinstance(given, timedelta):
        given = given.total_seconds()
    return whole_seconds(int(given) if isinstance(given, str) and given.isdigit() else given or 0)


def _arguments(given: Any, future: Future[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of the next attempt at a task, from the task that the hook has decided for.

    Raises:
        DefinitionError: it is of another activity or class, or has no arguments.
    """
    needed = future.task if isinstance(future.task, Activity) else future.task.workflow
    if getattr(given, "activity", None) is not needed and getattr(given, "workflow", None) is not needed:
        what = f"{type(given).__name__}({given.name})" if isinstance(given, Task) else f"{given!r:.80}"
        raise DefinitionError(
            f"on_task_failure() has decided for {what}, not for a task of {future.name}; another activity is submitted by run()"
        )
    if not isinstance(given.args, tuple | list):
        raise DefinitionError(f"on_task_failure() has set args to {given.args!r:.80}; a tuple is expected")
    if not isinstance(given.kwargs, dict):
        raise DefinitionError(f"on_task_failure() has set kwargs to {given.kwargs!r:.80}; a mapping is expected")
    return tuple(given.args), dict(given.kwargs)


def history_reader(execution: Execution) -> Callable[[int], History]:
    """Return what reads the history of a run up to an event."""

    def read(until: int) -> History:
        load: payload.Load | None = execution.load and execution.loaded
        return History(execution.past(until), load, execution.is_missing)

    return read


def check_plain(cls: type[Workflow]) -> None:
    """Refuse hooks that would be called and never awaited.

    Raises:
        DefinitionError: one is async.
    """
    for name in HOOKS:
        hook = getattr(cls, name, None)
        if inspect.iscoroutinefunction(hook) or inspect.isasyncgenfunction(hook):
            raise DefinitionError(f"{cls.class_path()}.{name}() is async; a hook never waits, write a plain def")


def _is_own(workflow: Workflow, name: str) -> bool:
    return getattr(type(workflow), name, None) is not getattr(Workflow, name)
