"""What must hold of the steps of a run: which ran, which did not, and which are marked as done."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from simpleflow_nb import payload
from simpleflow_nb.step.submittable import MARKER
from simpleflow_nb.step.tasks import get_steps_done, mark_step_done

from ..service.manual_client import Event, attributes
from ..service.related_histories import Histories, Id
from .fleet import Fleet
from .simulated_workflows import FORCES

_READ, _MARK = get_steps_done().name, mark_step_done().name


def check_steps(fleet: Fleet, execution: Id, events: list[Event]) -> None:
    """A step runs if it is forced, or neither skipped nor done; its markers say so, and that it is done once it is marked."""
    forced, skipped = list[str](), list[str]()
    done: list[str] | None = None
    marked: set[str] = set()
    for event in events:
        a = attributes(event)
        if event["eventType"] == "ActivityTaskCompleted":
            scheduled = attributes(events[a["scheduledEventId"] - 1])
            if scheduled["activityType"]["name"] == _READ:
                assert done is None, f"{execution[0]}: which steps are done is read again at event {event['eventId']}"
                done = json.loads(a["result"])
            elif scheduled["activityType"]["name"] == _MARK:
                marked.add(json.loads(scheduled["input"])["args"][2])
        if event["eventType"] != "MarkerRecorded":
            continue
        details = payload.decode(a.get("details"), fleet.payloads.load)
        if a["markerName"] == "steps forced":
            forced += details[1]
        elif a["markerName"] == "steps skipped":
            skipped += details[1]
        elif a["markerName"] == MARKER:
            at = f"{execution[0]}, event {event['eventId']}: {details}"
            assert done is not None, at
            _check_marker(at, details, forced, skipped, done, marked)
            if details["status"] == "scheduled":
                forced += FORCES.get(details["step"], [])


def _check_marker(
    at: str, told: dict[str, Any], forced: list[str], skipped: list[str], done: list[str], marked: set[str]
) -> None:
    name = told["step"]
    is_forced = name == "always" or _are_meant(name, forced)
    if told["status"] == "scheduled":
        assert told["forced"] == is_forced, at
        assert is_forced or not (_are_meant(name, skipped) or name in done), at
    elif told["status"] == "skipped":
        assert name != "always", at  # others may have been forced between the decision and its marker
        assert _are_meant(name, skipped) if told["forced"] else name in done, at
    else:
        assert name in marked, at


def _are_meant(name: str, entries: list[str]) -> bool:
    parts = name.split(".")
    return "*" in entries or any(".".join(parts[:n]) in entries for n in range(1, len(parts) + 1))


def check_marks(fleet: Fleet, histories: Histories) -> None:
    """A step is marked by a run in which its tasks have succeeded, and each run reads all marks made before it looked."""
    for prefix, name, run_id in fleet.marks.makers:
        assert (run_id, name) in fleet.effects.steps, f"{prefix}{name} is marked by {run_id}, which has not carried it out"
    known: dict[str, set[str]] = defaultdict(set)
    read: set[str] = set()
    for execution, events in histories.items():  # the runs of one id follow each other
        for event in events:
            a = attributes(event)
            if event["eventType"] != "ActivityTaskCompleted":
                continue
            scheduled = attributes(events[a["scheduledEventId"] - 1])
            if scheduled["activityType"]["name"] == _READ:
                missing = known[execution[0]] - set(json.loads(a["result"]))
                assert not missing, f"{execution[0]}: a later run does not know that {missing} are done"
                read.add(execution[1])
            elif scheduled["activityType"]["name"] == _MARK:
                assert execution[1] in read
                known[execution[0]].add(json.loads(scheduled["input"])["args"][2])
