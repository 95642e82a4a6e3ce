"""A workflow is asked whether a cancellation ends it, whenever the request comes."""

from __future__ import annotations

from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.local.run import Run
from simpleflow_nb.replay import Execution
from simpleflow_nb.workflow import program

STARTED: dict[str, Any] = {
    "workflowType": {"name": "w", "version": "1"},
    "taskList": {"name": "d"},
    "taskStartToCloseTimeout": "60",
    "executionStartToCloseTimeout": "3600",
    "childPolicy": "TERMINATE",
}


def first_decision(cls: type[Workflow]) -> list[str]:
    """The types of the decisions of a run whose cancellation was requested before anything was decided."""
    run = Run(1, "local", "w", "r")
    run.start(1.0, STARTED)
    run.request_cancel(2.0)
    run.start_decision(3.0, None)
    execution = Execution(program(cls))
    decided = [one["decisionType"] for one in execution.advance(run.events)]
    execution.kill()
    return decided


class Obedient(Workflow):
    def run(self) -> None:
        self.timer(5).result


class Stubborn(Obedient):
    def should_cancel(self) -> bool:
        return False


class Broken(Obedient):
    def __init__(self, executor: Execution) -> None:
        raise ValueError("no")


def test_a_request_before_the_first_decision_ends_a_run_that_does_not_object() -> None:
    assert first_decision(Obedient) == ["RecordMarker", "CancelWorkflowExecution"]


def test_a_request_before_the_first_decision_is_the_workflows_to_refuse() -> None:
    assert first_decision(Stubborn) == ["RecordMarker", "StartTimer"]


def test_a_workflow_that_cannot_be_made_fails_its_run() -> None:
    run = Run(1, "local", "w", "r")
    run.start(1.0, STARTED)
    run.start_decision(3.0, None)
    decided = Execution(program(Broken)).advance(run.events)
    assert decided[-1]["failWorkflowExecutionDecisionAttributes"]["reason"] == "ValueError: no"
