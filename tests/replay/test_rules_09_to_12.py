"""The rules of replay, 9 to 12: settings and code that change, and how a run ends.

Each test fails when its rule is taken out of the engine: ``test_sabotage.py`` takes them out. Every decision that
a :class:`~tests.replay.decision_checker.DecisionChecker` returns was made by a cached and by a replayed execution, and was
the same both times.
"""

from __future__ import annotations

import json

import pytest

from simpleflow_nb.exceptions import HistoryError
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.replay.calls import commands

from .decision_checker import DecisionChecker, Limits, execution_of
from .scenarios import (
    clean,
    declared,
    execution_replays,
    five_tasks,
    gated,
    join,
    last_event,
    load,
    plot,
    replay_by,
    retried,
    shorts,
    workflow,
)

# ---- 9 and 10: settings and code that change -----------------------------------------------------------------------


def history_of_a_gate():
    with DecisionChecker(workflow(gated), limits=Limits(open_activities=2)) as checker:
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-1", "ScheduleActivityTask load-2", "StartTimer timer-1"]
        checker.complete("activity-load-1")
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-3"]
        checker.complete("activity-load-2")
        assert shorts(checker.decide()) == ["ScheduleActivityTask clean-1"]
        checker.complete("activity-load-3")
        checker.start_decision()
        return checker.run.events


@pytest.mark.parametrize("open_activities", [1, 2, 3, 1000])
def test_a_history_is_replayed_with_the_limit_on_open_activities_that_it_was_made_with(open_activities):
    """Rule 9: the limit decides the order of decisions, so it stands in the history."""
    assert replay_by(gated, history_of_a_gate(), limits=Limits(open_activities=open_activities)) is None


def test_a_new_limit_on_open_activities_is_recorded_where_it_begins_to_hold():
    """Rule 9: once, by the first decision that is made with it."""
    with DecisionChecker(workflow(gated), limits=Limits(open_activities=2)) as checker:
        checker.decide()
        checker.deploy(checker.workflow_class, Limits(open_activities=1))
        checker.complete("activity-load-1")
        first = checker.decide()
        checker.complete("activity-load-2")
        second = checker.decide()
        assert first == [commands.marker("_engine", '{"engine": 2, "open_activities": 1}')]
        assert shorts(second) == ["ScheduleActivityTask load-3"]
        assert len(second) == 1


def test_the_first_decision_says_which_version_of_the_engine_decides():
    """The order of decisions is part of the format; a later engine branches on this number."""
    with DecisionChecker(workflow(gated)) as checker:
        assert checker.decide()[0] == commands.marker("_engine", '{"engine": 2, "open_activities": 1000}')


def test_a_history_of_a_newer_engine_is_refused():
    """Replaying it would be guessing."""
    with DecisionChecker(workflow(gated)) as checker:
        checker.start_decision()
        checker.respond(
            [commands.marker("_engine", json.dumps({"engine": 3, "open_activities": 1000})), commands.timer("x", 1)]
        )
        checker.fire("x")
        checker.start_decision()
        with pytest.raises(HistoryError) as caught:
            execution_of(checker.workflow_class, Limits()).advance(checker.run.events)
        assert str(caught.value) == "event 5: written by engine version 3, this is 2; upgrade this decider"


def old_code(w):
    w.submit(load).result
    w.submit(clean).result
    w.submit(plot).result


def patched_code(w):
    w.submit(load).result
    w.submit(join if w.patched("better") else clean).result
    w.submit(w.record_marker("again", w.patched("better")))
    w.submit(plot).result


