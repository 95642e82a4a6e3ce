"""The program of an execution: a workflow's ``run`` and its hooks, as a replay calls them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal

from . import payload
from .activity import Activity
from .exceptions import DefinitionError
from .futures import Future
from .history import History, Lacks
from .hooks import Hooks, check_plain, history_reader
from .replay import Execution
from .replay.calls.arguments import filled
from .replay.protocol.events import HistoryEvent
from .submission import task_of
from .updates import Updates
from .workflow import Workflow


class Program:
    """The code of an :class:`~simpleflow_nb.replay.Execution`: ``run`` of a workflow, with the arguments of its input."""

    def __init__(self, workflow_class: type[Workflow]) -> None:
        self.workflow_class = workflow_class
        self.workflow: Workflow | None = None
        self.error: BaseException | None = None

    def bind(self, execution: Execution) -> None:
        """Create the workflow object, so that its hooks can be called before ``run`` has begun."""
        try:
            made = self.workflow_class(execution)
            if not hasattr(made, "executor"):
                raise DefinitionError(f"{self.workflow_class.class_path()}.__init__() does not call super().__init__(executor)")
            check_plain(self.workflow_class)
            self.workflow = made
        except BaseException as error:  # the user's __init__: it fails the run, where run() would
            if execution.may_interrupt(error):
                raise
            self.error = error
        cls = self.workflow_class
        execution.activities_raise = cls.activities_raise
        execution.signals_reach_parent = cls.propagate_signals_to_parent
        execution.task_priority = self._task_priority
        execution.read_history = history_reader(execution)
        execution.task_of = task_of
        execution.suffix_of = self._suffix_of
        execution.should_cancel = self._should_cancel
        if self.workflow is not None:
            Hooks(self.workflow, execution)
            Updates(self.workflow, execution)
        execution.wants_history = any(_history_parameter(getattr(self.workflow, name, None)) for name in _HOOKS)

    def __call__(self, execution: Execution) -> Any:
        if self.workflow is None:
            assert self.error is not None
            raise self.error
        arguments = payload.decode_input(execution.input, execution.load)
        if not isinstance(arguments, dict):
            arguments = {"args": arguments if isinstance(arguments, list) else [arguments]} if execution.input else {}
        return self.workflow.run(*arguments.get("args", ()), **arguments.get("kwargs", {}))

    def _suffix_of(self, future: Future[Any]) -> str:
        task: Activity[Any, Any] = future.task
        return task.id_suffix(self.workflow, filled(list(future.args)), filled(future.kwargs))

    def _task_priority(self) -> int | None:
        given = getattr(self.workflow, "task_priority", None)
        return given if isinstance(given, int) else None

    def _should_cancel(self, events: list[HistoryEvent], load: payload.Load | None, lacks: Lacks) -> bool:
        if self.workflow is None:
            return True
        history = History(events, load, lacks)
        if not _asked(self.workflow.should_cancel, history):
            return False
        _asked(self.workflow.on_canceled, history)
        return True


_HOOKS = ("should_cancel", "on_canceled")


def _asked(hook: Callable[..., Any], history: History) -> Any:
    parameter = _history_parameter(hook)
    if parameter == "named":
        return hook(history=history)
    return hook(history) if parameter == "first" else hook()


def _history_parameter(hook: Any) -> Literal["first", "named"] | None:
    """Return how a hook takes the history, None if it does not; the hooks of :class:`Workflow` itself do not.

    An argument with a default is something else, unless it is called ``history``.
    """
    if hook is None or getattr(hook, "__func__", None) in (Workflow.should_cancel, Workflow.on_canceled):
        return None
    try:
        parameters = inspect.signature(hook).parameters
    except TypeError:
        return None
    named = parameters.get("history")
    if named is not None and named.kind in (named.POSITIONAL_OR_KEYWORD, named.KEYWORD_ONLY):
        return "named"
    first = next(iter(parameters.values()), None)
    if first is None or first.kind in (first.KEYWORD_ONLY, first.VAR_KEYWORD):
        return None
    takes_history = first.kind is first.VAR_POSITIONAL or first.default is first.empty or first is named
    return "first" if takes_history else None


def program(workflow_class: type[Workflow]) -> Program:
    """Return the program for one execution of a class."""
    return Program(workflow_class)
