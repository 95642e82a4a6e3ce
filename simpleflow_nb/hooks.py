"""The hooks of a workflow around its decisions, and at the failure of a task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from . import payload
from .exceptions import SimpleflowError, TaskFailed, TimeoutError
from .futures import Future
from .history import History
from .replay import Execution
from .replay.arguments import filled
from .replay.commands import Command
from .replay.failures import Verdict, VerdictKind
from .submission import task_of
from .task import ActivityTask
from .task_failure import TaskFailureContext
from .workflow import Workflow

logger = logging.getLogger("simpleflow_nb")

_Decision = TaskFailureContext.Decision
_BEFORE = ("before_replay", "before_run")
_AFTER = ("after_replay",)
_CLOSED = ("after_closed", "after_run")
_ENDS = {"CompleteWorkflowExecution": "on_completed", "FailWorkflowExecution": "on_failure"}
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
        execution, hook = self.execution, getattr(self.workflow, name)
        try:
            execution.ask(f"{name}()", lambda: hook(execution.history, *more))
        except Exception as error:
            if error is execution.unread:
                raise
            execution.log(f"{name}() raised {type(error).__name__}: {error}")
            if not isinstance(error, SimpleflowError):
                logger.exception("%s: %s() failed", execution.workflow_id, name)

    def verdict(self, future: Future[Any], error: TaskFailed) -> Verdict | None:
        """Return what ``on_task_failure`` decides about a failed attempt; None if it leaves that to the task."""
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
        if decided is None or decided.decision == _Decision.none:
            return None
        ended = decided.future if decided.decision == _Decision.handled and decided.future is not future else None
        return Verdict(
            _KINDS[decided.decision],
            wait_seconds=int(decided.retry_wait_timeout or 0) if decided.decision == _Decision.retry_later else 0,
            args=tuple(decided.a_task.args),
            kwargs=dict(decided.a_task.kwargs),
            ended=ended,
        )


def history_reader(execution: Execution) -> Callable[[int], History]:
    """Return what reads the history of a run up to an event."""

    def read(until: int) -> History:
        load: payload.Load | None = execution.load and execution.loaded
        return History(execution.past(until), load, execution.is_missing)

    return read


def _is_own(workflow: Workflow, name: str) -> bool:
    return getattr(type(workflow), name, None) is not getattr(Workflow, name)
