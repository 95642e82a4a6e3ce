"""The rules of replay, 27 to 33: strands, the parts of a run's code that wait on their own.

Each test fails when its rule is taken out of the engine: ``test_sabotage.py`` takes them out.
"""

from __future__ import annotations

import builtins

from simpleflow_nb import futures
from simpleflow_nb.canvas import Chain, Group
from simpleflow_nb.exceptions import TaskFailed

from .decision_checker import DecisionChecker
from .scenarios import clean, join, load, plot, shorts, strict, workflow
from .steps import asked_to_cancel, begins, cancels, completes, decided, fails, failure_of, fires, result_of, together

# ---- 27: the order of strands ----------------------------------------------------------------------------------------------


def test_strands_go_on_in_the_order_of_history_and_a_new_one_at_once():
    """Rule 27: not in the order in which they were started; so decisions stand in that order too."""

    async def step(w, task, then):
        await w.submit(task)
        w.submit(then)
        await futures.gather(lambda: w.submit(strict).result)

    async def run(w):
        await futures.gather(step(w, load, join), step(w, clean, plot))

    assert decided(run, together(completes("clean-1"), completes("load-1"))) == [
        ["ScheduleActivityTask load-1", "ScheduleActivityTask clean-1"],
        [f"ScheduleActivityTask {task}" for task in ("plot-1", "strict-1", "join-1", "strict-2")],
    ]


# ---- 28: failures ----------------------------------------------------------------------------------------------------------


def test_a_failure_is_raised_in_the_strand_that_submitted_the_task():
    """Rule 28: the others go on."""

    async def step(w, task):
        try:
            return await w.submit(Group(task, max_parallel=1)), await w.submit(plot)
        except TaskFailed as error:
            return str(error)

    async def run(w):
        return await futures.gather(step(w, strict), step(w, load))

    steps = fails("strict-1"), completes("load-1", 1), completes("plot-1", 2)
    assert result_of(run, *steps) == ["activity-strict-1: ValueError: no", [[1], 2]]


def test_a_failure_of_what_the_engine_carries_out_is_raised_in_the_strand_that_asked_for_it():
    """Rule 28: a chain, or a group with a limit, is a strand that raises nothing itself."""

    async def step(w):
        chain = w.submit(Chain(load, strict, clean, break_on_failure=False))
        try:
            await chain
        except TaskFailed as error:
            return str(error), await chain

    async def run(w):
        return await futures.gather(step(w), w.submit(plot))

    steps = completes("load-1", 0), fails("strict-1"), completes("plot-1", 1), completes("clean-1", 2)
    assert result_of(run, *steps) == [["activity-strict-1: ValueError: no", [0, None, 2]], 1]


def test_a_failure_in_a_strand_that_has_ended_is_raised_in_run():
    """Rule 28: else nobody would hear of it."""

    async def step(w):
        w.submit(strict)

    async def run(w):
        await futures.gather(step(w))
        await w.submit(plot)

    assert failure_of(run, fails("strict-1")) == 'Workflow execution error in activity-strict-1: "ValueError: no"'


def test_a_failure_that_nobody_asks_for_fails_the_run_when_it_returns():
    """Rule 28: coroutines do not raise by themselves, so their failures are kept until somebody looks."""

    async def step(w):
        await w.submit(load)
        raise ValueError("nobody asked")

    async def run(w):
        futures.gather(step(w))
        await w.submit(plot)

    assert failure_of(run, completes("load-1"), completes("plot-1")) == "ValueError: nobody asked"


# ---- 29: interrupts --------------------------------------------------------------------------------------------------------


def test_a_result_that_is_there_wins_over_a_limit_that_has_passed():
    """Rule 29: an interrupt is raised only where the code would have to wait."""

    def run(w):
        try:
            with w.timeout(5):
                return w.submit(load).result
        except builtins.TimeoutError:
            return "late"

    assert result_of(run, together(fires("timer-1"), completes("load-1", "in time"))) == "in time"


def test_the_timer_of_a_block_that_has_ended_is_taken_back():
    """Rule 29: it would schedule a decision task for nothing, and keep its place among the open timers."""

    def run(w):
        with w.timeout(5):
            w.submit(load).result
        w.submit(plot).result

    assert decided(run, completes("load-1"))[1] == ["CancelTimer timer-1", "ScheduleActivityTask plot-1"]


