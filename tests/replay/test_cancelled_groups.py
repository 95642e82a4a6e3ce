"""Groups, chains and func groups that are cancelled."""

from __future__ import annotations

import pytest

from simpleflow_nb.canvas import (
    Chain,
    FuncGroup,
    Group,
)

from .group_members import pair_of, scheduled
from .scenarios import clean, declared, join, load, plot
from .steps import begins, cancels, completes, decided, result_of, together


def cancelling(made, *, after):
    def run(w):
        group = w.submit(made(w))
        w.submit(declared(after)).result
        group.cancel()
        group.cancel()
        w.submit(join).result
        return [group.state, [future.state for future in group.futures], group.result, type(group.exception).__name__]

    return run


def test_a_cancelled_group_cancels_its_members_and_is_cancelled_when_they_have_ended():
    run = cancelling(lambda w: Group(load, clean, (w.start_timer("tea", 5))), after="plot")
    assert decided(run, together(begins("load-1"), completes("plot-1")))[1] == [
        "RequestCancelActivityTask load-1",
        "RequestCancelActivityTask clean-1",
        "CancelTimer tea",
        "ScheduleActivityTask join-1",
    ]
    steps = together(begins("load-1"), completes("plot-1")), together(cancels("load-1"), completes("join-1"))
    assert result_of(run, *steps) == ["CANCELLED", ["CANCELLED"] * 3, None, "AggregateException"]


def test_a_member_that_completes_after_the_group_was_cancelled_does_not_change_that():
    run = cancelling(lambda w: Group(load), after="plot")
    steps = together(begins("load-1"), completes("plot-1")), completes("load-1", 1), completes("join-1")
    assert result_of(run, *steps) == ["CANCELLED", ["FINISHED"], None, "TaskCanceled"]


def test_a_cancelled_group_submits_no_more_members_though_there_is_room_at_once():
    """Timers end at the moment they are cancelled."""
    run = cancelling(lambda w: Group(*(w.start_timer(f"t{n}", 5) for n in range(5)), max_parallel=2), after="plot")
    assert decided(run, completes("plot-1"))[1] == ["CancelTimer t0", "CancelTimer t1", "ScheduleActivityTask join-1"]
    assert result_of(run, completes("plot-1"), completes("join-1")) == (
        ["CANCELLED", ["CANCELLED"] * 2, None, "AggregateException"]
    )


@pytest.mark.parametrize("breaks", [True, False])
def test_a_cancelled_chain_goes_no_further(breaks):
    run = cancelling(lambda w: Chain(w.start_timer("tea", 5), load, break_on_failure=breaks), after="plot")
    assert decided(run, completes("plot-1"))[1] == ["CancelTimer tea", "ScheduleActivityTask join-1"]
    assert result_of(run, completes("plot-1"), completes("join-1"))[:2] == ["CANCELLED", ["CANCELLED"]]


def test_a_group_that_waits_for_room_is_cancelled_when_its_open_members_have_ended():
    run = cancelling(lambda w: Group(load, clean, max_parallel=1), after="plot")
    steps = together(begins("load-1"), completes("plot-1")), together(completes("join-1"), completes("load-1", 1))
    assert decided(run, *steps)[1:] == [
        ["RequestCancelActivityTask load-1", "ScheduleActivityTask join-1"],
        ["CompleteWorkflowExecution"],
    ]


def test_a_group_is_cancelled_if_one_of_its_members_was():
    def run(w):
        group = w.submit(Group(load, clean))
        return [group.exception and group.state, group.result]

    steps = together(begins("load-1"), cancels("load-1")), completes("clean-1", 2)
    assert result_of(run, *steps) == ["CANCELLED", None]


def test_a_func_group_that_is_cancelled_before_its_arguments_are_there_is_never_called():
    def run(w):
        argument = w.submit(load)
        later = w.submit(FuncGroup(pair_of, argument))
        w.submit(plot).result
        later.cancel()
        w.submit(join).result
        return [later.state, argument.state]

    assert decided(run, completes("plot-1"), completes("load-1"))[1:] == [scheduled("join-1"), []]
    assert result_of(run, completes("plot-1"), completes("load-1"), completes("join-1")) == ["CANCELLED", "FINISHED"]


def test_a_func_group_that_is_cancelled_later_cancels_what_it_made():
    def run(w):
        later = w.submit(FuncGroup(pair_of, w.submit(load)))
        w.submit(join).result
        later.cancel()
        return [later.result, later.state]

    assert decided(run, completes("load-1"), completes("join-1"))[2] == [
        "RequestCancelActivityTask clean-1",
        "RequestCancelActivityTask plot-1",
    ]
