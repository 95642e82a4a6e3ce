"""Tasks: activities, child workflows, timers, markers and signals with their arguments, to be submitted.

``self.submit(increment, 3)`` and ``self.submit(ActivityTask(increment, 3))`` are the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from .activity import Activity, AnyActivity
from .activity_context import running_context
from .base import Giving, Submittable
from .exceptions import DefinitionError
from .history import History
from .middleware_function import middleware_function
from .task_failure import TaskFailureContext
from .workflow_type import Runs, WorkflowType

__all__ = [
    "Activity",
    "ActivityTask",
    "CancelExecutionTask",
    "CancelTimerTask",
    "ChildWorkflowTask",
    "ContinueAsNewTask",
    "ContinueAsNewWorkflowTask",
    "History",
    "MarkerTask",
    "NonPythonicActivityTask",
    "SignalTask",
    "Submittable",
    "Task",
    "TaskFailureContext",
    "TimerTask",
    "WorkflowTask",
]

T = TypeVar("T")

#: The context of a body that no worker carries out, for middlewares.
_NO_WORKER = dict.fromkeys(("workflow_id", "run_id", "activity_id", "domain_name", "activity_task_list"))


class Task(Submittable):
    """A single task."""

    raises_on_failure: bool | None = None  #: None: as the activity, the workflow class or the group says

    @property
    def name(self) -> str:
        raise NotImplementedError(f"{type(self).__name__} has no name")

    def propagate_attribute(self, attr: str, val: Any) -> None:
        setattr(self, attr, val)


class ActivityTask(Task, Giving[T]):
    """An activity with its arguments."""

    activity: Activity[..., T]

    def __init__(self, activity: AnyActivity[T], /, *args: Any, **kwargs: Any) -> None:
        if not isinstance(activity, Activity):
            raise DefinitionError(f"{activity!r:.80} is not an activity; decorate it with @activity.with_attributes(...)")
        self.activity, self.args, self.kwargs = activity, args, kwargs
        self.pre_execute_funcs: list[Callable[..., Any]] = []
        self.post_execute_funcs: list[Callable[..., Any]] = []

    def with_argument(self, value: Any) -> ActivityTask[T]:
        more = type(self)(self.activity, *self.args, value, **self.kwargs)
        more.raises_on_failure = self.raises_on_failure
        return more

    @property
    def name(self) -> str:
        return self.activity.name

    @property
    def task_list(self) -> str | None:
        return self.activity.task_list

    @property
    def idempotent(self) -> bool:
        return self.activity.idempotent

    def get_input(self) -> Any:
        """Return what the worker gets as JSON, without ``meta``."""
        return {"args": list(self.args), "kwargs": self.kwargs}

    def load_middlewares(self, middlewares: Mapping[str, Iterable[str]] | None) -> None:
        """Have :meth:`execute` call functions before the body (``pre``) and after it (``post``), given as dotted paths.

        Raises:
            DefinitionError: one cannot be imported, or cannot be called.
        """
        for when, functions in (("pre", self.pre_execute_funcs), ("post", self.post_execute_funcs)):
            functions += [middleware_function(path) for path in (middlewares or {}).get(when, ())]

    def execute(self) -> Any:
        """Run the activity's body here and now, without a worker, between its middlewares."""
        here = running_context()
        context = here.described() if here is not None else {**_NO_WORKER, "input": self.get_input()}
        context |= {"name": self.activity.name, "version": self.activity.version}
        for function in self.pre_execute_funcs:
            function(context)
        result = self.activity.execute(*self.args, **self.kwargs)
        for function in self.post_execute_funcs:
            function(context, result=result)
        return result

    def __repr__(self) -> str:
        return f"{type(self).__name__}(activity={self.activity!r}, args={self.args!r}, kwargs={self.kwargs!r})"


class NonPythonicActivityTask(ActivityTask[T]):
    """An activity for workers in other languages: its input is the list of arguments, or the mapping of keyword arguments."""

    def __init__(self, activity: AnyActivity[T], /, *args: Any, **kwargs: Any) -> None:
        super().__init__(activity, *args, **kwargs)
        if args and kwargs:
            raise DefinitionError(f"{self.name}: give either positional or keyword arguments; the input is one of both")

    def get_input(self) -> Any:
        """Return what the worker gets as JSON: the arguments alone."""
        return self.kwargs or list(self.args)


