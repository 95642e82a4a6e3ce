"""What must hold of the fans of a fleet: the tasks of ``map`` and ``for_each``, and their results."""

from __future__ import annotations

import json
from collections import defaultdict

from simpleflow_nb import payload

from ..service.manual_client import Event, attributes
from ..service.related_histories import Histories
from .fleet import Fleet
from .simulated_activities import ITEM

_ENDS = ("ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut", "ActivityTaskCanceled")


def check_fans(fleet: Fleet, histories: Histories) -> None:
    """A fan has a result for each item, in order, and runs no more of its items at a time than it may, slices included."""
    changes: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for (workflow_id, _), events in histories.items():
        for event in events:
            if event["eventType"] == "MarkerRecorded" and attributes(event)["markerName"] == "results":
                items, results = payload.decode(attributes(event)["details"], fleet.payloads.load)
                if results is None:  # the fan was cancelled as a whole
                    continue
                of = [
                    item if result is None else fleet.effects.items.get(result)
                    for item, result in zip(items, results, strict=False)
                ]
                assert (of, len(results)) == (items, len(items)), f"{workflow_id}: {results} of {items}, they are of {of}"
        for fan, moment, change in _opened_and_ended(events):
            changes[fan].append((moment, change))
    for fan, found in changes.items():
        most, opened = int(fan.split("/")[2]), 0
        for moment, change in sorted(found):  # what ends at a moment may have ended before what begins
            opened += change
            assert opened <= most, f"{fan}: {opened} at a time, at {moment}"


def _opened_and_ended(events: list[Event]) -> list[tuple[str, float, int]]:
    """Return the fan, the moment, and 1 for each task of an item that is scheduled, -1 when it ends, with its run at last."""
    found = []
    opened: dict[int, str] = {}
    for event in events:
        a, moment = attributes(event), event["eventTimestamp"]
        if event["eventType"] == "ActivityTaskScheduled":
            first = (json.loads(a["input"]).get("args") or [None])[0] if a["input"].startswith("{") else None
            if isinstance(first, str) and first.startswith(ITEM):
                opened[event["eventId"]] = fan = first.rpartition("/")[0]
                found.append((fan, moment, 1))
        elif event["eventType"] in _ENDS and (fan := opened.pop(a["scheduledEventId"], "")):
            found.append((fan, moment, -1))
    return found + [(fan, events[-1]["eventTimestamp"], -1) for fan in opened.values()]