def test_a_patch_marker_goes_first_so_that_a_split_cannot_part_it_from_its_decision():
    """Rule 10a: it stands before leftovers of a former split too."""

    def run(w):
        first = w.submit(load)
        w.map(clean, range(4))
        first.result
        w.patched("better")

    with DecisionChecker(workflow(run), limits=Limits(decisions=4)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        decisions = checker.decide()
        assert shorts(decisions) == [
            "RecordMarker _patch-better",
            "ScheduleActivityTask clean-2",
            "ScheduleActivityTask clean-3",
            "StartTimer _wake-2",
        ]


def test_a_run_that_passed_before_the_patch_keeps_the_old_path():
    """Rule 10b: at replay the answer is True only if that very decision recorded the marker."""
    with DecisionChecker(workflow(old_code)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.decide()
        checker.deploy(workflow(patched_code))
        checker.complete("activity-clean-1")
        assert shorts(checker.decide()) == ["RecordMarker again", "ScheduleActivityTask plot-1"]
        assert last_event(checker, "MarkerRecorded")["details"] == "false"


def test_a_run_that_comes_to_the_patch_later_takes_the_new_path():
    """Rule 10c: live, the answer is True and is recorded."""
    with DecisionChecker(workflow(old_code)) as checker:
        checker.decide()
        checker.deploy(workflow(patched_code))
        checker.complete("activity-load-1")
        assert shorts(checker.decide()) == ["RecordMarker _patch-better", "ScheduleActivityTask join-1"]
        checker.complete("activity-join-1")
        assert shorts(checker.decide()) == ["RecordMarker again", "ScheduleActivityTask plot-1"]
        assert last_event(checker, "MarkerRecorded")["details"] == "true"


def test_the_first_answer_about_a_patch_is_kept_for_the_whole_run():
    """Rule 10d: a run is on one path, however often and wherever it asks."""

    def asks_in_a_loop(w):
        for n in range(3):
            w.submit(join if w.patched("better") else clean, n).result

    def before(w):
        for n in range(3):
            w.submit(clean, n).result

    with DecisionChecker(workflow(before)) as checker:
        checker.decide()
        checker.deploy(workflow(asks_in_a_loop))
        checker.complete("activity-clean-1")
        assert shorts(checker.decide()) == ["ScheduleActivityTask clean-2"]
        checker.complete("activity-clean-2")
        assert shorts(checker.decide()) == ["ScheduleActivityTask clean-3"]


def history_on_the_new_path():
    with DecisionChecker(workflow(patched_code)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.decide()
        checker.complete("activity-join-1")
        checker.start_decision()
        return checker.run.events


def test_a_patch_that_was_removed_too_early_is_named():
    """Rule 10e: the marker asks for code that asks for it, at that very decision."""

    def removed(w):
        w.submit(load).result
        w.submit(join).result

    error = replay_by(removed, history_on_the_new_path())
    assert str(error) == (
        "event 11: history has patched('better'); the code now has nothing that asks for it there first: it was removed too "
        "early, say deprecate_patch there. If the change is meant, guard it with self.patched('some-id')"
    )


def test_a_patch_that_is_asked_for_earlier_than_it_was_recorded_is_named():
    """Rule 10e: the earlier decision had the old answer, the later one has the new."""

    def earlier(w):
        w.patched("better")
        w.submit(load).result
        w.patched("better")
        w.submit(join).result

    error = replay_by(earlier, history_on_the_new_path())
    assert error.event_id == 11
    assert "history has patched('better')" in str(error)


def test_a_deprecated_patch_accepts_its_marker_and_records_none():
    """Rule 10e: what stands where ``patched`` stood until the runs with the marker are closed."""

    def deprecated(w):
        w.submit(load).result
        w.deprecate_patch("better")
        w.submit(join).result
        w.submit(w.record_marker("again", True))
        w.submit(plot).result

    assert replay_by(deprecated, history_on_the_new_path()) is None
    with DecisionChecker(workflow(deprecated)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        assert shorts(checker.decide()) == ["ScheduleActivityTask join-1"]


# ---- 11 and 12: the end --------------------------------------------------------------------------------------------


def test_a_refused_close_is_decided_again_alone():
    """Rule 11: run() is over; what came since changes nothing, and nothing is retried or tried again any more."""

    def run(w):
        w.submit(retried)
        w.submit(declared("again", retry=2))
        w.submit(load).result
        return "done"

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        for fails in ("activity-retried-1", "activity-again-1"):
            checker.start_decision()
            decisions = checker.decisions()
            checker.fail(fails)
            checker.respond(decisions)
            assert shorts(decisions) == ["CompleteWorkflowExecution"]
        decisions = checker.decide()
        assert shorts(decisions) == ["CompleteWorkflowExecution"]
        assert attributes_of(decisions[0]) == {"result": '"done"'}
        assert checker.run.close_status == "COMPLETED"
        assert execution_replays(checker)


def waits_for_ever(w):
    w.submit(load)
    w.next_signal("never").result


def test_a_request_to_cancel_ends_the_run_before_anything_else_is_decided():
    """Rule 12: at the boundary, before the code goes on and before what became ready is queued."""

    def run(w):
        first = w.submit(load)
        w.submit(plot, first)
        w.submit(retried)
        first.result
        w.submit(clean).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.fail("activity-retried-1")
        checker.request_cancel()
        assert shorts(checker.decide()) == ["CancelWorkflowExecution"]
        assert checker.run.close_status == "CANCELED"


def test_a_request_to_cancel_wins_over_run_returning_in_the_same_decision():
    """Rule 12: asked before the code resumes."""

    def run(w):
        return w.submit(load).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.request_cancel()
        assert shorts(checker.decide()) == ["CancelWorkflowExecution"]


def test_leftovers_of_a_split_are_decided_before_the_run_ends_as_cancelled():
    """Rule 12: they are on their way already; history says how many."""
    with DecisionChecker(workflow(five_tasks), limits=Limits(decisions=4)) as checker:
        checker.decide()
        checker.request_cancel()
        assert shorts(checker.decide()) == [
            "ScheduleActivityTask load-3",
            "ScheduleActivityTask load-4",
            "ScheduleActivityTask load-5",
            "CancelWorkflowExecution",
        ]


def ends_badly(w):
    try:
        w.next_signal("never").result
    finally:
        raise RuntimeError("in the finally of a run that is cancelled")


def ends_by_returning(w):
    try:
        w.next_signal("never").result
    except BaseException:
        return "as if nothing had happened"


def ends_by_failing(w):
    try:
        w.next_signal("never").result
    finally:
        w.fail("I say it failed")


def ends_with_one_more_task(w):
    try:
        w.next_signal("never").result
    finally:
        w.submit(clean)


@pytest.mark.parametrize("code", [ends_badly, ends_by_returning, ends_by_failing, ends_with_one_more_task])
def test_nothing_that_the_code_does_while_it_is_unwound_changes_that_it_was_cancelled(code):
    """Rule 12: killed first, and only then the close is decided. Code that is unwound decides nothing at all."""
    with DecisionChecker(workflow(code)) as checker:
        checker.decide()
        checker.request_cancel()
        assert shorts(checker.decide()) == ["CancelWorkflowExecution"]


def test_a_refused_cancel_is_decided_again():
    """Rule 12, then 11."""
    with DecisionChecker(workflow(waits_for_ever)) as checker:
        checker.decide()
        checker.request_cancel()
        checker.start_decision()
        decisions = checker.decisions()
        checker.signal("never")
        checker.respond(decisions)
        assert last_event(checker, "CancelWorkflowExecutionFailed")["cause"] == "UNHANDLED_DECISION"
        assert shorts(checker.decide()) == ["CancelWorkflowExecution"]


def test_a_workflow_that_does_not_want_to_be_cancelled_goes_on():
    """Rule 12: ``should_cancel`` is asked at each request, again at every replay."""
    cls = workflow(waits_for_ever, should_cancel=lambda self: False)
    with DecisionChecker(cls) as checker:
        checker.decide()
        checker.request_cancel()
        assert checker.decide() == []
        checker.signal("never", 1)
        assert shorts(checker.decide()) == ["CompleteWorkflowExecution"]


def test_what_is_submitted_by_on_canceled_is_not_scheduled():
    """Rule 12: the run is over when the hook is called."""
    cls = workflow(waits_for_ever, on_canceled=lambda self: self.submit(clean))
    with DecisionChecker(cls) as checker:
        checker.decide()
        checker.request_cancel()
        assert shorts(checker.decide()) == ["CancelWorkflowExecution"]


def test_an_error_in_should_cancel_fails_the_run():
    """Rule 12: it is the user's code, so it is the user's failure."""

    def broken(self):
        raise ValueError("do not know")

    with DecisionChecker(workflow(waits_for_ever, should_cancel=broken)) as checker:
        checker.decide()
        checker.request_cancel()
        decisions = checker.decide()
        assert shorts(decisions) == ["FailWorkflowExecution"]
        assert attributes_of(decisions[0])["reason"] == "ValueError: do not know"
