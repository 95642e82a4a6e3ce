"""Failures that items of a family are given, in a run that is not cut and in one that is."""

from __future__ import annotations

from typing import Any

import pytest

from deciders.items_workflow import ItemsWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import NotebookSpecification, WorkflowSpecification
from simpleflow_nb.testing import harness

from .planned_ends import ASKED, EXECUTE, RECORD


@pytest.mark.parametrize("fan_chunk", [2, 500])
def test_a_follower_is_given_the_failure_of_its_own_item_in_whatever_slice(fan_chunk: int) -> None:
    given: dict[int, Any] = {}

    def execute(**task: Any) -> dict[str, Any]:
        if task["label"] == "day" and task["index"] in (1, 4):
            raise ValueError(f"no {task['index']}")
        if task["label"] == "mend":
            given[task["index"]] = [(one["index"], one["state"], one["error"]) for one in task["failures"]["failed"]]
        return {"path": "/out/a.ipynb", "light": "green", "warnings": []}

    made = (
        NotebookSpecification(label="day", filename="a.ipynb", for_each={"x": list(range(6))}, on_failure={"run": "mend"}),
        NotebookSpecification(
            label="mend", filename="a.ipynb", needs=("day",), for_each="day", parameters={"failed": {"failure": "day"}}
        ),
    )
    nothing = dict.fromkeys((ASKED, RECORD), lambda **_: None)
    with harness(NotebookWorkflow, ItemsWorkflow, activities={EXECUTE: execute, **nothing}) as place:
        run = place.start(
            NotebookWorkflow,
            workflow=WorkflowSpecification(name="w", notebooks=made).model_dump(mode="json"),
            instance="cafe",
            identity="cafe0123" * 4,
            parameters={},
            inputs_dir="/in",
            outputs="/out",
            fan_chunk=fan_chunk,
        )
        with pytest.raises(Exception, match=r"^FAILED: day:1 failed: no 1 \(and 1 more item of 'day'\)"):
            place.result(*run)
    assert given == {1: [(1, "failed", "no 1")], 4: [(4, "failed", "no 4")]}
