"""Histories made by hand: they are as the service would give them, and workflows can be replayed from them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from simpleflow_nb import Workflow, activity
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.swf.mapper.models import ActivityType, Domain, WorkflowType
from simpleflow_nb.swf.mapper.models.history import builder
from simpleflow_nb.swf.mapper.models.history.builder import History

from .conformance import history_problems

SUMS = WorkflowType(Domain("shop"), "sum", "1", task_list="sums")
ADD = ActivityType(Domain("shop"), "add", "1", task_list="sums", task_heartbeat_timeout=30)


@activity.with_attributes(task_list="sums", raises_on_failure=False)
def add(x: int, y: int) -> int:
    return x + y


class Sum(Workflow):
    name, version, task_list = "built.sum", "1", "sums"

    def run(self, x: int) -> Any:
        first = self.submit(add, x, 1)
        return self.submit(add, first.result, 10).result


def decided(built: History) -> Any:
    """What the workflow decides last; a decider that sees no other decisions says first which engine it has."""
    marker, decision = Execution(program(Sum), run_id="r", workflow_id="w").advance(built.raw_events)
    assert marker["decisionType"] == "RecordMarker"
    return decision


def test_a_history_begins_with_a_decision_task_that_was_taken():
    built = History(SUMS, input={"args": [1]}, tag_list=["mine"])
    assert [event.name for event in built.events] == [
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
    ]
    assert (built.last_id, built.next_id) == (3, 4)
    assert (built.events[0].input, built.events[0].tag_list) == ({"args": [1]}, ["mine"])
    assert built.events[2].identity == builder.DEFAULT_DECIDER_IDENTITY
    assert history_problems(built.raw_events) == []


def test_each_event_is_as_the_service_gives_it_and_a_second_after_the_one_before():
    built = History(SUMS).add_decision_task_completed(execution_context={"waiting_signals": ["go"]})
    decision = built.last_id
    for state in ("completed", "failed", "timed_out", "started", "scheduled", "schedule_failed"):
        built.add_activity_task(ADD, decision, state, f"add-{state}", input={"args": [1]}, result=2)
    for state in ("start_initiated", "started", "completed", "failed", "timed_out", "canceled", "terminated"):
        built.add_child_workflow(SUMS, state, workflow_id=f"child-{state}", result="3")
    built.add_marker("seen", "once").add_signal("go", {"now": True}).add_request_cancel()
    built.add_timer_started("soon", 60, control={"why": "rest"}).add_timer_fired("soon")
    built.add_timer_started("late", 60).add_timer_canceled("late")
    built.add_decision_task().add_decision_task_scheduled().add_decision_task_started().add_decision_task_timed_out()
    assert history_problems(built.raw_events) == []
    moments = [event["eventTimestamp"] for event in built.raw_events]
    assert {round(later - earlier, 3) for earlier, later in itertools.pairwise(moments)} == {1.0}
    assert {name: task["state"] for name, task in built.activities.items()} == {
        f"add-{state}": state for state in ("completed", "failed", "timed_out", "started", "scheduled", "schedule_failed")
    }
    assert built.signals["go"]["input"] == {"now": True}
    assert {name: timer["state"] for name, timer in built.timers.items()} == {"soon": "fired", "late": "canceled"}
    assert built.markers["seen"][0]["details"] == "once"
    assert built.cancel_requested is not None


def test_what_is_not_said_of_an_event_is_of_the_events_before():
    built = History(SUMS).add_decision_task_completed().add_activity_task_scheduled(ADD, 4)
    built.add_activity_task_started(5).add_activity_task_failed()
    built.add_activity_task_scheduled(ADD, 4).add_activity_task_started(8).add_activity_task_timed_out("HEARTBEAT")
    assert [event.scheduled_event_id for event in built.events if event.state in ("failed", "timed_out")] == [5, 8]
    assert built.raw_events[4]["activityTaskScheduledEventAttributes"]["activityId"] == "add-5"
    assert (built.events[6].reason, built.events[6].details) == (builder.DEFAULT_REASON, builder.DEFAULT_DETAILS)
    assert history_problems(built.raw_events) == []


def test_a_workflow_is_replayed_from_a_history_made_by_hand():
    built = History(Sum, input={"args": [1], "kwargs": {}})
    first = decided(built)
    assert first["decisionType"] == "ScheduleActivityTask"
    attributes = first["scheduleActivityTaskDecisionAttributes"]
    built.add_decision_task_completed()
    built.add_activity_task(
        add, built.last_id, activity_id=attributes["activityId"], input={"args": [1, 1], "kwargs": {}}, result=2
    )
    built.add_decision_task_scheduled().add_decision_task_started()
    second = decided(built)
    assert second["scheduleActivityTaskDecisionAttributes"]["input"] == '{"args":[2,10],"kwargs":{}}'
    built.add_decision_task_completed()
    built.add_activity_task(
        add,
        built.last_id,
        activity_id=second["scheduleActivityTaskDecisionAttributes"]["activityId"],
        input={"args": [2, 10], "kwargs": {}},
        result=12,
    )
    built.add_decision_task_scheduled().add_decision_task_started()
    end = decided(built)
    assert end["completeWorkflowExecutionDecisionAttributes"] == {"result": "12"}
    assert history_problems(built.raw_events) == []


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda built: built.add_activity_task(ADD, 4, "lost"), "'lost' is no state of an activity task"),
        (lambda built: built.add_child_workflow(SUMS, "lost"), "'lost' is no state of a child workflow"),
        (lambda built: built.add_timer_fired("never"), "no event has started a timer 'never'"),
    ],
)
def test_what_cannot_have_happened_is_refused(call, told):
    built = History(SUMS).add_decision_task_completed()
    with pytest.raises(ValueError, match=r"state|timer") as refused:
        call(built)
    assert str(refused.value) == told
    assert built.last_id == 4
