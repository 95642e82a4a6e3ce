"""Coroutines of a workflow: started side by side, awaited, and never lost when they fail."""

from __future__ import annotations

import asyncio

import pytest

from simpleflow_nb import futures
from simpleflow_nb.exceptions import DependencyFailed, TaskCanceled, TaskFailed

from .decision_checker import DecisionChecker
from .scenarios import clean, execution_replays, join, load, plot, strict, workflow
from .steps import asked_to_cancel, completes, decided, end_of, fails, failure_of, fires, nothing, result_of, together

# ---- gather ----------------------------------------------------------------------------------------------------------------


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


# ---- coroutines of Python --------------------------------------------------------------------------------------------------


def test_async_for_and_async_with_of_the_users_own_classes_work():
    async def days(w):
        for day in range(2):
            yield await w.submit(load, day)

    class Countdown:
        def __init__(self, w):
            self.w, self.left = w, 2

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return await self.w.submit(clean, self.left)

    class Lock:
        def __init__(self, w):
            self.w = w

        async def __aenter__(self):
            return await self.w.submit(plot)

        async def __aexit__(self, *error):
            await self.w.submit(join)

    async def run(w):
        async with Lock(w) as held:
            found = [held, *[day async for day in days(w)]]
            async for n in Countdown(w):
                found.append(n)
        return found

    steps = [completes(task, task) for task in ("plot-1", "load-1", "load-2", "clean-1", "clean-2", "join-1")]
    assert result_of(run, *steps) == ["plot-1", "load-1", "load-2", "clean-1", "clean-2"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: asyncio.sleep(1), "asyncio.sleep does not work in a workflow; use self.timer(seconds)"),
        (lambda: asyncio.sleep(0), "asyncio.sleep does not work in a workflow; use self.timer(seconds)"),
        (
            lambda: asyncio.wait_for(None, 1),
            "asyncio.wait_for does not work in a workflow; use async with self.timeout(seconds)",
        ),
    ],
)
def test_the_names_of_asyncio_are_refused_with_what_to_use(call, message):
    async def within(w):
        await w.submit(load)
        await call()

    async def run(w):
        await futures.gather(within(w))

    assert failure_of(run, completes("load-1")) == f"DefinitionError: {message}"


def test_a_task_group_of_asyncio_is_refused_with_what_to_use():
    async def run(w):
        async with asyncio.TaskGroup():
            pass

    assert failure_of(run) == "DefinitionError: asyncio.TaskGroup does not work in a workflow; use self.task_group()"


# ---- the end of the run ----------------------------------------------------------------------------------------------------


def test_coroutines_that_are_open_when_the_run_returns_are_unwound_and_decide_nothing():
    unwound = []

    async def step(w, name):
        try:
            await w.submit(load)
        finally:
            unwound.append(name)
            w.submit(plot)

    async def run(w):
        futures.gather(step(w, "a"), step(w, "b"))
        return await w.submit(clean)

    assert decided(run, completes("clean-1"))[-1] == ["CompleteWorkflowExecution"]
    assert set(unwound) == {"a", "b"}


def test_a_request_to_cancel_unwinds_every_coroutine_and_decides_nothing_else():
    unwound = []

    async def step(w, name):
        try:
            await w.submit(load)
        finally:
            unwound.append(name)
            w.submit(plot)

    async def run(w):
        try:
            await futures.gather(step(w, "a"), step(w, "b"))
        finally:
            unwound.append("run")

    assert end_of(run, asked_to_cancel) == ("CancelWorkflowExecution", {})
    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        unwound.clear()
        checker.evict()
    assert unwound == ["b", "a", "run"], "the last one that was started is unwound first"


def test_a_run_with_many_coroutines_can_be_evicted_and_replayed_at_any_time():
    async def step(w, n):
        async with w.timeout(60):
            return await w.submit(clean, await w.submit(load, n))

    async def run(w):
        return sum(await futures.gather(*(step(w, n) for n in range(20))))

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        for n in range(1, 21):
            checker.evict()
            checker.complete(f"activity-load-{n}", n)
            checker.decide()
        for n in range(1, 21):
            checker.evict()
            checker.complete(f"activity-clean-{n}", n)
            decisions = checker.decide()
        assert decisions[-1]["completeWorkflowExecutionDecisionAttributes"] == {"result": "210"}
        assert execution_replays(checker)


