"""Arguments that are named like those of the engine's own functions."""

from __future__ import annotations

import json

import pytest

from simpleflow_nb import Workflow, activity
from simpleflow_nb.canvas import Group
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.task import ActivityTask, ChildWorkflowTask
from simpleflow_nb.testing import run_workflow

from .scenarios import load
from .steps import fails, failure_of, played

NAMES = (
    "self",
    "submittable",
    "activity",
    "workflow",
    "executor",
    "name",
    "args",
    "kwargs",
    "depth",
    "raises",
    "task",
    "context_",
)
GIVEN = dict.fromkeys(NAMES, 1)


class Child(Workflow):
    name, task_list = "child", "decisions"


Child.run = lambda self, /, **kwargs: kwargs


@activity.with_attributes()
def gathered(**given):
    return given


@pytest.mark.parametrize(
    "submit",
    [
        lambda w: w.submit(load, **GIVEN),
        lambda w: w.submit(Child, **GIVEN),
        lambda w: w.submit(ActivityTask(load, **GIVEN)),
        lambda w: w.submit(ChildWorkflowTask(Child, **GIVEN)),
        lambda w: group_of(w, load),
        lambda w: group_of(w, Child),
    ],
)
def test_arguments_of_any_name_reach_the_task(submit):
    def run(w):
        submit(w)
        w.next_signal("never").wait()

    assert json.loads(attributes_of(played(run)[0][-1])["input"])["kwargs"] == GIVEN


def group_of(w, member):
    group = Group()
    group.append(member, **GIVEN)
    return w.submit(group)


def test_the_failure_of_such_a_task_is_raised_like_any_other():
    """The task in the error was made of its arguments by name, and the run was parked."""

    class Strict(Workflow):
        name, task_list, activities_raise = "played", "decisions", True

        def run(self):
            future = self.submit(load, **GIVEN)
            future.wait()
            raise ValueError(sorted(future.exception.task.kwargs) == sorted(GIVEN))

    assert failure_of(Strict, fails("load-1")) == "ValueError: True"


def test_the_body_of_an_activity_gets_them():
    class Sent(Workflow):
        name = "sent"

        def run(self):
            return self.submit(gathered, **GIVEN).result

    assert run_workflow(Sent) == GIVEN