class WorkflowTask(Task, Giving[T]):
    """A workflow class with its arguments, to be run as a child execution.

    ``executor`` is ignored, it is simpleflow's first argument; new code uses :class:`ChildWorkflowTask`.
    ``workflow_task_list`` is the list of its decision tasks, by default that of the class, else that of the parent.
    """

    workflow: type[WorkflowType]

    @overload
    def __init__(
        self,
        executor: Any,
        workflow: type[Runs[Coroutine[Any, Any, T]]],
        /,
        *args: Any,
        workflow_task_list: str | None = None,
        **kwargs: Any,
    ) -> None: ...
    @overload
    def __init__(
        self, executor: Any, workflow: type[Runs[T]], /, *args: Any, workflow_task_list: str | None = None, **kwargs: Any
    ) -> None: ...
    def __init__(
        self, executor: Any, workflow: Any, /, *args: Any, workflow_task_list: str | None = None, **kwargs: Any
    ) -> None:
        self.executor, self.workflow, self.args, self.kwargs = executor, workflow, args, kwargs
        self.workflow_task_list = workflow_task_list

    def with_argument(self, value: Any) -> WorkflowTask[T]:
        more = copy.copy(self)  # of the same class: one that continues as new must not become a child
        more.args = (*self.args, value)
        return more

    @property
    def name(self) -> str:
        return f"workflow-{self.workflow.type_name()}"

    @property
    def idempotent(self) -> bool:
        return self.workflow.idempotent

    @property
    def task_list(self) -> str | None:
        """The list of its decision tasks: ``workflow_task_list``, that of the class, or None for the parent's."""
        if self.workflow_task_list:
            return self.workflow_task_list
        found: str | None = self._asked("get_task_list", self.workflow.task_list)
        return found

    @property
    def tag_list(self) -> list[str] | str | None:
        """Its tags, as the class says; they may be :attr:`.WorkflowType.INHERIT_TAG_LIST`."""
        found: list[str] | str | None = self._asked("get_tag_list", self.workflow.tag_list)
        return found

    def _asked(self, method: str, otherwise: Any) -> Any:
        """Return what a method of the class says, called as in simpleflow: with the class, then the arguments."""
        asked = getattr(self.workflow, method, None)
        return otherwise if asked is None else asked(self.workflow, *self.args, **self.kwargs)

    def get_input(self) -> dict[str, Any]:
        """Return the arguments as the child gets them."""
        return {"args": list(self.args), "kwargs": self.kwargs}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(workflow={self.workflow.__qualname__}, args={self.args!r}, kwargs={self.kwargs!r})"


class ChildWorkflowTask(WorkflowTask[T]):
    """A workflow class with its arguments, to be run as a child execution."""

    @overload
    def __init__(
        self, workflow: type[Runs[Coroutine[Any, Any, T]]], /, *args: Any, workflow_task_list: str | None = None, **kwargs: Any
    ) -> None: ...
    @overload
    def __init__(
        self, workflow: type[Runs[T]], /, *args: Any, workflow_task_list: str | None = None, **kwargs: Any
    ) -> None: ...
    def __init__(self, workflow: Any, /, *args: Any, workflow_task_list: str | None = None, **kwargs: Any) -> None:
        super().__init__(None, workflow, *args, workflow_task_list=workflow_task_list, **kwargs)


class ContinueAsNewWorkflowTask(WorkflowTask[T]):
    """A new start of the workflow with a fresh history, of the same class or another version of it; ends the run.

    The settings of the run stay, but for the version and ``workflow_task_list``. See :meth:`.Workflow.continue_as_new`.
    """


class SignalTask(Task, Giving[None]):
    """A signal to an execution; the result of :meth:`.Workflow.signal`.

    Without ``workflow_id`` it goes to the run that submits it. With ``propagate``, runs that get it send it on to their
    parents and children. ``extra_input`` is added to its input, beside ``args`` and ``kwargs``.
    """

    idempotent = True

    def __init__(
        self,
        name: str,
        *args: Any,
        workflow_id: str | None = None,
        run_id: str | None = None,
        propagate: bool = False,
        control: Any = None,
        extra_input: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.extra_input = extra_input
        self._name, self.args, self.kwargs = name, args, kwargs
        self.workflow_id, self.run_id, self.propagate, self.control = workflow_id, run_id, propagate, control

    @property
    def name(self) -> str:
        return self._name

    @property
    def id(self) -> str:
        return self._name

    def execute(self) -> None:
        """Do nothing: the decider sends it. As in simpleflow; likewise for the other tasks without a worker."""

    def __repr__(self) -> str:
        return f"SignalTask({self._name!r}, workflow_id={self.workflow_id!r}, run_id={self.run_id!r})"


@dataclass(frozen=True)
class MarkerTask(Giving[Any]):
    """A marker, to be recorded; the result of :meth:`.Workflow.record_marker`."""

    name: str
    details: Any = None

    idempotent = True

    def execute(self) -> None:
        """Do nothing: the decider records it."""


@dataclass(frozen=True)
class _OfTimer(Giving[None]):
    """Something about a timer with an id."""

    timer_id: str

    idempotent = True

    @property
    def name(self) -> str:
        return self.timer_id

    @property
    def id(self) -> str:
        return self.timer_id

    def execute(self) -> None:
        """Do nothing: the decider asks the service, which keeps the time."""


@dataclass(frozen=True)
class TimerTask(_OfTimer):
    """The result of :meth:`.Workflow.start_timer`, to be submitted; ``timeout`` is in seconds."""

    timeout: int
    control: Any = None


@dataclass(frozen=True)
class CancelTimerTask(_OfTimer):
    """The result of :meth:`.Workflow.cancel_timer`, to be submitted."""


@dataclass(frozen=True)
class CancelExecutionTask(Giving[None]):
    """A request to cancel another execution; the result of :meth:`.Workflow.cancel_workflow`."""

    workflow_id: str
    run_id: str | None = None


@dataclass(frozen=True)
class ContinueAsNewTask(Submittable):
    """A new start of the workflow with a fresh history; the result of :meth:`.Workflow.continue_as_new`.

    What is None stays as it is in this run; timeouts are in seconds.
    """

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    version: str | None = None
    task_list: str | None = None
    task_priority: int | None = None
    tag_list: list[str] | None = None
    child_policy: str | None = None
    execution_timeout: int | None = None
    decision_tasks_timeout: int | None = None
