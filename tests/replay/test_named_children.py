"""Child executions whose ids are named by their classes or made of their arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simpleflow_nb import Workflow, futures
from simpleflow_nb.exceptions import DefinitionError, WorkflowException
from simpleflow_nb.local.decisions import attributes_of

from .children import (
    ONE,
    TWO,
    Child,
    Named,
    Once,
    Patient,
    Quiet,
    ended,
    starts,
)
from .decision_checker import DecisionChecker
from .scenarios import clean, load, workflow
from .steps import completes, decided, result_of


def test_equal_calls_of_an_idempotent_child_are_one_child():
    def run(w):
        one, other, third = w.submit(Once, 1), w.submit(Once, 1), w.submit(Once, 2)
        results = futures.wait(one, other, third)
        late = w.submit(Once, 1)
        return [one.id == other.id == late.id, one.id != third.id, *results, late.result, late.run_id, other.run_id]

    with DecisionChecker(workflow(run)) as checker:
        first, second = (attributes_of(one)["workflowId"] for one in checker.decide()[1:])
        checker.complete_child(first, "one")
        checker.decide()
        checker.complete_child(second, "two")
        result = json.loads(attributes_of(checker.decide()[-1])["result"])
        assert result == [True, True, "one", "one", "two", "one", f"run of {first}", f"run of {first}"]


def test_an_idempotent_child_with_pending_arguments_joins_the_one_that_they_turn_out_to_mean():
    def run(w):
        ready, held = w.submit(Once, 1), w.submit(Once, w.submit(load))
        return [*futures.wait(ready, held), ready.workflow_id == held.workflow_id]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", 1)
        assert checker.decide() == []
        checker.complete_child(next(iter(checker.children)), 7)
        assert attributes_of(checker.decide()[-1])["result"] == "[7,7,true]"


def test_a_failure_of_an_idempotent_child_is_that_of_each_call():
    def run(w):
        one, other = w.submit(type("O", (Once, Quiet), {}), 1), w.submit(type("O", (Once, Quiet), {}), 1)
        return [str(one.exception), one.exception is other.exception, w.submit(type("O", (Once, Quiet), {}), 1).state]

    with DecisionChecker(workflow(run)) as checker:
        (child,) = (attributes_of(one)["workflowId"] for one in checker.decide()[1:])
        checker.end_child(child, "Failed", reason="E: no")
        assert json.loads(attributes_of(checker.decide()[-1])["result"]) == [f"{child}: E: no", True, "FINISHED"]


def test_a_class_may_name_its_children():
    def run(w):
        return [w.submit(Named, w.submit(load)).result, w.submit(Named, "b").workflow_id]

    assert decided(run, completes("load-1", "a"))[1] == starts("named a")
    assert result_of(run, completes("load-1", "a"), ended("named a", result="1")) == [1, "named b"]


def named(name: Any) -> type[Workflow]:
    return type("Misnamed", (Child,), {"get_workflow_id": lambda cls, *args: name, "raises_on_failure": False})


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("name", ["x" * 257, 7, "a:b", "a/b", "a|b", "a\nb", "a\x9fb", "arn", " a", "a ", "\u2003a"])
def test_a_name_that_no_execution_can_have_is_refused_before_the_service_refuses_the_whole_decision(name, pending):
    def run(w):
        try:
            error = w.submit(named(name), w.submit(load) if pending else 1).exception
        except DefinitionError as refusal:
            error = refusal
        return str(error)

    said = result_of(run, *([completes("load-1")] if pending else []))
    assert said.endswith(
        f"tests.replay.test_named_children.Misnamed.get_workflow_id() is {name!r:.80}; it has to be "
        "1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"
    )


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("name", [None, ""])
def test_a_child_that_its_class_does_not_name_has_an_id_of_the_run(name, pending):
    class Sometimes(Child):
        @classmethod
        def get_workflow_id(cls, workflow, day):
            return name if day == "any" else f"on {day}"

    class Idempotent(Sometimes):
        idempotent = True

    def run(w):
        day = w.submit(load) if pending else "any"
        twice = [w.submit(Sometimes, one) for one in (day, "monday", day)]
        once = [w.submit(Idempotent, day) for _ in range(2)]
        return [child.result for child in (*twice, *once)]

    *_, asked = decided(run, *([completes("load-1", "any")] if pending else []))
    ids = [one.removeprefix("StartChildWorkflowExecution ") for one in asked if one.startswith("StartChild")]
    [digest] = {one for one in ids if len(one) > len(ONE)}
    assert sorted(ids) == sorted([ONE, TWO, digest, *([] if pending else ["on monday"])])


@pytest.mark.parametrize("pending", [False, True])
def test_a_method_of_the_class_that_raises_is_the_failure_of_the_child(pending):
    class Broken(Quiet):
        @classmethod
        def get_workflow_id(cls, *args):
            raise KeyError("oops")

    def run(w):
        try:
            error = w.submit(Broken, w.submit(load) if pending else 1).exception
            assert isinstance(error, WorkflowException)
        except DefinitionError as refusal:
            error = refusal
        return [str(error), w.submit(clean).result]

    steps = [completes("load-1")] if pending else []
    said, _ = result_of(run, *steps, completes("clean-1"))
    assert said.endswith(f"{Broken.class_path()}.get_workflow_id() raised KeyError: 'oops'")


def test_a_named_child_that_is_retried_has_an_id_that_the_service_takes():
    class Long(Patient):
        get_workflow_id = classmethod(lambda cls, *args: "x" * 256)

    def run(w):
        return w.submit(Long).result

    with DecisionChecker(workflow(run)) as checker:
        (decision,) = checker.decide()[1:]
        assert attributes_of(decision)["workflowId"] == "x" * 256
        checker.end_child("x" * 256, "Failed", reason="E")
        (retry,) = checker.decide()
        timer_id = attributes_of(retry)["timerId"]
        checker.fire(timer_id)
        (again,) = checker.decide()
        second = attributes_of(again)["workflowId"]
        assert (len(timer_id) <= 256, len(second) <= 256, second != "x" * 256) == (True, True, True)
        checker.complete_child(second, 7)
        assert attributes_of(checker.decide()[-1])["result"] == "7"


def test_equal_calls_of_an_idempotent_child_know_its_run_as_soon_as_it_has_started():
    def run(w):
        calls = [w.submit(Once, 1), w.submit(Once, 1)]
        w.submit(load).result
        return [[call.workflow_id, call.run_id] for call in calls]

    def begins(checker):
        [workflow_id] = checker.children
        checker.start_child(workflow_id)
        checker.complete("activity-load-1")

    first, second = result_of(run, begins)
    assert first == second
    assert first[1] == f"run of {first[0]}"
