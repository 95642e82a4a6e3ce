"""The events of a history that is made by hand, one after the other."""

from __future__ import annotations

import time
from typing import Any, Self

from ..... import payload

FIRST_TIMESTAMP: float | None = None
LATEST_TIMESTAMP: float | None = None

_YEAR = "31536000"


def new_timestamp_string() -> float:
    """Return the moment of the next event, in epoch seconds: now at the first call, and a second later at each other."""
    global FIRST_TIMESTAMP, LATEST_TIMESTAMP
    if FIRST_TIMESTAMP is None or LATEST_TIMESTAMP is None:
        FIRST_TIMESTAMP = LATEST_TIMESTAMP = time.time()
    else:
        LATEST_TIMESTAMP += 1
    return LATEST_TIMESTAMP


class BuiltEvents:
    """Events as the service gives them, with ids from 1; each method adds some and returns the object."""

    raw_events: list[dict[str, Any]]

    @property
    def last_id(self) -> int:
        """Return the id of the last event."""
        return len(self.raw_events)

    @property
    def next_id(self) -> int:
        """Return the id of the event that is added next."""
        return self.last_id + 1

    # ---- markers, signals, timers, cancellation ------------------------------------------------------------------------------

    def add_marker(self, name: str, details: str | None = None) -> Self:
        """Add a marker."""
        decision = self._last_decision()
        return self._add("MarkerRecorded", markerName=name, details=details, decisionTaskCompletedEventId=decision)

    def add_signal(self, name: str, input: Any = None, external_event_id: int = 0) -> Self:
        """Add a signal that has come."""
        text = payload.encode({} if input is None else input)
        return self._add("WorkflowExecutionSignaled", signalName=name, input=text, externalInitiatedEventId=external_event_id)

    def add_request_cancel(self, cause: str | None = None, external_event_id: int = 0) -> Self:
        """Add a request to cancel the execution."""
        return self._add("WorkflowExecutionCancelRequested", cause=cause, externalInitiatedEventId=external_event_id)

    def add_timer_started(self, timer_id: str, timeout: int | str, control: Any = None, decision_id: int = 0) -> Self:
        """Add the start of a timer, in seconds."""
        return self._add(
            "TimerStarted",
            timerId=timer_id,
            startToFireTimeout=seconds_of(timeout),
            control=None if control is None else payload.encode(control),
            decisionTaskCompletedEventId=decision_id or self._last_decision(),
        )

    def add_timer_fired(self, timer_id: str, started_timer_id: int = 0) -> Self:
        """Add the end of a timer; its start is found by its id unless it is given."""
        return self._add("TimerFired", timerId=timer_id, startedEventId=started_timer_id or self._start_of_timer(timer_id))

    def add_timer_canceled(self, timer_id: str, started_timer_id: int = 0) -> Self:
        """Add the cancellation of a timer; its start is found by its id unless it is given."""
        return self._add(
            "TimerCanceled",
            timerId=timer_id,
            startedEventId=started_timer_id or self._start_of_timer(timer_id),
            decisionTaskCompletedEventId=self._last_decision(),
        )

    # ---- one event -----------------------------------------------------------------------------------------------------------

    def _add(self, kind: str, **attributes: Any) -> Self:
        body = {name: value for name, value in attributes.items() if value is not None}
        key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        moment = new_timestamp_string()
        self.raw_events.append({"eventId": self.next_id, "eventType": kind, "eventTimestamp": moment, key: body})
        return self

    def _attributes(self, event_id: int) -> dict[str, Any]:
        event = self.raw_events[event_id - 1]
        found: dict[str, Any] = next(value for key, value in event.items() if key.endswith("EventAttributes"))
        return found

    def _or_last(self, event_id: int | None, before: int) -> int:
        return self.last_id - before if event_id is None else event_id

    def _last_decision(self) -> int:
        """Return the id of the last completed decision task; that of the last event if there is none."""
        ids = [event["eventId"] for event in self.raw_events if event["eventType"] == "DecisionTaskCompleted"]
        return ids[-1] if ids else self.last_id

    def _start_of_timer(self, timer_id: str) -> int:
        """Return the id of the event that started a timer.

        Raises:
            ValueError: none did.
        """
        for event in reversed(self.raw_events):
            if event["eventType"] == "TimerStarted" and event["timerStartedEventAttributes"]["timerId"] == timer_id:
                found: int = event["eventId"]
                return found
        raise ValueError(f"no event has started a timer {timer_id!r}")


def type_of(named: Any) -> dict[str, str]:
    """Return name and version of a type, of a workflow class or of an activity."""
    name = named.type_name() if hasattr(named, "type_name") else named.name
    return {"name": name, "version": str(named.version)}


def list_of(name: str | None) -> dict[str, str]:
    """Return a task list, ``default`` without a name."""
    return {"name": name or "default"}


def seconds_of(timeout: Any) -> str:
    """Return a timeout as text, a year without one."""
    return _YEAR if timeout is None else str(timeout)
