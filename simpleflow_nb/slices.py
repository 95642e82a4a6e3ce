"""Slices: the items of a large fan, spread over child executions, each with a bounded history."""

from __future__ import annotations

import inspect
from typing import Any

from .activity import Activity, registered
from .base import Parametric
from .canvas import Group
from .child_workflow import ChildWorkflow
from .exceptions import AggregateException, DefinitionError, TaskFailed
from .futures import DONE, FAILED, Future
from .group_futures import GroupFuture
from .task import ActivityTask

TYPE_NAME = "simpleflow_nb.slice"
TYPE_VERSION = "1"
REPEAT_INDEX = "repeat_index"  #: the argument of a repeated task that has its number, from 0
SLICE_SIZE = 500  #: items of an execution: at most 3,000 events, far from the 10,000 at which SWF's guide asks to stop
MOST_IN_A_RUN = 3_000  #: tasks of one fan that no child execution can carry out: at most 18,000 events of 25,000


def submitted(workflow: Any, activity: Any, items: list[Any], max_parallel: int | None, slice_size: int) -> Future[list[Any]]:
    """Run an activity for each item, in this run if they are few, else in child executions.

    Of something else that takes arguments, every item is carried out in this run.
    """
    if not isinstance(activity, Activity | Parametric):
        raise DefinitionError(f"{activity!r:.80} is not an activity; for_each() runs one for each item")
    if not isinstance(slice_size, int) or not isinstance(max_parallel, int | None):
        raise DefinitionError("slice_size and max_parallel of for_each() are whole numbers")
    if slice_size < 1 or (max_parallel is not None and max_parallel < 1):
        raise DefinitionError("slice_size and max_parallel of for_each() are at least 1")
    if isinstance(activity, Parametric):
        return _in_this_run(workflow, "for_each", [activity.given((item,), {}) for item in items], max_parallel)
    if len(items) <= slice_size:
        few: GroupFuture[Any] = workflow.submit(Group(*((activity, item) for item in items), max_parallel=max_parallel))
        return few
    return _in_slices(workflow, activity, items, max_parallel, slice_size)


def repeated(
    workflow: Any,
    task: Any,
    times: int,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    max_parallel: int | None,
) -> Future[list[Any]]:
    """Run a task so many times; each has its number as ``repeat_index``, if it takes that argument."""
    if not isinstance(task, Activity | Parametric):
        raise DefinitionError(f"{task!r:.80} is not an activity; repeat() runs one several times")
    if not isinstance(times, int) or isinstance(times, bool) or times < 0:
        raise DefinitionError(f"repeat() runs a task {times!r:.80} times; give a whole number, 0 or more")
    if max_parallel is not None and (not isinstance(max_parallel, int) or max_parallel < 1):
        raise DefinitionError("max_parallel of repeat() is a whole number, at least 1")
    if REPEAT_INDEX in kwargs:
        raise DefinitionError(f"{REPEAT_INDEX} is given by repeat() itself; leave it out")
    if isinstance(task, Parametric):
        members = [task.repeated(args, kwargs, index) for index in range(times)]
        return _in_this_run(workflow, "repeat", members, max_parallel)
    is_told = _takes(task, REPEAT_INDEX)
    each = [{**kwargs, REPEAT_INDEX: index} if is_told else kwargs for index in range(times)]
    if times > SLICE_SIZE:
        calls = [{"args": list(args), "kwargs": one} for one in each]
        return _in_slices(workflow, task, calls, max_parallel, SLICE_SIZE, are_calls=True)
    tasks = [ActivityTask(task, *args, **one) for one in each]
    few: GroupFuture[Any] = workflow.submit(Group(*tasks, max_parallel=max_parallel))
    return few


def _takes(activity: Activity[..., Any], name: str) -> bool:
    """Tell whether the body takes an argument of a name; True if this process does not have the body."""
    if activity.callable is None:
        return True
    try:
        parameters = inspect.signature(activity.callable).parameters
    except (TypeError, ValueError):  # a callable written in C
        return True
    return name in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def _in_this_run(workflow: Any, method: str, members: list[Any], max_parallel: int | None) -> Future[list[Any]]:
    if len(members) > MOST_IN_A_RUN:
        raise DefinitionError(
            f"{method}() of {len(members):,} tasks that are no activities: one run carries out at most {MOST_IN_A_RUN:,}, as "
            "its history is limited; submit a child workflow for each part"
        )
    few: GroupFuture[Any] = workflow.submit(Group(*members, max_parallel=max_parallel))
    return few


