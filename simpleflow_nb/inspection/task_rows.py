"""The tasks of an execution, read from its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_ENDS = {
    "ActivityTaskCompleted": "completed",
    "ActivityTaskFailed": "failed",
    "ActivityTaskTimedOut": "timed_out",
    "ActivityTaskCanceled": "canceled",
}


@dataclass(kw_only=True)
class TaskRow:
    """One attempt at an activity task."""

    id: str  #: of the task, without its attempt
    attempt: int
    name: str  #: type name of the activity
    version: str
    state: str  #: scheduled, started, completed, failed, timed_out, canceled
    scheduled: float  #: epoch seconds
    started: float | None = None
    ended: float | None = None
    input: str | None = None
    result: str | None = None
    reason: str | None = None
    details: str | None = None
    scheduled_event_id: int = 0
    ended_event_id: int | None = None

    @property
    def attempt_id(self) -> str:
        """The id with the attempt, which the first one has none of."""
        return self.id if self.attempt == 1 else f"{self.id}.{self.attempt}"

    @property
    def last_moment(self) -> float:
        return self.ended or self.started or self.scheduled

    @property
    def seconds_waited(self) -> float | None:
        """To the millisecond, which is what moments are kept in."""
        return round(self.started - self.scheduled, 3) if self.started is not None else None

    @property
    def seconds_run(self) -> float | None:
        return round(self.ended - self.started, 3) if self.started is not None and self.ended is not None else None


def task_rows(events: Iterable[Mapping[str, Any]]) -> list[TaskRow]:
    """Return a row for each attempt, in the order of scheduling."""
    rows: dict[int, TaskRow] = {}
    for event in events:
        kind = event["eventType"]
        if kind == "ActivityTaskScheduled":
            a = event["activityTaskScheduledEventAttributes"]
            task_id, attempt = split_id(a["activityId"])
            rows[event["eventId"]] = TaskRow(
                id=task_id,
                attempt=attempt,
                name=a["activityType"]["name"],
                version=a["activityType"]["version"],
                state="scheduled",
                scheduled=epoch(event["eventTimestamp"]),
                input=a.get("input"),
                scheduled_event_id=event["eventId"],
            )
        elif kind == "ActivityTaskStarted":
            row = rows[event["activityTaskStartedEventAttributes"]["scheduledEventId"]]
            row.state, row.started = "started", epoch(event["eventTimestamp"])
        elif kind in _ENDS:
            a = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
            row = rows[a["scheduledEventId"]]
            row.state, row.ended, row.ended_event_id = _ENDS[kind], epoch(event["eventTimestamp"]), event["eventId"]
            row.result, row.details = a.get("result"), a.get("details")
            row.reason = a.get("reason") or a.get("timeoutType")
    return list(rows.values())


def split_id(activity_id: str) -> tuple[str, int]:
    """Split an id: ``activity-pkg.load-1.3`` is the third attempt at ``activity-pkg.load-1``."""
    head, dot, attempt = activity_id.rpartition(".")
    if dot and attempt.isdigit() and head.rpartition("-")[2].replace("_", "").isalnum():
        return head, int(attempt)
    return activity_id, 1


def epoch(moment: Any) -> float:
    """Return epoch seconds from a datetime (boto3) or a number (the local service)."""
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)


def shown_time(seconds: float | None) -> str:
    """Format epoch seconds in UTC as in simpleflow, always with microseconds; None gives an empty text."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(" ", "microseconds")
