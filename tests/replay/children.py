"""Child executions of played runs: their classes, their ids, and what happens to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simpleflow_nb import RetryPolicy, Workflow, futures

from .decision_checker import DecisionChecker
from .scenarios import workflow


class Child(Workflow):
    name, version, task_list = "child", "1", "children"

    def run(self, *args: Any, **kwargs: Any) -> None:
        raise AssertionError("it is never run here")


class Quiet(Child):
    raises_on_failure = False


class Retried(Child):
    retry = 1


class Patient(Child):
    retry = RetryPolicy(attempts=2, first_wait=timedelta(seconds=5))


class Once(Child):
    idempotent = True


class Named(Child):
    @classmethod
    def get_workflow_id(cls, workflow, day, **kwargs):
        return f"named {day}"


class Other(Child):
    name = "other"


ONE, TWO = (f"workflow-child-played--5e801b4--{n}" for n in (1, 2))


def starts(*ids: str) -> list[str]:
    return [f"StartChildWorkflowExecution {one}" for one in ids]


def started(workflow_id: str):
    return lambda checker: checker.start_child(workflow_id)


def ended(workflow_id: str, how: str = "Completed", **body: Any):
    return lambda checker: checker.end_child(workflow_id, how, **body)


def refused(workflow_id: str, cause: str):
    return lambda checker: checker.refuse_child(workflow_id, cause)


def delivered(checker: DecisionChecker) -> None:
    checker.deliver_all()


def quota(cause: str, times: int):
    left = [times]

    def refuse(a):
        left[0] -= 1
        return cause if left[0] >= 0 else None

    return {"StartChildWorkflowExecution": refuse}


def history_of_two_children():
    def run(w):
        futures.wait(w.submit(Child, 1), w.submit(Child, 2))

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete_child(ONE)
        checker.decide()
        return checker.run.events
