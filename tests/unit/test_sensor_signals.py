"""What a sensor takes of what is signalled to it, and what is said of the rest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from deciders.runs.run_requests import run_request
from deciders.sensor_signals import NOT_OURS, SIGNALS, signal_fault
from deciders.specification import ConfiguredWorkflow
from deciders.values.reason import Reason

REQUEST = run_request(ConfiguredWorkflow(workflow_name="w"), [date(2024, 1, 1)], Reason.parse("asked for"), keeps_labels=True)


def sensor(schedule: Any, timezone: Any = "UTC") -> dict[str, Any]:
    return {"sensor": {"schedule": schedule, "timezone": timezone}}


def first_is_wrong(**changes: Any) -> tuple[str, Any, str]:
    return ("start", {"requests": [REQUEST | changes]}, "request 1 is not one that backfill or runs.retry make")


@pytest.mark.parametrize(
    ("name", "given", "fault"),
    [
        ("reload", sensor("0 6 * * *"), None),
        ("reload", sensor(None, "Europe/Zurich"), None),
        ("reload", 5, NOT_OURS),
        ("reload", {"sensor": 5}, NOT_OURS),
        ("reload", {"sensor": {"schedule": "0 6 * * *"}}, NOT_OURS),
        ("reload", sensor(5), NOT_OURS),
        ("reload", sensor("0 6 * * *", None), NOT_OURS),
        (
            "reload",
            sensor("0 6"),
            "schedule '0 6' has 2 fields; a cron string has 5 (minute, hour, day of month, month, day of "
            "week), or 6 with the seconds last",
        ),
        ("reload", sensor("0 6 * * *", "Mars/Olympus"), "'Mars/Olympus' is not the name of a time zone"),
        ("start", {"requests": [REQUEST], "most_at_once": 2}, None),
        ("start", {"requests": [REQUEST], "most_at_once": None}, None),
        ("start", [], NOT_OURS),
        ("start", {"most_at_once": 1}, NOT_OURS),
        ("start", {"requests": [REQUEST], "most_at_once": 0}, "most_at_once must be a whole number of 1 or more, not 0"),
        ("start", {"requests": [REQUEST], "most_at_once": True}, "most_at_once must be a whole number of 1 or more, not True"),
        ("start", {"requests": []}, "requests must be a list with something in it"),
        ("start", {"requests": 5}, "requests must be a list with something in it"),
        ("start", {"requests": [REQUEST, 5]}, "request 2 is not one that backfill or runs.retry make"),
        first_is_wrong(entry={"workflow_name": 5}),
        first_is_wrong(dates=[]),
        first_is_wrong(dates=["2024-02-30"]),
        first_is_wrong(dates=[20240101]),
        first_is_wrong(reason=None),
        first_is_wrong(only=5),
        first_is_wrong(keeps_labels="yes"),
        *((name, None, None) for name in SIGNALS if name not in ("reload", "start")),
    ],
)
def test_a_signal_is_ignored_for_what_its_input_is(name: str, given: Any, fault: str | None) -> None:
    assert signal_fault(name, given) == fault
