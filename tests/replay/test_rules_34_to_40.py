"""The rules of replay, 34 to 40: child executions, and what a run sends to other executions.

Each test fails when its rule is taken out of the engine: ``test_sabotage.py`` takes them out.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from simpleflow_nb import RetryPolicy, Workflow, futures
from simpleflow_nb.canvas import Group
from simpleflow_nb.constants import MAX_OPEN_CHILD_COUNT
from simpleflow_nb.exceptions import PayloadMissing
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.payload import encode, reference

from .children import ONE, TWO, Child, history_of_two_children
from .decision_checker import DecisionChecker
from .scenarios import declared, load, replay_by, short, shorts, workflow
from .steps import completes, decided, fails, fires, result_of, together
from .test_external_signals import PARENT, PROPAGATED, SIGNAL, once, passed_on, sender

CANCEL = f"RequestCancelExternalWorkflowExecution {ONE}"


def starts(child):
    return lambda checker: checker.start_child(child)


def cancels_its_child(w):
    child = w.submit(Child)
    w.submit(load).result
    child.cancel()
    w.timer(60).result


# ---- 34: cancelling children -----------------------------------------------------------------------------------------------


def test_a_child_is_asked_to_cancel_once_it_has_started_and_not_before():
    """Rule 34: an execution that has not started cannot be cancelled, and nobody would ask again."""
    assert decided(cancels_its_child, completes("load-1"), starts(ONE))[1:] == [["StartTimer timer-1"], [CANCEL]]


def test_the_request_to_cancel_a_child_that_starts_during_a_decision_waits_for_the_next_one():
    """Rule 34: as rule 2, nothing enters the queue while events are applied; else it would come before older decisions."""
    with DecisionChecker(workflow(cancels_its_child)) as checker:
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        decisions = checker.decisions()
        checker.start_child(ONE)
        checker.respond(decisions)
        assert shorts(checker.decide()) == [CANCEL]


def test_a_request_to_cancel_a_child_does_not_name_its_run():
    """Rule 34: the child may have continued as new."""
    with DecisionChecker(workflow(cancels_its_child)) as checker:
        checker.decide()
        checker.start_child(ONE)
        checker.complete("activity-load-1")
        assert attributes_of(checker.decide()[0]) == {"workflowId": ONE}


# ---- 35: how many children -------------------------------------------------------------------------------------------------


def test_children_that_are_refused_for_their_rate_are_paced():
    """Rule 35: 24 after each pause of two seconds; all at once they would be refused again."""

    def run(w):
        w.map(Child, range(30))
        w.timer(60).result

    with DecisionChecker(workflow(run), **once("StartChildWorkflowExecution", "CHILD_CREATION_RATE_EXCEEDED", 30)) as checker:
        checker.decide()
        (pause,) = checker.decide()
        assert (short(pause), attributes_of(pause)["startToFireTimeout"]) == ("StartTimer _pace-1", "2")
        checker.fire("_pace-1")
        assert [short(one).split()[0] for one in checker.decide()] == ["StartChildWorkflowExecution"] * 24 + ["StartTimer"]


def test_no_more_children_are_asked_for_than_can_be_open():
    """Rule 35: the service would refuse each, at the price of an event."""

    def run(w):
        w.map(Child, range(MAX_OPEN_CHILD_COUNT + 1))
        w.timer(60).result

    with DecisionChecker(workflow(run)) as checker:
        checker.cached = checker.new()
        for n in range(1, 12):
            checker.start_decision()
            checker.respond(checker.cached.advance(checker.run.events))
            if f"_wake-{n}" in checker.run.timers:
                checker.fire(f"_wake-{n}")
        assert len(checker.children) == MAX_OPEN_CHILD_COUNT
        checker.complete_child(ONE)
        assert shorts(checker.decide()) == [f"StartChildWorkflowExecution {ONE[:-1]}{MAX_OPEN_CHILD_COUNT + 1}"]


# ---- 36: children are compared ---------------------------------------------------------------------------------------------


def test_two_children_of_one_class_that_changed_places_are_named():
    """Rule 36: as rule 22; the ids cannot show it."""
    error = replay_by(lambda w: futures.wait(w.submit(Child, 2), w.submit(Child, 1)), history_of_two_children())
    assert (error.event_id, "the two calls have changed places" in str(error)) == (7, True)


def test_a_child_of_another_type_under_the_same_id_is_named():
    """Rule 36: a class may name its children, so the id does not say the type."""

    class Renamed(Child):
        name = "renamed"

        @classmethod
        def get_workflow_id(cls, *args):
            return ONE

    error = replay_by(lambda w: w.submit(Renamed, 1).result, history_of_two_children())
    assert error.event_id == 6


# ---- 37: outcomes of what was initiated ------------------------------------------------------------------------------------


def test_a_failure_after_something_was_initiated_is_its_outcome_and_no_record_of_a_decision():
    """Rule 37: as rule 6; both have the id of a DecisionTaskCompleted."""

    def run(w):
        child = w.submit(type("Quiet", (Child,), {"raises_on_failure": False}))
        sent = w.submit(Group(w.signal("go", workflow_id="other"), raises_on_failure=False))
        return [str(child.exception), str(sent.exception), w.submit(load).result]

    def fails_later(checker):
        checker.refuse_child(ONE, "WORKFLOW_ALREADY_RUNNING")
        (initiated,) = checker.sent
        checker.deliver(initiated, "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION")

    assert result_of(run, fails_later, completes("load-1", 1)) == [
        f"{ONE}: WORKFLOW_ALREADY_RUNNING",
        "TaskFailed: signal-go-1: UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        1,
    ]


def test_what_a_quota_refuses_is_sent_again_after_the_backoff_timer():
    """Rule 37: as rule 13; signals and requests to cancel too."""

    def run(w):
        w.submit(w.signal("go", workflow_id="other")).result

    steps = (lambda checker: None), fires("_backoff-1")
    assert decided(run, *steps, **once(SIGNAL, "SIGNAL_RATE_EXCEEDED"))[1:] == [
        ["StartTimer _backoff-1"],
        [f"{SIGNAL} go to other"],
    ]


def test_what_a_quota_refuses_that_may_be_sent_again_during_a_decision_waits_for_the_next_one():
    """Rule 37: as rule 2; the timer fires while other decisions are under way."""

    def run(w):
        w.submit(w.signal("go", workflow_id="other"))
        w.submit(load).result
        w.timer(60).result

    with DecisionChecker(workflow(run), **once(SIGNAL, "SIGNAL_RATE_EXCEEDED")) as checker:
        checker.decide()
        checker.decide()
        checker.complete("activity-load-1")
        checker.start_decision()
        decisions = checker.decisions()
        checker.fire("_backoff-1")
        checker.respond(decisions)
        assert shorts(checker.decide()) == [f"{SIGNAL} go to other"]


# ---- 38: signals that are passed on ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        (sender("grandparent", "g"), [ONE, TWO]),
        (sender(ONE, "a later run of the child"), ["grandparent", TWO]),
        (None, ["grandparent", ONE, TWO]),
    ],
)
def test_a_signal_is_passed_on_but_not_back(source, targets):
    """Rule 38: else two executions would send it to each other for ever."""
    found = passed_on(PROPAGATED, source=source, ready=(ONE, TWO))
    assert found == [f"{SIGNAL} go to {target}" for target in targets]


def test_signals_are_passed_on_after_what_the_engine_decides_and_before_the_code_goes_on():
    """Rule 38: the order of decisions is part of the history."""
    slow = declared("slow", retry=RetryPolicy(attempts=2, first_wait=timedelta(seconds=5)))

    def run(w):
        w.submit(slow)
        w.next_signal("go").result
        w.submit(load).result

    step = together(fails("slow-1"), lambda checker: checker.run.signal(checker.clock, "go", PROPAGATED))
    assert decided(run, step, started=PARENT)[1] == [
        "StartTimer _retry-activity-slow-1-1",
        f"{SIGNAL} go to grandparent",
        "ScheduleActivityTask load-1",
    ]


def test_runs_of_the_first_version_of_the_engine_pass_no_signals_on():
    """Rule 38: their histories have no decisions for that."""

    def run(w):
        w.next_signal("go").result
        w.submit(load).result

    with DecisionChecker(workflow(run), started=PARENT) as checker:
        checker.decide()
        for event in checker.run.events:
            if event["eventType"] == "MarkerRecorded":
                event["markerRecordedEventAttributes"]["details"] = '{"engine": 1, "open_activities": 1000}'
        checker.evict()
        checker.run.signal(checker.clock, "go", PROPAGATED)
        assert shorts(checker.decide()) == ["ScheduleActivityTask load-1"]


# ---- 39: payloads of signals -----------------------------------------------------------------------------------------------


def test_a_signal_whose_payload_is_missing_is_not_passed_on_and_does_not_stop_the_run():
    """Rule 39: as for the code that waits for it, the marker keeps that for every replay."""

    class Waiting(Workflow):
        name, task_list = "played", "decisions"

        def run(self):
            self.timer(60).result

    def load_payload(digest):
        raise PayloadMissing("there is none")

    text = reference(encode({"__propagate": True}))
    with DecisionChecker(Waiting, started=PARENT, load=load_payload) as checker:
        checker.decide()
        checker.run.signal(checker.clock, "go", text)
        checker.start_decision()
        assert list(map(short, checker.new().advance(checker.run.events))) == ["RecordMarker _missing"]


# ---- 40: retries of children -----------------------------------------------------------------------------------------------


def test_a_child_is_retried_under_another_id_and_what_was_started_counts_as_open_once():
    """Rule 40: as rule 21; the first id may still be taken, and every start has one end."""

    def run(w):
        child = w.submit(type("Retried", (Child,), {"retry": 2}))
        return [child.result, child.id, child.workflow_id, w.executor.open_children]

    steps = [lambda checker, key=key: checker.end_child(key, "Failed", reason="E") for key in (ONE, f"{ONE}.2")]
    steps.append(lambda checker: checker.complete_child(f"{ONE}.3", 7))
    assert result_of(run, *steps) == [7, ONE, f"{ONE}.3", 0]
