"""Failed attempts at tasks, what they tell of themselves, and what a hook of the workflow decides about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from ...constants import NEVER
from ...futures import NO_KWARGS, Future

#: The setting of an activity that each type of timeout of SWF is about.
_SETTINGS = {
    "HEARTBEAT": "heartbeatTimeout",
    "SCHEDULE_TO_CLOSE": "scheduleToCloseTimeout",
    "SCHEDULE_TO_START": "scheduleToStartTimeout",
    "START_TO_CLOSE": "startToCloseTimeout",
}


class VerdictKind(Enum):
    ABORT = auto()  #: the failure is raised
    IGNORE = auto()  #: the task has failed, and nothing is raised
    CANCEL = auto()  #: the task counts as cancelled
    RETRY = auto()


@dataclass(frozen=True)
class Verdict:
    """The fate of a task after a failed attempt; ``args`` and ``kwargs`` are those of a retry.

    With ``ended`` the task ends as this future has ended, instead of a retry.
    """

    kind: VerdictKind
    wait_seconds: int = 0
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=lambda: NO_KWARGS)
    ended: Future[Any] | None = None


def timeout_seconds(future: Future[Any], timeout_type: str) -> int | None:
    """Return the seconds after which a task times out, from its activity or class; None without such a timeout."""
    if future.type == "ScheduleActivityTask":
        text = future.task.timeouts.get(_SETTINGS.get(timeout_type, ""), NEVER)
        return None if text == NEVER else int(text)
    seconds: int | None = future.task.workflow.execution_timeout
    return seconds