def test_a_task_group_waits_for_all_its_tasks_whatever_fails_meanwhile():
    """Rule 29: while it ends, neither failures nor interrupts are raised in its strand."""

    def run(w):
        try:
            with w.task_group() as group:
                for _ in range(3):
                    group.create_task(w.submit(strict))
        except TaskFailed as error:
            return str(error)

    steps = together(begins("strict-3"), fails("strict-1"), fails("strict-2")), cancels("strict-3")
    assert decided(run, *steps)[1:] == [["RequestCancelActivityTask strict-3"], ["CompleteWorkflowExecution"]]


# ---- 30: groups ------------------------------------------------------------------------------------------------------------


def test_each_end_of_a_member_lets_one_other_in():
    """Rule 30: a limit is never exceeded."""

    def run(w):
        w.submit(Group(*[load] * 6, max_parallel=2)).result

    assert decided(run, completes("load-2"), together(completes("load-1"), completes("load-3"))) == [
        ["ScheduleActivityTask load-1", "ScheduleActivityTask load-2"],
        ["ScheduleActivityTask load-3"],
        ["ScheduleActivityTask load-4", "ScheduleActivityTask load-5"],
    ]


def test_a_cancelled_group_submits_nothing_more():
    """Rule 30: cancelled timers end at once, and leave room at once."""

    def run(w):
        group = w.submit(Group(*(w.start_timer(f"t{n}", 5) for n in range(4)), max_parallel=2))
        w.submit(load).result
        group.cancel()
        w.submit(plot).result

    assert decided(run, completes("load-1"))[1] == ["CancelTimer t0", "CancelTimer t1", "ScheduleActivityTask plot-1"]


def test_a_member_that_cannot_be_submitted_ends_its_group():
    """Rule 30: who waits for the group would wait for ever."""

    async def waits(group):
        return [await group, str(group.exception)]

    def run(w):
        waiting = futures.gather(waits(w.submit(Group(load, (load, object), max_parallel=1))))
        for _ in range(2):
            try:
                return waiting.result
            except TypeError:
                pass

    (found,) = result_of(run, completes("load-1"))
    assert found[1].startswith("an argument of load: builtins.type is not a JSON value")


# ---- 31: the end -----------------------------------------------------------------------------------------------------------


async def remembers(w, unwound):
    try:
        await w.submit(load)
    finally:
        unwound.append("strand")
        w.submit(plot)


def test_every_strand_is_unwound_when_the_execution_is_evicted():
    """Rule 31: suspended code that is dropped is never freed."""
    unwound: list[str] = []

    async def run(w):
        await futures.gather(remembers(w, unwound), remembers(w, unwound))

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.evict()
    assert unwound == ["strand", "strand"]


def test_strands_that_are_open_when_run_returns_are_unwound_and_decide_nothing():
    """Rule 31: the run is over."""
    unwound: list[str] = []

    async def run(w):
        futures.gather(remembers(w, unwound))
        await w.submit(clean)

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-clean-1")
        assert shorts(checker.decide()) == ["CompleteWorkflowExecution"]
        assert unwound


# ---- 32: requests to cancel ------------------------------------------------------------------------------------------------


def test_a_run_that_asks_for_the_request_to_cancel_ends_itself():
    """Rule 32: it gets the request as the end of a future, at the boundary after it."""

    def run(w):
        w.cancellation.result
        return w.submit(load).result

    assert decided(run, asked_to_cancel) == [[], ["ScheduleActivityTask load-1"]]
    assert result_of(run, asked_to_cancel, completes("load-1", 1)) == 1


# ---- 33: results that are no JSON ------------------------------------------------------------------------------------------


def test_a_result_without_a_json_form_fails_the_task_that_needs_it_and_not_the_decider():
    """Rule 33: decisions are written when nobody can catch an error any more."""

    async def step(w):
        await w.submit(load)
        return object

    def run(w):
        needing = w.submit(join, futures.gather(step(w)))
        return str(needing.exception)[:60]

    assert result_of(run, completes("load-1")) == "activity-join-1: TypeError: the result of gather-1[0]: built"
