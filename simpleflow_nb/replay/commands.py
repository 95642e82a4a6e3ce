"""Decisions: what the code decided, until history has the record of it, and the form in which it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType
from typing import Any, Protocol

from .. import payload
from ..constants import MAX_DATA_CHARACTERS, MAX_REQUEST_BYTES
from ..futures import Future
from ..retry import RetryPolicy
from .arguments import filled
from .decisions import Decision, RecordMarker, StartTimer

# Names that the engine keeps for itself; those of users may not begin with an underscore.
WAKE, PARK, BACKOFF, RETRY, PATCH, ENGINE = "_wake-", "_park-", "_backoff-", "_retry-", "_patch-", "_engine"
MISSING = "_missing"  # its details: ids of the events of signals whose payloads were not there

ENGINE_VERSION = 1  #: rules by which decisions are ordered; stands in the first decision of every execution

MISSING_AT_ONCE = 3_000  #: ids in one marker, within SWF's 32,768 characters

_LONGEST_ID = 220  # leaves room for "_retry-" before and an attempt behind, within SWF's 256


class ActivityTask(Protocol):
    """What the engine needs to know of an activity."""

    name: str
    task_list: str | None
    task_priority: int | None
    retry: RetryPolicy
    raises_on_failure: bool
    idempotent: bool
    meta: dict[str, Any] | None
    declared_in: str | None  # the module that workers import, where the name does not say it
    decision_attributes: dict[str, Any]  # activityType and the four timeouts, as SWF wants them


class Command:
    """A decision that is not a task with a result: a marker, a cancellation, the end of the run."""

    __slots__ = ("attributes", "code", "key", "lasti", "type")

    def __init__(self, type: str, key: str | None, attributes: Mapping[str, Any]) -> None:
        self.type, self.key, self.attributes = type, key, attributes
        self.code: CodeType | None = None
        self.lasti = 0


Queued = Command | Future[Any]


def described(command: Queued | None) -> str:
    """For a message: what was decided and the source line that did, looked up only now."""
    if command is None:
        return "no further decision here"
    text = f"{command.type}({command.key})" if command.key else command.type
    if command.code is not None:
        line = next((n for start, end, n in command.code.co_lines() if start <= command.lasti < end), None)
        text += f" at {command.code.co_filename.rpartition('/')[2]}:{line}"
    return text


def activity_id(name: str, suffix: int | str) -> str:
    """``activity-<name>-<suffix>``; a name too long for SWF's 256 characters ends in its hash."""
    return short_id(f"activity-{name}-{suffix}")


def short_id(text: str) -> str:
    """The id itself, or its beginning and its md5 when it is too long."""
    if len(text) <= _LONGEST_ID:
        return text
    return f"{text[: _LONGEST_ID - 33]}-{hashlib.md5(text.encode()).hexdigest()}"


def activity_input(task: ActivityTask, args: Any, kwargs: Any) -> str:
    """The input of an activity task, in simpleflow's form; with the module that declares it, where workers need that."""
    body = _call(task, args, kwargs)
    if task.declared_in:
        body["__extra"] = {"module": task.declared_in}
    return payload.encode(body)


def call_digest(task: ActivityTask, args: Any, kwargs: Any) -> str:
    """The same for the same arguments, wherever the activity is declared."""
    return payload.digest(payload.encode(_call(task, args, kwargs)))


def _call(task: ActivityTask, args: Any, kwargs: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"args": filled(args), "kwargs": filled(kwargs)}
    if task.meta:
        body["meta"] = task.meta
    return body


def decision(command: Queued, task_list: str | None, default_task_list: str) -> Decision:
    """The decision as RespondDecisionTaskCompleted wants it. ``task_list`` overrides every activity's own."""
    kind = command.type
    attributes: Mapping[str, Any]
    if isinstance(command, Command):
        attributes = command.attributes
    elif kind == "ScheduleActivityTask":
        task: ActivityTask = command.task
        attributes = {
            "activityId": command.key,
            **task.decision_attributes,
            "taskList": {"name": task_list or task.task_list or default_task_list},
            "input": activity_input(task, command.args, command.kwargs),
        }
        priority = task.task_priority if command.priority is ... else command.priority
        if priority is not None:
            attributes["taskPriority"] = str(priority)
    else:  # StartTimer
        attributes = {"timerId": command.key, "startToFireTimeout": str(command.args[0])}
        if len(command.args) > 1 and command.args[1] is not None:
            attributes["control"] = command.args[1]
    made: Any = {"decisionType": kind, attributes_name(kind, "Decision"): attributes}
    found: Decision = made
    return found


def attributes_name(kind: str, of: str) -> str:
    """``scheduleActivityTaskDecisionAttributes`` for ScheduleActivityTask and ``Decision``; likewise for ``Event``."""
    return f"{kind[0].lower()}{kind[1:]}{of}Attributes"


def marker(name: str, details: str | None = None) -> Decision:
    attributes: RecordMarker = {"markerName": name} if details is None else {"markerName": name, "details": details}
    return {"decisionType": "RecordMarker", "recordMarkerDecisionAttributes": attributes}


def timer(timer_id: str, seconds: int, control: str | None = None) -> Decision:
    attributes: StartTimer = {"timerId": timer_id, "startToFireTimeout": str(seconds)}
    if control is not None:
        attributes["control"] = control
    return {"decisionType": "StartTimer", "startTimerDecisionAttributes": attributes}


def fitting(decisions: Iterable[Decision], limit_bytes: int = MAX_REQUEST_BYTES - 40_000) -> int:
    """How many of the decisions, from the first, stay within one request; at least one.

    Texts that are too long for a field count as the reference that will stand for them.
    """
    total = 0
    for count, one in enumerate(decisions):
        total += _size(one)
        if total > limit_bytes:
            return max(count, 1)
    return count + 1 if total else 0


def _size(one: Decision) -> int:
    attributes: Any = next(value for key, value in one.items() if key != "decisionType")
    texts = list(_texts(attributes.values()))
    characters = sum(len(text) for text in texts if len(text) <= MAX_DATA_CHARACTERS)
    if characters < 1_000:
        return 12 * characters + 1_500  # an upper bound: a character takes at most two \uXXXX on the wire
    return 1_500 + sum(len(json.dumps(text)) if len(text) <= MAX_DATA_CHARACTERS else 200 for text in texts)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if type(value) is str:
            yield value
        elif type(value) is dict:
            yield from _texts(value.values())
        elif type(value) is list:
            yield from _texts(value)
