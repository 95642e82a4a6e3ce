"""Progress of former attempts at an activity task, read from the history."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .. import payload
from ..constants import PROCESS_GONE
from ..replay.protocol.events import HistoryEvent
from ..swf_service import LookingService

PROGRESS = "last_heartbeat_details"  #: key in the details of a failure, as SWF keeps no details of heartbeats there

_ATTEMPT = re.compile(r"(.+-\w+)\.(\d+)")


def last_details(service: LookingService, domain: str, execution: Mapping[str, Any], activity_id: str) -> str | None:
    """Return the details of the last heartbeat before an attempt; None if no former attempt sent any.

    A first attempt makes no call. A later one reads the history backwards to where the task was first scheduled.
    """
    found = _ATTEMPT.fullmatch(activity_id)
    if found is None:
        return None
    task_id, attempt = found[1], int(found[2])
    former = {f"{task_id}.{number}" for number in range(2, attempt)} | {task_id}
    ends: dict[int, str | None] = {}  # ActivityTaskScheduled -> details of its end
    arguments: dict[str, Any] = {"domain": domain, "execution": execution, "reverseOrder": True}
    while True:
        page = service.get_workflow_execution_history(**arguments)
        for event in sorted(page["events"], key=_event_id, reverse=True):
            kind = event["eventType"]
            if kind == "ActivityTaskTimedOut":
                timed_out = event["activityTaskTimedOutEventAttributes"]
                details = timed_out.get("details")
                ends[timed_out["scheduledEventId"]] = None if details == PROCESS_GONE else details
            elif kind == "ActivityTaskFailed":
                failed = event["activityTaskFailedEventAttributes"]
                ends[failed["scheduledEventId"]] = _progress_in(failed.get("details"))
            elif kind == "ActivityTaskScheduled":
                scheduled_id = event["activityTaskScheduledEventAttributes"]["activityId"]
                if scheduled_id in former:
                    said = ends.get(event["eventId"])
                    if said is not None or scheduled_id == task_id:
                        return said
        if not page.get("nextPageToken"):
            return None
        arguments["nextPageToken"] = page["nextPageToken"]


def with_progress(details: str, progress: str | None) -> str:
    """Add the details of the last heartbeat to those of a failure, for :func:`last_details`."""
    body = payload.decode(details) if progress is not None else None
    if not isinstance(body, dict):
        return details
    text = payload.encode({**body, PROGRESS: progress})
    if not payload.is_too_long(text):
        return text
    lines = body.get("traceback")
    if isinstance(lines, list):
        body["traceback"] = [payload.shortened("".join(map(str, lines)), 4_000)]
    text = payload.encode({**body, PROGRESS: progress})
    return details if payload.is_too_long(text) else text


def _progress_in(details: str | None) -> str | None:
    if not details or PROGRESS not in details:
        return None
    body = payload.decode(details)
    found = body.get(PROGRESS) if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


def _event_id(event: HistoryEvent) -> int:
    return event["eventId"]
