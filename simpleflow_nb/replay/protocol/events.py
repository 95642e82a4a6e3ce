"""Types of the events of a history.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from .external_events import (
    ChildCanceled,
    ChildCompleted,
    ChildFailed,
    ChildStarted,
    ChildTerminated,
    ChildTimedOut,
    ExternalReached,
    LambdaCompleted,
    LambdaFailed,
    LambdaScheduled,
    LambdaStarted,
    LambdaTimedOut,
    RequestCancelExternalFailed,
    RequestCancelExternalInitiated,
    ScheduleLambdaFailed,
    SignalExternalFailed,
    SignalExternalInitiated,
    StartChildFailed,
    StartChildInitiated,
    StartLambdaFailed,
)
from .references import ExecutionIds as ExecutionIds
from .references import TaskListName as TaskListName
from .references import TypeName as TypeName


class WorkflowExecutionStarted(TypedDict):
    input: NotRequired[str]
    executionStartToCloseTimeout: NotRequired[str]
    taskStartToCloseTimeout: NotRequired[str]
    childPolicy: str
    taskList: TaskListName
    taskPriority: NotRequired[str]
    workflowType: TypeName
    tagList: NotRequired[list[str]]
    continuedExecutionRunId: NotRequired[str]
    parentWorkflowExecution: NotRequired[ExecutionIds]
    parentInitiatedEventId: NotRequired[int]
    lambdaRole: NotRequired[str]


class WorkflowExecutionCompleted(TypedDict):
    result: NotRequired[str]
    decisionTaskCompletedEventId: int


class CloseFailed(TypedDict):
    cause: str
    decisionTaskCompletedEventId: int


class WorkflowExecutionFailed(TypedDict):
    reason: NotRequired[str]
    details: NotRequired[str]
    decisionTaskCompletedEventId: int


class WorkflowExecutionTimedOut(TypedDict):
    timeoutType: str
    childPolicy: str


class WorkflowExecutionCanceled(TypedDict):
    details: NotRequired[str]
    decisionTaskCompletedEventId: int


class WorkflowExecutionContinuedAsNew(TypedDict):
    input: NotRequired[str]
    decisionTaskCompletedEventId: int
    newExecutionRunId: str
    executionStartToCloseTimeout: NotRequired[str]
    taskList: TaskListName
    taskPriority: NotRequired[str]
    taskStartToCloseTimeout: NotRequired[str]
    childPolicy: str
    tagList: NotRequired[list[str]]
    workflowType: TypeName
    lambdaRole: NotRequired[str]


class WorkflowExecutionTerminated(TypedDict):
    reason: NotRequired[str]
    details: NotRequired[str]
    childPolicy: str
    cause: NotRequired[str]


class WorkflowExecutionCancelRequested(TypedDict):
    externalWorkflowExecution: NotRequired[ExecutionIds]
    externalInitiatedEventId: NotRequired[int]
    cause: NotRequired[str]


class DecisionTaskScheduled(TypedDict):
    taskList: TaskListName
    taskPriority: NotRequired[str]
    startToCloseTimeout: NotRequired[str]
    scheduleToStartTimeout: NotRequired[str]


class TaskStarted(TypedDict):
    identity: NotRequired[str]
    scheduledEventId: int


class DecisionTaskCompleted(TypedDict):
    executionContext: NotRequired[str]
    scheduledEventId: int
    startedEventId: int
    taskList: NotRequired[TaskListName]
    taskListScheduleToStartTimeout: NotRequired[str]


class DecisionTaskTimedOut(TypedDict):
    timeoutType: str
    scheduledEventId: int
    startedEventId: int


class ActivityTaskScheduled(TypedDict):
    activityType: TypeName
    activityId: str
    input: NotRequired[str]
    control: NotRequired[str]
    scheduleToStartTimeout: NotRequired[str]
    scheduleToCloseTimeout: NotRequired[str]
    startToCloseTimeout: NotRequired[str]
    taskList: TaskListName
    taskPriority: NotRequired[str]
    decisionTaskCompletedEventId: int
    heartbeatTimeout: NotRequired[str]


class ActivityTaskCompleted(TypedDict):
    result: NotRequired[str]
    scheduledEventId: int
    startedEventId: int


class ActivityTaskFailed(TypedDict):
    reason: NotRequired[str]
    details: NotRequired[str]
    scheduledEventId: int
    startedEventId: int


class ActivityTaskTimedOut(TypedDict):
    timeoutType: str
    scheduledEventId: int
    startedEventId: int
    details: NotRequired[str]


class ActivityTaskCanceled(TypedDict):
    details: NotRequired[str]
    scheduledEventId: int
    startedEventId: int
    latestCancelRequestedEventId: NotRequired[int]


class ActivityTaskCancelRequested(TypedDict):
    decisionTaskCompletedEventId: int
    activityId: str


class WorkflowExecutionSignaled(TypedDict):
    signalName: str
    input: NotRequired[str]
    externalWorkflowExecution: NotRequired[ExecutionIds]
    externalInitiatedEventId: NotRequired[int]


class MarkerRecorded(TypedDict):
    markerName: str
    details: NotRequired[str]
    decisionTaskCompletedEventId: int


class RecordMarkerFailed(TypedDict):
    markerName: str
    cause: str
    decisionTaskCompletedEventId: int


class TimerStarted(TypedDict):
    timerId: str
    control: NotRequired[str]
    startToFireTimeout: str
    decisionTaskCompletedEventId: int


class TimerFired(TypedDict):
    timerId: str
    startedEventId: int


class TimerCanceled(TypedDict):
    timerId: str
    startedEventId: int
    decisionTaskCompletedEventId: int


class ScheduleActivityTaskFailed(TypedDict):
    activityType: TypeName
    activityId: str
    cause: str
    decisionTaskCompletedEventId: int


class CancelActivityFailed(TypedDict):
    activityId: str
    cause: str
    decisionTaskCompletedEventId: int


class TimerFailed(TypedDict):
    timerId: str
    cause: str
    decisionTaskCompletedEventId: int


class HistoryEvent(TypedDict):
    """An event, with the attributes of its type."""

    eventId: int
    eventType: str
    eventTimestamp: float  #: epoch seconds
    workflowExecutionStartedEventAttributes: NotRequired[WorkflowExecutionStarted]
    workflowExecutionCompletedEventAttributes: NotRequired[WorkflowExecutionCompleted]
    completeWorkflowExecutionFailedEventAttributes: NotRequired[CloseFailed]
    workflowExecutionFailedEventAttributes: NotRequired[WorkflowExecutionFailed]
    failWorkflowExecutionFailedEventAttributes: NotRequired[CloseFailed]
    workflowExecutionTimedOutEventAttributes: NotRequired[WorkflowExecutionTimedOut]
    workflowExecutionCanceledEventAttributes: NotRequired[WorkflowExecutionCanceled]
    cancelWorkflowExecutionFailedEventAttributes: NotRequired[CloseFailed]
    workflowExecutionContinuedAsNewEventAttributes: NotRequired[WorkflowExecutionContinuedAsNew]
    continueAsNewWorkflowExecutionFailedEventAttributes: NotRequired[CloseFailed]
    workflowExecutionTerminatedEventAttributes: NotRequired[WorkflowExecutionTerminated]
    workflowExecutionCancelRequestedEventAttributes: NotRequired[WorkflowExecutionCancelRequested]
    decisionTaskScheduledEventAttributes: NotRequired[DecisionTaskScheduled]
    decisionTaskStartedEventAttributes: NotRequired[TaskStarted]
    decisionTaskCompletedEventAttributes: NotRequired[DecisionTaskCompleted]
    decisionTaskTimedOutEventAttributes: NotRequired[DecisionTaskTimedOut]
    activityTaskScheduledEventAttributes: NotRequired[ActivityTaskScheduled]
    activityTaskStartedEventAttributes: NotRequired[TaskStarted]
    activityTaskCompletedEventAttributes: NotRequired[ActivityTaskCompleted]
    activityTaskFailedEventAttributes: NotRequired[ActivityTaskFailed]
    activityTaskTimedOutEventAttributes: NotRequired[ActivityTaskTimedOut]
    activityTaskCanceledEventAttributes: NotRequired[ActivityTaskCanceled]
    activityTaskCancelRequestedEventAttributes: NotRequired[ActivityTaskCancelRequested]
    workflowExecutionSignaledEventAttributes: NotRequired[WorkflowExecutionSignaled]
    markerRecordedEventAttributes: NotRequired[MarkerRecorded]
    recordMarkerFailedEventAttributes: NotRequired[RecordMarkerFailed]
    timerStartedEventAttributes: NotRequired[TimerStarted]
    timerFiredEventAttributes: NotRequired[TimerFired]
    timerCanceledEventAttributes: NotRequired[TimerCanceled]
    scheduleActivityTaskFailedEventAttributes: NotRequired[ScheduleActivityTaskFailed]
    requestCancelActivityTaskFailedEventAttributes: NotRequired[CancelActivityFailed]
    startTimerFailedEventAttributes: NotRequired[TimerFailed]
    cancelTimerFailedEventAttributes: NotRequired[TimerFailed]
    startChildWorkflowExecutionInitiatedEventAttributes: NotRequired[StartChildInitiated]
    startChildWorkflowExecutionFailedEventAttributes: NotRequired[StartChildFailed]
    childWorkflowExecutionStartedEventAttributes: NotRequired[ChildStarted]
    childWorkflowExecutionCompletedEventAttributes: NotRequired[ChildCompleted]
    childWorkflowExecutionFailedEventAttributes: NotRequired[ChildFailed]
    childWorkflowExecutionTimedOutEventAttributes: NotRequired[ChildTimedOut]
    childWorkflowExecutionCanceledEventAttributes: NotRequired[ChildCanceled]
    childWorkflowExecutionTerminatedEventAttributes: NotRequired[ChildTerminated]
    signalExternalWorkflowExecutionInitiatedEventAttributes: NotRequired[SignalExternalInitiated]
    signalExternalWorkflowExecutionFailedEventAttributes: NotRequired[SignalExternalFailed]
    externalWorkflowExecutionSignaledEventAttributes: NotRequired[ExternalReached]
    requestCancelExternalWorkflowExecutionInitiatedEventAttributes: NotRequired[RequestCancelExternalInitiated]
    requestCancelExternalWorkflowExecutionFailedEventAttributes: NotRequired[RequestCancelExternalFailed]
    externalWorkflowExecutionCancelRequestedEventAttributes: NotRequired[ExternalReached]
    lambdaFunctionScheduledEventAttributes: NotRequired[LambdaScheduled]
    lambdaFunctionStartedEventAttributes: NotRequired[LambdaStarted]
    lambdaFunctionCompletedEventAttributes: NotRequired[LambdaCompleted]
    lambdaFunctionFailedEventAttributes: NotRequired[LambdaFailed]
    lambdaFunctionTimedOutEventAttributes: NotRequired[LambdaTimedOut]
    scheduleLambdaFunctionFailedEventAttributes: NotRequired[ScheduleLambdaFailed]
    startLambdaFunctionFailedEventAttributes: NotRequired[StartLambdaFailed]
