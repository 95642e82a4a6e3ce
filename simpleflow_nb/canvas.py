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
from typing import Any, ClassVar

from .activity import Activity
from .base import Submittable, SubmittableContainer
from .exceptions import AggregateException, DefinitionError, TaskCanceled
from .futures import DONE, OPEN, STOPPED, Future
from .replay.arguments import FUTURES, contents, waited_for
from .task import ActivityTask, Task, WorkflowTask
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


class GroupFuture(Future[list[Any]]):
    """The result of a group: a list.

    A subclass may make something else of it: ``sync_result`` is called once, when all have ended, and sets ``_result``.

    Attributes:
        futures: those of the members submitted so far.
        activities: the members.
    """

    kind: ClassVar[str] = "group"

    def __init__(
        self,
        activities: list[Any],
        workflow: Any,
        max_parallel: int | None = None,
        bubbles_exception_on_failure: bool = True,
    ) -> None:
        executor = workflow.executor
        super().__init__(executor, "Group", executor.numbered(self.kind), self.kind)
        self.stage, self.task, self.strand = OPEN, self, executor.submitter()
        self.activities, self.workflow, self.max_parallel = activities, workflow, max_parallel
        self.bubbles_exception_on_failure = bubbles_exception_on_failure
        self.futures: list[Future[Any]] = []
        self._result: Any = None
        self._open, self._is_submitted = 0, False
        self._carrier: Future[Any] | None = None
        self._begin()

    def _begin(self) -> None:
        if self.max_parallel is None or len(self.activities) <= self.max_parallel:
            for activity in self.activities:
                self._submit(activity)
            self._all_submitted()
        else:
            self._carrier = self.workflow.executor.spawn(self._carry_out, self.kind, raises=False, is_own=False)

    def _carry_out(self) -> None:
        try:
            self._submit_one_by_one()
        except TaskCanceled:
            if not self.cancelling:
                raise
        self._all_submitted()

    def _submit_one_by_one(self) -> None:
        limit = self.max_parallel or 1
        for activity in self.activities:
            while self._open >= limit:
                self.workflow.executor.block((_Room(self, limit),), any)
            self._submit(activity)

    def _submit(self, activity: Any) -> Future[Any]:
        future: Future[Any] = self.workflow.submit(activity)
        self._follow(future)
        return future

    def _follow(self, future: Future[Any]) -> None:
        self.futures.append(future)
        self._open += 1
        future.watch(self)

    def _all_submitted(self) -> None:
        self._is_submitted = True
        if not self._open and self.stage < DONE:
            self._end(max((future.order for future in self.futures), default=0))

    def ended(self, future: Future[Any]) -> None:
        """Take note of the end of a member; called by the engine."""
        self._open -= 1
        if self._carrier is not None and self._carrier.stage < DONE:
            self.workflow.executor.rouse_strand(self._carrier.task)
        if self._is_submitted and not self._open:
            self._end(future.order)

    def _end(self, order: int) -> None:
        executor = self.workflow.executor
        self.sync_state()
        errors = [future.error for future in self.futures]
        if self.bubbles_exception_on_failure and any(errors):
            self.error = AggregateException(errors)
        if self.cancelling or any(future.stage == STOPPED for future in self.futures):
            executor.settle(self, STOPPED, self.error or TaskCanceled(self.id), order)
        else:
            executor.resolve(self, None, order, decode=True)

    def collected(self) -> Any:
        """Return the result; called by the engine, once."""
        self.sync_result()
        return self._result

    def sync_result(self) -> None:
        """Set ``_result`` from the members' futures."""
        self._result = [_result_or_none(future) for future in self.futures]

    def sync_state(self) -> None:
        """Do nothing: the engine knows the state. For subclasses, called when all members have ended."""

    @property
    def count_finished_activities(self) -> int:
        return sum(future.finished for future in self.futures)

    def cancel(self) -> None:
        """Cancel the members, and submit no more of them."""
        if self.stage >= DONE or self.cancelling:
            return
        self.cancelling = True
        if self._carrier is not None:
            self._carrier.cancel()
        for future in self.futures:
            future.cancel()


class ChainFuture(GroupFuture):
    """The result of a chain: the list of its members' results, as far as it came."""

    kind = "chain"

    def __init__(
        self,
        activities: list[Any],
        workflow: Any,
        bubbles_exception_on_failure: bool = True,
        send_result: bool = False,
        break_on_failure: bool = True,
    ) -> None:
        self.send_result, self.break_on_failure = send_result, break_on_failure
        super().__init__(activities, workflow, 1, bubbles_exception_on_failure)

    def _begin(self) -> None:
        self._carrier = self.workflow.executor.spawn(self._carry_out, self.kind, raises=False, is_own=False)

    def _submit_one_by_one(self) -> None:
        previous: Future[Any] | None = None
        for activity in self.activities:
            if self.send_result and previous is not None:
                activity = _with_argument(activity, _result_or_none(previous))
            previous = self._submit(activity)
            self.execution.block((previous,))
            if previous.error is not None and self.break_on_failure:
                return


class _Room:
    """Ends when a group has room for another member; what its strand waits for."""

    __slots__ = ("awaited", "group", "limit")

    def __init__(self, group: GroupFuture, limit: int) -> None:
        self.group, self.limit = group, limit
        self.awaited: Any = None

    @property
    def stage(self) -> int:
        return DONE if self.group._open < self.limit else OPEN


