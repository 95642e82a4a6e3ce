"""The rules of replay, 6 to 8: what is compared with what, and responses that are split.

Each test fails when its rule is taken out of the engine: ``test_sabotage.py`` takes them out. Every decision that
a :class:`~tests.replay.decision_checker.DecisionChecker` returns was made by a cached and by a replayed execution, and was
the same both times.
"""

from __future__ import annotations

import pytest

from simpleflow_nb import futures
from simpleflow_nb.exceptions import HistoryError
from simpleflow_nb.local.decisions import Quotas, attributes_of

from .decision_checker import DecisionChecker, Limits, execution_of
from .scenarios import (
    clean,
    events_of,
    execution_replays,
    five_tasks,
    here,
    history_of_load_then_clean,
    join,
    last_event,
    load,
    plot,
    replay_by,
    shorts,
    two_tasks_and_what_was_seen,
    workflow,
)


def test_an_outcome_may_stand_among_the_records_of_a_decision():
    """Rule 6: ActivityTaskCanceled of a task that no worker had begun stands right behind the request, before other records.

    The outcomes of children and external workflows belong here too; this version carries none of them out.
    """

    def run(w):
        first = w.submit(load)
        w.submit(clean).result
        first.cancel()
        w.submit(plot).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-clean-1")
        checker.decide()
        kinds = [event["eventType"] for event in checker.run.events[-4:]]
        assert kinds == [
            "ActivityTaskCancelRequested",
            "ActivityTaskCanceled",
            "ActivityTaskScheduled",
            "DecisionTaskScheduled",
        ]
        assert shorts(checker.decide()) == []
        assert checker.cached.tasks["activity-load-1"].state == futures.CANCELLED


def test_a_refused_request_to_cancel_is_the_record_of_that_request():
    """Rule 6: the task ended while the decision was made; its outcome stands before the record that refuses."""

    def run(w):
        first = w.submit(load)
        w.submit(clean).result
        first.cancel()
        return first.wait()

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-clean-1")
        checker.start_decision()
        decisions = checker.decisions()
        checker.complete("activity-load-1", 7)
        checker.respond(decisions)
        assert events_of(checker, "RequestCancelActivityTaskFailed")
        assert attributes_of(checker.decide()[-1]) == {"result": "7"}


