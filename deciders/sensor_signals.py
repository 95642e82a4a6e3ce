"""Signals to a sensor, and checks of their inputs, for the sensor and for whatever displays it."""

from __future__ import annotations

from typing import Any

from .dates.cron import is_timezone, schedule_fault
from .runs.run_requests import requests_fault

#: Signals that a sensor takes. ``reload`` has the new specification as its input, ``start`` has ``requests`` (of
#: `deciders.runs.run_requests`) and ``most_at_once``; ``check`` asks for a check now.
PAUSE, RESUME, RELOAD, START, CHECK = SIGNALS = ("pause", "resume", "reload", "start", "check")

NOT_OURS = "its input is not what sensor.reload and backfill send"


def signal_fault(name: str, given: Any) -> str | None:
    """Explain why a sensor ignores the input of a signal, as the end of a sentence; None if it accepts it."""
    if name == RELOAD:
        return _reload_fault(given)
    if name == START:
        return _start_fault(given)
    return None


def _reload_fault(given: Any) -> str | None:
    sensor = given.get("sensor") if isinstance(given, dict) else None
    if not isinstance(sensor, dict) or not {"schedule", "timezone"} <= sensor.keys():
        return NOT_OURS
    schedule, timezone = sensor["schedule"], sensor["timezone"]
    if not isinstance(schedule, str | None) or not isinstance(timezone, str):
        return NOT_OURS
    if schedule is not None and (fault := schedule_fault(schedule)):
        return f"schedule {fault}"
    return None if is_timezone(timezone) else f"{timezone!r} is not the name of a time zone"


def _start_fault(given: Any) -> str | None:
    if not isinstance(given, dict) or "requests" not in given:
        return NOT_OURS
    most = given.get("most_at_once")
    if most is not None and (type(most) is not int or most < 1):
        return f"most_at_once must be a whole number of 1 or more, not {most!r}"
    return requests_fault(given["requests"])
