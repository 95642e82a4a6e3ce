"""Child executions that the service refuses, or that wait for their turn."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simpleflow_nb import futures
from simpleflow_nb.constants import MAX_OPEN_CHILD_COUNT
from simpleflow_nb.exceptions import WorkflowException
from simpleflow_nb.local.decisions import attributes_of

from .children import (
    ONE,
    TWO,
    Child,
    Named,
    Quiet,
    ended,
    quota,
    refused,
    starts,
)
from .decision_checker import DecisionChecker
from .scenarios import load, shorts, workflow
from .steps import decided, fires, nothing, result_of


@pytest.mark.parametrize(
    "cause",
    [
        *("WORKFLOW_TYPE_DOES_NOT_EXIST", "WORKFLOW_TYPE_DEPRECATED", "OPERATION_NOT_PERMITTED"),
        *("DEFAULT_CHILD_POLICY_UNDEFINED", "DEFAULT_TASK_LIST_UNDEFINED"),
        *("DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED", "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
    ],
)
def test_a_child_that_the_service_refuses_has_failed_for_its_cause(cause):
    def run(w):
        child = w.submit(Quiet)
        return [str(child.exception), child.result, child.run_id, w.executor.open_children]

    refuse = {"StartChildWorkflowExecution": lambda a: cause}
    assert result_of(run, lambda checker: None, refuse_others=refuse) == [f"{ONE}: {cause}", None, None, 0]


def test_a_child_whose_id_is_taken_has_failed_after_it_was_initiated():
    def run(w):
        try:
            w.submit(Named, "a").result
        except WorkflowException as error:
            return [type(error).__name__, str(error), w.executor.open_children]

    assert result_of(run, refused("named a", "WORKFLOW_ALREADY_RUNNING")) == (
        ["WorkflowFailed", "named a: WORKFLOW_ALREADY_RUNNING", 0]
    )


def test_a_child_that_a_quota_refuses_is_started_after_the_backoff_timer():
    def run(w):
        return w.submit(Child).result

    steps = (lambda checker: None), fires("_backoff-1"), ended(ONE, result="1")
    options: dict[str, Any] = {"refuse_others": quota("OPEN_CHILDREN_LIMIT_EXCEEDED", 1)}
    assert decided(run, *steps, **options) == [
        starts(ONE),
        ["StartTimer _backoff-1"],
        starts(ONE),
        ["CompleteWorkflowExecution"],
    ]


def test_a_child_that_is_cancelled_while_its_start_was_under_way_and_refused_has_not_been_started():
    def run(w):
        child = w.submit(Child)
        child.cancel()
        return [child.state if child.exception else "", type(child.exception).__name__]

    steps = [lambda checker: None]
    options: dict[str, Any] = {"refuse_others": quota("OPEN_CHILDREN_LIMIT_EXCEEDED", 1)}
    assert result_of(run, *steps, **options) == ["CANCELLED", "WorkflowCanceled"]


def test_children_refused_for_their_rate_are_started_in_portions_each_after_a_pause():
    def run(w):
        w.map(Child, range(90))
        w.timer(3600).result

    with DecisionChecker(workflow(run), refuse_others=quota("CHILD_CREATION_RATE_EXCEEDED", 60)) as checker:
        assert shorts(checker.decide())[:90] == starts(*(f"{ONE[:-1]}{n}" for n in range(1, 91)))
        assert shorts(checker.decide()) == ["StartTimer _pace-1"]
        portions = []
        for n in range(1, 4):
            checker.fire(f"_pace-{n}")
            checker.evict()
            decisions = shorts(checker.decide())
            pauses = [one for one in decisions if "_pace" in one]
            assert pauses == ([f"StartTimer _pace-{n + 1}"] if n < 3 else [])
            portions.append(len(decisions) - len(pauses))
        assert portions == [24, 24, 12]
        assert len(checker.children) == 90


def test_the_pause_doubles_while_the_service_refuses_all_the_same():
    def run(w):
        w.submit(Child)
        w.timer(3600).result

    with DecisionChecker(workflow(run), refuse_others=quota("CHILD_CREATION_RATE_EXCEEDED", 4)) as checker:
        checker.decide()
        waits = []
        for n in range(1, 5):
            (timer,) = checker.decide()
            waits.append(int(attributes_of(timer)["startToFireTimeout"]))
            assert attributes_of(timer)["timerId"] == f"_pace-{n}"
            checker.fire(f"_pace-{n}")
            assert shorts(checker.decide()) == starts(ONE)
        assert waits == [2, 4, 8, 16]
        assert checker.cached.is_paced is False


def test_a_child_that_waits_for_its_turn_is_cancelled_at_once_and_never_started():
    def run(w):
        children = w.map(Child, range(3))
        w.submit(load).result
        children[1].cancel()
        return [children[1].state, type(children[1].exception).__name__, futures.wait(*children)]

    with DecisionChecker(workflow(run), refuse_others=quota("CHILD_CREATION_RATE_EXCEEDED", 3)) as checker:
        checker.decide()
        assert shorts(checker.decide()) == ["StartTimer _pace-1"]
        checker.complete("activity-load-1")
        assert checker.decide() == []
        checker.fire("_pace-1")
        assert shorts(checker.decide()) == starts(ONE, f"{ONE[:-1]}3")
        checker.complete_child(ONE, 1)
        checker.complete_child(f"{ONE[:-1]}3", 3)
        assert json.loads(attributes_of(checker.decide()[-1])["result"]) == ["CANCELLED", "WorkflowCanceled", [1, None, 3]]


def test_no_more_children_are_open_than_the_service_allows():
    def run(w):
        w.map(Child, range(MAX_OPEN_CHILD_COUNT + 2))
        w.timer(3600).result

    with DecisionChecker(workflow(run)) as checker:
        while not checker.run.timers or any(name.startswith("_wake") for name in checker.run.timers):
            checker.start_decision()
            checker.respond(checker.cached.advance(checker.run.events) if checker.cached else checker.decisions())
            for name in [one for one in checker.run.timers if one.startswith("_wake")]:
                checker.fire(name)
        assert len(checker.children) == MAX_OPEN_CHILD_COUNT
        checker.complete_child(ONE)
        assert shorts(checker.decide()) == starts(f"{ONE[:-1]}{MAX_OPEN_CHILD_COUNT + 1}")
        checker.refuse_child(TWO, "WORKFLOW_ALREADY_RUNNING")
        last = starts(f"{ONE[:-1]}{MAX_OPEN_CHILD_COUNT + 2}")
        assert shorts(checker.decide()) == [*last, "FailWorkflowExecution"], "the second one leaves its place to the last"


def test_children_whose_pause_is_refused_go_on_without_it():
    def run(w):
        return w.submit(Child).result

    both = {**quota("CHILD_CREATION_RATE_EXCEEDED", 1), "StartTimer": lambda a: "OPEN_TIMERS_LIMIT_EXCEEDED"}
    found = decided(run, nothing, nothing, refuse_others=both)
    assert found == [starts(ONE), ["StartTimer _pace-1"], starts(ONE)]
