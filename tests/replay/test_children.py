"""Child executions: how they are started, and how they end."""

from __future__ import annotations

import json

import pytest

from simpleflow_nb import Workflow, futures
from simpleflow_nb.exceptions import TaskFailed, WorkflowException
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.task import ChildWorkflowTask, WorkflowTask

from .children import (
    ONE,
    TWO,
    Child,
    Named,
    Once,
    Patient,
    Quiet,
    Retried,
    ended,
    started,
    starts,
)
from .decision_checker import DecisionChecker
from .scenarios import load, workflow
from .steps import completes, decided, fails, failure_of, fires, result_of, together

# ---- starting --------------------------------------------------------------------------------------------------------------


def test_a_child_is_started_with_the_settings_of_its_class_and_its_result_is_that_of_its_run():
    class Whole(Child):
        task_priority, tag_list, child_policy = 3, ["a", "b"], "ABANDON"
        execution_timeout, decision_tasks_timeout = 60, 5

    def run(w):
        return w.submit(Whole, 1, k=2).result

    with DecisionChecker(workflow(run)) as checker:
        (decision,) = checker.decide()[1:]
        assert attributes_of(decision) == {
            "workflowId": ONE,
            "workflowType": {"name": "child", "version": "1"},
            "taskList": {"name": "children"},
            "input": json.dumps(
                {"__extra": {"class": Whole.class_path()}, "args": [1], "kwargs": {"k": 2}}, separators=(",", ":")
            ),
            "childPolicy": "ABANDON",
            "executionStartToCloseTimeout": "60",
            "taskStartToCloseTimeout": "5",
            "taskPriority": "3",
            "tagList": ["a", "b"],
        }
        checker.complete_child(ONE, [1, 2])
        assert attributes_of(checker.decide()[-1]) == {"result": "[1,2]"}


def test_methods_of_the_class_may_give_the_list_and_the_tags_of_a_child():
    class Asked(Child):
        get_task_list = classmethod(lambda cls, workflow, day: f"list of {day}")
        get_tag_list = classmethod(lambda cls, workflow, day: [day])

    class Heir(Child):
        task_list, tag_list = None, Workflow.INHERIT_TAG_LIST

    def run(w):
        w.submit(Asked, "monday")
        w.submit(Heir)
        w.submit(WorkflowTask(w.executor, Child, workflow_task_list="own"))
        w.submit(Child, __priority=7)
        w.timer(1).result

    with DecisionChecker(workflow(run), started={"tagList": ["of the parent"]}) as checker:
        made = [attributes_of(one) for one in checker.decide()[1:5]]
        assert [(one["taskList"]["name"], one.get("tagList"), one.get("taskPriority")) for one in made] == [
            ("list of monday", ["monday"], None),
            ("decisions", ["of the parent"], None),
            ("own", None, None),
            ("children", None, "7"),
        ]


def test_a_child_without_a_result_gives_none():
    def run(w):
        return [w.submit(Child).result]

    assert result_of(run, ended(ONE)) == [None]


def test_the_ids_of_a_child_are_known_as_soon_as_they_exist():
    def run(w):
        child = w.submit(Child)
        seen = [[child.workflow_id, child.run_id, child.state]]
        for _ in range(2):
            w.timer(1).result
            seen.append([child.workflow_id, child.run_id, child.state])
        return seen

    assert result_of(run, fires("timer-1"), together(started(ONE), fires("timer-2"))) == [
        [ONE, None, "PENDING"],
        [ONE, None, "RUNNING"],
        [ONE, f"run of {ONE}", "RUNNING"],
    ]


def test_children_of_two_runs_of_one_parent_have_different_ids():
    def run(w):
        return w.submit(Child).workflow_id

    assert {result_of(run, run_id=run_id) for run_id in ("run-1", "run-2")} == {ONE, "workflow-child-played--5e901b5--1"}


def test_ids_of_children_are_given_at_submit_whether_or_not_their_arguments_are_there():
    def run(w):
        held, ready = w.submit(Child, w.submit(load)), w.submit(Child, 2)
        return [held.id, ready.id, *futures.wait(held, ready)]

    steps = completes("load-1", 1), ended(TWO, result='"two"'), ended(ONE, result='"one"')
    assert decided(run, *steps)[:2] == [["ScheduleActivityTask load-1", *starts(TWO)], starts(ONE)]
    assert result_of(run, *steps) == [ONE, TWO, "one", "two"]


