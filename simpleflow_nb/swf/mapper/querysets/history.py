"""Queries for histories."""

from __future__ import annotations

from typing import Any

from ....history import History
from ..exceptions import faults_as
from ..models.workflow import WorkflowExecutionDoesNotExist
from .base import DomainQuerySetBase


class HistoryQuerySet(DomainQuerySetBase):
    """Reads histories of executions of a domain."""

    def get(
        self,
        run_id: str,
        workflow_id: str,
        max_results: int | None = None,
        page_size: int | None = 100,
        reverse: bool = False,
    ) -> History:
        """Return the first events of an execution.

        Args:
            max_results: how many; None is the size of a page.
            page_size: how many events one call gives at most.
            reverse: the last events instead, the newest first.

        Raises:
            WorkflowExecutionDoesNotExist: there is no such execution.
        """
        size = page_size or 1_000
        most = max_results or size
        request: dict[str, Any] = {
            "domain": self.domain.name,
            "execution": {"workflowId": workflow_id, "runId": run_id},
            "maximumPageSize": min(size, most),
            "reverseOrder": reverse,
        }
        events: list[dict[str, Any]] = []
        while True:
            with faults_as(WorkflowExecutionDoesNotExist):
                page = self.swf.get_workflow_execution_history(**request)
            events += page["events"]
            if not page.get("nextPageToken") or len(events) >= most:
                return History(events[:most])
            request["nextPageToken"] = page["nextPageToken"]
