"""Tasks that need others which have ended without a result: what becomes of them, and what the code gets to see."""

from __future__ import annotations

import pytest

from simpleflow_nb import futures
from simpleflow_nb.canvas import Group
from simpleflow_nb.exceptions import DependencyFailed, TaskCanceled, TaskFailed

from .scenarios import clean, declared, load, retried, strict
from .steps import completes, fails, failure_of, fires, nothing, result_of

once = declared("once", idempotent=True)
LONG = 3_000  # more than Python's limit of calls within calls


# ---- many of them ------------------------------------------------------------------------------------------------------------


def test_a_long_chain_of_tasks_ends_when_its_first_one_fails():
    """The failure went down the chain by calls within calls, and Python's limit of them parked the run."""

    def run(w):
        first = task = w.submit(load)
        for _ in range(LONG):
            task = w.submit(clean, task)
        first.wait()
        return [isinstance(task.exception, DependencyFailed), str(task.exception)]

    assert result_of(run, fails("load-1")) == [True, f"activity-clean-{LONG}: needs activity-clean-{LONG - 1}, which failed"]


def test_so_does_one_of_tasks_that_are_the_same():
    def run(w):
        first = task = w.submit(load)
        for _ in range(LONG):
            task = w.submit(once, w.submit(once, task))
        first.wait()
        return isinstance(task.exception, DependencyFailed)

    assert result_of(run, fails("load-1"))


def test_failures_are_raised_in_the_order_in_which_they_came_up():
    """A chain that forks: what needs a task fails right after it, before what else needed the same one."""

    def run(w):
        first = w.submit(load)
        left, right = w.submit(clean, first), w.submit(strict, first)
        w.submit(strict, left)
        found = []
        for _ in range(3):
            try:
                right.result
            except TaskFailed as error:
                found.append(str(error))
        return found

    assert result_of(run, fails("load-1")) == [
        "activity-strict-2: needs activity-clean-1, which failed",
        "activity-strict-1: needs activity-load-1, which failed",
        "activity-strict-1: needs activity-load-1, which failed",
    ]


# ---- of a task that was cancelled --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "needed", "steps"),
    [
        (lambda w: w.submit(strict, 0), "activity-strict-1", (nothing,)),
        (lambda w: w.submit(declared("held", raises_on_failure=True), w.timer(9)), "activity-held-1", ()),
        (lambda w: w.timer(9), "timer-1", ()),
        (lambda w: w.next_signal("a"), "a", ()),
        (lambda w: w.submit(Group((load, 1))), "group-1", (nothing,)),
    ],
)
def test_a_task_that_needs_a_cancelled_one_is_a_failure_that_is_raised(begin, needed, steps):
    """The code has asked for the end of the one; that the other cannot run is news. The run ended as if all were well."""

    def run(w):
        task = begin(w)
        w.submit(declared("needing", raises_on_failure=True), task)
        task.cancel()
        w.submit(clean).wait()
        return "nobody was told"

    reason = f'Workflow execution error in activity-needing-1: "needs {needed}, which was cancelled"'
    assert failure_of(run, *steps) == reason


def test_it_is_told_where_it_is_asked_for_if_it_does_not_raise():
    def run(w):
        timer = w.timer(9)
        task = w.submit(load, timer)
        timer.cancel()
        w.submit(clean).wait()
        return [str(task.exception), task.exception.was_cancelled, task.exception.dependency]

    assert result_of(run, completes("clean-1")) == ["activity-load-1: needs timer-1, which was cancelled", True, "timer-1"]


@pytest.mark.parametrize("is_front_first", [True, False])
def test_who_cancels_a_whole_chain_is_told_nothing(is_front_first):
    def run(w):
        tasks = [w.timer(9)]
        tasks += [w.submit(strict, tasks[0]) for _ in range(2)]
        tasks.append(w.submit(strict, tasks[1]))
        for task in tasks if is_front_first else reversed(tasks):
            task.cancel()
        w.submit(clean).wait()
        return [type(task.exception).__name__ for task in tasks]

    kind = "DependencyFailed" if is_front_first else "TaskCanceled"
    assert result_of(run, completes("clean-1")) == ["TaskCanceled", kind, kind, kind]


def test_a_time_limit_that_cancels_a_task_and_what_needs_it_is_all_that_is_told():
    def run(w):
        first = w.submit(declared("tried", raises_on_failure=True, retry=retried.retry))
        second = w.submit(strict, first)
        try:
            with w.timeout(60):
                futures.wait(first, second)
        except TimeoutError as error:
            w.submit(clean).wait()
            return [str(error), isinstance(first.exception, TaskCanceled)]

    steps = (fails("tried-1"), fires("timer-1"), completes("clean-1"))
    assert result_of(run, *steps) == ["60 s have passed", True]
