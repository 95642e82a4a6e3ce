"""The history of a run as passed to the hooks of a workflow, with the names of simpleflow's ``History``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from . import payload
from .exceptions import PayloadMissing
from .history_entries import ActivityTaskEventDict as ActivityTaskEventDict

Lacks = Callable[[str, int], bool]  #: digest of a signal's payload, id of its event -> whether that payload is missing

_KINDS = (
    "ChildWorkflowExecution",
    "ExternalWorkflowExecution",
    "WorkflowExecution",
    "ActivityTask",
    "DecisionTask",
    "Marker",
    "Timer",
)
_DECODED = ("input", "control")


class Event:
    """One event: its ``id``, ``type``, ``state`` and ``timestamp`` (UTC), and its attributes in ``snake_case``.

    ``ActivityTaskTimedOut`` has the type ``ActivityTask`` and the state ``timed_out``; ``name`` is the whole. ``input`` and
    ``control`` are decoded on access; the input of a signal is None if its payload is missing. ``raw`` is the event as the
    service returned it.
    """

    def __init__(self, raw: Mapping[str, Any], load: payload.Load | None = None, lacks: Lacks | None = None) -> None:
        self.raw = raw
        self.id: int = raw["eventId"]
        self.name: str = raw["eventType"]
        self.type = next((kind for kind in _KINDS if kind in self.name), self.name)
        self.state = _snake(self.name.replace(self.type, ""))
        moment = raw["eventTimestamp"]
        self.timestamp = moment.astimezone(UTC) if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
        self._load, self._lacks = load, lacks
        self._attributes: dict[str, Any] = raw.get(f"{self.name[0].lower()}{self.name[1:]}EventAttributes") or {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        for key, value in self._attributes.items():
            if _snake(key) == name:
                return self._decoded(value) if name in _DECODED else value
        if name in _DECODED:
            return None
        raise AttributeError(f"event {self.id}, {self.name}, has no {name!r}")

    def _decoded(self, text: str) -> Any:
        if self.name == "WorkflowExecutionSignaled" and (digest := payload.referenced_digest(text)) is not None:
            if self._lacks is not None and self._lacks(digest, self.id):
                return None
            try:
                return payload.decode(text, self._load)
            except PayloadMissing:
                if self._lacks is None:
                    return None
                raise  # it was there at the first look
        return payload.decode(text, self._load)

    def get(self, name: str) -> Any:
        """Return an attribute, None if the event lacks it."""
        return getattr(self, name, None)

    def __repr__(self) -> str:
        return f"<Event {self.id} {self.type}: {self.state}>"


class ExternalWorkflowExecutionEvent(Event):
    """An event about another execution: a signal to it, or a request to cancel it. Each event has some of these attributes."""

    initiated_event_id: int
    workflow_id: str
    signal_name: str
    cause: str
    workflow_execution: dict[str, str]


class _Later:
    """A value of an entry that is decoded on access."""

    def __init__(self, event: Event, name: str) -> None:
        self.event, self.name = event, name


class Entry(dict[str, Any]):
    """The events of one activity, timer, marker or signal as a dictionary whose values are decoded on access."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, _Later):
            value = self[key] = value.event.get(value.name)
        return value

    def __iter__(self) -> Iterator[str]:  # so that dict() and ** decode the values too
        return super().__iter__()

    def _whole(self) -> dict[str, Any]:
        for key in self:
            self[key]
        return self

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default

    def pop(self, key: str, *default: Any) -> Any:
        if key in self:
            self[key]
        return super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        return super().setdefault(key, default) if key not in self else self[key]

    def popitem(self) -> tuple[str, Any]:
        self._whole()
        return super().popitem()

    def items(self) -> Any:
        self._whole()
        return super().items()

    def values(self) -> Any:
        self._whole()
        return super().values()

    def copy(self) -> dict[str, Any]:
        return dict(self)

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def __eq__(self, other: object) -> bool:
        return self is other or dict(self) == (dict(other) if isinstance(other, Entry) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __repr__(self) -> str:
        return repr(dict(self))


class History:
    """The events of a run up to the current decision, and its activities, child workflows, timers, markers and signals.

    Each of these is a dictionary with ``type``, ``state`` and the values of its events. The attempts at an activity are one
    entry, under the id of the first, with the state of the latest; ``retry`` counts those before. The engine's own timers
    and markers are in ``events`` only.

    Attributes:
        events: every :class:`Event`, the first at index 0.
        tasks: activities, child workflows and signals in the order in which they came.
        child_workflows: by workflow id; those of retries are entries of their own.
        external_workflows_signaling: signals to other runs, by the id of the event that asked for each.
        signaled_workflows: by workflow id, the signals sent to it, in order.
        workflow: the state of the run itself, with the ids and times of its events.
        activities, timers: by id.
        markers, signal_lists: by name, in the order in which they came.
        signals: by name, the last one.
        cancel_requested: the last request to cancel the run, None without one.
    """

    def __init__(
        self, events: Iterable[Mapping[str, Any]], load: payload.Load | None = None, lacks: Lacks | None = None
    ) -> None:
        self.events = [
            (ExternalWorkflowExecutionEvent if "External" in raw["eventType"] else Event)(raw, load, lacks) for raw in events
        ]
        self.tasks: list[dict[str, Any]] = []
        self.activities: dict[str, dict[str, Any]] = {}
        self.timers: dict[str, dict[str, Any]] = {}
        self.markers: dict[str, list[dict[str, Any]]] = {}
        self.signals: dict[str, dict[str, Any]] = {}
        self.signal_lists: dict[str, list[dict[str, Any]]] = {}
        self.child_workflows: dict[str, dict[str, Any]] = {}
        self.external_workflows_signaling: dict[int, dict[str, Any]] = {}
        self.signaled_workflows: dict[str, list[dict[str, Any]]] = {}
        self.workflow: dict[str, Any] = {}
        self.cancel_requested: dict[str, Any] | None = None
        self.cancel_failed: dict[str, Any] | None = None
        self.started_decision_id: int | None = None
        self.completed_decision_id: int | None = None
        self._tasks_of_events: dict[int, dict[str, Any]] = {}
        for event in self.events:
            match event.type:
                case "ActivityTask":
                    self._read_activity(event)
                case "Timer":
                    self._read_timer(event)
                case "Marker":
                    self._read_marker(event)
                case "WorkflowExecution":
                    self._read_workflow(event)
                case "ChildWorkflowExecution":
                    self._read_child(event)
                case "ExternalWorkflowExecution":
                    self._read_external(event)
                case "DecisionTask":
                    self._read_decision(event)

    @property
    def last_event_id(self) -> int | None:
        return self.events[-1].id if self.events else None

    @property
    def cancel_requested_id(self) -> int | None:
        """The id of the last request to cancel the run, None without one."""
        return self.cancel_requested["event_id"] if self.cancel_requested else None

    @property
    def cancel_failed_decision_task_completed_event_id(self) -> int | None:
        """The id of the decision that asked to cancel the run and was refused, None without one."""
        return self.cancel_failed["decision_task_completed_event_id"] if self.cancel_failed else None

    @property
    def swf_history(self) -> list[Event]:
        """The events; simpleflow's history keeps its own in an object."""
        return self.events

    @staticmethod
    def get_event_id(event: Mapping[str, Any]) -> int | None:
        """Return the id of the last event of an entry, None if it has none."""
        ids = [value for key, value in dict(event).items() if key.endswith(("event_id", "_id")) and isinstance(value, int)]
        return max(ids, default=None)

    def get_signal_events(self, signal_name: str) -> list[dict[str, Any]]:
        """Return the signals with a name, the oldest first."""
        return self.signal_lists.get(signal_name, [])

    def _read_activity(self, event: Event) -> None:
        if event.state == "scheduled":
            self._read_scheduled(event)
            return
        if event.state == "request_cancel_failed":  # the task had ended already
            return
        task = self._tasks_of_events.get(event.get("scheduled_event_id") or 0) or self._task(event.get("activity_id"))
        if task is None:  # refused when scheduled: there is no task
            task = Entry(type="activity", id=event.get("activity_id"))
            self.activities[event.activity_id] = task
            self.tasks.append(task)
        task |= {"state": event.state, f"{event.state}_id": event.id, f"{event.state}_timestamp": event.timestamp}
        for name in ("identity", "result", "reason", "details", "timeout_type", "cause"):
            if (value := event.get(name)) is not None:
                task[name] = value
        if event.state == "timed_out":
            scheduled = self.events[task["scheduled_id"] - 1]
            task["timeout_value"] = scheduled.get(f"{event.timeout_type.lower()}_timeout")

    def _read_scheduled(self, event: Event) -> None:
        task = self._task(event.activity_id)
        if task is None:
            task = Entry(type="activity", id=event.activity_id, retry=0, attempt=1)
            self.activities[event.activity_id] = task
            self.tasks.append(task)
        else:
            task |= {"retry": task.get("retry", -1) + 1, "attempt": task.get("attempt", 0) + 1}
        task |= {
            "name": event.activity_type["name"],
            "version": event.activity_type["version"],
            "state": event.state,
            "scheduled_id": event.id,
            "scheduled_timestamp": event.timestamp,
            "input": _Later(event, "input"),
            "task_list": event.task_list["name"],
            "control": _Later(event, "control"),
            "decision_task_completed_event_id": event.get("decision_task_completed_event_id"),
        }
        self._tasks_of_events[event.id] = task

    def _task(self, activity_id: str | None) -> dict[str, Any] | None:
        """Return the activity of an id, to which the engine appends the number of the attempt from the second on."""
        if activity_id is None or activity_id in self.activities:
            return self.activities.get(activity_id or "")
        first, _, attempt = activity_id.rpartition(".")
        return self.activities.get(first) if attempt.isdigit() else None

    def _read_timer(self, event: Event) -> None:
        if event.timer_id.startswith("_"):
            return
        timer = self.timers.setdefault(event.timer_id, Entry(type="timer", id=event.timer_id))
        if event.state == "started":
            timer |= {"start_to_fire_timeout": int(event.start_to_fire_timeout), "control": _Later(event, "control")}
        elif (cause := event.get("cause")) is not None:
            timer["cause"] = cause
        timer |= {
            "state": event.state,
            f"{event.state}_event_id": event.id,
            f"{event.state}_event_timestamp": event.timestamp,
        }

    def _read_marker(self, event: Event) -> None:
        if event.marker_name.startswith("_"):
            return
        marker = {"type": "marker", "name": event.marker_name, "state": event.state, "details": event.get("details")}
        marker |= {"event_id": event.id, "timestamp": event.timestamp}
        self.markers.setdefault(event.marker_name, []).append(marker)

    def _read_workflow(self, event: Event) -> None:
        sender = event.get("external_workflow_execution") or {}
        told = {
            "external_initiated_event_id": event.get("external_initiated_event_id"),
            "external_run_id": sender.get("runId"),
            "external_workflow_id": sender.get("workflowId"),
            "event_id": event.id,
            "timestamp": event.timestamp,
        }
        if event.state == "cancel_failed":
            of = event.get("decision_task_completed_event_id")
            self.cancel_failed = {"cause": event.get("cause"), "event_id": event.id, "decision_task_completed_event_id": of}
        self.workflow |= {"state": event.state, f"{event.state}_id": event.id, f"{event.state}_timestamp": event.timestamp}
        if event.state == "signaled":
            name = event.signal_name
            signal = Entry(type="signal", name=name, state=event.state, input=_Later(event, "input"), **told)
            self.signals[name] = signal
            self.signal_lists.setdefault(name, []).append(signal)
            self.tasks.append(signal)
        elif event.state == "cancel_requested":
            self.cancel_requested = {"type": event.state, "cause": event.get("cause"), **told}

    def _read_child(self, event: Event) -> None:
        child: dict[str, Any]
        if event.state == "start_initiated":
            child = Entry(
                type="child_workflow",
                id=event.workflow_id,
                name=event.workflow_type["name"],
                version=event.workflow_type["version"],
                input=_Later(event, "input"),
                control=_Later(event, "control"),
                child_policy=event.child_policy,
                tag_list=event.get("tag_list"),
                task_list=event.task_list["name"],
                retry=0,
            )
            self.child_workflows[event.workflow_id] = child
            self.tasks.append(child)
        else:
            known = self.child_workflows.get(
                (event.get("workflow_execution") or {}).get("workflowId") or event.get("workflow_id")
            )
            if known is None:  # refused before it was initiated
                known = Entry(type="child_workflow", id=event.get("workflow_id"))
                self.child_workflows[event.workflow_id] = known
                self.tasks.append(known)
            child = known
        if (execution := event.get("workflow_execution")) is not None:
            child |= {"workflow_id": execution["workflowId"], "run_id": execution["runId"]}
        child |= {"state": event.state, f"{event.state}_id": event.id, f"{event.state}_timestamp": event.timestamp}
        for name in ("result", "reason", "details", "timeout_type", "cause"):
            if (value := event.get(name)) is not None:
                child[name] = value

    def _read_external(self, event: Event) -> None:
        state = event.state
        if "signal" not in state:
            return
        signal: dict[str, Any]
        if state == "signal_initiated":
            signal = Entry(
                type="external_workflow",
                id=event.id,
                name=event.signal_name,
                workflow_id=event.workflow_id,
                run_id=event.get("run_id"),
                input=_Later(event, "input"),
                control=_Later(event, "control"),
            )
            self.external_workflows_signaling[event.id] = signal
            self.signaled_workflows.setdefault(event.workflow_id, []).append(signal)
        elif (found := self.external_workflows_signaling.get(event.get("initiated_event_id") or 0)) is not None:
            signal = found
        else:  # refused before it was initiated
            signal = Entry(type="external_workflow", id=event.id, workflow_id=event.workflow_id)
            self.signaled_workflows.setdefault(event.workflow_id, []).append(signal)
        signal |= {"state": state, f"{state}_event_id": event.id, f"{state}_event_timestamp": event.timestamp}
        if (cause := event.get("cause")) is not None:
            signal["cause"] = cause

    def _read_decision(self, event: Event) -> None:
        if event.state == "started":
            self.started_decision_id = event.id
        elif event.state == "completed":
            self.completed_decision_id = event.id


@functools.cache
def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
