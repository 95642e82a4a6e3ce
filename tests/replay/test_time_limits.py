"""Time limits: blocks of a workflow's code that end when a time has passed while they wait."""

from __future__ import annotations

import builtins
from datetime import timedelta

import pytest

from simpleflow_nb import Workflow, futures
from simpleflow_nb.canvas import Group
from simpleflow_nb.exceptions import DefinitionError, TaskFailed, TimeLimitExceeded

from .scenarios import clean, join, load, plot, strict
from .steps import asked_to_cancel, completes, decided, end_of, fails, failure_of, fires, nothing, result_of, signaled, together


def test_a_block_that_waits_too_long_ends_with_pythons_timeout_error_and_what_it_waited_for_is_cancelled():
    def run(w):
        with pytest.raises(builtins.TimeoutError) as caught, w.timeout(60) as limit:
            w.submit(load).result
        return [str(caught.value), type(caught.value).__name__, limit.expired, w.submit(clean).result]

    assert decided(run, fires("timer-1")) == [
        ["StartTimer timer-1", "ScheduleActivityTask load-1"],
        ["RequestCancelActivityTask load-1", "ScheduleActivityTask clean-1"],
    ]
    assert result_of(run, fires("timer-1"), completes("clean-1", 2)) == ["60 s have passed", "TimeLimitExceeded", True, 2]


def test_a_block_that_ends_in_time_takes_its_timer_back():
    async def run(w):
        async with w.timeout(timedelta(minutes=1)) as limit:
            await w.submit(load)
        await w.submit(clean)
        return limit.expired

    assert decided(run, completes("load-1"))[1] == ["CancelTimer timer-1", "ScheduleActivityTask clean-1"]
    assert result_of(run, completes("load-1"), completes("clean-1")) is False


@pytest.mark.parametrize("order", [1, -1])
def test_a_result_that_comes_with_the_timer_is_the_result_whichever_was_first(order):
    def run(w):
        with w.timeout(60) as limit:
            found = w.submit(load).result
        return [found, limit.expired]

    assert result_of(run, together(*(completes("load-1", 1), fires("timer-1"))[::order])) == [1, False]


def test_a_limit_that_has_passed_while_a_result_came_ends_the_block_at_its_next_wait():
    def run(w):
        try:
            with w.timeout(60):
                w.submit(load).result
                w.submit(clean).result
        except TimeLimitExceeded:
            return "stopped"

    assert decided(run, together(fires("timer-1"), completes("load-1", 1)))[1] == [
        "ScheduleActivityTask clean-1",
        "RequestCancelActivityTask clean-1",
        "CompleteWorkflowExecution",
    ]


def test_a_limit_is_not_taken_for_the_failure_of_a_task():
    """Code that goes on when a task has failed is common; it must not swallow the limit around it."""

    def run(w):
        try:
            with w.timeout(60):
                try:
                    w.submit(load).result
                except Exception:
                    w.submit(clean).result
        except TimeLimitExceeded:
            return "stopped"

    assert decided(run, fires("timer-1"))[1] == ["RequestCancelActivityTask load-1", "CompleteWorkflowExecution"]


def test_the_finally_of_a_block_may_still_wait():
    def run(w):
        try:
            with w.timeout(60):
                try:
                    w.submit(load).result
                finally:
                    w.submit(clean).result
        except builtins.TimeoutError:
            return "cleaned up"

    assert decided(run, fires("timer-1"))[1] == ["ScheduleActivityTask clean-1"]
    assert result_of(run, fires("timer-1"), completes("clean-1")) == "cleaned up"


def test_an_error_of_the_block_passes_and_the_timer_is_taken_back():
    def run(w):
        with w.timeout(60):
            w.submit(strict).result

    assert decided(run, fails("strict-1"))[1] == ["CancelTimer timer-1", "FailWorkflowExecution"]


def two_limits(inner, outer):
    def run(w):
        seen = []
        try:
            with w.timeout(outer) as wide:
                try:
                    with w.timeout(inner) as narrow:
                        w.submit(load).result
                except builtins.TimeoutError as error:
                    seen.append(f"inner: {error}")
                    w.submit(clean).result
        except builtins.TimeoutError as error:
            seen.append(f"outer: {error}")
        return [*seen, narrow.expired, wide.expired]

    return run


def test_the_inner_of_two_limits_leaves_the_outer_running():
    run = two_limits(5, 60)
    assert decided(run, fires("timer-2"))[1] == ["RequestCancelActivityTask load-1", "ScheduleActivityTask clean-1"]
    assert result_of(run, fires("timer-2"), completes("clean-1")) == ["inner: 5 s have passed", True, False]
    assert result_of(run, fires("timer-2"), fires("timer-1")) == (
        ["inner: 5 s have passed", "outer: 60 s have passed", True, True]
    )


def test_the_outer_of_two_limits_ends_both_blocks():
    run = two_limits(60, 5)
    assert decided(run, fires("timer-1"))[1] == [
        "CancelTimer timer-2",
        "RequestCancelActivityTask load-1",
        "CompleteWorkflowExecution",
    ]
    assert result_of(run, fires("timer-1")) == ["outer: 5 s have passed", False, True]


