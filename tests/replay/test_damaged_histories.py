"""Histories with events that nothing in them leads to: each is refused with its event, and the run is parked."""

from __future__ import annotations

from typing import Any

import pytest

from simpleflow_nb.exceptions import HistoryError
from simpleflow_nb.replay.calls.commands import attributes_name

from .decision_checker import DecisionChecker
from .scenarios import load, workflow

CHILD: dict[str, Any] = {
    "workflowExecution": {"workflowId": "c", "runId": "r"},
    "workflowType": {"name": "child", "version": "1"},
    "initiatedEventId": 77,
    "startedEventId": 78,
}
OTHER: dict[str, Any] = {"workflowId": "c", "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", "initiatedEventId": 77}


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        (
            "ActivityTaskCompleted",
            {"scheduledEventId": 77, "startedEventId": 78},
            "ActivityTaskCompleted of an activity task that is not open (scheduledEventId 77)",
        ),
        (
            "ChildWorkflowExecutionStarted",
            CHILD,
            "ChildWorkflowExecutionStarted of something that is not open (initiatedEventId 77)",
        ),
        (
            "ChildWorkflowExecutionCompleted",
            CHILD,
            "ChildWorkflowExecutionCompleted of something that is not open (initiatedEventId 77)",
        ),
        (
            "ExternalWorkflowExecutionSignaled",
            CHILD,
            "ExternalWorkflowExecutionSignaled of something that is not open (initiatedEventId 77)",
        ),
        (
            "SignalExternalWorkflowExecutionFailed",
            OTHER,
            "SignalExternalWorkflowExecutionFailed of something that is not open (initiatedEventId 77)",
        ),
        (
            "RecordMarkerFailed",
            {"markerName": "_engine", "cause": "OPERATION_NOT_PERMITTED"},
            "the engine's marker _engine was refused: OPERATION_NOT_PERMITTED",
        ),
        ("SomethingOfNextYear", {}, "'SomethingOfNextYear' is not an event that this version can read"),
    ],
)
def test_an_event_that_nothing_leads_to_is_named(kind, attributes, message):
    def run(w):
        w.submit(load).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        event = {"eventId": len(checker.run.events) + 1, "eventType": kind, "eventTimestamp": 1001.0}
        checker.run.events.append({**event, attributes_name(kind, "Event"): attributes})
        checker.run.want_decision(1001.0)
        checker.start_decision()
        with pytest.raises(HistoryError) as refused:
            checker.new().advance(checker.run.events)
    assert str(refused.value) == f"event {event['eventId']}: {message}"
