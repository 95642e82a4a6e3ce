"""What a script knows of its executions and tasks, by their histories."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]


@dataclass
class Standing:
    """What is open in an execution, by its history."""

    is_open: bool = True
    decision: str = "none"  #: none, scheduled or started
    decision_scheduled: int = 0
    activities: dict[int, Event] = field(default_factory=dict)  #: scheduled event id -> its attributes
    started: set[int] = field(default_factory=set)  #: those of them that a worker has
    is_unseen: bool = False  #: something happened since the decision task was started
    timers: set[str] = field(default_factory=set)
    activity_ids: list[str] = field(default_factory=list)  #: ever used

    @classmethod
    def of(cls, events: list[Event]) -> Standing:
        now = cls()
        for event in events:
            kind = event["eventType"]
            a = attributes(event)
            now.is_unseen |= kind in _NEWS
            if kind == "DecisionTaskScheduled":
                now.decision, now.decision_scheduled = "scheduled", event["eventId"]
            elif kind == "DecisionTaskStarted":
                now.decision, now.is_unseen = "started", False
            elif kind in ("DecisionTaskCompleted", "DecisionTaskTimedOut"):
                now.decision = "none"
            elif kind == "ActivityTaskScheduled":
                now.activities[event["eventId"]] = a
                now.activity_ids.append(a["activityId"])
            elif kind == "ActivityTaskStarted":
                now.started.add(a["scheduledEventId"])
            elif kind in ("ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut", "ActivityTaskCanceled"):
                del now.activities[a["scheduledEventId"]]
                now.started.discard(a["scheduledEventId"])
            elif kind == "TimerStarted":
                now.timers.add(a["timerId"])
            elif kind in ("TimerFired", "TimerCanceled"):
                now.timers.discard(a["timerId"])
            elif kind in CLOSINGS:
                return cls(is_open=False, activity_ids=now.activity_ids)
        return now

    def waiting_on(self, task_list: str) -> int:
        """How many activity tasks of that list no worker has taken."""
        return sum(a["taskList"]["name"] == task_list for n, a in self.activities.items() if n not in self.started)


_NEWS = {"WorkflowExecutionSignaled", "TimerFired", "ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut"}
CLOSINGS = {
    "WorkflowExecutionCompleted": "COMPLETED",
    "WorkflowExecutionFailed": "FAILED",
    "WorkflowExecutionCanceled": "CANCELED",
    "WorkflowExecutionTerminated": "TERMINATED",
    "WorkflowExecutionTimedOut": "TIMED_OUT",
}


def attributes(event: Event) -> dict[str, Any]:
    """Empty when there are none: botocore drops attributes that SWF's model does not have."""
    found: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
    return found


@dataclass
class KnownRun:
    """An execution of the script. ``parted`` when the services are known to have gone different ways with it."""

    workflow_id: str
    workflow_type: dict[str, str]
    task_list: str
    tags: list[str]
    priority: str | None
    standing: Standing = field(default_factory=Standing)
    parted: bool = False
    closed_in_step: int | None = None
    close_status: str | None = None


@dataclass
class KnownTask:
    kind: str  #: decision or activity
    run: int
    scheduled: int


@dataclass
class Known:
    """What has happened so far, as both services tell it."""

    runs: list[KnownRun] = field(default_factory=list)
    tasks: list[KnownTask] = field(default_factory=list)

    def open_runs(self) -> list[int]:
        return [index for index, run in enumerate(self.runs) if run.standing.is_open]

    def closed_runs(self) -> list[int]:
        return [index for index, run in enumerate(self.runs) if not run.standing.is_open and not run.parted]

    def is_live(self, task: KnownTask) -> bool:
        """Whether somebody has the task and may still answer it."""
        standing = self.runs[task.run].standing
        if task.kind == "decision":
            return standing.decision == "started" and standing.decision_scheduled == task.scheduled
        return task.scheduled in standing.started

    def live(self, kind: str) -> list[int]:
        return [index for index, task in enumerate(self.tasks) if task.kind == kind and self.is_live(task)]

    def over(self, kind: str) -> list[int]:
        return [
            index
            for index, task in enumerate(self.tasks)
            if task.kind == kind and not self.is_live(task) and not self.runs[task.run].parted
        ]
