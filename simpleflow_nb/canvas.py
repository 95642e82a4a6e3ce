"""Groups and chains of tasks, with the names and meanings of simpleflow.

::

    self.submit(Group((load, day) for day in days), max_parallel=10))
    self.submit(Chain((load, day), clean, send_result=True)).result

A group's result is the list of its members' results, in order, None for each without one. Its ``exception`` is an
:class:`~simpleflow_nb.exceptions.AggregateException` if any has failed. A member whose failure is to be raised is raised
where the code waits, as if it had been submitted alone; see ``raises_on_failure``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, overload

from .activity import Activity, AnyActivity
from .base import Giving, Parametric, Submittable, SubmittableContainer
from .exceptions import AggregateException, DefinitionError
from .futures import Future
from .group_futures import ChainFuture, FuncGroupFuture, GroupFuture
from .replay.calls.arguments import FUTURES, contents, filled
from .task import ActivityTask, WorkflowTask
from .workflow_type import WorkflowType

__all__ = [
    "Activity",
    "ActivityTask",
    "AggregateException",
    "Chain",
    "ChainFuture",
    "FuncGroup",
    "Group",
    "GroupFuture",
    "Submittable",
    "SubmittableContainer",
    "WorkflowTask",
]


T = TypeVar("T")

#: What type checkers know the result of: an activity, something to submit, or an activity with its arguments.
Member = AnyActivity[T] | Giving[T] | tuple[AnyActivity[T] | Parametric[T], *tuple[Any, ...]]


class Group(SubmittableContainer, Giving[list[T]]):
    """Tasks that run side by side.

    Type checkers know the results of members of one type, those of workflow classes in a :class:`.ChildWorkflowTask`; other
    results are Any to them.

    Args:
        activities: activities, workflow classes, tasks, groups, or tuples of an activity or class and its arguments.
        max_parallel: most members that are submitted and have not ended.
        raises_on_failure: whether failures of members are raised; None leaves it to each of them.
        bubbles_exception_on_failure: whether failures are told in the group's ``exception``.
        future_class: of its future, a subclass of :class:`GroupFuture`.
    """

    default_future_class: type[GroupFuture[Any]] = GroupFuture

    @overload
    def __init__(self, *activities: Member[T], **options: Any) -> None: ...
    @overload
    def __init__(self: Group[Any], *activities: Any, **options: Any) -> None: ...
    def __init__(self, *activities: Any, **options: Any) -> None:
        self.activities: list[Any] = []
        self.max_parallel: int | None = options.pop("max_parallel", None)
        self.raises_on_failure: bool | None = options.pop("raises_on_failure", None)
        bubbles = options.pop("bubbles_exception_on_failure", None)
        self.bubbles_exception_on_failure = self._bubbles(bubbles)
        self.future_class: type[GroupFuture[T]] = options.pop("future_class", self.default_future_class)
        self._read_options(options)
        if options:
            known = "max_parallel, raises_on_failure, bubbles_exception_on_failure, future_class"
            raise DefinitionError(f"{type(self).__name__} has no option {next(iter(options))!r}; it has {known}")
        if self.max_parallel is not None and (not isinstance(self.max_parallel, int) or isinstance(self.max_parallel, bool)):
            raise DefinitionError(f"max_parallel is {self.max_parallel!r:.80}; it is a whole number")
        if self.max_parallel is not None and self.max_parallel < 1:
            raise DefinitionError(f"max_parallel is {self.max_parallel}; at least one member runs at a time")
        self.extend(activities)

    def _bubbles(self, given: bool | None) -> bool:
        return True if given is None else given

    def _read_options(self, options: dict[str, Any]) -> None:
        """Take further options out of ``options``."""

    def append(self, submittable: Any, /, *args: Any, **kwargs: Any) -> None:
        """Add a member, with its arguments if it is an activity or a workflow class."""
        if isinstance(submittable, Activity):
            submittable = ActivityTask(submittable, *args, **kwargs)
        elif isinstance(submittable, type) and issubclass(submittable, WorkflowType):
            workflow: Any = submittable
            submittable = WorkflowTask(None, workflow, *args, **kwargs)
        elif isinstance(submittable, Parametric):
            submittable = submittable.given(args, kwargs)
        elif not isinstance(submittable, Submittable):
            what = getattr(submittable, "__qualname__", repr(submittable))
            raise DefinitionError(
                f"{what:.80} cannot be a member of a group; pass an activity, a workflow class, a task or a group"
            )
        elif args or kwargs:
            raise DefinitionError(f"{type(submittable).__name__} has its arguments already; append it without any")
        if self.raises_on_failure is not None:
            submittable.propagate_attribute("raises_on_failure", self.raises_on_failure)
        self.activities.append(submittable)

    def extend(self, iterable: Iterable[Any]) -> None:
        """Add members; each is as in the constructor."""
        for one in iterable:
            if isinstance(one, tuple | list):
                if not one:
                    raise DefinitionError(f"{one!r} cannot be a member of a group; put an activity or a class first in it")
                self.append(*one)
            else:
                self.append(one)

    def __iadd__(self, iterable: Iterable[Any]) -> Group[T]:
        self.extend(iterable)
        return self

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Set an attribute of the group and of all its members."""
        setattr(self, attr, val)
        for activity in self.activities:
            activity.propagate_attribute(attr, val)

    def set_workflow_tasks_executor(self, executor: Any) -> None:
        """Set the executor of members that are workflows. Nothing needs it; as in simpleflow."""
        for activity in self.activities:
            if isinstance(activity, WorkflowTask):
                activity.executor = executor

    def submit(self, executor: Any) -> GroupFuture[T]:
        return self.future_class(
            self.activities,
            executor,
            max_parallel=self.max_parallel,
            bubbles_exception_on_failure=self.bubbles_exception_on_failure,
        )


