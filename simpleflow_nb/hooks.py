"""The hooks of a workflow around its decisions, and at the failure of a task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from . import payload
from .exceptions import DefinitionError, SimpleflowError, TaskFailed, TimeoutError
from .futures import Future
from .history import History
from .replay import Execution
from .replay.calls.arguments import filled
from .replay.calls.commands import Command
from .replay.calls.failures import Verdict, VerdictKind
from .submission import task_of, whole_seconds
from .task import ActivityTask, WorkflowTask
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
    An exception in one is logged, also for ``workflow.info``, and changes no decision.
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
        except BaseException as error:  # SystemExit too: user code must not end the decider
            if execution.may_interrupt(error):
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
        if decided is None or decided.decision == _Decision.none:
            return None
        kind = _KINDS[decided.decision]
        if kind is not VerdictKind.RETRY:
            return Verdict(kind)
        if decided.decision == _Decision.handled and decided.future is not future:
            return Verdict(kind, ended=decided.future)
        _check_place(decided.a_task, future)
        wait = decided.retry_wait_timeout if decided.decision == _Decision.retry_later else 0
        return Verdict(kind, whole_seconds(wait or 0), tuple(decided.a_task.args), dict(decided.a_task.kwargs))


def _check_place(task: Any, future: Future[Any]) -> None:
    """Check that a task may take the place of a failed one.

    Raises:
        DefinitionError: it is none of the same activity or workflow type.
    """
    if isinstance(task, ActivityTask):
        name, what = task.activity.name, f"an activity task of {task.activity.name}"
    elif isinstance(task, WorkflowTask):
        name, what = task.workflow.type_name(), f"a child of {task.workflow.type_name()}"
    else:
        name, what = None, f"{task!r:.80}"
    if name != future.name or isinstance(task, ActivityTask) is not (future.type == "ScheduleActivityTask"):
        raise DefinitionError(
            f"on_task_failure() gives {what} for {future.id}, which is a task of {future.name}; "
            "give a task of the same, or a future"
        )


def history_reader(execution: Execution) -> Callable[[int], History]:
    """Return what reads the history of a run up to an event."""

    def read(until: int) -> History:
        load: payload.Load | None = execution.load and execution.loaded
        return History(execution.past(until), load, execution.is_missing)

    return read


def _is_own(workflow: Workflow, name: str) -> bool:
    return getattr(type(workflow), name, None) is not getattr(Workflow, name)
