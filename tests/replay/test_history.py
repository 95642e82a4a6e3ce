"""What hooks are told of a run: each kind of event, under simpleflow's names."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simpleflow_nb import Workflow, activity, payload
from simpleflow_nb.history import Event, History
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.testing import harness


@activity.with_attributes(name="history.shaky", retry=1, raises_on_failure=False)
def shaky(n: int) -> int:
    if n < 0:
        raise ValueError("negative")
    return n + 1


class Eventful(Workflow):
    name = "history.eventful"

    def run(self) -> Any:
        self.submit(self.record_marker("note", {"half": 1}))
        named = self.submit(self.start_timer("short", 5, control={"why": "rest"}))
        waiting = self.timer(600)
        self.submit(shaky, 1).wait()
        self.submit(shaky, -1).wait()
        signal = self.next_signal("go").result
        named.wait()
        waiting.cancel()
        return signal


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    with harness(Eventful) as played:
        workflow_id, run_id = played.start(Eventful)
        played.signal(workflow_id, "go", {"args": [7], "kwargs": {}})
        played.result(workflow_id, run_id)
        return played.history(workflow_id, run_id)


def test_the_attempts_at_an_activity_are_one_entry(events: list[dict[str, Any]]) -> None:
    history = History(events)
    assert list(history.activities) == ["activity-history.shaky-1", "activity-history.shaky-2"]
    good, bad = history.activities.values()
    assert (good["type"], good["name"], good["state"], good["retry"]) == ("activity", "history.shaky", "completed", 0)
    assert good["input"]["args"] == [1]
    assert good["result"] == "2"
    assert (bad["state"], bad["retry"], bad["attempt"], bad["reason"]) == ("failed", 1, 2, "ValueError: negative")
    assert bad["scheduled_timestamp"] <= bad["started_timestamp"] <= bad["failed_timestamp"]
    assert bad["failed_timestamp"].tzinfo is UTC


def test_timers_markers_and_signals_are_those_of_the_workflow_alone(events: list[dict[str, Any]]) -> None:
    history = History(events)
    assert {name: timer["state"] for name, timer in history.timers.items()} == {"short": "fired", "timer-1": "canceled"}
    assert history.timers["short"]["control"] == {"why": "rest"}
    assert history.timers["short"]["start_to_fire_timeout"] == 5
    assert {name: [one["details"] for one in found] for name, found in history.markers.items()} == {"note": ['{"half":1}']}
    assert history.signals["go"]["input"] == {"args": [7], "kwargs": {}}
    assert history.get_signal_events("go") == [history.signals["go"]]
    assert history.get_signal_events("other") == []
    assert [task["type"] for task in history.tasks if task["type"] != "activity"] == ["signal"]
    assert history.cancel_requested is history.cancel_requested_id is None


def with_signal(events: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """The same events, with that as the input of the signal."""
    changed = []
    for event in events:
        if event["eventType"] == "WorkflowExecutionSignaled":
            event = event | {"workflowExecutionSignaledEventAttributes": {"signalName": "go", "input": text}}
        changed.append(event)
    return changed


def test_inputs_are_read_when_they_are_asked_for(events: list[dict[str, Any]]) -> None:
    text, asked = '"a long text"', []

    def load(digest: str) -> str:
        asked.append(digest)
        return text

    history = History(with_signal(events, payload.reference(text)), load)
    signal = history.signals["go"]
    assert (signal["state"], list(signal)[:4], asked) == ("signaled", ["type", "name", "state", "input"], [])
    assert [signal["input"], signal.get("input"), dict(signal)["input"], {**signal}["input"]] == ["a long text"] * 4
    assert asked == [payload.digest(text)]


@pytest.mark.parametrize(
    "read",
    [
        lambda signal: dict(signal.items())["input"],
        lambda signal: list(signal.values())[3],
        lambda signal: signal.copy()["input"],
        lambda signal: (signal | {})["input"],
        lambda signal: ({} | signal)["input"],
        lambda signal: json.loads(json.dumps(dict(signal, timestamp=0)))["input"],
        lambda signal: signal.pop("input"),
        lambda signal: signal.setdefault("input", 3),
        lambda signal: {"input": "a long text"}.items() <= signal.items() and "a long text",
        lambda signal: signal == {**signal, "input": "a long text"} and "a long text",
        lambda signal: repr(signal).partition("'input': ")[2].partition("'")[2].partition("'")[0],
    ],
)
def test_what_is_told_of_a_signal_is_a_dictionary_however_it_is_read(events: list[dict[str, Any]], read: Any) -> None:
    text = '"a long text"'
    history = History(with_signal(events, payload.reference(text)), {payload.digest(text): text}.__getitem__)
    assert isinstance(history.signals["go"], dict)
    assert read(history.signals["go"]) == "a long text"


def test_a_signal_whose_payload_was_never_stored_has_none(events: list[dict[str, Any]]) -> None:
    history = History(with_signal(events, payload.reference("never stored")), MemoryPayloads().load)
    assert history.signals["go"]["input"] is None
    assert [event.input for event in history.events if event.state == "signaled"] == [None]


def test_every_event_is_there_with_its_attributes(events: list[dict[str, Any]]) -> None:
    history = History(events)
    assert [event.id for event in history.events] == [event["eventId"] for event in events]
    assert history.last_event_id == events[-1]["eventId"]
    first = history.events[0]
    assert (first.name, first.workflow_type["name"], first.control) == ("WorkflowExecutionStarted", "history.eventful", None)
    assert first.input["__extra"] == {"class": "tests.replay.test_history.Eventful"}
    with pytest.raises(AttributeError, match="event 1, WorkflowExecutionStarted, has no 'result'"):
        _ = first.result


@pytest.mark.parametrize(
    ("name", "kind", "state"),
    [
        ("ActivityTaskTimedOut", "ActivityTask", "timed_out"),
        ("ScheduleActivityTaskFailed", "ActivityTask", "schedule_failed"),
        ("ActivityTaskCancelRequested", "ActivityTask", "cancel_requested"),
        ("StartTimerFailed", "Timer", "start_failed"),
        ("RecordMarkerFailed", "Marker", "record_failed"),
        ("CompleteWorkflowExecutionFailed", "WorkflowExecution", "complete_failed"),
        ("StartChildWorkflowExecutionInitiated", "ChildWorkflowExecution", "start_initiated"),
    ],
)
def test_type_and_state_are_read_off_the_name(name: str, kind: str, state: str) -> None:
    event = Event({"eventId": 1, "eventType": name, "eventTimestamp": 0.0})
    assert (event.type, event.state, event.timestamp) == (kind, state, datetime(1970, 1, 1, tzinfo=UTC))
