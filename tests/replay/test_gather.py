"""``gather``: coroutines side by side, their failures and their cancellation."""

from __future__ import annotations

import pytest

from simpleflow_nb import futures
from simpleflow_nb.exceptions import DependencyFailed, TaskCanceled, TaskFailed

from .scenarios import clean, join, load, plot, strict
from .steps import completes, decided, fails, failure_of, fires, result_of, together


def test_coroutines_run_side_by_side_and_their_results_come_in_the_order_given():
    async def step(w, task, then):
        return await w.submit(then, await w.submit(task))

    async def run(w):
        return await futures.gather(step(w, load, join), step(w, clean, plot))

    assert decided(run, completes("clean-1", 2), together(completes("load-1", 1), completes("plot-1", "p"))) == [
        ["ScheduleActivityTask load-1", "ScheduleActivityTask clean-1"],
        ["ScheduleActivityTask plot-1"],
        ["ScheduleActivityTask join-1"],
    ]
    steps = completes("clean-1", 2), completes("load-1", 1), completes("plot-1", "p"), completes("join-1", "j")
    assert result_of(run, *steps) == ["j", "p"]


def test_what_is_gathered_may_be_futures_coroutines_and_functions():
    async def two(w):
        return await w.submit(load), await w.submit(clean)

    async def run(w):
        return await futures.gather(w.timer(5), two(w), lambda: w.submit(plot).result, w.submit(join))

    steps = fires("timer-1"), together(completes("load-1", 1), completes("plot-1", 3)), completes("clean-1", 2)
    assert result_of(run, *steps, completes("join-1", 4)) == [None, [1, 2], 3, 4]


def test_a_gather_of_nothing_is_ready_at_once():
    async def run(w):
        return [await futures.gather(), futures.gather().done]

    assert result_of(run) == [[], True]


def test_the_first_failure_in_the_order_of_history_is_that_of_the_gather_and_the_others_go_on():
    async def failing(w, task):
        await w.submit(task)
        raise ValueError(task.name)

    async def run(w):
        one, other = futures.gather(failing(w, load)), futures.gather(failing(w, clean))
        both = futures.gather(one, other, w.submit(plot))
        try:
            await both
        except ValueError as error:
            first = str(error)
        return [first, other.state, one.done, await w.submit(join)]

    assert result_of(run, completes("clean-1"), together(completes("load-1"), completes("join-1", "on"))) == (
        ["clean", "FINISHED", False, "on"]
    )


def test_the_failure_of_a_coroutine_is_raised_where_it_is_awaited_and_nowhere_else():
    async def failing(w):
        await w.submit(load)
        raise ValueError("no")

    async def run(w):
        gathered = futures.gather(failing(w))
        await w.submit(clean)
        try:
            await gathered
        except ValueError as error:
            return str(error)

    assert result_of(run, completes("load-1"), completes("clean-1")) == "no"


def test_failures_stand_among_the_results_if_they_are_asked_for():
    async def failing(w):
        await w.submit(load)
        raise ValueError("no")

    async def run(w):
        found = await futures.gather(failing(w), w.submit(clean), w.submit(plot), return_exceptions=True)
        return [f"{type(one).__name__}: {one}" if isinstance(one, Exception) else one for one in found]

    assert result_of(run, completes("load-1"), fails("clean-1"), completes("plot-1", 3)) == (
        ["ValueError: no", "TaskFailed: activity-clean-1: ValueError: no", 3]
    )


def test_a_failed_task_that_does_not_raise_counts_as_none_in_a_gather():
    async def run(w):
        gathered = futures.gather(w.submit(load), w.submit(clean))
        return [await gathered, gathered.exception]

    assert result_of(run, together(fails("load-1"), completes("clean-1", 2))) == [[None, 2], None]


def test_a_gather_within_a_gather_passes_its_failure_on():
    async def failing(w):
        await w.submit(load)
        raise ValueError("deep")

    async def run(w):
        inner = futures.gather(failing(w), w.submit(clean))
        try:
            await futures.gather(w.submit(plot), inner)
        except ValueError as error:
            return f"{error}, once"

    assert result_of(run, completes("load-1")) == "deep, once"


def test_the_same_future_may_be_gathered_twice():
    async def run(w):
        task = w.submit(load)
        return await futures.gather(task, task)

    assert result_of(run, completes("load-1", 1)) == [1, 1]


# ---- failures are not lost -------------------------------------------------------------------------------------------------


