"""Children that have been continued as new: to their parents they are the same children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.exceptions import TaskCanceled

from .manual_client import attributes
from .stepped_processes import LIST, SteppedProcesses


class Child(Workflow):
    """Goes on as a new run, and waits for two signals there."""

    name, version, task_list = "renewed.child", "1", LIST

    def run(self, number: int) -> Any:
        if number == 0:
            self.submit(self.continue_as_new(1)).result
        first = self.next_signal("go").result
        if first["args"] == ["answer"]:
            parent = self.get_run_context()["parent_workflow_id"]
            self.submit(self.signal("told", workflow_id=parent)).result
        return [first["args"], self.next_signal("go").result["args"]]


class Parent(Workflow):
    name, version, task_list = "renewed.parent", "1", LIST

    def run(self, what: str) -> Any:
        child = self.submit(Child, 0)
        self.next_signal("now").result
        if what == "cancel":
            child.cancel()
            return [child.cancelled or isinstance(child.exception, TaskCanceled), child.cancelled]
        if what == "signal":
            self.submit(self.signal("go", 1, workflow_id=child.workflow_id, run_id=child.run_id)).result
            self.submit(self.signal("go", 2, workflow_id=child.workflow_id, run_id=child.run_id)).result
        return child.result


@pytest.fixture
def processes() -> Iterator[SteppedProcesses]:
    opened = SteppedProcesses(Parent, Child)
    yield opened
    opened.close()


def begun(processes: SteppedProcesses, what: str) -> str:
    """Start a parent, and its child, which goes on as a new run; return the child's workflow id."""
    processes.begin(Parent, what)
    processes.act()
    (child,) = set(processes.local.home.open_by_id) - {"run"}
    assert "continuedExecutionRunId" in attributes(processes.events(child)[0])
    return child


def arrived(processes: SteppedProcesses, workflow_id: str) -> list[str]:
    kinds = ("WorkflowExecutionSignaled", "WorkflowExecutionCancelRequested")
    return [kind for kind in processes.types(workflow_id) if kind in kinds]


def test_a_child_that_went_on_as_a_new_run_is_cancelled_by_its_future(processes):
    child = begun(processes, "cancel")
    processes.signal("now")
    processes.act()
    assert processes.types(child)[-1] == "WorkflowExecutionCanceled"
    assert processes.last()["result"] == "[true,true]"


def test_signals_to_a_child_that_went_on_as_a_new_run_arrive_there_in_their_order(processes):
    begun(processes, "signal")
    processes.signal("now")
    processes.act()
    assert processes.last()["result"] == "[[1],[2]]"


def test_a_signal_is_sent_on_to_a_child_that_went_on_as_a_new_run(processes):
    child = begun(processes, "wait")
    processes.signal("now")
    for number in (1, 2):
        processes.signal("go", input=f'{{"args":[{number}],"kwargs":{{}},"__propagate":true}}')
        processes.act()
    assert arrived(processes, child) == ["WorkflowExecutionSignaled"] * 2
    assert processes.last()["result"] == "[[1],[2]]"


def test_a_signal_is_not_sent_back_to_the_new_run_of_the_child_that_sent_it(processes):
    child = begun(processes, "wait")
    processes.signal("go", child, input='{"args":["answer"],"kwargs":{}}')
    processes.act()
    assert [attributes(event)["signalName"] for event in processes.events() if "Signaled" in event["eventType"]] == ["told"]
    assert arrived(processes, child) == ["WorkflowExecutionSignaled"]


def test_what_is_sent_to_a_run_of_a_stranger_that_is_over_is_refused(processes):
    """Only children are followed: the next run of another execution may be anything."""

    class Stranger(Workflow):
        name, version, task_list = "renewed.stranger", "1", LIST

        def run(self) -> Any:
            signal = self.signal("go", workflow_id="other", run_id="over")
            signal.raises_on_failure = False
            return str(self.submit(signal).exception)

    processes.decider.workflows.add(Stranger)
    processes.decider.register_types()
    processes.start("other")
    processes.begin(Stranger)
    processes.act()
    assert processes.last()["result"] == '"signal-go-1: UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"'
