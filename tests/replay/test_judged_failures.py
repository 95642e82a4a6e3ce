"""Decisions of ``on_task_failure`` about failed attempts, and tasks that end as others do."""

from __future__ import annotations

from typing import Any

import pytest

from simpleflow_nb import Workflow, payload
from simpleflow_nb.canvas import ActivityTask, Group
from simpleflow_nb.exceptions import AggregateException, PayloadError, TaskFailed
from simpleflow_nb.task import ChildWorkflowTask

from .decision_checker import DecisionChecker
from .scenarios import clean, declared, join, load, shorts, strict, workflow
from .steps import completes, decided, fails, failure_of, fires, result_of, together

once = declared("once", idempotent=True, raises_on_failure=True)


class Child(Workflow):
    name, version, task_list = "child", "1", "children"

    def run(self, *args: Any) -> None:
        raise AssertionError("it is never run here")


def judging(decide, run):
    """A workflow whose hook decides so about each failure of a task of ``strict``."""

    def judge(self, context):
        return decide(self, context) if context.task_name == "strict" else None

    return workflow(run, on_task_failure=judge)


def one_strict(w):
    return w.submit(strict, 1).result


# ---- retries ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wait", "decision"),
    [
        (0, "ScheduleActivityTask strict-1.2"),
        (None, "ScheduleActivityTask strict-1.2"),
        (0.5, "StartTimer _retry-activity-strict-1-1"),
        (7, "StartTimer _retry-activity-strict-1-1"),
    ],
)
def test_a_retry_waits_as_long_as_it_says_rounded_up_to_whole_seconds(wait, decision):
    assert decided(judging(lambda w, context: context.decide_retry(wait), one_strict), fails("strict-1"))[1] == [decision]


@pytest.mark.parametrize("wait", [-5, 10**9])
def test_a_retry_that_no_timer_can_wait_for_fails_the_run_instead_of_parking_it(wait):
    cls = judging(lambda w, context: context.decide_retry(wait), one_strict)
    assert failure_of(cls, fails("strict-1")) == f"DefinitionError: a timer of {wait} seconds: it takes 0 to 99999999"


def given(*args, **kwargs):
    """Decides for a retry with these arguments, made of the workflow."""

    def decide(w, context):
        context.a_task.args = tuple(one(w) for one in args)
        context.a_task.kwargs = {name: one(w) for name, one in kwargs.items()}
        return context.decide_retry()

    return decide


def with_others(w):
    w.ended, w.open, w.failed = w.submit(clean), w.submit(load), w.submit(join)
    w.ended.result
    return w.submit(strict, 1).result


def retried_with(*args, **kwargs):
    return judging(given(*args, **kwargs), with_others), completes("clean-1", 7), together(fails("join-1"), fails("strict-1"))


def test_a_retry_takes_results_that_are_there_and_reads_iterators_once():
    cls, *steps = retried_with(lambda w: w.ended, lambda w: map(int, "12"), by=lambda w: {"n": [w.ended]})
    with DecisionChecker(cls) as checker:
        checker.decide()
        for step in steps:
            step(checker)
            decisions = checker.decide()
        assert shorts(decisions) == ["ScheduleActivityTask strict-1.2"]
        text = decisions[0]["scheduleActivityTaskDecisionAttributes"]["input"]
        assert payload.decode(text) == {"args": [7, [1, 2]], "kwargs": {"by": {"n": [7]}}}


@pytest.mark.parametrize("name", ["open", "failed"])
def test_a_retry_with_a_result_that_is_not_there_fails_the_run_and_does_not_get_none(name):
    cls, *steps = retried_with(lambda w: [getattr(w, name)])
    task = {"open": "load", "failed": "join"}[name]
    assert failure_of(cls, *steps) == (
        f"DefinitionError: on_task_failure() gives the retry of activity-strict-1 the result of activity-{task}-1, "
        "which has none; give it values, or tasks that have succeeded"
    )


