"""Settings of activities that give none of their own, as the environment or the user's module of settings says them."""

from __future__ import annotations

from .environment import value_of
from .variables import (
    ACTIVITY_DEFAULT_TASK_LIST,
    ACTIVITY_DEFAULT_VERSION,
    ACTIVITY_HEARTBEAT_TIMEOUT,
    ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT,
    ACTIVITY_SCHEDULE_TO_START_TIMEOUT,
    ACTIVITY_START_TO_CLOSE_TIMEOUT,
)


def default_version() -> str:
    """Return the version of an activity's type."""
    return value_of(ACTIVITY_DEFAULT_VERSION)


def default_task_list() -> str | None:
    """Return the list of an activity's tasks; None is that of the workflow."""
    return value_of(ACTIVITY_DEFAULT_TASK_LIST)


def default_timeouts() -> dict[str, str]:
    """Return the timeouts of an activity in the form of a decision: seconds as text, or NONE."""
    return {
        "heartbeatTimeout": value_of(ACTIVITY_HEARTBEAT_TIMEOUT),
        "scheduleToCloseTimeout": value_of(ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT),
        "scheduleToStartTimeout": value_of(ACTIVITY_SCHEDULE_TO_START_TIMEOUT),
        "startToCloseTimeout": value_of(ACTIVITY_START_TO_CLOSE_TIMEOUT),
    }