def test_fail_ends_the_run_from_within_a_coroutine_too():
    async def step(w):
        await w.submit(load)
        try:
            w.fail("enough", "details")
        except Exception:
            pass

    async def run(w):
        await futures.gather(step(w), w.submit(clean))

    assert end_of(run, completes("load-1")) == ("FailWorkflowExecution", {"reason": "enough", "details": "details"})


def test_a_decision_task_without_news_resumes_no_coroutine():
    async def step(w):
        await w.submit(load)

    async def run(w):
        await futures.gather(step(w), step(w))

    assert decided(run, nothing, nothing)[1:] == [[], []]


def test_a_task_that_is_scheduled_by_a_coroutine_that_has_ended_is_raised_in_run():
    async def step(w):
        w.submit(strict)
        return await w.submit(load)

    async def run(w):
        await futures.gather(step(w))
        try:
            await w.submit(clean)
        except TaskFailed as error:
            return str(error)

    assert result_of(run, completes("load-1"), fails("strict-1", "E: late")) == "activity-strict-1: E: late"


def test_failures_are_raised_in_the_coroutine_that_submitted_the_task_and_not_in_the_others():
    async def step(w, task):
        w.submit(task)
        try:
            return await w.submit(load)
        except TaskFailed as error:
            return str(error)

    async def run(w):
        return await futures.gather(step(w, clean), step(w, strict), w.submit(plot))

    steps = fails("strict-1"), together(completes("load-1", 1), completes("plot-1", 2))
    assert result_of(run, *steps) == [1, "activity-strict-1: ValueError: no", 2]


def test_several_failures_of_one_coroutine_are_raised_one_after_the_other_the_rest_in_run():
    async def step(w):
        w.submit(strict)
        w.submit(strict)
        await w.submit(load)

    def run(w):
        gathered = futures.gather(step(w))
        seen = []
        for _ in range(2):
            try:
                gathered.result
            except TaskFailed as error:
                seen.append(str(error))
        return seen

    assert result_of(run, together(fails("strict-2"), fails("strict-1"))) == (
        ["activity-strict-1: ValueError: no", "activity-strict-2: ValueError: no"]
    )


def test_many_coroutines_whose_finally_blocks_ask_for_something_can_all_be_evicted():
    unwound = []

    async def step(w):
        try:
            await w.submit(load)
        finally:
            unwound.append(1)
            w.submit(clean)

    async def run(w):
        await futures.gather(*(step(w) for _ in range(50)))

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.evict()
    assert len(unwound) == 50


def test_coroutines_that_never_began_leave_no_warnings(recwarn):
    async def ends(w):
        w.fail("enough")

    async def step(w):
        await w.submit(load)

    async def run(w):
        try:
            await w.submit(clean)
        finally:
            await futures.gather(ends(w), step(w))

    assert failure_of(run, completes("clean-1")) == "enough"
    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.evict()
    assert list(recwarn) == []


# ---- results that are no JSON ----------------------------------------------------------------------------------------------


async def words(w, task):
    await w.submit(task)
    return object


def test_a_task_that_gets_a_result_of_a_coroutine_without_a_json_form_is_not_run():
    def run(w):
        gathered = futures.gather(words(w, load))
        needing = w.submit(join, gathered, w.submit(plot))
        return [str(needing.exception), w.submit(clean).result]

    fault = "TypeError: the result of gather-1[0]: builtins.type is not a JSON value: <class 'object'>"
    assert result_of(run, completes("load-1"), completes("clean-1", 2)) == [f"activity-join-1: {fault}", 2]


def test_such_a_result_that_is_there_already_is_refused_where_the_task_is_submitted():
    def run(w):
        gathered = futures.gather(words(w, load))
        gathered.result
        w.submit(join, gathered)

    assert failure_of(run, completes("load-1")) == (
        "TypeError: an argument of join: TypeError: the result of gather-1[0]: builtins.type is not a JSON value: "
        "<class 'object'>"
    )


def test_a_wait_for_a_condition_may_be_awaited():
    """It is over by then; the message of Python about None said nothing of that."""

    async def run(w):
        task = w.submit(load)
        await w.wait_until(lambda: task.done)
        return task.result

    assert result_of(run, completes("load-1", 5)) == 5