def test_an_event_of_a_kind_that_this_version_does_not_know_is_named():
    """Rule 6: neither guessed at nor skipped."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        checker.run.add(1.0, "LambdaFunctionScheduled", {})
        checker.signal("go")
        checker.start_decision()
        with pytest.raises(HistoryError) as caught:
            execution_of(checker.workflow_class, Limits()).advance(checker.run.events)
        assert str(caught.value) == "event 8: 'LambdaFunctionScheduled' is not an event that this version can read"


@pytest.mark.parametrize(
    ("name", "event_id", "message"),
    [
        (
            "renamed",
            6,
            "event 6: history has ScheduleActivityTask(activity-load-1, type load); "
            "the code now has ScheduleActivityTask(activity-join-1) at test_rules_06_to_08.py:LINE.",
        ),
        (
            "fewer",
            7,
            "event 7: history has StartTimer(timer-1); the code now has no further decision here.",
        ),
        (
            "retyped",
            7,
            "event 7: history has StartTimer(timer-1); the code now has RecordMarker(note) at test_rules_06_to_08.py:LINE.",
        ),
        (
            "more",
            None,
            "end of the decision: history has nothing more decided there; "
            "the code now has ScheduleActivityTask(activity-plot-1) at test_rules_06_to_08.py:LINE.",
        ),
        (
            "later",
            12,
            "event 12: history has ScheduleActivityTask(activity-clean-1, type clean); "
            "the code now has RecordMarker(note) at test_rules_06_to_08.py:LINE.",
        ),
    ],
)
def test_every_record_must_be_the_oldest_decision_that_has_none(name, event_id, message):
    """Rule 7: compared in order, by kind, id and type name, and each decision task exhausted where it was decided."""
    lines = {}

    def renamed(w):
        lines["renamed"] = here()
        w.submit(join, 1)
        w.timer(5).result

    def fewer(w):
        w.submit(load, 1).result

    def retyped(w):
        w.submit(load, 1)
        lines["retyped"] = here()
        w.submit(w.record_marker("note"))
        w.timer(5).result

    def more(w):
        w.submit(load, 1)
        timer = w.timer(5)
        lines["more"] = here()
        w.submit(plot)
        timer.result
        w.submit(clean).result

    def later(w):
        w.submit(load, 1)
        w.timer(5).result
        lines["later"] = here()
        w.submit(w.record_marker("note"))
        w.submit(clean).result

    code = {"renamed": renamed, "fewer": fewer, "retyped": retyped, "more": more, "later": later}[name]
    error = replay_by(code, history_of_load_then_clean())
    expected = message.replace("LINE", str(lines.get(name, 0) + 1))
    assert str(error) == expected + " If the change is meant, guard it with self.patched('some-id')"
    assert error.event_id == event_id


def test_code_that_decided_more_than_an_ended_history_has_is_caught_too():
    """Rule 7: a run that was terminated has no later decision at which the queue is looked at."""
    with DecisionChecker(workflow(two_tasks_and_what_was_seen)) as checker:
        checker.decide()
        checker.run.terminate(2.0, None, None, "TERMINATE", "OPERATOR_INITIATED")

        def more(w):
            futures.wait(w.submit(load), w.submit(clean), w.submit(plot))

        error = replay_by(more, checker.run.events)
        assert str(error).startswith("end of the decision: history has nothing more decided there; the code now has")
        assert replay_by(two_tasks_and_what_was_seen, checker.run.events) is None


def history_of_five_tasks():
    """Five tasks decided in three responses of three decisions each, markers and wake-up timers included."""
    with DecisionChecker(workflow(five_tasks), limits=Limits(decisions=3)) as checker:
        for wake in ("_wake-1", "_wake-2"):
            checker.decide()
            checker.fire(wake)
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        return checker.run.events


def test_a_response_that_is_too_long_is_split_and_its_timer_says_how_much_is_left():
    """Rule 8: nothing is lost; what is left over goes first next time."""
    history = history_of_five_tasks()
    timers = [e["timerStartedEventAttributes"] for e in history if e["eventType"] == "TimerStarted"]
    assert [(t["timerId"], t["startToFireTimeout"], t["control"]) for t in timers] == [
        ("_wake-1", "0", "4"),
        ("_wake-2", "0", "2"),
    ]
    ids = [
        e["activityTaskScheduledEventAttributes"]["activityId"] for e in history if e["eventType"] == "ActivityTaskScheduled"
    ]
    assert ids == [f"activity-load-{n}" for n in range(1, 6)]


@pytest.mark.parametrize("decisions", [3, 4, 100])
def test_a_split_is_read_from_history_and_never_computed_again(decisions):
    """Rule 8: limits may change between versions."""
    assert replay_by(five_tasks, history_of_five_tasks(), limits=Limits(decisions=decisions)) is None


@pytest.mark.parametrize("tasks", [4, 6])
def test_a_change_in_leftover_decisions_is_caught_in_its_own_decision(tasks):
    """Rule 8: that a response was split is not enough to know; the number left over is."""

    def other(w):
        futures.wait(w.map(load, range(tasks)))

    history = history_of_five_tasks()
    first_split = next(n for n, e in enumerate(history) if e["eventType"] == "TimerFired")
    started = next(n for n in range(first_split, len(history)) if history[n]["eventType"] == "DecisionTaskStarted")
    error = replay_by(other, history[: started + 1])
    assert str(error).startswith("end of the decision: history has 4 more decisions left over for later; the code now has")


def test_a_wake_up_timer_that_is_refused_loses_nothing():
    """Rule 8: the run holds as many timers as the service allows, and the refusal itself brings the next decision task."""

    def run(w):
        w.timer(100)
        futures.wait(w.map(load, range(4)))

    with DecisionChecker(workflow(run), limits=Limits(decisions=4), quotas=Quotas(open_timers=1)) as checker:
        assert shorts(checker.decide()) == ["StartTimer timer-1", "ScheduleActivityTask load-1", "StartTimer _wake-1"]
        assert last_event(checker, "StartTimerFailed")["timerId"] == "_wake-1"
        expected = [f"ScheduleActivityTask load-{n}" for n in (2, 3, 4)]
        assert shorts(checker.decide()) == expected
        assert execution_replays(checker)
