"""Failures that items of a family are given, in a run that is not cut and in one that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deciders.items_workflow import ItemsWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import NotebookSpecification, WorkflowSpecification
from simpleflow_nb.testing import RunFailed, harness

from .planned_ends import ASKED, EXECUTE, RECORD


def completed(made: tuple[NotebookSpecification, ...], execute: Callable[..., Any], fan_chunk: int) -> Any:
    """The result of a run of these notebooks, in slices of so many items."""
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
        return place.result(*run)


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
    with pytest.raises(RunFailed, match=r"^FAILED: day:1 failed: no 1 \(and 1 more item of 'day'\)"):
        completed(made, execute, fan_chunk)
    assert given == {1: [(1, "failed", "no 1")], 4: [(4, "failed", "no 4")]}


@pytest.mark.parametrize("fan_chunk", [2, 4, 500])
def test_who_takes_a_fan_as_a_whole_is_given_all_its_failures_in_whatever_slice(fan_chunk: int) -> None:
    given: dict[int, Any] = {}

    def execute(**task: Any) -> dict[str, Any]:
        if task["label"] == "b" and task["index"] in (1, 6):
            raise ValueError(f"no {task['index']}")
        if task["label"] == "d":
            given[task["index"]] = [(one["index"], one["item_folder"], one["error"]) for one in task["failures"]["failed"]]
        return {"path": "/out/a.ipynb", "light": "green", "warnings": []}

    more: dict[str, Any] = {"for_each": "a", "filename": "a.ipynb"}
    made = (
        NotebookSpecification(label="a", filename="a.ipynb", for_each={"x": list(range(4))}),
        NotebookSpecification(label="b", needs=("a",), repeat=2, on_failure="continue", **more),
        NotebookSpecification(label="d", needs=("a", "b"), parameters={"failed": {"failure": "b"}}, **more),
    )
    assert completed(made, execute, fan_chunk)["state"] == "succeeded"
    assert given == {index: [(1, "1-0-1", "no 1"), (6, "6-3-0", "no 6")] for index in range(4)}
