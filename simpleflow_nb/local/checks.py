"""Checks of the values that SWF refuses, with the message for each.

Everything is checked before anything is carried out: a refused response has changed nothing.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Decision.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..constants import MAX_DATA_CHARACTERS, MAX_PAGE_SIZE, MAX_REASON_CHARACTERS, MAX_RUN_SECONDS, MAX_TAGS, NEVER
from ..names import NO_NAME, is_strict
from ..payload import HALF_CHARACTER
from .deciding import attributes_of
from .faults import Fault, invalid

if TYPE_CHECKING:
    from ..replay.protocol.decisions import Decision

Key = tuple[Any, ...]  #: where an item stands in a listing

CHILD_POLICIES = ("TERMINATE", "REQUEST_CANCEL", "ABANDON")
MAX_RETENTION_DAYS = 90
MAX_VERSION_CHARACTERS = 64
MAX_RUN_ID_CHARACTERS = 64
MAX_DESCRIPTION_CHARACTERS = 1_024

_INTEGER = re.compile(r"-?\d{1,10}\Z", re.ASCII)
_DURATION = re.compile(r"\d{1,8}\Z", re.ASCII)
_NO_TAG_CHARACTER = re.compile(r"[^\w\s.:/=+\-@]")
_REQUIRED = {
    "ScheduleActivityTask": ("activityId", "activityType"),
    "RequestCancelActivityTask": ("activityId",),
    "StartTimer": ("timerId", "startToFireTimeout"),
    "CancelTimer": ("timerId",),
    "RecordMarker": ("markerName",),
    "StartChildWorkflowExecution": ("workflowId", "workflowType"),
    "SignalExternalWorkflowExecution": ("workflowId", "signalName"),
    "RequestCancelExternalWorkflowExecution": ("workflowId",),
    "ScheduleLambdaFunction": ("id", "name"),
}
_NAMED = {  #: ids that the decision introduces
    "ScheduleActivityTask": "activityId",
    "StartTimer": "timerId",
    "StartChildWorkflowExecution": "workflowId",
}
_STRUCTURES = {"activityType": ("name", "version"), "workflowType": ("name", "version"), "taskList": ("name",)}
_MAX_FUNCTION_CHARACTERS = 64
_DATA = {"input", "result", "details", "control"}


def check_data(name: str, text: str | None, limit: int = MAX_DATA_CHARACTERS) -> None:
    if text is not None and len(text) > limit:
        raise invalid(f"Value at '{name}' failed to satisfy constraint: Member must have length less than or equal to {limit}")


def check_name(name: str, text: str) -> None:
    if HALF_CHARACTER.search(text):
        raise invalid(f"Value at '{name}' holds half a character (a lone surrogate): {text!r:.40}")
    if not is_strict(text):
        raise invalid(f"Value at '{name}' is not a name: {NO_NAME}")


def check_task_list(name: str, given: Mapping[str, Any] | None) -> None:
    if given is not None:
        check_name(f"{name}.name", given.get("name", ""))


def check_length(name: str, text: str) -> None:
    if not 0 < len(text) <= 256:
        raise invalid(f"Value at '{name}' has {len(text)} characters; 1 to 256 are allowed")


def check_duration(name: str, text: str | None, *, may_be_never: bool = True) -> None:
    """Refuse anything but whole seconds of at most 8 digits as text, or NONE."""
    if text is not None and not _DURATION.match(text) and not (may_be_never and text == NEVER):
        raise invalid(f"Value at '{name}' is not a duration: {text!r:.40}")


def check_run_seconds(name: str, text: str | None) -> None:
    """Check the timeout of a whole execution: unlike other timeouts it is never NONE, and a year at most."""
    # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartWorkflowExecution.html
    check_duration(name, text, may_be_never=False)
    if text is not None and int(text) > MAX_RUN_SECONDS:
        raise invalid(f"{name} is more than a year")


def check_priority(name: str, text: str | None) -> None:
    # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartWorkflowExecution.html (taskPriority)
    if text is None:
        return
    if not _INTEGER.match(text):
        raise invalid(f"Value at '{name}' is not an integer: {text!r:.40}")
    if not -(2**31) <= int(text) < 2**31:
        raise invalid(f"Value at '{name}' is not between -2147483648 and 2147483647: {text}")


def check_child_policy(text: str | None, name: str = "childPolicy") -> None:
    if text is not None and text not in CHILD_POLICIES:
        raise invalid(f"Value at '{name}' is not one of {', '.join(CHILD_POLICIES)}: {text!r:.40}")


def check_tags(tags: Sequence[str] | None) -> None:
    if tags and (len(tags) > MAX_TAGS or any(len(tag) > 256 for tag in tags)):
        raise invalid("tagList: at most 5 tags of at most 256 characters")


def check_start(
    workflow_id: str,
    *,
    task_list: Mapping[str, Any] | None = None,
    priority: str | None = None,
    data: str | None = None,
    execution_timeout: str | None = None,
    task_timeout: str | None = None,
    tags: Sequence[str] | None = None,
    child_policy: str | None = None,
) -> None:
    """Check the values with which an execution is started.

    https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartWorkflowExecution.html

    Raises:
        Fault: ValidationException.
    """
    check_name("workflowId", workflow_id)
    check_task_list("taskList", task_list)
    check_data("input", data)
    check_tags(tags)
    check_priority("taskPriority", priority)
    check_run_seconds("executionStartToCloseTimeout", execution_timeout)
    check_duration("taskStartToCloseTimeout", task_timeout)
    check_child_policy(child_policy)


def check_retention(text: str) -> None:
    # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_RegisterDomain.html
    if text != NEVER and not (_DURATION.match(text) and int(text) <= MAX_RETENTION_DAYS):
        name = "workflowExecutionRetentionPeriodInDays"
        raise invalid(f"Value at '{name}' is not NONE or a number of days up to {MAX_RETENTION_DAYS}: {text!r:.40}")


def check_resource_tags(tags: Sequence[Mapping[str, str]]) -> None:
    # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_ResourceTag.html
    for tag in tags:
        for member in ("key", "value"):
            if _NO_TAG_CHARACTER.search(tag.get(member, "")):
                allowed = "letters, digits, spaces and _ . : / = + - @"
                raise invalid(f"a tag is made of {allowed}; its {member} is {tag[member]!r:.40}")


def check_type(name: str, version: str, body: dict[str, Any]) -> None:
    """Check the values with which a workflow or activity type is registered.

    https://docs.aws.amazon.com/amazonswf/latest/apireference/API_RegisterWorkflowType.html

    Raises:
        Fault: ValidationException.
    """
    check_name("name", name)
    check_name("version", version)
    check_data("version", version, MAX_VERSION_CHARACTERS)
    check_data("description", body.get("description"), MAX_DESCRIPTION_CHARACTERS)
    check_task_list("defaultTaskList", body.get("defaultTaskList"))
    check_priority("defaultTaskPriority", body.get("defaultTaskPriority"))
    check_child_policy(body.get("defaultChildPolicy"), "defaultChildPolicy")
    for key, value in body.items():
        if key == "defaultExecutionStartToCloseTimeout":
            check_run_seconds(key, value)
        elif key.endswith("Timeout"):
            check_duration(key, value)


def check_decisions(decisions: Sequence[Decision]) -> None:
    """Refuse the whole response when the attributes of a decision of a known type cannot be carried out.

    Raises:
        Fault: ValidationException; its message names the decision.
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
        elif name == "executionStartToCloseTimeout":
            check_run_seconds(name, value)
        elif name.endswith("Timeout"):
            check_duration(name, value, may_be_never=name != "startToFireTimeout")
        elif name in _STRUCTURES:
            for part in _STRUCTURES[name]:
                if not value.get(part):
                    raise invalid(f"{name} without {part}")
            if name == "taskList":
                check_task_list(name, value)
        elif name == "taskPriority":
            check_priority(name, value)
        elif name == "reason":
            check_data(name, value, MAX_REASON_CHARACTERS)
        elif name in ("id", "markerName", "signalName", "workflowId"):
            check_length(name, value)
        elif name == "runId":
            check_data(name, value, MAX_RUN_ID_CHARACTERS)
        elif name == "name":
            check_data(name, value, _MAX_FUNCTION_CHARACTERS)
        elif name == "childPolicy":
            check_child_policy(value)
        elif name == "tagList":
            check_tags(value)