class Group(SubmittableContainer):
    """Tasks that run side by side.

    Args:
        activities: activities, workflow classes, tasks, groups, or tuples of an activity or class and its arguments.
        max_parallel: most members that are submitted and have not ended.
        raises_on_failure: whether failures of members are raised; None leaves it to each of them.
        bubbles_exception_on_failure: whether failures are told in the group's ``exception``.
        future_class: of its future, a subclass of :class:`GroupFuture`.
    """

    default_future_class: type[GroupFuture] = GroupFuture

    def __init__(self, *activities: Any, **options: Any) -> None:
        self.activities: list[Any] = []
        self.max_parallel: int | None = options.pop("max_parallel", None)
        self.raises_on_failure: bool | None = options.pop("raises_on_failure", None)
        bubbles = options.pop("bubbles_exception_on_failure", None)
        self.bubbles_exception_on_failure = self._bubbles(bubbles)
        self.future_class: type[GroupFuture] = options.pop("future_class", self.default_future_class)
        self._read_options(options)
        if options:
            known = "max_parallel, raises_on_failure, bubbles_exception_on_failure, future_class"
            raise DefinitionError(f"{type(self).__name__} has no option {next(iter(options))!r}; it has {known}")
        if self.max_parallel is not None and self.max_parallel < 1:
            raise DefinitionError(f"max_parallel is {self.max_parallel}; at least one member runs at a time")
        self.extend(activities)

    def _bubbles(self, given: bool | None) -> bool:
        return True if given is None else given

    def _read_options(self, options: dict[str, Any]) -> None:
        """Take further options out of ``options``."""

    def append(self, submittable: Any, *args: Any, **kwargs: Any) -> None:
        """Add a member, with its arguments if it is an activity or a workflow class."""
        if isinstance(submittable, Activity):
            submittable = ActivityTask(submittable, *args, **kwargs)
        elif isinstance(submittable, type) and issubclass(submittable, WorkflowType):
            submittable = WorkflowTask(None, submittable, *args, **kwargs)
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
                self.append(*one)
            else:
                self.append(one)

    def __iadd__(self, iterable: Iterable[Any]) -> Group:
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

    def submit(self, executor: Any) -> GroupFuture:
        return self.future_class(
            self.activities,
            executor,
            max_parallel=self.max_parallel,
            bubbles_exception_on_failure=self.bubbles_exception_on_failure,
        )


class Chain(Group):
    """Tasks that run one after the other.

    Args:
        send_result: give each, but the first, the result of the one before as its last argument.
        break_on_failure: stop at the first that fails; its later members have no results then.
        raises_on_failure: as in a group; with False the chain has no ``exception`` either.
    """

    default_future_class: type[GroupFuture] = ChainFuture

    def _bubbles(self, given: bool | None) -> bool:
        return self.raises_on_failure is not False if given is None else given

    def _read_options(self, options: dict[str, Any]) -> None:
        self.send_result: bool = options.pop("send_result", False)
        self.break_on_failure: bool = options.pop("break_on_failure", True)

    def submit(self, executor: Any) -> GroupFuture:
        future_class: Any = self.future_class
        made: GroupFuture = future_class(
            self.activities,
            executor,
            bubbles_exception_on_failure=self.bubbles_exception_on_failure,
            send_result=self.send_result,
            break_on_failure=self.break_on_failure,
        )
        return made


class FuncGroup(SubmittableContainer):
    """A group that a function makes, once its arguments are available: ``FuncGroup(function, *args)``.

    The function runs in the decider, whenever the run is replayed; it returns something to submit. Futures among its
    arguments are replaced by their results.
    """

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

    def instantiate_task(self) -> Submittable:
        """Call the function; return what it made.

        Raises:
            DefinitionError: it made nothing that can be submitted.
        """
        made = self.func(*waited_for(list(self.args)), **waited_for(self.kwargs))
        if made is None and self.allow_none:
            made = Group()
        if not isinstance(made, Submittable):
            name = getattr(self.func, "__qualname__", repr(self.func))
            raise DefinitionError(f"{name} returned {made!r:.80}; a FuncGroup's function returns a group, a chain or a task")
        if self.raises_on_failure is not None:
            made.propagate_attribute("raises_on_failure", self.raises_on_failure)
        return made

    def submit(self, executor: Any) -> Future[Any]:
        if not contents((*self.args, *self.kwargs.values())) & FUTURES:
            made: Future[Any] = executor.submit(self.instantiate_task())
            return made

        def carry_out() -> Any:
            return executor.submit(self.instantiate_task()).result

        later: Future[Any] = executor.executor.spawn(carry_out, "func group", is_own=False)
        return later


def _result_or_none(future: Future[Any]) -> Any:
    return future.execution.decoded(future) if future.stage == DONE else None


def _with_argument(activity: Any, value: Any) -> Any:
    """Return a member of a chain with another argument behind its own."""
    if isinstance(activity, ActivityTask):
        more: Any = type(activity)(activity.activity, *activity.args, value, **activity.kwargs)
    elif isinstance(activity, WorkflowTask):
        more = WorkflowTask(
            activity.executor,
            activity.workflow,
            *activity.args,
            value,
            workflow_task_list=activity.workflow_task_list,
            **activity.kwargs,
        )
    elif isinstance(activity, FuncGroup):
        more = FuncGroup(activity.func, *activity.args, value, _allow_none=activity.allow_none, **activity.kwargs)
    else:
        raise DefinitionError(
            f"{type(activity).__name__} takes no arguments, so a chain cannot send it the result of the one before"
        )
    if isinstance(activity, Task | FuncGroup):
        more.raises_on_failure = activity.raises_on_failure
    return more
