"""Decisions of the code until history has recorded them, and the form in which they are sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import CodeType
from typing import Any, Protocol

from ... import payload
from ...constants import MAX_DATA_CHARACTERS, MAX_ID_CHARACTERS, MAX_REQUEST_BYTES
from ...futures import Future
from ...retry import RetryPolicy
from ..protocol.decisions import Decision, RecordMarker, StartTimer
from .arguments import filled, shared_in

# Names reserved for the engine; users' names may not begin with an underscore.
WAKE, PARK, BACKOFF, RETRY, PACE, PATCH, ENGINE = "_wake-", "_park-", "_backoff-", "_retry-", "_pace-", "_patch-", "_engine"
UPDATE, ANSWER = "_update-", "_answer-"  # signals that request an update, markers with its answer
MISSING = "_missing"  # its details: ids of the events of signals whose payloads were missing

ENGINE_VERSION = 2  #: version of the order of decisions; recorded in the first decision of every execution

FORWARDED = "_forwarded"  # its details: ids of the events of signals that were sent on, whose inputs are long

MISSING_AT_ONCE = 3_000  #: ids in one marker, within SWF's 32,768 characters

_LONGEST_ID = 220  # leaves room for the prefix "_retry-" and an attempt's number, within SWF's 256


class ActivityTask(Protocol):
    """The attributes of an activity that the engine needs."""

    name: str
    task_list: str | None
    task_priority: Any  # an int, None for none, anything else for that of the workflow
    retry: RetryPolicy
    raises_on_failure: bool | None  # None: as the workflow says
    idempotent: bool
    is_named_by_arguments: bool  # they decide the end of the id
    meta: dict[str, Any] | None
    is_plain: bool  # its input is the list or the mapping of its arguments alone
    declared_in: str | None  # the module that workers import, if the name does not say it
    decision_attributes: dict[str, Any]  # activityType and the four timeouts, in SWF's form


class ChildTask(Protocol):
    """A workflow class as the engine needs it, to start child executions of it."""

    name: str
    version: str
    retry: RetryPolicy
    raises_on_failure: bool
    idempotent: bool
    meta: dict[str, Any] | None
    is_plain: bool
    declared_in: str | None
    is_named_by_arguments: bool

    def workflow_id(self, args: list[Any], kwargs: dict[str, Any]) -> str | None:
        """Return the workflow id of a child with these arguments, if ``is_named_by_arguments``; None for one of the run's."""

    def attributes(self, args: list[Any], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        """Return the attributes of the decision that starts a child with these arguments, but for its id and its input."""

    def input(self, args: list[Any], kwargs: dict[str, Any]) -> str:
        """Encode the input of a child with these arguments."""


class Command:
    """A decision without a result: a marker, a cancellation, the end of the run."""

    __slots__ = ("attributes", "code", "key", "lasti", "type")

    def __init__(self, type: str, key: str | None, attributes: Mapping[str, Any]) -> None:
        self.type, self.key, self.attributes = type, key, attributes
        self.code: CodeType | None = None
        self.lasti = 0


Queued = Command | Future[Any]


def described(command: Queued | None) -> str:
    """Format a decision and its source line for a message; the line is looked up only now."""
    if command is None:
        return "no further decision here"
    text = f"{command.type}({command.key})" if command.key else command.type
    if command.code is not None:
        line = next((n for start, end, n in command.code.co_lines() if start <= command.lasti < end), None)
        text += f" at {command.code.co_filename.rpartition('/')[2]}:{line}"
    return text


def activity_id(name: str, suffix: int | str) -> str:
    """Return ``activity-<name>-<suffix>``; a name too long for SWF's 256 characters ends in its hash."""
    id = f"activity-{name}-{suffix}"
    return id if len(id) <= _LONGEST_ID else short_id(id)


def short_id(text: str) -> str:
    """Return the id itself, or its beginning and its md5 when it is too long."""
    if len(text) <= _LONGEST_ID:
        return text
    return f"{text[: _LONGEST_ID - 33]}-{hashlib.md5(text.encode()).hexdigest()}"


def attempt_id(id: str, attempt: int) -> str:
    """Return the id under which a further attempt at a task is known to the service."""
    return _within_limit(f"{id}.{attempt}")


def retry_timer_id(id: str, attempt: int) -> str:
    """Return the id of the timer after an attempt at a task."""
    return f"{RETRY}{_within_limit(id, _LONGEST_ID + 13)}-{attempt}"


def _within_limit(id: str, limit: int = MAX_ID_CHARACTERS) -> str:
    """Return an id, shortened only if it is too long: one that a user has given may have all characters that SWF allows."""
    return id if len(id) <= limit else short_id(id)


def input_of(future: Future[Any]) -> str:
    """Encode the input of an activity task or a child execution, in simpleflow's form."""
    task = future.task
    if task.is_plain:  # for workers that know no references
        return payload.encode(filled(future.kwargs) or filled(list(future.args)))
    args, kwargs = shared_in(list(future.args)), shared_in(future.kwargs)
    if future.type != "ScheduleActivityTask":
        return str(task.input(args, kwargs))
    body: dict[str, Any] = {"args": args, "kwargs": kwargs}
    if task.meta:
        body["meta"] = task.meta
    if task.declared_in:  # workers need it to find the activity
        body["__extra"] = {"module": task.declared_in}
    return payload.encode(body)


def call_digest(task: ActivityTask | ChildTask, args: Any, kwargs: Any) -> str:
    """Return a digest of a call's arguments, independent of the module that declares the activity."""
    return payload.digest(payload.encode(_call(task, args, kwargs)))


def _call(task: ActivityTask | ChildTask, args: Any, kwargs: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"args": filled(args), "kwargs": filled(kwargs)}
    if task.meta:
        body["meta"] = task.meta
    return body


def decision(
    command: Queued,
    task_list: str | None,
    default_task_list: str,
    child_task_list: str | None = None,
    priority: int | None = None,
) -> Decision:
    """Return the decision in the form of RespondDecisionTaskCompleted.

    ``task_list`` overrides the own list of every activity, ``child_task_list`` that of every child workflow.
    ``priority`` is that of activities that say nothing of it.
    """
    kind = command.type
    attributes: Mapping[str, Any]
    if isinstance(command, Command):
        attributes = command.attributes
    elif kind == "ScheduleActivityTask":
        attributes = _activity_attributes(command, task_list or command.task.task_list or default_task_list, priority)
    elif kind == "StartTimer":
        attributes = {"timerId": command.key, "startToFireTimeout": str(command.args[0])}
        if len(command.args) > 1 and command.args[1] is not None:
            attributes["control"] = command.args[1]
    else:
        attributes = _external_attributes(command, default_task_list, child_task_list)
    made: Any = {"decisionType": kind, attributes_name(kind, "Decision"): attributes}
    found: Decision = made
    return found


def _activity_attributes(future: Future[Any], task_list: str, default_priority: int | None) -> dict[str, Any]:
    task: ActivityTask = future.task
    attributes = {
        "activityId": future.key,
        **task.decision_attributes,
        "taskList": {"name": task_list},
        "input": input_of(future),
    }
    priority = task.task_priority if future.priority is ... else future.priority
    if priority is not None and not isinstance(priority, int):
        priority = default_priority
    if priority is not None:
        attributes["taskPriority"] = str(priority)
    return attributes


def _external_attributes(command: Any, default_task_list: str, child_task_list: str | None) -> dict[str, Any]:
    """Return the attributes of a decision about another execution."""
    if command.type == "StartChildWorkflowExecution":
        attributes = {
            "workflowId": command.key,
            "taskList": {"name": default_task_list},
            **command.attributes,
            "input": input_of(command),
        }
        if child_task_list is not None:
            attributes["taskList"] = {"name": child_task_list}
        if command.priority is None:
            attributes.pop("taskPriority", None)
        elif command.priority is not ...:
            attributes["taskPriority"] = str(command.priority)
        return attributes
    if command.type == "SignalExternalWorkflowExecution":
        workflow_id, run_id, text, control = command.args
        found = {"workflowId": workflow_id, "signalName": command.name}
        found |= {
            name: value for name, value in (("runId", run_id), ("input", text), ("control", control)) if value is not None
        }
        return found
    return {"workflowId": command.key} | ({"runId": command.args[0]} if command.args[0] else {})


@cache
def attributes_name(kind: str, of: str) -> str:
    """Return ``scheduleActivityTaskDecisionAttributes`` for ScheduleActivityTask and ``Decision``; likewise for ``Event``."""
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
    """Count how many of the decisions, from the first, fit into one response; at least one.

    Texts too long for a field count as the references that will replace them.
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
