"""Timeouts of child executions whose classes say none."""

from __future__ import annotations

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.testing import harness

from .manual_client import attributes

TIMEOUTS = ("executionStartToCloseTimeout", "taskStartToCloseTimeout")


class Child(Workflow):
    name = "child_defaults.child"

    def run(self):
        return None


class Hasty(Child):
    name = "child_defaults.hasty"
    execution_timeout, decision_tasks_timeout = 50, 5


class Parent(Workflow):
    name = "child_defaults.parent"

    def run(self, is_hasty):
        return self.submit(Hasty if is_hasty else Child).result


@pytest.mark.parametrize(
    ("is_hasty", "variables", "timeouts"),
    [
        (False, {}, ["604800", "60"]),
        (False, {"WORKFLOW_DEFAULT_EXECUTION_TIME": "99", "WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT": "9"}, ["99", "9"]),
        (True, {"WORKFLOW_DEFAULT_EXECUTION_TIME": "99", "WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT": "9"}, ["50", "5"]),
    ],
)
def test_a_child_has_the_timeouts_of_its_class_else_those_of_the_variables(monkeypatch, is_hasty, variables, timeouts):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with harness(Parent) as service:
        ids = service.start(Parent, is_hasty)
        service.result(*ids)
        events = service.history(*ids)
    [asked] = [attributes(event) for event in events if event["eventType"] == "StartChildWorkflowExecutionInitiated"]
    assert [asked[name] for name in TIMEOUTS] == timeouts
