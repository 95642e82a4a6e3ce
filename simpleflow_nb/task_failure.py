"""The failure of a task, for :meth:`.Workflow.on_task_failure` to decide what becomes of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from .history import History


class TaskFailureContext:
    """A failed attempt at an activity or a child workflow, with the names of simpleflow.

    Attributes:
        a_task: the task, an ``ActivityTask`` or a ``WorkflowTask``; a retry takes its ``args`` and ``kwargs`` as they are then.
        event: the task as in the history: ``id``, ``name``, ``state`` (``failed`` or ``timed_out``), ``retry`` and others.
        future: of the task.
        exception_class: of the failure.
        reason, details: of the failure, as the worker has told them; details that are JSON are decoded.
        task_error, task_message: ``ValueError`` and ``nope``, if Python code raised it.
        task_error_type: the class of what it raised. Nothing is imported for it: None if its module is not imported here.
        decision: set by the ``decide_`` methods; ``Decision.none`` leaves it to the retry policy of the task.
    """

    class Decision(IntEnum):
        none = 0  #: as without the hook
        abort = 1  #: raise the failure, without a retry
        ignore = 2  #: the task has failed, and nothing is raised
        retry_now = 3
        retry_later = 4  #: after ``retry_wait_timeout`` seconds
        cancel = 5  #: the task counts as cancelled
        handled = 6  #: another task takes its place

    def __init__(
        self,
        a_task: Any,
        event: dict[str, Any],
        future: Any,
        exception_class: type[BaseException],
        history: History | Callable[[], History] | None = None,
        decision: TaskFailureContext.Decision = Decision.none,
        retry_wait_timeout: int | None = None,
        reason: str | None = None,
        details: Any = None,
        task_error: str | None = None,
        task_message: str | None = None,
        task_error_type: type[BaseException] | None = None,
    ) -> None:
        self.a_task, self.event, self.future, self.exception_class = a_task, event, future, exception_class
        self._history = history
        self.decision, self.retry_wait_timeout = decision, retry_wait_timeout
        self.reason, self.details = reason, _decoded(details)
        found = self.details if isinstance(self.details, dict) else {}
        kind = str(found.get("error_type") or "")
        self.task_error = task_error or kind.rpartition(".")[2] or found.get("error")
        self.task_message = task_message or found.get("message")
        self.task_error_type = task_error_type or _imported_class(kind)

    @property
    def history(self) -> History | None:
        """The history of the run so far, read when it is asked for."""
        if callable(self._history):
            self._history = self._history()
        return self._history

    @property
    def retry_count(self) -> int:
        """The number of retries so far, 0 at the first failure."""
        count: int = self.event.get("retry", 0)
        return count

    @property
    def attempt_number(self) -> int:
        return self.retry_count + 1

    @property
    def task_name(self) -> str:
        name: str = self.event.get("name", "")
        return name

    @property
    def id(self) -> str:
        id: str = self.event.get("id", "")
        return id

    @property
    def exception(self) -> BaseException | None:
        """The failure itself, as the future would raise it."""
        error: BaseException | None = self.event.get("exception")
        return error

    @property
    def payload(self) -> Any:
        """The activity, or the workflow class."""
        return getattr(self.a_task, "activity", None) or getattr(self.a_task, "workflow", None)

    @property
    def current_started_decision_id(self) -> int | None:
        return self.history.started_decision_id if self.history is not None else None

    @property
    def last_completed_decision_id(self) -> int | None:
        return self.history.completed_decision_id if self.history is not None else None

    def decide_abort(self) -> TaskFailureContext:
        """Raise the failure where the run waits, whatever the retries of the task."""
        return self._decided(self.Decision.abort)

    def decide_ignore(self) -> TaskFailureContext:
        """Let the task have failed: ``exception`` tells, nothing is raised."""
        return self._decided(self.Decision.ignore)

    def decide_cancel(self) -> TaskFailureContext:
        return self._decided(self.Decision.cancel)

    def decide_retry(self, retry_wait_timeout: int | None = 0) -> TaskFailureContext:
        """Run the task again, after this many seconds, rounded up. Futures among its arguments have ended with results."""
        self.retry_wait_timeout = retry_wait_timeout
        return self._decided(self.Decision.retry_later if retry_wait_timeout else self.Decision.retry_now)

    def decide_handled(self, a_task: Any, future: Any = None) -> TaskFailureContext:
        """Run another task of the same activity or class instead, or let ``future`` end the task as it has ended itself."""
        self.a_task = a_task
        if future is not None:
            self.future = future
        return self._decided(self.Decision.handled)

    def _decided(self, decision: TaskFailureContext.Decision) -> TaskFailureContext:
        self.decision = decision
        return self

    def __repr__(self) -> str:
        return f"<TaskFailureContext {self.id}: {self.reason}; {self.decision.name}>"


def _decoded(details: Any) -> Any:
    try:
        return json.loads(details) if isinstance(details, str) else details
    except ValueError:
        return details


def _imported_class(name: str) -> type[BaseException] | None:
    """Return the exception class with a name such as ``shop.NoStock`` or ``ValueError``, None if it is not imported."""
    module, _, kind = name.rpartition(".")
    found = getattr(sys.modules.get(module or "builtins"), kind, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None
