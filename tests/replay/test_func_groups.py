"""Groups that a function makes once its arguments are there."""

from __future__ import annotations

import pytest

from simpleflow_nb.canvas import (
    ActivityTask,
    FuncGroup,
    Group,
)
from simpleflow_nb.exceptions import TaskFailed

from .group_members import pair_of, scheduled
from .scenarios import clean, join, load, strict
from .steps import completes, decided, fails, failure_of, fires, result_of


def test_the_function_of_a_func_group_is_called_at_once_or_when_its_arguments_are_there():
    def run(w):
        return w.submit(FuncGroup(pair_of, w.submit(load) if w.executor.input is None else 7)).result

    assert decided(run, completes("load-1", 5)) == [scheduled("load-1"), scheduled("clean-1", "plot-1")]
    assert decided(run, text="[]") == [scheduled("clean-1", "plot-1")]
    assert result_of(run, completes("load-1", 5), completes("clean-1", 1), completes("plot-1", 2)) == [1, 2]


def test_a_func_group_with_pending_arguments_tells_what_the_group_that_it_made_tells():
    def run(w):
        later = w.submit(FuncGroup(pair_of, w.submit(load)))
        return [later.result, str(later.exception), w.submit(join, later).result]

    steps = completes("load-1", 5), completes("clean-1", 1), fails("plot-1"), completes("join-1", "j")
    assert result_of(run, *steps) == [[1, None], "TaskFailed: activity-plot-1: ValueError: no", "j"]


def test_a_failure_of_what_the_function_made_is_raised_once():
    def run(w):
        w.submit(FuncGroup(lambda n: ActivityTask(strict, n), w.submit(load)))
        seen = []
        for n in range(2):
            try:
                seen.append(w.timer(n).result)
            except TaskFailed as error:
                seen.append(str(error))
        return seen

    steps = completes("load-1", 1), fails("strict-1"), fires("timer-2")
    assert result_of(run, *steps) == ["activity-strict-1: ValueError: no", None]


def test_a_func_group_whose_argument_failed_is_not_called():
    def run(task):
        def of_it(w):
            later = w.submit(FuncGroup(pair_of, w.submit(task)))
            seen = []
            for _ in range(2):
                try:
                    later.result
                except TaskFailed as error:
                    seen.append([type(error).__name__, str(error)])
            return seen

        return of_it

    lost = ["DependencyFailed", "func group-1: needs activity-load-1, which failed"]
    assert result_of(run(load), fails("load-1")) == [lost, lost]
    assert result_of(run(strict), fails("strict-1")) == [
        ["TaskFailed", "activity-strict-1: ValueError: no"],
        ["DependencyFailed", "func group-1: needs activity-strict-1, which failed"],
    ]


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "wrong returned None; a FuncGroup's function returns a group, a chain or a task"),
        ([load], "wrong returned [<Activity load>]; a FuncGroup's function returns a group, a chain or a task"),
        (7, "wrong returned 7; a FuncGroup's function returns a group, a chain or a task"),
    ],
)
def test_a_function_that_returns_nothing_to_submit_is_named(pending, returned, message):
    def run(w):
        def wrong(n):
            return returned

        w.submit(FuncGroup(wrong, w.submit(load) if pending else 1))
        w.submit(clean).result

    reason = failure_of(run, *([completes("load-1")] if pending else []))
    assert reason.startswith("DefinitionError: ")
    assert reason.endswith("returns a group, a chain or a task")
    assert message.split("; ")[1] in reason
    assert ".wrong returned" in reason


def test_a_function_may_return_nothing_if_it_says_so():
    def run(w):
        return w.submit(FuncGroup(lambda n: None, w.submit(load), _allow_none=True)).result

    assert result_of(run, completes("load-1")) == []


@pytest.mark.parametrize("pending", [False, True])
def test_a_function_that_raises_fails_the_run_with_its_own_error(pending):
    def run(w):
        def raising(n):
            raise KeyError(n)

        w.submit(FuncGroup(raising, w.submit(load) if pending else 5))
        w.submit(clean).result

    assert failure_of(run, *([completes("load-1", 5)] if pending else [])) == "KeyError: 5"


def test_a_func_group_says_whether_failures_are_raised_of_what_its_function_makes():
    def run(w):
        quiet = FuncGroup(lambda n: Group((strict, n)), w.submit(load), raises_on_failure=False)
        return [w.submit(quiet).result, w.submit(clean).result]

    assert result_of(run, completes("load-1"), fails("strict-1"), completes("clean-1", 2)) == [[None], 2]


def test_a_func_group_may_make_func_groups():
    def run(w):
        def outer(n):
            return FuncGroup(pair_of, w.submit(join, n))

        return w.submit(FuncGroup(outer, w.submit(load))).result

    steps = completes("load-1", 1), completes("join-1", 2), completes("clean-1", 3), completes("plot-1", 4)
    assert result_of(run, *steps) == [3, 4]
