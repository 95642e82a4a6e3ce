"""Types of the events about other executions and Lambda functions.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from .references import ExecutionIds, TaskListName, TypeName


class StartChildInitiated(TypedDict):
    """A child was asked for; the values are the decision's, completed by the defaults of the type."""

    workflowId: str
    workflowType: TypeName
    control: NotRequired[str]
    input: NotRequired[str]
    executionStartToCloseTimeout: NotRequired[str]
    taskList: TaskListName
    taskPriority: NotRequired[str]
    decisionTaskCompletedEventId: int
    childPolicy: str
    taskStartToCloseTimeout: NotRequired[str]
    tagList: NotRequired[list[str]]
    lambdaRole: NotRequired[str]


class StartChildFailed(TypedDict):
    """A child was not started. ``initiatedEventId`` is 0 unless the cause is WORKFLOW_ALREADY_RUNNING."""

    workflowType: TypeName
    cause: str
    workflowId: str
    initiatedEventId: int
    decisionTaskCompletedEventId: int
    control: NotRequired[str]


class ChildStarted(TypedDict):
    workflowExecution: ExecutionIds
    workflowType: TypeName
    initiatedEventId: int


class ChildCompleted(TypedDict):
    workflowExecution: ExecutionIds
    workflowType: TypeName
    result: NotRequired[str]
    initiatedEventId: int
    startedEventId: int


class ChildFailed(TypedDict):
    workflowExecution: ExecutionIds
    workflowType: TypeName
    reason: NotRequired[str]
    details: NotRequired[str]
    initiatedEventId: int
    startedEventId: int


class ChildTimedOut(TypedDict):
    workflowExecution: ExecutionIds
    workflowType: TypeName
    timeoutType: str
    initiatedEventId: int
    startedEventId: int


class ChildCanceled(TypedDict):
    workflowExecution: ExecutionIds
    workflowType: TypeName
    details: NotRequired[str]
    initiatedEventId: int
    startedEventId: int


class ChildTerminated(TypedDict):
    workflowExecution: ExecutionIds
    workflowType: TypeName
    initiatedEventId: int
    startedEventId: int


class SignalExternalInitiated(TypedDict):
    workflowId: str
    runId: NotRequired[str]
    signalName: str
    input: NotRequired[str]
    decisionTaskCompletedEventId: int
    control: NotRequired[str]


class SignalExternalFailed(TypedDict):
    """A signal did not reach its execution."""

    workflowId: str
    runId: NotRequired[str]
    cause: str
    initiatedEventId: int
    decisionTaskCompletedEventId: int
    control: NotRequired[str]


class ExternalReached(TypedDict):
    """A signal, or a request to cancel, has reached its execution."""

    workflowExecution: ExecutionIds
    initiatedEventId: int


class RequestCancelExternalInitiated(TypedDict):
    workflowId: str
    runId: NotRequired[str]
    decisionTaskCompletedEventId: int
    control: NotRequired[str]


class RequestCancelExternalFailed(TypedDict):
    """A request to cancel did not reach its execution."""

    workflowId: str
    runId: NotRequired[str]
    cause: str
    initiatedEventId: int
    decisionTaskCompletedEventId: int
    control: NotRequired[str]


class LambdaScheduled(TypedDict):
    id: str
    name: str
    control: NotRequired[str]
    input: NotRequired[str]
    startToCloseTimeout: NotRequired[str]
    decisionTaskCompletedEventId: int


class LambdaStarted(TypedDict):
    scheduledEventId: int


class LambdaCompleted(TypedDict):
    scheduledEventId: int
    startedEventId: int
    result: NotRequired[str]


class LambdaFailed(TypedDict):
    scheduledEventId: int
    startedEventId: int
    reason: NotRequired[str]
    details: NotRequired[str]


class LambdaTimedOut(TypedDict):
    scheduledEventId: int
    startedEventId: int
    timeoutType: NotRequired[str]


class ScheduleLambdaFailed(TypedDict):
    id: str
    name: str
    cause: str
    decisionTaskCompletedEventId: int


class StartLambdaFailed(TypedDict):
    scheduledEventId: NotRequired[int]
    cause: NotRequired[str]
    message: NotRequired[str]
