"""Task groups: coroutines that have all ended when the block of their group has."""

from __future__ import annotations

import builtins

import pytest

from simpleflow_nb import futures
from simpleflow_nb.canvas import Group
from simpleflow_nb.exceptions import TaskCanceled, TaskFailed

from .decision_checker import DecisionChecker
from .scenarios import clean, join, load, plot, strict, workflow
from .steps import begins, cancels, completes, decided, fails, failure_of, fires, result_of, together


async def waits_for(w, task):
    return await w.submit(task)


async def fails_after(w, task, words="no"):
    await w.submit(task)
    raise ValueError(words)


def test_the_block_ends_when_all_its_tasks_have():
    async def run(w):
        async with w.task_group() as group:
            one = group.create_task(waits_for(w, load))
            other = group.create_task(lambda: w.submit(clean).result)
            third = group.create_task(w.timer(5))
        return [one.result, other.result, third.done]

    assert result_of(run, completes("clean-1", 2), fires("timer-1"), completes("load-1", 1)) == [1, 2, True]


def test_the_first_task_that_fails_cancels_the_others_and_is_raised_when_they_have_ended():
    async def run(w):
        try:
            async with w.task_group() as group:
                group.create_task(fails_after(w, load))
                other = group.create_task(waits_for(w, clean))
                group.create_task(w.timer(5))
        except ValueError as error:
            return [str(error), other.state]

    assert decided(run, together(begins("clean-1"), completes("load-1")))[1] == [
        "CancelTimer timer-1",
        "RequestCancelActivityTask clean-1",
        "CompleteWorkflowExecution",
    ]
    assert result_of(run, completes("load-1")) == ["no", "CANCELLED"]


def test_a_task_that_takes_its_time_to_end_is_waited_for():
    async def slow(w):
        try:
            await w.submit(clean)
        finally:
            await w.submit(plot)

    async def run(w):
        try:
            async with w.task_group() as group:
                group.create_task(fails_after(w, load))
                group.create_task(slow(w))
        except ValueError as error:
            return str(error)

    assert decided(run, completes("load-1"))[1] == ["ScheduleActivityTask plot-1"]
    assert result_of(run, completes("load-1"), completes("plot-1")) == "no"


def test_activities_in_a_group_are_waited_for_until_they_have_ended_even_if_two_fail_together():
    """Failures of tasks are raised wherever the code waits; while a group waits for its tasks they must not end it."""

    def run(w):
        try:
            with w.task_group() as group:
                tasks = [group.create_task(w.submit(strict)) for _ in range(3)]
        except TaskFailed as error:
            first = str(error)
        w.submit(clean).result
        return [first, *(task.state for task in tasks)]

    steps = together(begins("strict-3"), fails("strict-2"), fails("strict-1")), cancels("strict-3"), completes("clean-1")
    assert decided(run, *steps) == [
        [f"ScheduleActivityTask strict-{n}" for n in (1, 2, 3)],
        ["RequestCancelActivityTask strict-3"],
        ["ScheduleActivityTask clean-1"],
        ["CompleteWorkflowExecution"],
    ]
    assert result_of(run, *steps) == ["activity-strict-2: ValueError: no", "FINISHED", "FINISHED", "CANCELLED"]


def test_a_failure_that_is_not_of_the_group_comes_at_the_next_wait_after_it():
    def run(w):
        seen = []
        w.submit(strict)
        try:
            with w.task_group() as group:
                group.create_task(fails_after(w, load))
                group.create_task(w.submit(clean))
        except ValueError as error:
            seen.append(str(error))
        try:
            w.timer(1).result
        except TaskFailed as error:
            seen.append(str(error))
        return seen

    steps = together(begins("clean-1"), completes("load-1")), fails("strict-1"), cancels("clean-1")
    assert result_of(run, *steps) == ["no", "activity-strict-1: ValueError: no"]


def test_the_body_is_interrupted_when_a_task_fails_and_what_it_waits_for_is_cancelled():
    async def run(w):
        seen = []
        try:
            async with w.task_group() as group:
                group.create_task(fails_after(w, load))
                try:
                    await w.submit(clean)
                except TaskCanceled as error:
                    seen.append(type(error).__name__)
                    raise
        except ValueError as error:
            return [*seen, str(error)]

    assert decided(run, completes("load-1"))[1] == ["RequestCancelActivityTask clean-1", "CompleteWorkflowExecution"]
    assert result_of(run, completes("load-1")) == ["TaskCanceled", "no"]


def test_an_error_of_the_body_cancels_the_tasks_and_passes():
    async def run(w):
        async with w.task_group() as group:
            group.create_task(waits_for(w, load))
            await w.submit(clean)
            raise KeyError("body")

    assert failure_of(run, completes("clean-1")) == "KeyError: 'body'"
    assert decided(run, completes("clean-1"))[1] == ["RequestCancelActivityTask load-1", "FailWorkflowExecution"]


def test_a_failed_task_that_does_not_raise_is_no_failure_of_its_group():
    def run(w):
        with w.task_group() as group:
            failed = group.create_task(w.submit(load))
            group.create_task(w.submit(Group(clean, raises_on_failure=False)))
        return [failed.result, str(failed.exception), w.submit(plot).result]

    steps = fails("load-1"), fails("clean-1"), completes("plot-1", "on")
    assert result_of(run, *steps) == [None, "activity-load-1: ValueError: no", "on"]


