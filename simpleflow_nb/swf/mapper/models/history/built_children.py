"""The events of child workflows in a history that is made by hand."""

from __future__ import annotations

from typing import Any, Self

from ..... import payload
from .built_events import BuiltEvents, list_of, seconds_of, type_of

#: How a child workflow may stand at the end of :meth:`History.add_child_workflow`.
CHILD_WORKFLOW_STATES = {
    "start_initiated",
    "started",
    "completed",
    "failed",
    "timed_out",
    "canceled",
    "terminated",
}


class BuiltChildren(BuiltEvents):
    """Adds the events of child workflows."""

    def add_child_workflow(
        self,
        workflow: Any,
        last_state: str = "completed",
        workflow_id: str | None = None,
        task_list: str | None = None,
        input: Any = None,
        result: Any = None,
        control: Any = None,
    ) -> Self:
        """Add the events of a child workflow up to a state, one of :data:`CHILD_WORKFLOW_STATES`.

        Raises:
            ValueError: there is no such state.
        """
        if last_state not in CHILD_WORKFLOW_STATES:
            raise ValueError(f"{last_state!r} is no state of a child workflow")
        self.add_child_workflow_start_initiated(workflow, workflow_id, task_list, input, control)
        initiated = self.last_id
        if last_state == "start_initiated":
            return self
        self.add_child_workflow_started(initiated)
        started = self.last_id
        match last_state:
            case "completed":
                self.add_child_workflow_completed(initiated, started, result)
            case "failed":
                self.add_child_workflow_failed(initiated, started)
            case "timed_out":
                self.add_child_workflow_timed_out(initiated, started, "START_TO_CLOSE")
            case "canceled":
                self.add_child_workflow_canceled(initiated, started)
            case "terminated":
                self.add_child_workflow_terminated(initiated, started)
        return self

    def add_child_workflow_start_initiated(
        self,
        workflow: Any,
        workflow_id: str | None = None,
        task_list: str | None = None,
        input: Any = None,
        control: Any = None,
        tag_list: list[str] | None = None,
        task_start_to_close_timeout: int | str = 0,
    ) -> Self:
        """Add the request for a child workflow."""
        return self._add(
            "StartChildWorkflowExecutionInitiated",
            workflowId=workflow_id or f"workflow-{workflow.name}-{self.next_id}",
            workflowType=type_of(workflow),
            taskList=list_of(task_list or workflow.task_list),
            input=payload.encode({} if input is None else input),
            control=payload.encode({} if control is None else control),
            tagList=tag_list,
            childPolicy="TERMINATE",
            executionStartToCloseTimeout=seconds_of(workflow.execution_timeout),
            taskStartToCloseTimeout=seconds_of(task_start_to_close_timeout or workflow.decision_tasks_timeout),
            decisionTaskCompletedEventId=self._last_decision(),
        )

    def add_child_workflow_started(self, initiated_id: int) -> Self:
        """Add the start of a child workflow."""
        initiated = self._attributes(initiated_id)
        return self._add(
            "ChildWorkflowExecutionStarted",
            initiatedEventId=initiated_id,
            workflowExecution={"workflowId": initiated["workflowId"], "runId": f"run-{self.next_id}"},
            workflowType=initiated["workflowType"],
        )

    def add_child_workflow_completed(self, initiated_id: int, started_id: int, result: str | None = None) -> Self:
        """Add the end of a child workflow; the result is text, as the child gives it."""
        return self._end_of_child("Completed", initiated_id, started_id, result=result)

    def add_child_workflow_failed(
        self, initiated_id: int, started_id: int, reason: str | None = None, details: str | None = None
    ) -> Self:
        """Add the failure of a child workflow."""
        return self._end_of_child("Failed", initiated_id, started_id, reason=reason, details=details)

    def add_child_workflow_timed_out(self, initiated_id: int, started_id: int, timeout_type: str) -> Self:
        """Add the timeout of a child workflow."""
        return self._end_of_child("TimedOut", initiated_id, started_id, timeoutType=timeout_type)

    def add_child_workflow_canceled(self, initiated_id: int, started_id: int) -> Self:
        """Add the cancellation of a child workflow."""
        return self._end_of_child("Canceled", initiated_id, started_id)

    def add_child_workflow_terminated(self, initiated_id: int, started_id: int) -> Self:
        """Add that a child workflow was terminated."""
        return self._end_of_child("Terminated", initiated_id, started_id)

    def _end_of_child(self, how: str, initiated_id: int, started_id: int, **more: Any) -> Self:
        started = self._attributes(started_id)
        return self._add(
            f"ChildWorkflowExecution{how}",
            initiatedEventId=initiated_id,
            startedEventId=started_id,
            workflowExecution=started["workflowExecution"],
            workflowType=started["workflowType"],
            **more,
        )
