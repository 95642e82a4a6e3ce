"""The events of a history, as the service hands them out.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class TypeName(TypedDict):
    """The type of a workflow or an activity."""

    name: str
    version: str


class TaskListName(TypedDict):
    name: str


class ExecutionIds(TypedDict):
    workflowId: str
    runId: str


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
    """One event; of the attributes it has those of its type. Types that no execution of this engine has are left out."""

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
