"""Values that SWF refuses, and the sentence that it refuses them with.

Everything is checked before anything is carried out: a response that is refused has changed nothing.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Decision.html
"""

from __future__ import annotations

import re
from typing import Any

from ..constants import MAX_DATA_CHARACTERS, MAX_REASON_CHARACTERS, MAX_TAGS, NEVER
from .decisions import attributes_of
from .faults import Fault, invalid

CHILD_POLICIES = ("TERMINATE", "REQUEST_CANCEL", "ABANDON")

_INTEGER = re.compile(r"-?\d{1,10}\Z", re.ASCII)
_DURATION = re.compile(r"\d{1,8}\Z", re.ASCII)
_REQUIRED = {
    "ScheduleActivityTask": ("activityId", "activityType"),
    "RequestCancelActivityTask": ("activityId",),
    "StartTimer": ("timerId", "startToFireTimeout"),
    "CancelTimer": ("timerId",),
    "RecordMarker": ("markerName",),
}
_NAMED = {"ScheduleActivityTask": "activityId", "StartTimer": "timerId"}  #: ids that the decision makes
_STRUCTURES = {"activityType": ("name", "version"), "taskList": ("name",)}
_DATA = {"input", "result", "details", "control"}


def check_data(name: str, text: str | None, limit: int = MAX_DATA_CHARACTERS) -> None:
    if text is not None and len(text) > limit:
        raise invalid(f"Value at '{name}' failed to satisfy constraint: Member must have length less than or equal to {limit}")


def check_name(name: str, text: str) -> None:
    # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartWorkflowExecution.html (workflowId)
    if not 0 < len(text) <= 256 or text == "arn" or any(c in ":/|" or ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise invalid(f"Value at '{name}' is not a name: 1 to 256 characters, no ':', '/', '|' or controls, not 'arn'")


def check_length(name: str, text: str) -> None:
    if not 0 < len(text) <= 256:
        raise invalid(f"Value at '{name}' has {len(text)} characters; 1 to 256 are allowed")


def check_duration(name: str, text: str | None, *, may_be_never: bool = True) -> None:
    """Whole seconds of at most 8 digits as text, or NONE."""
    if text is not None and not _DURATION.match(text) and not (may_be_never and text == NEVER):
        raise invalid(f"Value at '{name}' is not a duration: {text!r:.40}")


def check_integer(name: str, text: str | None) -> None:
    if text is not None and not _INTEGER.match(text):
        raise invalid(f"Value at '{name}' is not an integer: {text!r:.40}")


def check_child_policy(text: str | None) -> None:
    if text is not None and text not in CHILD_POLICIES:
        raise invalid(f"Value at 'childPolicy' is not one of {', '.join(CHILD_POLICIES)}: {text!r:.40}")


def check_tags(tags: list[str] | None) -> None:
    if tags and (len(tags) > MAX_TAGS or any(len(tag) > 256 for tag in tags)):
        raise invalid("tagList: at most 5 tags of at most 256 characters")


def check_decisions(decisions: list[dict[str, Any]]) -> None:
    """Refuse the whole response when the attributes of a decision of a known type cannot be carried out.

    Raises:
        Fault: ValidationException; it says which decision.
    """
    for index, one in enumerate(decisions):
        try:
            _check_attributes(one["decisionType"], attributes_of(one))
        except Fault as fault:
            raise invalid(f"decisions[{index}]: {fault.message}") from None


def _check_attributes(kind: str, attributes: dict[str, Any]) -> None:
    for name in _REQUIRED.get(kind, ()):
        if not attributes.get(name):
            raise invalid(f"{kind} without {name}")
    if kind in _NAMED:
        check_name(_NAMED[kind], attributes[_NAMED[kind]])
    for name, value in attributes.items():
        if name in _DATA:
            check_data(name, value)
        elif name.endswith("Timeout"):
            check_duration(name, value, may_be_never=name != "startToFireTimeout")
        elif name in _STRUCTURES:
            for part in _STRUCTURES[name]:
                if not value.get(part):
                    raise invalid(f"{name} without {part}")
        elif name == "taskPriority":
            check_integer(name, value)
        elif name == "reason":
            check_data(name, value, MAX_REASON_CHARACTERS)
        elif name == "markerName":
            check_length(name, value)
        elif name == "childPolicy":
            check_child_policy(value)
        elif name == "tagList":
            check_tags(value)


def page_start(token: str | None) -> int:
    """How many items of a listing the pages before have shown.

    Raises:
        Fault: ValidationException.
    """
    if token is None:
        return 0
    if not token.isdecimal():
        raise invalid(f"Invalid token: {token!r:.40}")
    return int(token)