def test_two_limits_that_pass_together_end_their_blocks_in_the_order_of_history():
    run = two_limits(5, 5)
    assert result_of(run, together(fires("timer-1"), fires("timer-2"))) == ["outer: 5 s have passed", False, True]
    assert result_of(run, together(fires("timer-2"), fires("timer-1"))) == (
        ["inner: 5 s have passed", "outer: 5 s have passed", True, True]
    )


def test_a_limit_in_a_coroutine_ends_that_coroutine_alone():
    async def step(w, task, seconds):
        try:
            async with w.timeout(seconds):
                return await w.submit(task)
        except builtins.TimeoutError as error:
            return str(error)

    async def run(w):
        return await futures.gather(step(w, load, 5), step(w, clean, 60), w.submit(plot))

    assert decided(run, fires("timer-1"))[1] == ["RequestCancelActivityTask load-1"]
    steps = fires("timer-1"), together(completes("clean-1", 2), completes("plot-1", 3))
    assert result_of(run, *steps) == ["5 s have passed", 2, 3]


@pytest.mark.parametrize(
    ("wait", "cancelled"),
    [
        (lambda w: futures.gather(w.submit(load), w.submit(clean)).result, ["load-1", "clean-1"]),
        (lambda w: futures.wait(w.submit(load), w.submit(clean)), ["load-1", "clean-1"]),
        (lambda w: w.submit(Group((load,), (clean,))).result, ["load-1", "clean-1"]),
        (lambda w: futures.wait_any(w.submit(load), w.submit(clean)), []),
    ],
)
def test_what_a_block_was_waiting_for_is_cancelled_as_a_whole_but_not_what_it_chose_from(wait, cancelled):
    def run(w):
        try:
            with w.timeout(5):
                wait(w)
        except builtins.TimeoutError:
            w.submit(join).result

    assert decided(run, fires("timer-1"))[1] == (
        [f"RequestCancelActivityTask {task}" for task in cancelled] + ["ScheduleActivityTask join-1"]
    )


def test_a_wait_for_a_signal_is_given_up_and_the_signal_goes_to_the_next_that_asks():
    def run(w):
        try:
            with w.timeout(5):
                w.next_signal("go").result
        except builtins.TimeoutError:
            return w.next_signal("go").result

    assert result_of(run, fires("timer-1"), signaled("go", "late")) == "late"


def test_a_limit_that_is_over_does_not_reach_into_later_waits():
    def run(w):
        with w.timeout(5):
            w.submit(load).result
        return w.submit(clean).result

    assert result_of(run, together(completes("load-1"), fires("timer-1")), completes("clean-1", 2)) == 2


def test_a_limit_is_used_once():
    def run(w):
        limit = w.timeout(5)
        with limit:
            pass
        with limit:
            pass

    assert failure_of(run) == "DefinitionError: a time limit is used once; ask for another with self.timeout(...)"


def test_a_limit_needs_a_time_that_a_timer_can_take():
    def run(w):
        w.timeout(-1)

    assert failure_of(run) == "DefinitionError: a timer of -1 seconds: it takes 0 to 99999999"


def test_a_hook_cannot_have_a_limit():
    class Hooked(Workflow):
        name, task_list = "played", "decisions"

        def run(self):
            self.submit(load).result

        def should_cancel(self):
            with pytest.raises(DefinitionError) as caught, self.timeout(5):
                pass
            self.fail(str(caught.value))

    assert end_of(Hooked, asked_to_cancel)[1]["reason"] == "a time limit can only be used inside run()"


def test_a_decision_without_news_does_not_end_a_block():
    def run(w):
        with w.timeout(5):
            return w.submit(load).result

    assert result_of(run, nothing, nothing, completes("load-1", 1)) == 1


def test_a_failure_that_comes_with_the_limit_is_raised_first_and_the_block_ends_with_it():
    def run(w):
        try:
            with w.timeout(5) as limit:
                w.submit(strict).result
        except TaskFailed as error:
            return [type(error).__name__, str(error), limit.expired, w.submit(clean).result]

    steps = together(fires("timer-1"), fails("strict-1")), completes("clean-1", 1)
    assert result_of(run, *steps) == ["TaskFailed", "activity-strict-1: ValueError: no", False, 1]


def test_a_block_whose_timer_is_refused_ends_with_that_failure_and_does_not_go_on_without_a_limit():
    def run(w):
        try:
            with w.timeout(60) as limit:
                w.submit(load).result
        except TaskFailed as error:
            return [str(error), limit.expired, w.submit(clean).result]

    refused = {"StartTimer": lambda attributes: "OPEN_TIMERS_LIMIT_EXCEEDED"}
    assert decided(run, nothing, refuse_others=refused)[1] == [
        "RequestCancelActivityTask load-1",
        "ScheduleActivityTask clean-1",
    ]
    found = result_of(run, nothing, completes("clean-1", 2), refuse_others=refused)
    assert found == ["timer-1: OPEN_TIMERS_LIMIT_EXCEEDED", False, 2]
