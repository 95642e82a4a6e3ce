"""Runs that are cancelled in the decision that sees other ends: they start nothing for those."""

from __future__ import annotations

from typing import Any

import pytest

from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import NotebookSpecification, WorkflowSpecification
from simpleflow_nb.workflow import execution_input
from tests.replay.scenarios import shorts
from tests.replay.steps import Step, asked_to_cancel, completes, played, together

_ASKED, _ONE, _OTHER = "workers.activities.already_succeeded-1", "notebook-a-0", "notebook-b-0"
_RESULT = {"path": "/out/a.ipynb", "light": "green", "warnings": []}


def decided(*steps: Step) -> list[list[str]]:
    """The decisions of a run of two chains, in short."""
    made = [
        NotebookSpecification(label=label, filename="a.ipynb", parameters={f"{need}_path": need for need in needs}, needs=needs)
        for label, needs in (("a", ()), ("b", ()), ("c", ("a",)))
    ]
    workflow = WorkflowSpecification(name="days", notebooks=tuple(made))
    arguments: dict[str, Any] = {
        "instance": "cafe",
        "identity": "cafe",
        "parameters": {},
        "inputs_dir": "/in",
        "outputs": "/out",
    }
    given = {"workflow": workflow.model_dump(mode="json"), **arguments}
    text = execution_input(NotebookWorkflow, {"args": [], "kwargs": given})
    return [shorts(decisions) for decisions in played(NotebookWorkflow, *steps, text=text)]


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_starts_for_an_end_that_comes_with_the_cancellation(order: int) -> None:
    def executed(id: str) -> Step:
        return lambda checker: checker.complete(id, _RESULT)

    news = [executed(_ONE), asked_to_cancel][::order]
    found = decided(completes(_ASKED), together(lambda checker: checker.begin(_OTHER), *news), executed(_OTHER))
    asked = [f"RequestCancelActivityTask {_OTHER}", "StartTimer timer-1"]
    assert found[-2:] == [asked, ["CancelTimer timer-1", "CancelWorkflowExecution"]]


def test_nothing_starts_if_the_run_is_cancelled_while_it_asks_whether_there_is_anything_to_do() -> None:
    assert decided(together(completes(_ASKED), asked_to_cancel))[-1] == ["CancelWorkflowExecution"]