@pytest.mark.parametrize("cls", [Child, Once, Named])
def test_an_argument_may_be_a_future_that_has_ended_already(cls):
    def run(w):
        argument = w.submit(load)
        argument.result
        w.submit(cls, argument).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", "a")
        (decision,) = checker.decide()
        assert attributes_of(decision)["workflowType"] == {"name": "child", "version": "1"}
        assert json.loads(attributes_of(decision)["input"])["args"] == ["a"]


def test_a_child_whose_argument_failed_is_never_started():
    def run(w):
        child = w.submit(Quiet, [w.submit(load)])
        return [str(child.exception), child.result]

    assert result_of(run, fails("load-1")) == [f"{ONE}: needs activity-load-1, which failed", None]


def test_iterators_and_generators_among_the_arguments_are_read_once():
    def run(w):
        w.submit(Child, (n for n in range(2)), map(str, [w.submit(load).id])).result

    with DecisionChecker(workflow(run)) as checker:
        decision = checker.decide()[-1]
        assert json.loads(attributes_of(decision)["input"])["args"] == [[0, 1], ["activity-load-1"]]


# ---- ends ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "body", "words", "kind", "state"),
    [
        ("Failed", {"reason": "E: no", "details": "d"}, ": E: no", "WorkflowFailed", "FINISHED"),
        ("TimedOut", {"timeoutType": "START_TO_CLOSE"}, ": timeout START_TO_CLOSE", "WorkflowTimeout", "FINISHED"),
        ("Terminated", {}, ": terminated", "WorkflowTerminated", "FINISHED"),
        ("Canceled", {"details": "d"}, ": cancelled", "WorkflowCanceled", "CANCELLED"),
    ],
)
def test_a_child_that_does_not_succeed_says_how_it_ended(how, body, words, kind, state):
    def run(w):
        child = w.submit(Child)
        try:
            child.result
        except WorkflowException as error:
            return [
                isinstance(error, TaskFailed),
                str(error),
                type(error).__name__,
                error.details,
                child.state,
                w.executor.open_children,
            ]

    assert result_of(run, ended(ONE, how, **body)) == [True, f"{ONE}{words}", kind, body.get("details"), state, 0]


def test_a_failed_child_is_raised_where_the_code_waits_unless_its_class_or_task_says_otherwise():
    def run(w):
        quiet = [w.submit(Quiet)]
        task = ChildWorkflowTask(Child)
        task.raises_on_failure = False
        quiet.append(w.submit(task))
        loud = w.submit(Child)
        try:
            w.timer(60).result
        except WorkflowException as error:
            return [error is loud.exception, *(one.result for one in quiet)]

    third = f"{ONE[:-1]}3"
    assert result_of(run, *(ended(one, "Failed", reason="E") for one in (ONE, TWO, third))) == [True, None, None]
    assert failure_of(lambda w: w.submit(Child).result, ended(ONE, "Failed", reason="E: no")) == (
        f'Workflow execution error in {ONE}: "E: no"'
    )


@pytest.mark.parametrize(("how", "body"), [("Failed", {"reason": "E"}), ("TimedOut", {"timeoutType": "START_TO_CLOSE"})])
def test_a_child_that_failed_or_timed_out_is_retried_as_another_execution(how, body):
    def run(w):
        child = w.submit(Retried, 1)
        return [child.result, child.id, child.workflow_id, child.run_id]

    steps = ended(ONE, how, **body), ended(f"{ONE}.2", result="7")
    assert decided(run, *steps)[1] == starts(f"{ONE}.2")
    assert result_of(run, *steps) == [7, ONE, f"{ONE}.2", f"run of {ONE}.2"]


@pytest.mark.parametrize("how", ["Terminated", "Canceled"])
def test_a_child_that_somebody_ended_is_not_retried(how):
    def run(w):
        return type(w.submit(type("R", (Retried, Quiet), {})).exception).__name__

    assert result_of(run, ended(ONE, how)) == f"Workflow{how}"


def test_a_retry_of_a_child_waits_as_its_policy_says_and_can_be_cancelled_meanwhile():
    def run(w):
        child = w.submit(Patient)
        w.submit(load).result
        child.cancel()
        return [child.state, type(child.exception).__name__, w.executor.open_children]

    steps = ended(ONE, "Failed", reason="E"), completes("load-1")
    assert decided(run, *steps)[1:] == [
        [f"StartTimer _retry-{ONE}-1"],
        [f"CancelTimer _retry-{ONE}-1", "CompleteWorkflowExecution"],
    ]
    assert result_of(run, *steps) == ["CANCELLED", "WorkflowCanceled", 0]
