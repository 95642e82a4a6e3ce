"""Strands that begin in unusual places, and what becomes of several that do the same."""

from __future__ import annotations

import contextvars

from simpleflow_nb import Workflow, futures
from simpleflow_nb.canvas import Chain, Group
from simpleflow_nb.exceptions import TaskFailed

from .decision_checker import DecisionChecker
from .scenarios import clean, execution_replays, load, plot, shorts, strict, workflow
from .steps import asked_to_cancel, completes, decided, end_of, fails, fires, result_of, signaled, together


class Asked(Workflow):
    """Starts a chain when it is asked to cancel, and goes on."""

    name, task_list = "played", "decisions"
    chain = None

    def run(self):
        self.submit(plot).result
        try:
            return self.chain.result
        except TaskFailed as error:
            return [str(error), self.chain.result]

    def should_cancel(self):
        self.chain = self.submit(Chain(load, strict, clean, break_on_failure=False))
        return False


def test_a_chain_that_a_hook_starts_begins_with_the_code_and_raises_in_run():
    assert decided(Asked, asked_to_cancel) == [["ScheduleActivityTask plot-1"], ["ScheduleActivityTask load-1"]]
    steps = asked_to_cancel, together(completes("plot-1"), completes("load-1", 1)), fails("strict-1"), completes("clean-1", 3)
    assert result_of(Asked, *steps) == ["activity-strict-1: ValueError: no", [1, None, 3]]


def test_a_chain_that_a_hook_starts_before_the_run_ends_is_never_begun():
    class Ends(Asked):
        def should_cancel(self):
            super().should_cancel()
            return True

    assert end_of(Ends, asked_to_cancel) == ("CancelWorkflowExecution", {})


def test_strands_that_wait_for_the_same_future_all_go_on_in_the_order_of_their_waits():
    async def run(w):
        shared, seen = w.submit(load), []

        async def step(name):
            await shared
            seen.append(name)
            return await w.submit(clean, name)

        await futures.gather(*(step(name) for name in "abc"))
        return seen

    steps = completes("load-1"), *(completes(f"clean-{n}") for n in (1, 2, 3))
    assert result_of(run, *steps) == ["a", "b", "c"]


def test_strands_that_wait_for_signals_of_one_name_get_one_each_in_the_order_in_which_they_asked():
    async def run(w):
        async def step(name):
            return name, await w.next_signal("go")

        return await futures.gather(step("a"), step("b"), w.timer(5))

    steps = together(signaled("go", 1), signaled("go", 2)), fires("timer-1")
    assert result_of(run, *steps) == [["a", 1], ["b", 2], None]


def test_two_strands_may_take_the_ends_of_one_queue():
    async def run(w):
        queue = futures.Completions([w.submit(load, n) for n in range(4)])

        async def takes():
            return [queue.next().result for _ in range(2)]

        return await futures.gather(takes(), takes())

    steps = completes("load-2", 2), together(completes("load-4", 4), completes("load-1", 1)), completes("load-3", 3)
    found = result_of(run, *steps)
    assert sorted(found[0] + found[1]) == [1, 2, 3, 4]


def test_context_variables_of_a_strand_are_its_own():
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")

    async def run(w):
        name.set("run")

        async def step(own):
            before = name.get()
            name.set(own)
            await w.submit(load)
            return before, name.get()

        return await futures.gather(step("a"), step("b")), name.get()

    assert result_of(run, completes("load-1"), completes("load-2")) == [[["run", "a"], ["run", "b"]], "run"]


def test_the_time_and_the_random_numbers_of_a_run_are_shared_by_its_strands():
    async def run(w):
        async def step():
            await w.submit(load)
            return w.now().timestamp(), w.random.random(), str(w.uuid())

        return await futures.gather(step(), step())

    first, second = result_of(run, together(completes("load-1"), completes("load-2")))
    assert first[0] == second[0]
    assert (first[1] != second[1], first[2] != second[2]) == (True, True)


def test_patches_are_asked_for_in_strands_too():
    def code(patched):
        async def run(w):
            async def step(task):
                await w.submit(task)
                if patched and w.patched("new"):
                    await w.submit(strict)
                return await w.submit(plot)

            return await futures.gather(step(load), step(clean))

        return run

    with DecisionChecker(workflow(code(False))) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.decide()
        checker.deploy(workflow(code(True)))
        checker.complete("activity-clean-1")
        assert shorts(checker.decide()) == ["ScheduleActivityTask plot-2"], "the first strand has passed there before"
        assert execution_replays(checker)


def test_deeply_nested_strands_end_from_the_inside():
    async def nested(w, depth):
        if not depth:
            return await w.submit(load)
        async with w.timeout(60), w.task_group() as group:
            inner = group.create_task(nested(w, depth - 1))
        return [await futures.gather(inner)]

    async def run(w):
        return await nested(w, 8)

    found = result_of(run, completes("load-1", 7))
    for _ in range(8):
        ((found,),) = (found,)
        (found,) = found
    assert found == 7


def test_a_group_with_a_limit_in_a_group_with_a_limit_in_a_coroutine_keeps_both():
    async def run(w):
        inner = [Group(*[load] * 3, max_parallel=2) for _ in range(2)]
        return await futures.gather(w.submit(Group(*inner, max_parallel=1)))

    steps = completes("load-1", 1), completes("load-2", 2), completes("load-3", 3)
    assert decided(run, *steps) == [
        ["ScheduleActivityTask load-1", "ScheduleActivityTask load-2"],
        ["ScheduleActivityTask load-3"],
        [],
        ["ScheduleActivityTask load-4", "ScheduleActivityTask load-5"],
    ]
