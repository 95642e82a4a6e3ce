"""Coroutines of workflows: what Python's own can do, and what becomes of them when a run ends."""

from __future__ import annotations

import asyncio

import pytest

from simpleflow_nb import futures
from simpleflow_nb.exceptions import TaskFailed

from .decision_checker import DecisionChecker
from .scenarios import clean, execution_replays, join, load, plot, strict, workflow
from .steps import asked_to_cancel, completes, decided, end_of, fails, failure_of, nothing, result_of, together


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
