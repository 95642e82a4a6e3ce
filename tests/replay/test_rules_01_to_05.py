"""The rules of replay, 1 to 5: which events belong to which decision.

Each test fails when its rule is taken out of the engine: ``test_sabotage.py`` takes them out. Every decision that
a :class:`~tests.replay.decision_checker.DecisionChecker` returns was made by a cached and by a replayed execution, and was
the same both times.
"""

from __future__ import annotations

import pytest

from simpleflow_nb import futures
from simpleflow_nb.exceptions import StaleCache

from .decision_checker import DecisionChecker, Limits
from .scenarios import (
    clean,
    execution_replays,
    join,
    load,
    plot,
    quota_for,
    retried,
    shorts,
    two_tasks_and_what_was_seen,
    workflow,
)


def test_what_happens_while_a_decision_is_made_was_not_seen_by_it():
    """Rule 1: a DecisionTaskCompleted is the end of what its DecisionTaskStarted had seen; the rest is the next decision's."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        decisions = checker.decisions()
        checker.complete("activity-clean-1")
        checker.respond(decisions)
        assert shorts(decisions) == ["ScheduleActivityTask join-1"]
        assert shorts(checker.decide()) == ["CompleteWorkflowExecution"]
        assert execution_replays(checker)


def test_what_the_engine_decides_waits_for_the_next_decision():
    """Rule 2: a retry timer that became due while a decision was made is decided by the next one."""

    def run(w):
        w.submit(retried)
        w.submit(load).result
        w.submit(clean).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        decisions = checker.decisions()
        checker.fail("activity-retried-1")
        checker.respond(decisions)
        assert shorts(decisions) == ["ScheduleActivityTask clean-1"]
        assert shorts(checker.decide()) == ["StartTimer _retry-activity-retried-1-1"]


def test_a_task_that_became_ready_waits_for_the_next_decision():
    """Rule 2: the result of an argument that comes while a decision is made is no reason to decide in it."""

    def run(w):
        first = w.submit(load)
        w.submit(plot, first)
        w.submit(join).result
        w.submit(clean).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-join-1")
        checker.start_decision()
        decisions = checker.decisions()
        checker.complete("activity-load-1", 1)
        checker.respond(decisions)
        assert shorts(decisions) == ["ScheduleActivityTask clean-1"]
        assert shorts(checker.decide()) == ["ScheduleActivityTask plot-1"]


def test_the_engine_decides_in_a_fixed_order_before_the_code_goes_on():
    """Rule 2: backoff timer, retry timers, ready tasks, the code's own. Changing the order breaks open runs."""

    def run(w):
        w.submit(retried)
        first = w.submit(load)
        w.submit(plot, first)
        w.submit(join)
        first.result
        w.submit(w.record_marker("seen")).result
        w.submit(clean).result

    with DecisionChecker(workflow(run), refuse=lambda a: quota_for("join", a)) as checker:
        checker.decide()
        checker.complete("activity-load-1", 1)
        checker.fail("activity-retried-1")
        assert shorts(checker.decide()) == [
            "StartTimer _backoff-1",
            "StartTimer _retry-activity-retried-1-1",
            "ScheduleActivityTask plot-1",
            "RecordMarker seen",
            "ScheduleActivityTask clean-1",
        ]


def test_a_decision_task_that_timed_out_decided_nothing():
    """Rule 3: there is no decision without its DecisionTaskCompleted, and what was cached then is out of date."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        assert shorts(checker.decisions()) == ["ScheduleActivityTask join-1"]
        checker.time_out_decision()
        checker.complete("activity-clean-1")
        checker.start_decision()
        assert shorts(checker.decisions()) == ["ScheduleActivityTask plot-1", "CompleteWorkflowExecution"]
        assert checker.stats["stale"] == 1


def test_a_parked_decision_decided_nothing_and_leftovers_of_a_split_survive_it():
    """Rule 4: its marker comes first and makes replay skip it; its timer belongs to nobody."""

    def run(w):
        futures.wait(w.map(load, range(5)))

    with DecisionChecker(workflow(run), limits=Limits(decisions=3)) as checker:
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-1", "StartTimer _wake-1"]
        checker.fire("_wake-1")
        checker.start_decision()
        assert shorts(checker.decisions()) == [
            "ScheduleActivityTask load-2",
            "ScheduleActivityTask load-3",
            "StartTimer _wake-2",
        ]
        checker.park()
        assert [event["eventType"] for event in checker.run.events[-2:]] == ["MarkerRecorded", "TimerStarted"]
        checker.fire("_park-1")
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-2", "ScheduleActivityTask load-3", "StartTimer _wake-2"]
        checker.fire("_wake-2")
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-4", "ScheduleActivityTask load-5"]
        assert checker.stats["stale"] == 1


def test_a_parked_decision_that_saw_something_leaves_it_to_the_next_one():
    """Rule 4: what arrived before a parked decision is first seen by the code at the next decision that counts."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        checker.decisions()
        checker.park()
        checker.complete("activity-clean-1")
        assert shorts(checker.decide()) == ["ScheduleActivityTask plot-1", "CompleteWorkflowExecution"]


def test_a_cached_execution_is_out_of_date_when_events_are_missing():
    """Rule 5: the new events must join on to those it knows. Whole pages are fetched by the decider process."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        execution = checker.cached
        with pytest.raises(StaleCache, match="knows events up to 3, got 6"):
            execution.advance(checker.run.events[5:])


@pytest.mark.parametrize("overlap", [0, 1, 3])
def test_a_cached_execution_drops_the_events_that_it_knows(overlap):
    """Rule 5: a poll that starts at the previous DecisionTaskStarted by time hands out some events again."""

    def run(w):
        w.next_signal("a").result
        w.next_signal("a").result

    with DecisionChecker(workflow(run)) as checker:
        checker.signal("a")
        checker.decide()
        checker.signal("b")
        checker.start_decision()
        assert checker.decisions(overlap=overlap) == []
        assert checker.stats["cached"] == 1


@pytest.mark.parametrize("lost_by", ["nobody answered", "a parked decision", "the decision of another decider"])
def test_a_cached_execution_is_out_of_date_when_its_decision_was_not_accepted(lost_by):
    """Rule 5: the first DecisionTaskCompleted that is new must be that of the decision it made, and must not be parked."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        decisions = checker.decisions()
        if lost_by == "a parked decision":
            checker.park()
            checker.fire("_park-1")
        else:
            checker.time_out_decision()
            if lost_by == "the decision of another decider":
                checker.start_decision()
                checker.respond(decisions)
                checker.complete("activity-join-1")
        checker.start_decision()
        execution = checker.cached
        with pytest.raises(StaleCache, match="the last decision was not accepted"):
            execution.advance(checker.run.events[execution.next_id - 1 :])
