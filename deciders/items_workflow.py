"""Items of runs in executions of their own, which no list of runs has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.constants import ITEMS_TYPE

from . import activities
from .notebook_runs.given_slice import GivenSlice
from .notebook_runs.item_tasks import ItemTasks
from .notebook_runs.notebook_run import NotebookRun
from .notebook_runs.outcomes_of_items import cause_of, details_of, state_after
from .notebook_runs.shared_items import SharedItems
from .notebook_runs.step_loop import StepLoop
from .notebook_runs.task_ids import notebook_id
from .steps.slice_json import ends_json
from .tasks.results import SharedEnd
from .values.item import Item
from .values.item_state import ItemState
from .values.key_parts import shared_id


class ItemsWorkflow(Workflow):
    """Carry out items of a run: a slice of a large fan, or one item that runs which started together have in common.

    The workflow id of a slice is made of the run's identity and its place; see `deciders.notebook_runs.slices`. That of a
    shared item is made of the key of the work, so that a service has one of it at a time; see
    `deciders.notebook_runs.shared_items`.

    The result is JSON, also when notebooks fail: for a slice its work and the ends of its items, for a shared item a
    `deciders.tasks.results.SharedEnd`.

    Args of ``run`` for a slice:
        workflow_id: its own.
        given: arguments of the run.
        part: the JSON of a `deciders.notebook_runs.given_slice.GivenSlice`.
        max_parallel: of its members, in this slice.

    Args of ``run`` for a shared item:
        key: of the work.
        task: the arguments of ``execute_notebook``.
        retries, timeout_seconds: those of the notebook.
        priority: that of its task; None is the service's.
    """

    name = ITEMS_TYPE
    version = "1"
    task_list = activities.DECISIONS
    tag_list = Workflow.INHERIT_TAG_LIST
    raises_on_failure = False

    @staticmethod
    def get_workflow_id(cls: type[Workflow], *, workflow_id: str | None = None, key: str | None = None, **others: Any) -> str:
        """Return the id by which a service knows the work."""
        return workflow_id or shared_id(key or "")

    def run(
        self,
        *,
        workflow_id: str | None = None,
        given: dict[str, Any] | None = None,
        part: dict[str, Any] | None = None,
        max_parallel: dict[str, int] | None = None,
        key: str | None = None,
        task: dict[str, Any] | None = None,
        retries: int = 0,
        timeout_seconds: float | None = None,
        priority: int | None = None,
    ) -> dict[str, Any]:
        if given is not None and part is not None:
            return self._slice(given, GivenSlice.of_json(part), max_parallel or {})
        return self._shared(task or {}, retries, timeout_seconds, priority)

    def _slice(self, given: dict[str, Any], part: GivenSlice, max_parallel: dict[str, int]) -> dict[str, Any]:
        run = NotebookRun.of_arguments(run_id=part.run_id, **arguments_of_slice(given, max_parallel))
        cancellation = self.cancellation
        tasks = ItemTasks(run, share=self.shared, part=part)
        loop = StepLoop(self, tasks, cancellation, SharedItems(self, ItemsWorkflow))
        loop.listen_for_stops()
        loop.carry_out()
        ends = {label: ends_json(tasks.unfold().ends(label)) for label in part.slice.members}
        return {"work": tasks.work.as_json(), "ends": ends}

    def _shared(
        self, task: dict[str, Any], retries: int, timeout_seconds: float | None, priority: int | None
    ) -> dict[str, Any]:
        id = notebook_id(Item(task.get("label", ""), task.get("index")))
        activity = activities.notebook_activity(retries, timeout_seconds)
        future = self.submit(activity, __activity_id=id, __priority=priority, **task)
        error = future.exception
        if error is None:
            return SharedEnd(ItemState.SUCCEEDED, result=future.result).as_json()
        state = state_after(error)
        if state is ItemState.CANCELLED:
            self.cancel()
        return SharedEnd(state, said=cause_of(error), details=details_of(future)).as_json()


def arguments_of_slice(given: Mapping[str, Any], max_parallel: Mapping[str, int]) -> dict[str, Any]:
    """Return the arguments of a run as one of its slices has them: with its share of what may run at once, by label."""
    notebooks = [
        {**one, "max_parallel": max_parallel.get(one["label"], one.get("max_parallel"))}
        for one in given["workflow"]["notebooks"]
    ]
    return {**given, "workflow": {**given["workflow"], "notebooks": notebooks}}