def test_a_task_that_is_cancelled_by_the_code_is_no_failure_of_its_group():
    async def run(w):
        async with w.task_group() as group:
            task = group.create_task(waits_for(w, load))
            group.create_task(waits_for(w, clean))
            await w.submit(plot)
            task.cancel()
        return task.state

    assert decided(run, completes("plot-1"))[1] == ["RequestCancelActivityTask load-1"]
    assert result_of(run, completes("plot-1"), completes("clean-1")) == "CANCELLED"


def test_the_failure_of_an_inner_group_ends_the_outer_one():
    async def inner(w):
        async with w.task_group() as group:
            group.create_task(fails_after(w, load, "inner"))
            group.create_task(waits_for(w, clean))

    async def run(w):
        try:
            async with w.task_group() as outer:
                outer.create_task(inner(w))
                other = outer.create_task(waits_for(w, plot))
        except ValueError as error:
            return [str(error), other.state]

    assert decided(run, completes("load-1"))[1] == [
        "RequestCancelActivityTask clean-1",
        "RequestCancelActivityTask plot-1",
        "CompleteWorkflowExecution",
    ]
    assert result_of(run, completes("load-1")) == ["inner", "CANCELLED"]


def test_cancelling_a_task_cancels_the_group_within_it():
    async def inner(w):
        async with w.task_group() as group:
            group.create_task(waits_for(w, load))
            group.create_task(w.timer(60))

    async def run(w):
        async with w.task_group() as outer:
            task = outer.create_task(inner(w))
            await w.submit(plot)
            task.cancel()
        return task.state

    assert decided(run, completes("plot-1"))[1] == [
        "CancelTimer timer-1",
        "RequestCancelActivityTask load-1",
        "CompleteWorkflowExecution",
    ]


def test_a_time_limit_ends_the_group_within_it():
    async def run(w):
        try:
            async with w.timeout(5), w.task_group() as group:
                task = group.create_task(waits_for(w, load))
                group.create_task(waits_for(w, clean))
        except builtins.TimeoutError as error:
            return [str(error), task.state]

    assert decided(run, fires("timer-1"))[1] == [
        "RequestCancelActivityTask load-1",
        "RequestCancelActivityTask clean-1",
        "CompleteWorkflowExecution",
    ]
    assert result_of(run, fires("timer-1")) == ["5 s have passed", "CANCELLED"]


def test_a_time_limit_that_passes_while_a_failed_group_ends_is_raised_after_it():
    """All tasks have ended after the block, whatever else happens."""

    def run(w):
        seen = []
        try:
            with w.timeout(5):
                try:
                    with w.task_group() as group:
                        group.create_task(fails_after(w, load))
                        task = group.create_task(w.submit(clean))
                except ValueError as error:
                    seen += [str(error), task.state]
                w.submit(plot).result
        except builtins.TimeoutError as error:
            return [*seen, str(error)]

    steps = together(begins("clean-1"), completes("load-1")), fires("timer-1"), cancels("clean-1")
    assert decided(run, *steps)[1:3] == [["RequestCancelActivityTask clean-1"], []]
    assert result_of(run, *steps) == ["no", "CANCELLED", "5 s have passed"]


def test_a_task_may_start_another_while_the_block_ends():
    async def starts(w, group):
        await w.submit(load)
        group.create_task(waits_for(w, clean))

    async def run(w):
        async with w.task_group() as group:
            group.create_task(starts(w, group))
        return await w.submit(join)

    assert decided(run, completes("load-1"), completes("clean-1"))[1:] == [
        ["ScheduleActivityTask clean-1"],
        ["ScheduleActivityTask join-1"],
    ]


def test_the_failure_of_a_gather_in_a_group_is_raised_once():
    async def run(w):
        try:
            async with w.task_group() as group:
                group.create_task(futures.gather(fails_after(w, load, "gathered")))
        except ValueError as error:
            return str(error)

    assert result_of(run, completes("load-1")) == "gathered"


def test_tasks_are_created_within_the_block():
    async def run(w):
        group = w.task_group()
        group.create_task(w.submit(load))

    assert failure_of(run) == (
        "DefinitionError: create_task() is called inside the block of its group: async with self.task_group() as group:"
    )


@pytest.mark.parametrize("how", ["evict", "cancel"])
def test_an_evicted_group_runs_the_finally_blocks_of_its_tasks_and_decides_nothing(how):
    unwound = []

    async def step(w, name):
        try:
            await w.submit(load)
        finally:
            unwound.append(name)
            w.submit(clean)

    async def run(w):
        try:
            async with w.task_group() as group:
                group.create_task(step(w, "a"))
                group.create_task(step(w, "b"))
        finally:
            unwound.append("run")

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.evict()
        if how == "cancel":
            unwound.clear()
            checker.request_cancel()
            decisions = checker.decide()
            assert [one["decisionType"] for one in decisions] == ["CancelWorkflowExecution"]
    assert {"a", "b", "run"} == set(unwound)
