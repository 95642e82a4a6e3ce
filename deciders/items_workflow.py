"""Items of runs in executions of their own, which no list of runs has."""

from __future__ import annotations

from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.constants import ITEMS_TYPE

from . import activities
from .notebook_runs.outcomes_of_items import cause_of, details_of, state_after
from .tasks.results import SharedEnd
from .values.item_state import ItemState
from .values.key_parts import shared_id


class ItemsWorkflow(Workflow):
    """Carry out the item that runs which started together have in common; see `deciders.notebook_runs.shared_items`.

    Its workflow id is made of the key of the work, so that a service has one of it at a time. The result is the JSON of a
    `deciders.tasks.results.SharedEnd`, also when the notebook fails.

    Args of ``run``:
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
    def get_workflow_id(cls: type[Workflow], *, key: str, **others: Any) -> str:
        """Return the id by which a service knows the work."""
        return shared_id(key)

    def run(
        self,
        *,
        key: str,
        task: dict[str, Any],
        retries: int = 0,
        timeout_seconds: float | None = None,
        priority: int | None = None,
    ) -> dict[str, Any]:
        future = self.submit(activities.notebook_activity(retries, timeout_seconds), __priority=priority, **task)
        error = future.exception
        if error is None:
            return SharedEnd(ItemState.SUCCEEDED, result=future.result).as_json()
        state = state_after(error)
        if state is ItemState.CANCELLED:
            self.cancel()
        return SharedEnd(state, said=cause_of(error), details=details_of(future)).as_json()