class Chain(Group[T]):
    """Tasks that run one after the other.

    Args:
        send_result: give each, but the first, the result of the one before as its last argument.
        break_on_failure: stop at the first that fails; its later members have no results then.
        raises_on_failure: as in a group; with False the chain has no ``exception`` either.
    """

    default_future_class: type[GroupFuture[Any]] = ChainFuture

    def _bubbles(self, given: bool | None) -> bool:
        return self.raises_on_failure is not False if given is None else given

    def _read_options(self, options: dict[str, Any]) -> None:
        self.send_result: bool = options.pop("send_result", False)
        self.break_on_failure: bool = options.pop("break_on_failure", True)

    def submit(self, executor: Any) -> GroupFuture[T]:
        future_class: Any = self.future_class
        made: GroupFuture[T] = future_class(
            self.activities,
            executor,
            bubbles_exception_on_failure=self.bubbles_exception_on_failure,
            send_result=self.send_result,
            break_on_failure=self.break_on_failure,
        )
        return made


class FuncGroup(SubmittableContainer, Giving[T]):
    """A group that a function makes, once its arguments are available: ``FuncGroup(function, *args)``.

    The function runs in the decider, whenever the run is replayed; it returns something to submit. Futures among its
    arguments are replaced by their results.
    """

    @overload
    def __init__(
        self,
        func: Callable[..., Giving[T]],
        *args: Any,
        raises_on_failure: bool | None = None,
        _allow_none: bool = False,
        **kwargs: Any,
    ) -> None: ...
    @overload
    def __init__(
        self: FuncGroup[Any],
        func: Callable[..., Submittable | None],
        *args: Any,
        raises_on_failure: bool | None = None,
        _allow_none: bool = False,
        **kwargs: Any,
    ) -> None: ...
    def __init__(
        self,
        func: Callable[..., Any],
        *args: Any,
        raises_on_failure: bool | None = None,
        _allow_none: bool = False,
        **kwargs: Any,
    ) -> None:
        self.func, self.args, self.kwargs = func, args, kwargs
        self.raises_on_failure, self.allow_none = raises_on_failure, _allow_none

    def propagate_attribute(self, attr: str, val: Any) -> None:
        setattr(self, attr, val)

    def with_argument(self, value: Any) -> FuncGroup[T]:
        more = FuncGroup(self.func, *self.args, value, _allow_none=self.allow_none, **self.kwargs)
        more.raises_on_failure = self.raises_on_failure
        return more

    def instantiate_task(self) -> Submittable:
        """Call the function; return what it made.

        Raises:
            DefinitionError: it made nothing that can be submitted.
        """
        made: Any = self.func(*filled(list(self.args)), **filled(self.kwargs))
        if made is None and self.allow_none:
            made = Group()
        if isinstance(made, Parametric):
            made = made.given((), {})
        if not isinstance(made, Submittable):
            name = getattr(self.func, "__qualname__", repr(self.func))
            raise DefinitionError(f"{name} returned {made!r:.80}; a FuncGroup's function returns a group, a chain or a task")
        if self.raises_on_failure is not None:
            made.propagate_attribute("raises_on_failure", self.raises_on_failure)
        return made

    def submit(self, executor: Any) -> Future[T]:
        if not contents((*self.args, *self.kwargs.values())) & FUTURES:
            made: Future[T] = executor.submit(self.instantiate_task())
            return made
        return FuncGroupFuture(self, executor)
