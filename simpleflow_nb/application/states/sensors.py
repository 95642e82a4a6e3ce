"""Sensor of a workflow file: where it is, what it does there, and how it is asked for something."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from ... import payload
from ...constants import SENSOR_TYPE
from ...exceptions import PayloadError
from ...inspection.executions import arguments_in, history
from ...inspection.tables import counted
from ...inspection.task_rows import epoch
from ...processes.payload_directory import kept
from ..places import Place
from .shown_labels import plain_cause

CHECK_TYPE = "workers.activities.feed_new_dates"


def sensor_id(path: Path) -> str:
    """Workflow id of the sensor of a workflow file: its folder's name, and a hash of its path."""
    digest = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]
    folder = "".join("-" if c in ":/|" or not c.isprintable() else c for c in path.absolute().parent.name)
    return f"sensor-{folder[:100] or 'root'}-{digest}"


def open_sensor(place: Place, path: Path) -> dict[str, str] | None:
    """Return the open execution of a file's sensor that some process carries out; None when there is none."""
    if place.service is None or place.is_interrupted:
        return None
    from deciders.workflow_types import executions_of_type

    for info in executions_of_type(place.service, place.domain, SENSOR_TYPE, is_open=True):
        if info["execution"]["workflowId"] == sensor_id(path):
            execution: dict[str, str] = {key: info["execution"][key] for key in ("workflowId", "runId")}
            return execution
    return None


def sensor_files(place: Place) -> list[Path]:
    """Return the workflow files whose sensors some process carries out there."""
    if place.service is None or place.is_interrupted:
        return []
    from deciders.workflow_types import executions_of_type

    found = executions_of_type(place.service, place.domain, SENSOR_TYPE, is_open=True)
    ids = [{key: info["execution"][key] for key in ("workflowId", "runId")} for info in found]
    return [sensor_state(place, execution).file for execution in ids]


def ask_sensor(place: Place, execution: dict[str, str], signal: str, value: Any = None) -> bool:
    """Send a signal to a sensor; returns whether it takes effect now, see `Place.ask`."""
    text = kept(payload.encode(value), place.payloads)
    return place.ask("signal_workflow_execution", execution, signalName=signal, input=text)


class SensorPhase(StrEnum):
    """Phase in which an open sensor is."""

    WAITING = "waiting"
    CHECKING = "checking"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"  #: no process carries it out now


@dataclass
class SensorState:
    """State of a sensor, read from its history."""

    workflow_id: str
    path: str = ""  #: as it was typed
    inputs_dir: str = ""
    outputs: str = ""
    is_once: bool = False  #: it makes one check and ends
    schedule: str | None = None
    timezone: str = "UTC"
    state: SensorPhase = SensorPhase.WAITING
    next_check: datetime | None = None
    last_check: datetime | None = None
    note: str = ""  #: what came of the last check
    specification: dict[str, Any] = field(default_factory=dict)  #: as its history has it

    @property
    def file(self) -> Path:
        """Its workflow file, absolute."""
        return Path(self.inputs_dir, Path(self.path).name)


