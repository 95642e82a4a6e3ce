"""Types of the decisions that a decider sends.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Decision.html
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from .references import TaskListName, TypeName


class ScheduleActivityTask(TypedDict):
    activityType: TypeName
    activityId: str
    control: NotRequired[str]
    input: NotRequired[str]
    scheduleToCloseTimeout: NotRequired[str]
    taskList: NotRequired[TaskListName]
    taskPriority: NotRequired[str]
    scheduleToStartTimeout: NotRequired[str]
    startToCloseTimeout: NotRequired[str]
    heartbeatTimeout: NotRequired[str]


class RequestCancelActivityTask(TypedDict):
    activityId: str


class CompleteWorkflowExecution(TypedDict):
    result: NotRequired[str]


class FailWorkflowExecution(TypedDict):
    reason: NotRequired[str]
    details: NotRequired[str]


class CancelWorkflowExecution(TypedDict):
    details: NotRequired[str]


class ContinueAsNewWorkflowExecution(TypedDict):
    input: NotRequired[str]
    executionStartToCloseTimeout: NotRequired[str]
    taskList: NotRequired[TaskListName]
    taskPriority: NotRequired[str]
    taskStartToCloseTimeout: NotRequired[str]
    childPolicy: NotRequired[str]
    tagList: NotRequired[list[str]]
    workflowTypeVersion: NotRequired[str]
    lambdaRole: NotRequired[str]


class RecordMarker(TypedDict):
    markerName: str
    details: NotRequired[str]


class StartTimer(TypedDict):
    timerId: str
    control: NotRequired[str]
    startToFireTimeout: str


class CancelTimer(TypedDict):
    timerId: str


class StartChildWorkflowExecution(TypedDict):
    workflowType: TypeName
    workflowId: str
    control: NotRequired[str]
    input: NotRequired[str]
    executionStartToCloseTimeout: NotRequired[str]
    taskList: NotRequired[TaskListName]
    taskPriority: NotRequired[str]
    taskStartToCloseTimeout: NotRequired[str]
    childPolicy: NotRequired[str]
    tagList: NotRequired[list[str]]
    lambdaRole: NotRequired[str]


class SignalExternalWorkflowExecution(TypedDict):
    workflowId: str
    runId: NotRequired[str]
    signalName: str
    input: NotRequired[str]
    control: NotRequired[str]


class RequestCancelExternalWorkflowExecution(TypedDict):
    workflowId: str
    runId: NotRequired[str]
    control: NotRequired[str]


class ScheduleLambdaFunction(TypedDict):
    id: str
    name: str
    control: NotRequired[str]
    input: NotRequired[str]
    startToCloseTimeout: NotRequired[str]


class Decision(TypedDict):
    """A decision, with the attributes of its type."""

    decisionType: str
    scheduleActivityTaskDecisionAttributes: NotRequired[ScheduleActivityTask]
    requestCancelActivityTaskDecisionAttributes: NotRequired[RequestCancelActivityTask]
    completeWorkflowExecutionDecisionAttributes: NotRequired[CompleteWorkflowExecution]
    failWorkflowExecutionDecisionAttributes: NotRequired[FailWorkflowExecution]
    cancelWorkflowExecutionDecisionAttributes: NotRequired[CancelWorkflowExecution]
    continueAsNewWorkflowExecutionDecisionAttributes: NotRequired[ContinueAsNewWorkflowExecution]
    recordMarkerDecisionAttributes: NotRequired[RecordMarker]
    startTimerDecisionAttributes: NotRequired[StartTimer]
    cancelTimerDecisionAttributes: NotRequired[CancelTimer]
    startChildWorkflowExecutionDecisionAttributes: NotRequired[StartChildWorkflowExecution]
    signalExternalWorkflowExecutionDecisionAttributes: NotRequired[SignalExternalWorkflowExecution]
    requestCancelExternalWorkflowExecutionDecisionAttributes: NotRequired[RequestCancelExternalWorkflowExecution]
    scheduleLambdaFunctionDecisionAttributes: NotRequired[ScheduleLambdaFunction]
