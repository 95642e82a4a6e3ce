"""Slices: the items of a large fan, spread over child executions, each with a bounded history."""

from __future__ import annotations

from typing import Any

from .activity import Activity, registered
from .canvas import Group
from .child_workflow import ChildWorkflow
from .exceptions import AggregateException, DefinitionError, TaskFailed
from .futures import DONE, FAILED, Future
from .group_futures import GroupFuture
from .task import ActivityTask

TYPE_NAME = "simpleflow_nb.slice"
TYPE_VERSION = "1"
SLICE_SIZE = 500  #: items of an execution: at most 3,000 events, far from the 10,000 at which SWF's guide asks to stop


def submitted(
    workflow: Any, activity: Activity[..., Any], items: list[Any], max_parallel: int | None, slice_size: int
) -> Future[list[Any]]:
    """Run an activity for each item, in this run if they are few, else in child executions."""
    if not isinstance(activity, Activity):
        raise DefinitionError(f"{activity!r:.80} is not an activity; for_each() runs one for each item")
    if not isinstance(slice_size, int) or not isinstance(max_parallel, int | None):
        raise DefinitionError("slice_size and max_parallel of for_each() are whole numbers")
    if slice_size < 1 or (max_parallel is not None and max_parallel < 1):
        raise DefinitionError("slice_size and max_parallel of for_each() are at least 1")
    if len(items) <= slice_size:
        few: GroupFuture[Any] = workflow.submit(Group(*((activity, item) for item in items), max_parallel=max_parallel))
        return few
    cut = [items[n : n + slice_size] for n in range(0, len(items), slice_size)]
    each = None if max_parallel is None else min(max_parallel, slice_size)
    at_once = None if max_parallel is None or each is None else max(1, max_parallel // each)
    raises = activity.raises_on_failure
    if raises is None:
        raises = bool(workflow.activities_raise)
    return SlicedFuture(cut, workflow, at_once, activity, each, raises)


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
    ) -> None:
        self.activity, self.most_in_a_slice, self.raises_on_failure = activity, max_parallel, raises_on_failure
        super().__init__(cut, workflow, at_once)

    def _submit(self, activity: Any) -> Future[Any]:
        executor = self.workflow.executor
        child = ChildWorkflow(
            self.workflow.Slice, executor, class_path=f"{type(self.workflow).class_path()}.Slice", raises_on_failure=True
        )
        future: Future[Any] = executor.submit_child(
            child, (self.activity.name, activity), {"max_parallel": self.most_in_a_slice}, depth=4
        )
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
        self._result = [value for items, future in slices for value in _results(items, future)]


def carried_out(workflow: Any, name: str, items: list[Any], max_parallel: int | None) -> dict[str, Any]:
    """Run an activity for each item of a slice; return all results, and the failures by index.

    Raises:
        DefinitionError: the module of the activity has not been imported by this decider.
    """
    activity = registered(name)
    if activity is None:
        raise DefinitionError(f"activity {name} is not known to this decider; import its module where the workflow class is")
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