def sensor_state(place: Place, execution: dict[str, str]) -> SensorState:
    """Return the present state of the sensor of an execution."""
    events = history(place.service, place.domain, execution)
    found = SensorState(execution["workflowId"])
    load = place.payloads.load
    given = arguments_in(events, load)
    _read_specification(found, given.get("specification") or {})
    found.outputs = str(given.get("outputs") or "")
    found.is_once = bool(given.get("once")) or found.schedule is None
    paused = bool(given.get("paused"))
    if given.get("last_look"):
        found.last_check = datetime.fromisoformat(given["last_look"])
    checks: set[int] = set()
    timers: dict[str, datetime] = {}
    for event in events:
        kind, at = event["eventType"], datetime.fromtimestamp(epoch(event["eventTimestamp"]), UTC)
        attributes: Any = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
        if kind == "WorkflowExecutionSignaled":
            name = attributes["signalName"]
            paused = name == "pause" or (paused and name != "resume")
            if name == "reload":
                _read_reload(found, attributes.get("input"), load)
        elif kind == "ActivityTaskScheduled" and attributes["activityType"]["name"] == CHECK_TYPE:
            checks.add(event["eventId"])
            found.last_check, found.note = at, ""
        elif kind == "TimerStarted":
            ends = at.timestamp() + int(attributes["startToFireTimeout"])
            timers[attributes["timerId"]] = datetime.fromtimestamp(ends, UTC)
        elif kind in ("TimerFired", "TimerCanceled"):
            timers.pop(attributes["timerId"], None)
        elif attributes.get("scheduledEventId") in checks and kind != "ActivityTaskStarted":
            checks.discard(attributes["scheduledEventId"])
            found.note = _note(kind, attributes, load)
    found.state = SensorPhase.PAUSED if paused else SensorPhase.CHECKING if checks else SensorPhase.WAITING
    found.next_check = min(timers.values(), default=None) if not paused else None
    return found


def _read_specification(found: SensorState, specification: dict[str, Any]) -> None:
    sensor = specification.get("sensor") or {}
    found.specification = specification or found.specification
    found.path = str(specification.get("path") or found.path)
    found.inputs_dir = str(specification.get("inputs_dir") or found.inputs_dir)
    found.schedule, found.timezone = sensor.get("schedule"), sensor.get("timezone") or "UTC"


def _read_reload(found: SensorState, text: str | None, load: payload.Load) -> None:
    """Read the file that a sensor was told to go on with; a signal that it ignores changes nothing."""
    from deciders.sensor_signals import signal_fault

    try:
        given: Any = payload.decode(text, load) if text else None
    except PayloadError:
        return
    if signal_fault("reload", given) is None:
        _read_specification(found, given)


def _note(kind: str, attributes: dict[str, Any], load: payload.Load) -> str:
    if kind == "ActivityTaskCompleted":
        from deciders.tasks.results import CheckResult

        result = CheckResult.of_json(payload.decode(attributes.get("result"), load))
        text = f"{counted(len(result.started), 'run')} started" if result.started else "nothing due"
        held = f", {result.held_back} held back" if result.held_back else ""
        return text + held + "".join(f"; warning: {warning}" for warning in result.warnings)
    if kind == "ActivityTaskFailed":
        return f"failed: {failure_message(attributes)}"
    return "cancelled" if kind == "ActivityTaskCanceled" else "its worker was lost"


def has_failed_check(events: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the decision that ended a sensor was the answer to a check that could not be made.

    ``events`` are those of its whole history. A check that failed before is none: the sensor has gone on after it.
    """
    checks: set[int] = set()
    former = last = 0  # the events that the last two decisions have seen end before these numbers
    failed = 0  # the number of the end of the last check that could not be made
    for event in events:
        kind = event["eventType"]
        attributes: Any = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})
        if kind == "DecisionTaskCompleted":
            former, last = last, attributes["startedEventId"]
        elif kind == "ActivityTaskScheduled" and attributes["activityType"]["name"] == CHECK_TYPE:
            checks.add(event["eventId"])
        elif kind in ("ActivityTaskFailed", "ActivityTaskTimedOut"):
            failed = event["eventId"] if attributes["scheduledEventId"] in checks else failed
        elif kind == "ScheduleActivityTaskFailed":
            failed = event["eventId"] if attributes["activityType"]["name"] == CHECK_TYPE else failed
    return failed > former


def failure_message(attributes: Mapping[str, Any]) -> str:
    """Return the sentence of the exception that a task failed with, whole where the history has it."""
    body = payload.decode(attributes.get("details"), lambda digest: "null")
    message = body.get("message") if isinstance(body, dict) else None
    return str(message) if message else plain_cause(attributes.get("reason") or "no reason is known")
