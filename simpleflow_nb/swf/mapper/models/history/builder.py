"""Histories made by hand, for tests of workflows.

::

    built = History(WorkflowType(domain, "sum", "1", task_list="sums"), input={"args": [1]})
    built.add_decision_task_completed()
    built.add_activity_task(increment, decision_id=built.last_id, activity_id="activity-shop.increment-1", result=2)
    built.add_decision_task_scheduled().add_decision_task_started()
    built.raw_events                    # as the service gives them

Each method adds events and returns the history. Values are encoded as JSON; moments are a second apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from ..... import history, payload
from .....activity import Activity
from .built_children import CHILD_WORKFLOW_STATES, BuiltChildren
from .built_events import FIRST_TIMESTAMP, LATEST_TIMESTAMP, list_of, new_timestamp_string, seconds_of, type_of

__all__ = ["CHILD_WORKFLOW_STATES", "FIRST_TIMESTAMP", "LATEST_TIMESTAMP", "History", "new_timestamp_string"]

DEFAULT_DECIDER_IDENTITY = "test_decider"
DEFAULT_WORKER_IDENTITY = "test_worker"
DEFAULT_REASON = "REASON"
DEFAULT_DETAILS = "DETAILS"


class History(BuiltChildren):
    """A history that begins with the start of a workflow, and with a decision task that a decider has taken.

    It also has the attributes of :class:`simpleflow_nb.history.History`, such as ``activities``, of the events so far.

    Args:
        workflow: a workflow type, or a workflow class.
        input: of the execution.
        tag_list: of the execution; None is that of the workflow.

    Attributes:
        raw_events: the events as the service gives them.
    """

    def __init__(self, workflow: Any, input: Mapping[str, Any] | None = None, tag_list: list[str] | None = None) -> None:
        self._workflow = workflow
        self.raw_events: list[dict[str, Any]] = []
        tags = tag_list or getattr(workflow, "tag_list", None)
        self._add(
            "WorkflowExecutionStarted",
            childPolicy="TERMINATE",
            executionStartToCloseTimeout=seconds_of(workflow.execution_timeout),
            taskStartToCloseTimeout=seconds_of(workflow.decision_tasks_timeout),
            taskList=list_of(workflow.task_list),
            workflowType=type_of(workflow),
            input=payload.encode(input or {}),
            tagList=list(tags) if tags else None,
            parentInitiatedEventId=0,
        )
        self.add_decision_task_scheduled()
        self.add_decision_task_started()

    @property
    def events(self) -> list[history.Event]:
        """Return the events so far."""
        return self.parsed().events

    def parsed(self) -> history.History:
        """Return the history so far as the hooks of workflows get it."""
        return history.History(self.raw_events)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "raw_events":
            raise AttributeError(name)
        return getattr(self.parsed(), name)

    # ---- decision tasks ------------------------------------------------------------------------------------------------------

    def add_decision_task(self, execution_context: Any = None) -> Self:
        """Add a decision task that was scheduled, started and completed."""
        self.add_decision_task_scheduled()
        self.add_decision_task_started()
        return self.add_decision_task_completed(execution_context=execution_context)

    def add_decision_task_scheduled(self) -> Self:
        """Add the schedule of a decision task."""
        return self._add(
            "DecisionTaskScheduled",
            startToCloseTimeout=seconds_of(self._workflow.decision_tasks_timeout),
            taskList=list_of(self._workflow.task_list),
        )

    def add_decision_task_started(self, scheduled: int | None = None) -> Self:
        """Add the start of a decision task, of the last event unless another is given."""
        return self._add("DecisionTaskStarted", scheduledEventId=self._or_last(scheduled, 0), identity=DEFAULT_DECIDER_IDENTITY)

    def add_decision_task_completed(
        self, scheduled: int | None = None, started: int | None = None, execution_context: Any = None
    ) -> Self:
        """Add the end of a decision task, of the last two events unless others are given."""
        return self._add(
            "DecisionTaskCompleted",
            scheduledEventId=self._or_last(scheduled, 1),
            startedEventId=self._or_last(started, 0),
            executionContext=None if execution_context is None else payload.encode(execution_context),
        )

    def add_decision_task_timed_out(
        self, scheduled: int | None = None, started: int | None = None, timeout_type: str = "START_TO_CLOSE"
    ) -> Self:
        """Add the timeout of a decision task, of the last two events unless others are given."""
        return self._add(
            "DecisionTaskTimedOut",
            scheduledEventId=self._or_last(scheduled, 1),
            startedEventId=self._or_last(started, 0),
            timeoutType=timeout_type,
        )

    # ---- activities ----------------------------------------------------------------------------------------------------------

    def add_activity_task(
        self,
        activity: Any,
        decision_id: int,
        last_state: str = "completed",
        activity_id: str | None = None,
        input: Any = None,
        control: Any = None,
        result: Any = None,
        reason: str | None = DEFAULT_REASON,
        details: str | None = DEFAULT_DETAILS,
        activity_type: Mapping[str, str] | None = None,
        cause: str | None = None,
        timeout_type: str = "START_TO_CLOSE",
    ) -> Self:
        """Add the events of an activity up to a state.

        Args:
            activity: an activity type, or an activity.
            decision_id: event of the completed decision task that scheduled it.
            last_state: schedule_failed, scheduled, started, completed, failed or timed_out.
            activity_id: None is the name of the type with a number.
            activity_type, cause: of a schedule that failed.

        Raises:
            ValueError: there is no such state.
        """
        if last_state not in ("schedule_failed", "scheduled", "started", "completed", "failed", "timed_out"):
            raise ValueError(f"{last_state!r} is no state of an activity task")
        if last_state == "schedule_failed":
            known = activity_type or type_of(activity)
            return self.add_activity_task_schedule_failed(self._activity_id(activity, activity_id), decision_id, known, cause)
        self.add_activity_task_scheduled(activity, decision_id, activity_id, input, control)
        scheduled = self.last_id
        if last_state == "scheduled":
            return self
        self.add_activity_task_started(scheduled)
        started = self.last_id
        if last_state == "completed":
            self.add_activity_task_completed(scheduled, started, result)
        elif last_state == "failed":
            self.add_activity_task_failed(scheduled, started, reason, details)
        elif last_state == "timed_out":
            self.add_activity_task_timed_out(timeout_type, scheduled, started)
        return self

    def add_activity_task_scheduled(
        self, activity: Any, decision_id: int, activity_id: str | None = None, input: Any = None, control: Any = None
    ) -> Self:
        """Add the schedule of an activity."""
        return self._add(
            "ActivityTaskScheduled",
            activityId=self._activity_id(activity, activity_id),
            activityType=type_of(activity),
            taskList=list_of(activity.task_list or self._workflow.task_list),
            input=payload.encode({} if input is None else input),
            control=payload.encode({} if control is None else control),
            decisionTaskCompletedEventId=decision_id,
            **_timeouts(activity),
        )

    def add_activity_task_schedule_failed(
        self, activity_id: str, decision_id: int, activity_type: Mapping[str, str], cause: str | None
    ) -> Self:
        """Add that an activity could not be scheduled."""
        return self._add(
            "ScheduleActivityTaskFailed",
            activityId=activity_id,
            activityType=dict(activity_type),
            cause=cause or "ACTIVITY_TYPE_DOES_NOT_EXIST",
            decisionTaskCompletedEventId=decision_id,
        )

    def add_activity_task_started(self, scheduled: int) -> Self:
        """Add that a worker has taken an activity."""
        return self._add("ActivityTaskStarted", scheduledEventId=scheduled, identity=DEFAULT_WORKER_IDENTITY)

    def add_activity_task_completed(self, scheduled: int, started: int, result: Any = None) -> Self:
        """Add the result of an activity."""
        text = None if result is None else payload.encode(result)
        return self._add("ActivityTaskCompleted", scheduledEventId=scheduled, startedEventId=started, result=text)

    def add_activity_task_failed(
        self,
        scheduled: int | None = None,
        started: int | None = None,
        reason: str | None = DEFAULT_REASON,
        details: str | None = DEFAULT_DETAILS,
    ) -> Self:
        """Add the failure of an activity, of the last two events unless others are given."""
        return self._add(
            "ActivityTaskFailed",
            scheduledEventId=self._or_last(scheduled, 1),
            startedEventId=self._or_last(started, 0),
            reason=reason,
            details=details,
        )

    def add_activity_task_timed_out(self, timeout_type: str, scheduled: int | None = None, started: int | None = None) -> Self:
        """Add the timeout of an activity, of the last two events unless others are given."""
        return self._add(
            "ActivityTaskTimedOut",
            scheduledEventId=self._or_last(scheduled, 1),
            startedEventId=self._or_last(started, 0),
            timeoutType=timeout_type,
        )

    def _activity_id(self, activity: Any, given: str | None) -> str:
        return f"{activity.name}-{self.next_id}" if given is None else given


def _timeouts(activity: Any) -> dict[str, str]:
    """Return the timeouts of an activity type of the object layer, or of an activity."""
    if isinstance(activity, Activity):
        return activity.timeouts
    return {
        "heartbeatTimeout": str(activity.task_heartbeat_timeout or "NONE"),
        "scheduleToCloseTimeout": str(activity.task_schedule_to_close_timeout or "NONE"),
        "scheduleToStartTimeout": str(activity.task_schedule_to_start_timeout or "NONE"),
        "startToCloseTimeout": str(activity.task_start_to_close_timeout or "NONE"),
    }