def _in_slices(
    workflow: Any,
    activity: Activity[..., Any],
    items: list[Any],
    max_parallel: int | None,
    slice_size: int,
    *,
    are_calls: bool = False,
) -> SlicedFuture:
    cut = [items[n : n + slice_size] for n in range(0, len(items), slice_size)]
    each = None if max_parallel is None else min(max_parallel, slice_size)
    at_once = None if max_parallel is None or each is None else max(1, max_parallel // each)
    raises = activity.raises_on_failure
    if raises is None:
        raises = bool(workflow.activities_raise)
    return SlicedFuture(cut, workflow, at_once, activity, each, raises, are_calls=are_calls)


class SlicedFuture(GroupFuture[Any]):
    """The result of a fan in slices: the list of all results."""

    kind = "slices"

    def __init__(
        self,
        cut: list[list[Any]],
        workflow: Any,
        at_once: int | None,
        activity: Activity[..., Any],
        max_parallel: int | None,
        raises_on_failure: bool,
        *,
        are_calls: bool = False,
    ) -> None:
        self.are_calls = are_calls
        self.activity, self.most_in_a_slice, self.raises_on_failure = activity, max_parallel, raises_on_failure
        super().__init__(cut, workflow, at_once)

    def _submit(self, activity: Any) -> Future[Any]:
        executor = self.workflow.executor
        child = ChildWorkflow(
            self.workflow.Slice, executor, class_path=f"{type(self.workflow).class_path()}.Slice", raises_on_failure=True
        )
        options: dict[str, Any] = {"max_parallel": self.most_in_a_slice}
        if self.are_calls:
            options["are_calls"] = True
        future: Future[Any] = executor.submit_child(child, (self.activity.name, activity), options, depth=4)
        self._follow(future)
        return future

    def _end(self, order: int) -> None:
        slices = zip(self.activities, self.futures, strict=False)  # a cancelled fan has not submitted all
        errors = [error for items, future in slices for error in _failures(items, future)]
        first = next((error for error in errors if isinstance(error, TaskFailed)), None)
        if first is not None and self.raises_on_failure and not self.cancelling:
            self.raises = True
            lost = next((one for one in self.futures if one.error is first and one.stage == FAILED), None)  # raised already
            self.workflow.executor.fail(self, first, lost, order)
            return
        super()._end(order)
        if first is not None:
            self.error = AggregateException(errors)

    def sync_result(self) -> None:
        slices = zip(self.activities, self.futures, strict=False)
        found = [value for items, future in slices for value in _results(items, future)]
        result_as = self.activity.result_as
        self._result = found if result_as is None else [None if one is None else result_as(one) for one in found]


def carried_out(
    workflow: Any, name: str, items: list[Any], max_parallel: int | None, *, are_calls: bool = False
) -> dict[str, Any]:
    """Run an activity for each item of a slice; return all results, and the failures by index.

    With ``are_calls`` an item is ``{"args": [...], "kwargs": {...}}``, else it is the one argument.

    Raises:
        DefinitionError: the module of the activity has not been imported by this decider.
    """
    activity = registered(name)
    if activity is None:
        raise DefinitionError(f"activity {name} is not known to this decider; import its module where the workflow class is")
    activity = activity.with_recorded_result()
    if are_calls:
        tasks = [ActivityTask(activity, *item["args"], **item["kwargs"]) for item in items]
    else:
        tasks = [ActivityTask(activity, item) for item in items]
    future = workflow.submit(Group(*tasks, max_parallel=max_parallel, raises_on_failure=False))
    results = future.result
    failures = {
        str(n): [one.error.name, one.error.reason, one.error.details]
        for n, one in enumerate(future.futures)
        if isinstance(one.error, TaskFailed)
    }
    return {"results": results, "failures": failures}


def _results(items: list[Any], future: Future[Any]) -> list[Any]:
    """Return a result, or None, for each item of a slice."""
    if future.stage != DONE:
        return [None] * len(items)
    results: list[Any] = future.execution.decoded(future)["results"]
    return results


def _failures(items: list[Any], future: Future[Any]) -> list[BaseException | None]:
    """Return a failure, or None, for each item of a slice."""
    if future.stage != DONE:
        return [future.error] * len(items)
    failures = {int(n): TaskFailed(*failed) for n, failed in future.execution.decoded(future)["failures"].items()}
    return [failures.get(n) for n in range(len(items))]