def page_size(given: int | None) -> int:
    """Return the number of items that a page may have.

    Raises:
        Fault: ValidationException.
    """
    if given is not None and not 0 <= given <= MAX_PAGE_SIZE:
        bound = f"less than or equal to {MAX_PAGE_SIZE}" if given > 0 else "greater than or equal to 0"
        raise invalid(f"Value at 'maximumPageSize' failed to satisfy constraint: Member must have value {bound}")
    return given or MAX_PAGE_SIZE


def page_of(
    name: str, keyed: Sequence[tuple[Key, Any]], call: dict[str, Any], kinds: tuple[type, ...], *, descending: bool
) -> dict[str, Any]:
    """Return the page of a listing that a call asks for.

    It begins after the last item of the page before, so items that come or go in between move none that is still to be shown.

    Args:
        keyed: all items with their keys, in any order. No two keys are equal, and no text in one has a slash.
        kinds: types of the parts of a key.

    Raises:
        Fault: ValidationException.
    """
    size, shown = page_size(call.get("maximumPageSize")), _last_shown(call.get("nextPageToken"), kinds)
    rest = keyed if shown is None else [one for one in keyed if (one[0] < shown if descending else one[0] > shown)]
    ordered = sorted(rest, key=itemgetter(0), reverse=descending)
    answer: dict[str, Any] = {name: [item for _, item in ordered[:size]]}
    if size < len(ordered):
        answer["nextPageToken"] = "/".join(map(str, ordered[size - 1][0]))
    return answer


def _last_shown(token: str | None, kinds: tuple[type, ...]) -> Key | None:
    """Parse a token: the key of the last item of the page before.

    Raises:
        Fault: ValidationException.
    """
    if token is None:
        return None
    try:
        return tuple(kind(part) for kind, part in zip(kinds, token.split("/"), strict=True))
    except ValueError:
        raise invalid(f"Invalid token: {token!r:.40}") from None
