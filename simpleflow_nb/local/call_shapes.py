"""The shape of each call: its members, their types, their lengths.

Checked before anything is carried out, so the methods receive only values that they expect. Rules that need more than one
value, or the state of the service, are in :mod:`.checks`. The table is SWF's own description of its calls in short form; a
test compares it with the copy in botocore.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..constants import MAX_DATA_CHARACTERS, MAX_HEARTBEAT_DETAILS_CHARACTERS, MAX_PAGE_SIZE, MAX_REASON_CHARACTERS
from .faults import invalid

Check = Callable[[Any], None]

FARTHEST_MOMENT = 10.0**12  #: epoch seconds; large enough for clients that send milliseconds


class _Wrong(Exception):
    """A value of the wrong shape; ``path`` is filled in from the inside out."""

    def __init__(self, sentence: str, path: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.path = sentence, path

    def within(self, name: str) -> _Wrong:
        self.path = f"{name}{self.path}" if self.path.startswith("[") or not self.path else f"{name}.{self.path}"
        return self


_KINDS = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


def _unfit(value: Any, expected: str) -> _Wrong:
    return _Wrong(f"Value at '{{path}}' is {_KINDS[type(value)]}; {expected} is expected")


def _constraint(rule: str) -> _Wrong:
    return _Wrong(f"Value at '{{path}}' failed to satisfy constraint: Member must {rule}")


def _text(least: int = 0, most: int | None = None) -> Check:
    def check(value: Any) -> None:
        if type(value) is not str:
            raise _unfit(value, "a text")
        if most is not None and len(value) > most:
            raise _constraint(f"have length less than or equal to {most}")
        if len(value) < least:
            raise _constraint(f"have length greater than or equal to {least}")

    return check


def _one_of(*values: str) -> Check:
    def check(value: Any) -> None:
        if type(value) is not str:
            raise _unfit(value, "a text")
        if value not in values:
            raise _constraint(f"satisfy enum value set: [{', '.join(values)}]")

    return check


def _integer(least: int, most: int) -> Check:
    def check(value: Any) -> None:
        if type(value) is not int:
            raise _unfit(value, "a whole number")
        if value > most:
            raise _constraint(f"have value less than or equal to {most}")
        if value < least:
            raise _constraint(f"have value greater than or equal to {least}")

    return check


def _boolean(value: Any) -> None:
    if type(value) is not bool:
        raise _unfit(value, "true or false")


def _moment(value: Any) -> None:
    if type(value) not in (int, float):
        raise _unfit(value, "a number of seconds since 1970")
    if not -FARTHEST_MOMENT <= value <= FARTHEST_MOMENT:
        raise _Wrong("Value at '{path}' is no moment: seconds since 1970 are expected")


def _list(item: Check) -> Check:
    def check(value: Any) -> None:
        if type(value) is not list:
            raise _unfit(value, "a list")
        for index, one in enumerate(value):
            try:
                item(one)
            except _Wrong as wrong:
                raise wrong.within(f"[{index}]") from None

    return check


def _structure(members: Mapping[str, Check], required: tuple[str, ...]) -> Check:
    """Check an object; members that are null count as absent and are removed."""

    def check(value: Any) -> None:
        if type(value) is not dict:
            raise _unfit(value, "an object")
        nulls = []
        for name, one in value.items():
            member = members.get(name)
            if member is None:
                raise _Wrong("Unknown member '{path}'", f"{name!r:.60}"[1:-1])
            if one is None:
                nulls.append(name)
                continue
            try:
                member(one)
            except _Wrong as wrong:
                raise wrong.within(name) from None
        for name in nulls:
            del value[name]
        for name in required:
            if name not in value:
                raise _Wrong("Value null at '{path}' failed to satisfy constraint: Member must not be null", name)

    return check


_PLAIN = _text()
_NAME = _VERSION = _DURATION = _PLAIN  # their lengths are checked with their other rules, so that one message has it all
_DATA, _REASON, _ROLE = _text(0, MAX_DATA_CHARACTERS), _text(0, MAX_REASON_CHARACTERS), _text(1, 1600)

_MEMBERS: dict[str, Check] = {
    "activityId": _NAME,
    "childPolicy": _PLAIN,
    "control": _DATA,
    "defaultChildPolicy": _PLAIN,
    "defaultExecutionStartToCloseTimeout": _DURATION,
    "defaultLambdaRole": _ROLE,
    "defaultTaskHeartbeatTimeout": _DURATION,
    "defaultTaskPriority": _PLAIN,
    "defaultTaskScheduleToCloseTimeout": _DURATION,
    "defaultTaskScheduleToStartTimeout": _DURATION,
    "defaultTaskStartToCloseTimeout": _DURATION,
    "description": _PLAIN,
    "details": _DATA,
    "domain": _NAME,
    "executionContext": _DATA,
    "executionStartToCloseTimeout": _DURATION,
    "heartbeatTimeout": _DURATION,
    "id": _NAME,
    "identity": _text(0, 256),
    "input": _DATA,
    "key": _text(1, 128),
    "lambdaRole": _ROLE,
    "latestDate": _moment,
    "markerName": _NAME,
    "maximumPageSize": _integer(0, MAX_PAGE_SIZE),
    "name": _NAME,
    "nextPageToken": _text(0, 2048),
    "oldestDate": _moment,
    "reason": _REASON,
    "resourceArn": _ROLE,
    "registrationStatus": _one_of("REGISTERED", "DEPRECATED"),
    "result": _DATA,
    "reverseOrder": _boolean,
    "runId": _text(0, 64),
    "scheduleToCloseTimeout": _DURATION,
    "scheduleToStartTimeout": _DURATION,
    "signalName": _NAME,
    "startAtPreviousStartedEvent": _boolean,
    "startToCloseTimeout": _DURATION,
    "startToFireTimeout": _DURATION,
    "status": _one_of("COMPLETED", "FAILED", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW", "TIMED_OUT"),
    "tag": _text(0, 256),
    "tagKeys": _list(_text(1, 128)),
    "tagList": _list(_PLAIN),
    "taskListScheduleToStartTimeout": _DURATION,
    "taskPriority": _PLAIN,
    "taskStartToCloseTimeout": _DURATION,
    "taskToken": _text(1, 1024),
    "timerId": _NAME,
    "value": _text(0, 256),
    "version": _VERSION,
    "workflowExecutionRetentionPeriodInDays": _PLAIN,
    "workflowId": _NAME,
    "workflowTypeVersion": _VERSION,
}  #: members that have one shape everywhere; the few others are passed where they occur


def _shape(members: str, **other: Check) -> Check:
    """Return a check for an object with these members; names that end with an exclamation mark are required."""
    names = [name.rstrip("!") for name in members.split()]
    required = tuple(name[:-1] for name in members.split() if name.endswith("!"))
    return _structure({name: other.get(name) or _MEMBERS[name] for name in names}, required)


_TYPE = _shape("name! version!")
_EXECUTION = _shape("workflowId! runId!", runId=_text(1, 64))
_MEMBERS |= {
    "activityType": _TYPE,
    "closeStatusFilter": _shape("status!"),
    "closeTimeFilter": _shape("oldestDate! latestDate"),
    "defaultTaskList": _shape("name!"),
    "execution": _EXECUTION,
    "executionFilter": _shape("workflowId!"),
    "startTimeFilter": _shape("oldestDate! latestDate"),
    "tagFilter": _shape("tag!"),
    "tags": _list(_shape("key! value")),
    "taskList": _shape("name!"),
    "typeFilter": _shape("name! version", version=_text(0, 64)),
    "workflowType": _TYPE,
}

_STARTED = "childPolicy executionStartToCloseTimeout input lambdaRole tagList taskList taskPriority taskStartToCloseTimeout "
DECISIONS: dict[str, Check] = {
    "CancelTimer": _shape("timerId!"),
    "CancelWorkflowExecution": _shape("details"),
    "CompleteWorkflowExecution": _shape("result"),
    "ContinueAsNewWorkflowExecution": _shape(_STARTED + "workflowTypeVersion"),
    "FailWorkflowExecution": _shape("details reason"),
    "RecordMarker": _shape("details markerName!"),
    "RequestCancelActivityTask": _shape("activityId!"),
    "RequestCancelExternalWorkflowExecution": _shape("control runId workflowId!"),
    "ScheduleActivityTask": _shape(
        "activityId! activityType! control heartbeatTimeout input scheduleToCloseTimeout scheduleToStartTimeout "
        "startToCloseTimeout taskList taskPriority"
    ),
    "ScheduleLambdaFunction": _shape("control id! input name! startToCloseTimeout", name=_text(1, 64)),
    "SignalExternalWorkflowExecution": _shape("control input runId signalName! workflowId!"),
    "StartChildWorkflowExecution": _shape(_STARTED + "control workflowId! workflowType!"),
    "StartTimer": _shape("control startToFireTimeout! timerId!"),
}
_DECISION = _structure(
    {"decisionType": _PLAIN}  # unknown types are refused where decisions are carried out
    | {f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes for kind, attributes in DECISIONS.items()},
    ("decisionType",),
)

_FILTERS = "executionFilter tagFilter typeFilter "
_PAGE = "maximumPageSize nextPageToken reverseOrder "
CALLS: dict[str, Check] = {
    "CountClosedWorkflowExecutions": _shape(_FILTERS + "closeStatusFilter closeTimeFilter domain! startTimeFilter"),
    "CountOpenWorkflowExecutions": _shape(_FILTERS + "domain! startTimeFilter!"),
    "CountPendingActivityTasks": _shape("domain! taskList!"),
    "CountPendingDecisionTasks": _shape("domain! taskList!"),
    "DeleteActivityType": _shape("activityType! domain!"),
    "DeleteWorkflowType": _shape("domain! workflowType!"),
    "DeprecateActivityType": _shape("activityType! domain!"),
    "DeprecateDomain": _shape("name!"),
    "DeprecateWorkflowType": _shape("domain! workflowType!"),
    "DescribeActivityType": _shape("activityType! domain!"),
    "DescribeDomain": _shape("name!"),
    "DescribeWorkflowExecution": _shape("domain! execution!"),
    "DescribeWorkflowType": _shape("domain! workflowType!"),
    "GetWorkflowExecutionHistory": _shape(_PAGE + "domain! execution!"),
    "ListActivityTypes": _shape(_PAGE + "domain! name registrationStatus!"),
    "ListClosedWorkflowExecutions": _shape(_PAGE + _FILTERS + "closeStatusFilter closeTimeFilter domain! startTimeFilter"),
    "ListDomains": _shape(_PAGE + "registrationStatus!"),
    "ListOpenWorkflowExecutions": _shape(_PAGE + _FILTERS + "domain! startTimeFilter!"),
    "ListTagsForResource": _shape("resourceArn!"),
    "ListWorkflowTypes": _shape(_PAGE + "domain! name registrationStatus!"),
    "PollForActivityTask": _shape("domain! identity taskList!"),
    "PollForDecisionTask": _shape(_PAGE + "domain! identity startAtPreviousStartedEvent taskList!"),
    "RecordActivityTaskHeartbeat": _shape("details taskToken!", details=_text(0, MAX_HEARTBEAT_DETAILS_CHARACTERS)),
    "RegisterActivityType": _shape(
        "defaultTaskHeartbeatTimeout defaultTaskList defaultTaskPriority defaultTaskScheduleToCloseTimeout "
        "defaultTaskScheduleToStartTimeout defaultTaskStartToCloseTimeout description domain! name! version!"
    ),
    "RegisterDomain": _shape("description name! tags workflowExecutionRetentionPeriodInDays!"),
    "RegisterWorkflowType": _shape(
        "defaultChildPolicy defaultExecutionStartToCloseTimeout defaultLambdaRole defaultTaskList defaultTaskPriority "
        "defaultTaskStartToCloseTimeout description domain! name! version!"
    ),
    "RequestCancelWorkflowExecution": _shape("domain! runId workflowId!"),
    "RespondActivityTaskCanceled": _shape("details taskToken!"),
    "RespondActivityTaskCompleted": _shape("result taskToken!"),
    "RespondActivityTaskFailed": _shape("details reason taskToken!"),
    "RespondDecisionTaskCompleted": _shape(
        "decisions executionContext taskList taskListScheduleToStartTimeout taskToken!", decisions=_list(_DECISION)
    ),
    "SignalWorkflowExecution": _shape("domain! input runId signalName! workflowId!"),
    "StartWorkflowExecution": _shape(_STARTED + "domain! workflowId! workflowType!"),
    "TagResource": _shape("resourceArn! tags!"),
    "TerminateWorkflowExecution": _shape("childPolicy details domain! reason runId workflowId!"),
    "UndeprecateActivityType": _shape("activityType! domain!"),
    "UndeprecateDomain": _shape("name!"),
    "UndeprecateWorkflowType": _shape("domain! workflowType!"),
    "UntagResource": _shape("resourceArn! tagKeys!"),
}  #: all calls that SWF has
METHODS = {name: re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in CALLS}  #: the names that boto3 gives them


def check_call(operation: str, call: dict[str, Any]) -> None:
    """Refuse members that the call does not allow, and remove members that are null.

    Raises:
        Fault: ValidationException; it names the member.
    """
    try:
        CALLS[operation](call)
    except _Wrong as wrong:
        raise invalid(wrong.sentence.replace("{path}", wrong.path)) from None