def test_a_retry_with_a_value_that_has_no_json_form_fails_the_run():
    cls, *steps = retried_with(lambda w: object)
    assert failure_of(cls, *steps).startswith("TypeError: an argument of strict: builtins.type is not a JSON value")


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (ActivityTask(clean, 1), "ActivityTask(clean)"),
        (ChildWorkflowTask(Child), "ChildWorkflowTask(workflow-child)"),
        (3, "3"),
    ],
)
def test_a_task_of_something_else_does_not_take_the_place_of_a_failed_one(other, what):
    cls = judging(lambda w, context: context.decide_handled(other), one_strict)
    assert failure_of(cls, fails("strict-1")) == (
        f"DefinitionError: on_task_failure() has decided for {what}, not for a task of strict; "
        "another activity is submitted by run()"
    )


def test_arguments_that_a_hook_gives_to_a_retry_may_change_as_those_of_a_call_may():
    def calls(first, second):
        return judging(given(lambda w: second), lambda w: w.submit(strict, first).wait())

    with DecisionChecker(calls(1, 2)) as checker:
        checker.decide()
        checker.fail("activity-strict-1")
        checker.decide()
        checker.complete("activity-strict-1.2")
        checker.deploy(calls(3, 1))
        assert shorts(checker.decide()) == ["CompleteWorkflowExecution"]


# ---- ends of others --------------------------------------------------------------------------------------------------------


def ended_by(made):
    """A run whose failed task ends as what ``made`` submits."""

    def run(w):
        w.other = made(w)
        future = w.submit(ActivityTask(strict, 1))
        w.other.wait()
        return [future.result, future.exception and type(future.exception).__name__]

    return judging(lambda w, context: context.decide_handled(context.a_task, w.other), run)


def ends_of(cls, *steps):
    """The decisions of each decision task; a failed attempt has no result of its own, so ends are not checked by history."""
    with DecisionChecker(cls) as checker:
        checker.decide()
        found = []
        for step in steps:
            step(checker)
            found.append(checker.decide())
        return found


def pair(w):
    return w.submit(Group((load, 1), (clean, 2)))


def result_in(decisions):
    return payload.decode(decisions[-1]["completeWorkflowExecutionDecisionAttributes"]["result"])


BOTH = together(completes("load-1", 1), completes("clean-1", 2))
ONE = together(completes("load-1", 1), fails("clean-1"))


@pytest.mark.parametrize("steps", [(BOTH, fails("strict-1")), (fails("strict-1"), BOTH)])
def test_a_task_that_ends_as_a_group_has_the_results_of_the_group(steps):
    assert result_in(ends_of(ended_by(pair), *steps)[-1]) == [[1, 2], None]


@pytest.mark.parametrize("steps", [(ONE, fails("strict-1")), (fails("strict-1"), ONE)])
def test_a_task_that_ends_as_a_group_tells_of_its_failures(steps):
    assert result_in(ends_of(ended_by(pair), *steps)[-1]) == [[1, None], AggregateException.__name__]


def test_a_task_that_ends_as_a_group_whose_results_cannot_be_read_parks_the_run():
    def away(digest):
        raise PayloadError("the store is away")

    with DecisionChecker(ended_by(pair), load=away) as checker:
        checker.decide()
        checker.fail("activity-strict-1")
        checker.decide()
        checker.complete("activity-clean-1", 2)
        checker.end("activity-load-1", "Completed", result=payload.reference("1"))
        checker.start_decision()
        with pytest.raises(PayloadError, match="the store is away"):
            checker.new().advance(checker.run.events)


def test_a_task_that_is_to_end_as_another_is_cancelled_at_once():
    def run(w):
        w.other = w.submit(load)
        future = w.submit(strict)
        w.timer(5).result
        future.cancel()
        return [future.state, w.submit(clean).result]

    cls = judging(lambda w, context: context.decide_handled(context.a_task, w.other), run)
    found = ends_of(cls, fails("strict-1"), fires("timer-1"), completes("load-1"), completes("clean-1", 3))
    assert shorts(found[1]) == ["ScheduleActivityTask clean-1"]
    assert result_in(found[-1]) == ["CANCELLED", 3]


