"""The interface of a service for deciders, workers and readers of executions: boto3's SWF calls.

Implemented in :mod:`.swf`, with boto3, and in :mod:`.local`, in this process.
https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NotRequired, Protocol, TypedDict

if TYPE_CHECKING:
    from .replay.protocol.decisions import Decision
    from .replay.protocol.events import ExecutionIds, HistoryEvent, TaskListName, TypeName


class DecisionTask(TypedDict):
    """The answer to a poll for a decision; without a task its ``taskToken`` is empty or missing, and it has no execution."""

    taskToken: str
    startedEventId: int
    previousStartedEventId: NotRequired[int]
    workflowExecution: ExecutionIds
    workflowType: TypeName
    events: list[HistoryEvent]
    nextPageToken: NotRequired[str]


class ActivityTask(TypedDict):
    """The answer to a poll for an activity; without a task its ``taskToken`` is empty or missing."""

    taskToken: str
    activityId: str
    startedEventId: int
    workflowExecution: ExecutionIds
    activityType: TypeName
    input: NotRequired[str]


class HeartbeatAnswer(TypedDict):
    cancelRequested: bool


class StartedExecution(TypedDict):
    runId: str


class HistoryPage(TypedDict):
    events: list[HistoryEvent]
    nextPageToken: NotRequired[str]


class ExecutionInfo(TypedDict):
    """One execution in a listing. Its times are datetimes (boto3) or epoch seconds, see `inspection.task_rows.epoch`."""

    execution: ExecutionIds
    workflowType: TypeName
    startTimestamp: Any
    closeTimestamp: NotRequired[Any]
    executionStatus: str
    closeStatus: NotRequired[str]
    parent: NotRequired[ExecutionIds]
    tagList: NotRequired[list[str]]
    cancelRequested: NotRequired[bool]


class ExecutionInfos(TypedDict):
    executionInfos: list[ExecutionInfo]
    nextPageToken: NotRequired[str]


class ExecutionConfiguration(TypedDict):
    taskStartToCloseTimeout: str
    executionStartToCloseTimeout: str
    taskList: TaskListName
    taskPriority: NotRequired[str]
    childPolicy: str
    lambdaRole: NotRequired[str]


class ExecutionDescription(TypedDict):
    executionInfo: ExecutionInfo
    executionConfiguration: ExecutionConfiguration
    openCounts: Mapping[str, int]
    latestActivityTaskTimestamp: NotRequired[Any]
    latestExecutionContext: NotRequired[str]


class LookingService(Protocol):
    """The calls that change nothing. A reader of a journal beside its owner has only these.

    Arguments are mappings, so that values from answers and events can be passed as they are.
    """

    def describe_workflow_execution(self, *, domain: str, execution: Mapping[str, Any]) -> ExecutionDescription: ...

    def get_workflow_execution_history(
        self,
        *,
        domain: str,
        execution: Mapping[str, Any],
        nextPageToken: str = ...,
        maximumPageSize: int = ...,
        reverseOrder: bool = ...,
    ) -> HistoryPage: ...

    def list_open_workflow_executions(
        self,
        *,
        domain: str,
        startTimeFilter: Mapping[str, Any],
        typeFilter: Mapping[str, Any] = ...,
        tagFilter: Mapping[str, Any] = ...,
        executionFilter: Mapping[str, Any] = ...,
        nextPageToken: str = ...,
        maximumPageSize: int = ...,
        reverseOrder: bool = ...,
    ) -> ExecutionInfos: ...

    def list_closed_workflow_executions(
        self,
        *,
        domain: str,
        startTimeFilter: Mapping[str, Any] = ...,
        closeTimeFilter: Mapping[str, Any] = ...,
        closeStatusFilter: Mapping[str, Any] = ...,
        typeFilter: Mapping[str, Any] = ...,
        tagFilter: Mapping[str, Any] = ...,
        executionFilter: Mapping[str, Any] = ...,
        nextPageToken: str = ...,
        maximumPageSize: int = ...,
        reverseOrder: bool = ...,
    ) -> ExecutionInfos: ...


class SwfService(LookingService, Protocol):
    """The calls of deciders and workers, and the calls that start, signal and end executions."""

    # ---- deciders ------------------------------------------------------------------------------------------------------------

    def register_workflow_type(
        self,
        *,
        domain: str,
        name: str,
        version: str,
        defaultTaskList: Mapping[str, Any] = ...,
        defaultChildPolicy: str = ...,
        defaultTaskStartToCloseTimeout: str = ...,
        defaultExecutionStartToCloseTimeout: str = ...,
    ) -> object: ...

    def register_activity_type(
        self,
        *,
        domain: str,
        name: str,
        version: str,
        defaultTaskHeartbeatTimeout: str = ...,
        defaultTaskScheduleToCloseTimeout: str = ...,
        defaultTaskScheduleToStartTimeout: str = ...,
        defaultTaskStartToCloseTimeout: str = ...,
    ) -> object: ...

    def poll_for_decision_task(
        self,
        *,
        domain: str,
        taskList: Mapping[str, Any],
        identity: str = ...,
        nextPageToken: str = ...,
        startAtPreviousStartedEvent: bool = ...,
    ) -> DecisionTask: ...

    def respond_decision_task_completed(
        self,
        *,
        taskToken: str,
        decisions: Sequence[Decision] = ...,
        executionContext: str = ...,
        taskList: Mapping[str, Any] = ...,
        taskListScheduleToStartTimeout: str = ...,
    ) -> object: ...

    # ---- workers -------------------------------------------------------------------------------------------------------------

    def poll_for_activity_task(self, *, domain: str, taskList: Mapping[str, Any], identity: str = ...) -> ActivityTask: ...

    def record_activity_task_heartbeat(self, *, taskToken: str, details: str = ...) -> HeartbeatAnswer: ...

    def respond_activity_task_completed(self, *, taskToken: str, result: str = ...) -> object: ...

    def respond_activity_task_failed(self, *, taskToken: str, reason: str = ..., details: str = ...) -> object: ...

    def respond_activity_task_canceled(self, *, taskToken: str, details: str = ...) -> object: ...

    # ---- executions ----------------------------------------------------------------------------------------------------------

    def start_workflow_execution(
        self,
        *,
        domain: str,
        workflowId: str,
        workflowType: Mapping[str, Any],
        taskList: Mapping[str, Any] = ...,
        taskPriority: str = ...,
        input: str = ...,
        executionStartToCloseTimeout: str = ...,
        tagList: Sequence[str] = ...,
        taskStartToCloseTimeout: str = ...,
        childPolicy: str = ...,
    ) -> StartedExecution: ...

    def signal_workflow_execution(
        self, *, domain: str, workflowId: str, signalName: str, runId: str = ..., input: str = ...
    ) -> object: ...

    def request_cancel_workflow_execution(self, *, domain: str, workflowId: str, runId: str = ...) -> object: ...

    def terminate_workflow_execution(
        self,
        *,
        domain: str,
        workflowId: str,
        runId: str = ...,
        reason: str = ...,
        details: str = ...,
        childPolicy: str = ...,
    ) -> object: ...