def test_the_failure_of_a_gather_that_nobody_asks_for_fails_the_run_when_it_returns():
    async def failing(w):
        await w.submit(load)
        raise ValueError("nobody asked")

    async def run(w):
        futures.gather(failing(w))
        await w.submit(clean)
        return "fine"

    assert failure_of(run, completes("load-1"), completes("clean-1")) == "ValueError: nobody asked"
    assert result_of(run, completes("clean-1")) == "fine", "what has not failed yet is left behind"


@pytest.mark.parametrize("look", [lambda gathered: gathered.exception, lambda gathered: futures.wait(gathered)])
def test_a_failure_that_was_looked_at_is_not_raised_when_the_run_returns(look):
    async def failing(w):
        await w.submit(load)
        raise ValueError("seen")

    async def run(w):
        look(futures.gather(failing(w)))
        return "fine"

    assert result_of(run, completes("load-1")) == "fine"


def test_another_failure_that_is_raised_at_an_await_does_not_hide_that_of_the_gather():
    async def failing(w):
        await w.submit(load)
        raise ValueError("of the gather")

    async def run(w):
        w.submit(strict)
        gathered = futures.gather(failing(w))
        try:
            await gathered
        except TaskFailed:
            await w.submit(clean)
        return [gathered.done, "fine?"]

    steps = together(fails("strict-1"), completes("load-1")), completes("clean-1")
    assert failure_of(run, *steps) == "ValueError: of the gather"


def test_a_task_that_needs_a_failed_gather_raises_because_nobody_else_does():
    async def failing(w):
        await w.submit(load)
        raise ValueError("no")

    def run(w):
        gathered = futures.gather(failing(w))
        needing = w.submit(strict, gathered)
        try:
            w.submit(plot).result
        except DependencyFailed as error:
            return [str(error), needing.exception is error, str(gathered.exception)]

    assert result_of(run, completes("load-1")) == ["activity-strict-1: needs gather-1, which failed", True, "no"]


def test_a_coroutine_that_fails_before_it_waits_is_a_failure_too():
    async def failing():
        raise ValueError("at once")

    async def run(w):
        gathered = futures.gather(failing())
        await w.submit(load)
        await gathered

    assert failure_of(run, completes("load-1")) == "ValueError: at once"


def test_a_coroutine_cannot_be_gathered_twice():
    async def step(w):
        return await w.submit(load)

    async def run(w):
        once = step(w)
        return await futures.gather(once, once)

    assert failure_of(run) == "ValueError: coroutine already executing"


def test_a_coroutine_cannot_be_awaited_twice():
    async def step(w):
        return await w.submit(load)

    async def run(w):
        once = step(w)
        await once
        await once

    assert failure_of(run, completes("load-1")) == "RuntimeError: cannot reuse already awaited coroutine"


def test_what_cannot_be_awaited_is_named():
    async def run(w):
        await futures.gather(7)

    assert failure_of(run) == "DefinitionError: 7 cannot be awaited here; pass a coroutine or what submit() returned"


def test_gather_outside_a_workflow_says_where_it_belongs():
    with pytest.raises(RuntimeError) as caught:
        futures.gather()
    assert str(caught.value) == "futures.gather() is called inside a workflow's run()"


# ---- cancelling ------------------------------------------------------------------------------------------------------------


def test_a_cancelled_gather_cancels_all_that_have_not_ended_and_is_cancelled_itself():
    async def step(w):
        await w.submit(load)
        await w.submit(clean)

    async def run(w):
        gathered = futures.gather(step(w), w.timer(60), w.submit(plot))
        await w.submit(join)
        gathered.cancel()
        await w.timer(1)
        return [gathered.state, type(gathered.exception).__name__]

    assert decided(run, completes("join-1"), fires("timer-2")) == [
        ["StartTimer timer-1", *(f"ScheduleActivityTask {name}" for name in ("plot-1", "load-1", "join-1"))],
        ["CancelTimer timer-1", "RequestCancelActivityTask plot-1", "StartTimer timer-2", "RequestCancelActivityTask load-1"],
        ["CompleteWorkflowExecution"],
    ]
    assert result_of(run, completes("join-1"), fires("timer-2")) == ["CANCELLED", "TaskCanceled"]


def test_a_coroutine_that_catches_its_cancellation_goes_on():
    async def stubborn(w):
        try:
            await w.submit(load)
        except TaskCanceled:
            return await w.submit(clean)

    async def run(w):
        gathered = futures.gather(stubborn(w))
        await w.submit(join)
        gathered.cancel()
        return await gathered

    assert decided(run, completes("join-1"))[-1] == ["ScheduleActivityTask clean-1"]
    assert result_of(run, completes("join-1"), completes("clean-1", "on")) == ["on"]
