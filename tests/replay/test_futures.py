"""What workflow code can do with futures, and what they hold."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from simpleflow_nb import Workflow, futures
from simpleflow_nb.exceptions import DependencyFailed, PayloadError, TaskFailed, TimeoutError
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.payload import reference

from .decision_checker import DecisionChecker, Limits, execution_of, reloaded
from .scenarios import clean, declared, join, last_event, load, plot, shorts, strict, workflow


def result_of(run, *steps):
    """What ``run`` returns after these things have happened, each followed by a decision."""
    with DecisionChecker(workflow(run)) as checker:
        decisions = checker.decide()
        for step in steps:
            step(checker)
            decisions = checker.decide()
        assert shorts(decisions)[-1] == "CompleteWorkflowExecution", decisions
        return json.loads(attributes_of(decisions[-1])["result"])


def ends(name, value=None):
    return lambda checker: checker.complete(f"activity-{name}", value)


def fails(name, reason="ValueError: no"):
    return lambda checker: checker.fail(f"activity-{name}", reason)


def test_the_states_of_a_future():
    def run(w):
        first = w.submit(load)
        held = w.submit(clean, first)
        dropped = w.submit(plot, first)
        dropped.cancel()
        states = [[f.state, f.pending, f.running, f.finished, f.cancelled, f.done] for f in (first, held, dropped)]
        first.result
        return [*states, [first.state, first.finished, first.done], held.state, repr(first)]

    assert result_of(run, ends("load-1")) == [
        ["PENDING", True, False, False, False, False],
        ["PENDING", True, False, False, False, False],
        ["CANCELLED", False, False, False, True, True],
        ["FINISHED", True, True],
        "PENDING",
        "<Future activity-load-1 FINISHED>",
    ]


def test_results_are_put_in_the_place_of_futures_anywhere_in_the_arguments():
    def run(w):
        first, second = w.submit(load), w.submit(clean)
        return w.submit(join, 0, [first, (second,)], by={"a": {"b": first}}).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", {"x": [1]})
        assert checker.decide() == []
        checker.complete("activity-clean-1", "two")
        (decision,) = checker.decide()
        assert json.loads(attributes_of(decision)["input"]) == {
            "args": [0, [{"x": [1]}, ["two"]]],
            "kwargs": {"by": {"a": {"b": {"x": [1]}}}},
        }


def test_a_task_whose_argument_failed_is_never_run():
    def run(w):
        dependent = w.submit(clean, [w.submit(load)])
        error = dependent.exception
        assert isinstance(error, DependencyFailed)
        return [str(error), error.dependency, dependent.state]

    assert result_of(run, fails("load-1")) == [
        "activity-clean-1: needs activity-load-1, which failed",
        "activity-load-1",
        "FINISHED",
    ]


def test_wait_gives_the_results_in_the_order_given_and_none_for_failures():
    def run(w):
        tasks = [w.submit(load), w.submit(clean), w.submit(plot)]
        return [futures.wait(*tasks), futures.wait(tasks), futures.wait(*reversed(tasks)), tasks[1].wait()]

    values = [1, None, 3]
    result = result_of(run, ends("plot-1", 3), fails("clean-1"), ends("load-1", 1))
    assert result == [values, values, values[::-1], None]


def test_waiting_for_nothing():
    def run(w):
        seen: list[Any] = [futures.wait(), list(futures.as_completed())]
        for wrong in ((), (1,)):
            try:
                futures.wait_any(*wrong)
            except (ValueError, TypeError) as error:
                seen.append(str(error))
        return seen

    assert result_of(run) == [
        [],
        [],
        "wait_any needs at least one future; without one it would never end",
        "1 is not a future; pass what submit() returned",
    ]


def test_as_completed_goes_on_as_they_end():
    def run(w):
        tasks = w.map(load, range(3))
        order = []
        for future in futures.as_completed(tasks):
            order.append(future.id)
            w.submit(w.record_marker("seen", len(order)))
        return order

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        seen = []
        for n in (2, 3, 1):
            checker.complete(f"activity-load-{n}")
            seen.append(shorts(checker.decide()))
        assert seen == [["RecordMarker seen"], ["RecordMarker seen"], ["RecordMarker seen", "CompleteWorkflowExecution"]]
        result = json.loads(last_event(checker, "WorkflowExecutionCompleted")["result"])
        assert result == ["activity-load-2", "activity-load-3", "activity-load-1"]


@pytest.mark.parametrize(
    ("timeout_type", "seconds"), [("START_TO_CLOSE", 7), ("SCHEDULE_TO_START", 5), ("SCHEDULE_TO_CLOSE", None)]
)
def test_a_timeout_says_which_and_after_how_many_seconds(timeout_type, seconds):
    timed = declared("load", start_to_close_timeout=6.5, schedule_to_start_timeout=5)

    def run(w):
        error = w.submit(timed).exception
        assert isinstance(error, TimeoutError)
        return [str(error), error.timeout_type, error.timeout_value]

    def times_out(checker):
        checker.end("activity-load-1", "TimedOut", timeoutType=timeout_type)

    assert result_of(run, times_out) == [f"activity-load-1: timeout {timeout_type}", timeout_type, seconds]


def test_a_try_around_submit_alone_does_not_catch_the_failure():
    def run(w):
        try:
            task = w.submit(strict)
        except TaskFailed:
            return "caught at submit"
        try:
            return task.result
        except TaskFailed as error:
            return f"{type(error).__name__} {error.error_type}"

    assert result_of(run, fails("strict-1")) == "TaskFailed ValueError"


def test_code_may_wait_anywhere():
    """In a helper, a comprehension, a generator, a recursion and a ``with``."""

    class Scope:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    def run(w):
        def deep(n):
            return w.submit(load, n).result if n == 0 else deep(n - 1)

        def generator():
            for n in range(2):
                yield w.submit(clean, n).result

        with Scope():
            first = deep(30)
        return [first, *generator(), *[w.submit(plot, n).result for n in range(2)]]

    result = result_of(run, ends("load-1", 0), ends("clean-1", 1), ends("clean-2", 2), ends("plot-1", 3), ends("plot-2", 4))
    assert result == [0, 1, 2, 3, 4]


def test_run_may_be_a_coroutine():
    async def run(w):
        first = await w.submit(load)
        return [first, await w.submit(clean, first)]

    assert result_of(run, ends("load-1", 1), ends("clean-1", 2)) == [1, 2]


def test_a_coroutine_that_awaits_something_else_is_told_what_to_use():
    async def run(w):
        class Foreign:
            def __await__(self):
                yield

        await Foreign()

    async def lets_others_run(w):
        await asyncio.sleep(0)

    async def sleeps(w):
        await asyncio.sleep(1)

    sleep = "asyncio.sleep does not work in a workflow; use self.timer(seconds)"
    other = (
        "async run() may only await what submit() returned, futures.gather(...) and coroutines of its own; asyncio and other "
        "event loops do not work in a workflow"
    )
    for code, message in ((run, other), (lets_others_run, sleep), (sleeps, sleep)):
        with DecisionChecker(workflow(code)) as checker:
            assert attributes_of(checker.decide()[-1])["reason"] == f"DefinitionError: {message}"


def test_what_run_returns_may_hold_futures():
    def run(w):
        return {"tasks": [w.submit(load), (w.submit(clean),)]}

    assert result_of(run, ends("clean-1", 2), ends("load-1", 1)) == {"tasks": [1, [2]]}


def test_a_result_that_cannot_be_read_is_not_the_codes_failure():
    """It is kept outside the history, and the store does not have it: the run is parked, not failed."""

    def run(w):
        try:
            return w.submit(load).result
        except Exception:
            return "the code saw it"

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.end("activity-load-1", "Completed", result=reference("x" * 40_000))
        checker.start_decision()
        execution = checker.new()
        with pytest.raises(PayloadError):
            execution.advance(reloaded(checker.run.events))
        assert execution.finished is None


def test_a_result_kept_outside_the_history_is_read_when_it_is_asked_for():
    def run(w):
        first, second = w.submit(load), w.submit(clean)
        futures.wait_any(first, second)
        first.exception
        return first.result

    text = json.dumps("x" * 40_000)
    asked = []

    def read(digest):
        asked.append(digest)
        return text

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.end("activity-load-1", "Completed", result=reference(text))
        checker.end("activity-clean-1", "Completed", result=reference("never asked for"))
        checker.start_decision()
        execution = execution_of(checker.workflow_class, Limits(), load=read)
        decisions = execution.advance(reloaded(checker.run.events))
        assert attributes_of(decisions[-1])["result"] == text
        assert len(asked) == 1


def test_a_submitted_thing_that_cannot_be_submitted_is_explained():
    def plain():
        pass

    def run(w):
        seen = []
        for wrong in (plain, 3, w.cancel_timer("never"), Workflow):
            try:
                w.submit(wrong)
            except Exception as error:
                seen.append(str(error))
        return seen

    messages = result_of(run)
    assert messages[0].endswith("plain is not an activity; decorate it with @activity.with_attributes(...)")
    assert messages[1:] == [
        "3 cannot be submitted; pass an activity, a workflow class, a task or a group",
        "timer 'never' was never started",
        "Workflow has no run(); write it",
    ]