def lenient(activity, *args):
    task = ActivityTask(activity, *args)
    task.raises_on_failure = False
    return task


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("raising", [0, 1])
def test_of_equal_calls_of_an_idempotent_activity_each_failure_is_raised_that_is_to_be_and_the_same_once(raising, is_late):
    def run(w):
        calls = [lenient(once, 1), ActivityTask(once, 1)]
        if not raising:
            calls.reverse()
        w.submit(calls[0])
        if is_late:
            w.timer(5).wait()
        w.submit(calls[1])
        return w.submit(load).wait()

    def ends(checker):
        [id] = [id for id in checker.run.open_ids if "once" in id]
        checker.fail(id)

    steps = [together(ends, fires("timer-1")) if is_late and raising else ends]
    assert failure_of(run, *steps).endswith(': "ValueError: no"')


def test_equal_calls_of_an_idempotent_activity_that_all_raise_raise_once():
    def run(w):
        first, second = w.submit(once, 1), w.submit(once, 1)
        caught = []
        for _ in range(2):
            try:
                w.submit(load).wait()
            except Exception as error:
                caught.append(str(error).partition(": ")[2])
        return [caught, first.finished, second.finished]

    def ends(checker):
        [id] = [id for id in checker.run.open_ids if "once" in id]
        checker.fail(id)

    assert result_of(run, ends, completes("load-2")) == [["ValueError: no"], True, True]


# ---- what the hook is told -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "body", "told"),
    [
        ("Failed", {"reason": "ValueError: no"}, ["failed", None, "ValueError: no"]),
        ("TimedOut", {"timeoutType": "START_TO_CLOSE"}, ["timed_out", "START_TO_CLOSE", "timeout START_TO_CLOSE"]),
    ],
)
def test_the_hook_is_told_how_an_attempt_has_ended(how, body, told):
    seen = []

    def judge(self, context):
        seen.append([context.event["state"], context.event.get("timeout_type"), context.reason])

    cls = workflow(one_strict, on_task_failure=judge)
    decided(cls, lambda checker: checker.end("activity-strict-1", how, **body))
    assert seen
    assert all(one == told for one in seen)


def test_a_child_that_is_retried_with_other_arguments_has_the_settings_that_they_give():
    class Sorted(Child):
        @classmethod
        def get_task_list(cls, workflow, size):
            return f"for {size}"

    def judge(self, context):
        context.a_task.args = ("large",)
        return context.decide_retry()

    def run(w):
        return w.submit(Sorted, "small").result

    lists = []
    with DecisionChecker(workflow(run, on_task_failure=judge)) as checker:
        for _ in range(2):
            started = checker.decide()[-1]["startChildWorkflowExecutionDecisionAttributes"]
            lists.append([started["taskList"]["name"], payload.decode(started["input"])["args"]])
            checker.end_child(started["workflowId"], "Failed", reason="ValueError: no")
    assert lists == [["for small", ["small"]], ["for large", ["large"]]]


@pytest.mark.parametrize("name", ["activity", "workflow", "workflow_task_list", "executor"])
def test_a_failed_task_may_have_an_argument_of_any_name(name):
    def run(w):
        found = []
        for call in (w.submit(strict, **{name: 1}), w.submit(Child, **{name: 1})):
            try:
                call.result
            except TaskFailed as error:
                found.append([type(error.task).__name__, error.task.kwargs])
        return found

    def ends(checker):
        checker.fail("activity-strict-1")
        [child] = checker.children
        checker.end_child(child, "Failed", reason="ValueError: no")

    assert result_of(run, ends) == [["ActivityTask", {name: 1}], ["ChildWorkflowTask", {name: 1}]]
