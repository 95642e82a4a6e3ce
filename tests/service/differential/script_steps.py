"""The steps of a script: calls of SWF, and the ids, lists and types that they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DOMAIN, SPARE_DOMAIN = "tests", "spare"
SHARED_DECISIONS, SHARED_WORK = "decisions", "work"
WORKFLOW_IDS = ("w1", "w2", "w3")
TAGS = ("red", "green", "blue")
NEVER_FIRES_SECONDS = 1_000_000

FLOW, BARE_FLOW, SPARE_FLOW = (
    {"name": "flow", "version": "1"},
    {"name": "flow", "version": "2"},
    {"name": "spare", "version": "1"},
)
WORK, BARE_WORK, SPARE_WORK = (
    {"name": "work", "version": "1"},
    {"name": "work", "version": "2"},
    {"name": "spare", "version": "1"},
)
UNKNOWN = {"name": "nobody", "version": "1"}
FLOW_DEFAULTS: dict[str, Any] = {
    "defaultTaskList": {"name": SHARED_DECISIONS},
    "defaultExecutionStartToCloseTimeout": "3605",
    "defaultTaskStartToCloseTimeout": "65",
    "defaultChildPolicy": "TERMINATE",
    "defaultTaskPriority": "2",
}
WORK_DEFAULTS: dict[str, Any] = {
    "defaultTaskList": {"name": SHARED_WORK},
    "defaultTaskScheduleToStartTimeout": "NONE",
    "defaultTaskScheduleToCloseTimeout": "NONE",
    "defaultTaskStartToCloseTimeout": "NONE",
    "defaultTaskHeartbeatTimeout": "NONE",
    "defaultTaskPriority": "3",
}
ACTIVITY_TIMEOUTS = ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout", "heartbeatTimeout")
MALFORMED_DECISIONS: list[dict[str, Any]] = [
    {"decisionType": "StartTimer"},
    {"decisionType": "CancelTimer"},
    {"decisionType": "RecordMarker"},
    {"decisionType": "ScheduleActivityTask"},
    {"decisionType": "ScheduleNothing"},
]


@dataclass(frozen=True)
class RunOf:
    """The run id of the script's n-th execution."""

    index: int


@dataclass(frozen=True)
class ArnOf:
    """The ARN of a domain."""

    domain: str


@dataclass(frozen=True)
class TokenOf:
    """The token of the script's n-th task."""

    index: int


@dataclass(frozen=True)
class Step:
    """A call by the name that boto3 has for it, or ``pass_time``."""

    call: str
    arguments: dict[str, Any]
    run: int | None = None  #: the execution that it is about, when there is one

    def __str__(self) -> str:
        return f"{self.call}({', '.join(f'{key}={value!r}' for key, value in self.arguments.items() if key != 'domain')})"


def first_steps() -> list[Step]:
    """A domain and its types: with all defaults, with none, and one that will be deprecated and used all the same.

    And a domain that will itself be deprecated now and then, in which nothing runs.
    """
    days = {"workflowExecutionRetentionPeriodInDays": "1"}
    spare = {"name": SPARE_DOMAIN, "description": "to be deprecated", "tags": [{"key": "team", "value": "blue"}]}
    steps = [Step("register_domain", {"name": DOMAIN, **days}), Step("register_domain", {**spare, **days})]
    for call, with_defaults, bare, unused, defaults in (
        ("register_workflow_type", FLOW, BARE_FLOW, SPARE_FLOW, FLOW_DEFAULTS),
        ("register_activity_type", WORK, BARE_WORK, SPARE_WORK, WORK_DEFAULTS),
    ):
        steps += [
            Step(call, {"domain": DOMAIN, **with_defaults, **defaults, "description": "all defaults"}),
            Step(call, {"domain": DOMAIN, **bare}),
            Step(call, {"domain": DOMAIN, **unused, **defaults}),
            Step(call, {"domain": SPARE_DOMAIN, **with_defaults, **defaults}),
        ]
    return steps
