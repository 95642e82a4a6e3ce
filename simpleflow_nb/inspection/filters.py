"""Executions that fit several conditions at once, of which SWF takes only one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..swf_service import LookingService
from .documents import Document, document_of, execution_document
from .executions import Info, executions
from .tables import Table
from .task_rows import epoch, shown_time

CLOSE_STATUSES = ("COMPLETED", "FAILED", "CANCELED", "TERMINATED", "CONTINUED_AS_NEW", "TIMED_OUT")


@dataclass(frozen=True, kw_only=True)
class ExecutionFilter:
    """Conditions that an execution has to fit, all of them; None is any.

    Attributes:
        oldest, latest: of its start, epoch seconds, inclusive.
        close_status: one of `CLOSE_STATUSES`; only closed executions have one.
        type_version: of the workflow type, and only with its name on SWF.
    """

    is_open: bool
    oldest: float = 0
    latest: float | None = None
    workflow_id: str | None = None
    type_name: str | None = None
    type_version: str | None = None
    tag: str | None = None
    close_status: str | None = None

    def found(self, service: LookingService, domain: str) -> Iterator[Info]:
        """Yield the executions, newest first."""
        listed = executions(service, domain, is_open=self.is_open, oldest=self.oldest, **self._asked())
        return (info for info in listed if self._fits(info))

    def _asked(self) -> dict[str, Any]:
        """Return the one filter that the service is given, the narrowest.

        https://docs.aws.amazon.com/amazonswf/latest/apireference/API_ListClosedWorkflowExecutions.html
        """
        if self.workflow_id is not None:
            return {"executionFilter": {"workflowId": self.workflow_id}}
        if self.type_name is not None:
            version = {} if self.type_version is None else {"version": self.type_version}
            return {"typeFilter": {"name": self.type_name, **version}}
        return {} if self.tag is None else {"tagFilter": {"tag": self.tag}}

    def _fits(self, info: Info) -> bool:
        kind = info["workflowType"]
        pairs = (
            (self.workflow_id, info["execution"]["workflowId"]),
            (self.type_name, kind["name"]),
            (self.type_version, kind["version"]),
            (self.close_status, info.get("closeStatus")),
        )
        return (
            all(wanted is None or wanted == found for wanted, found in pairs)
            and (self.tag is None or self.tag in info.get("tagList", []))
            and (self.latest is None or epoch(info["startTimestamp"]) <= self.latest)
        )


def filter_table(service: LookingService, domain: str, wanted: ExecutionFilter) -> Table:
    """Return ``workflow.filter``: the columns of simpleflow that a listing has."""
    header = ["Workflow ID", "Workflow Type", "Workflow Version", "Run ID", "Status", "Close Status", "Start Timestamp"]
    header += ["Close Timestamp", "Cancel Requested", "Tags", "Parent Workflow ID", "Parent Run ID"]
    table = Table(header)
    for info in wanted.found(service, domain):
        closed = info.get("closeTimestamp")
        parent: Mapping[str, Any] = info.get("parent") or {}
        table.rows.append(
            [
                info["execution"]["workflowId"],
                info["workflowType"]["name"],
                info["workflowType"]["version"],
                info["execution"]["runId"],
                info["executionStatus"],
                info.get("closeStatus"),
                shown_time(epoch(info["startTimestamp"])),
                shown_time(None if closed is None else epoch(closed)),
                bool(info.get("cancelRequested")),
                ",".join(info.get("tagList", [])),
                parent.get("workflowId"),
                parent.get("runId"),
            ]
        )
    return table


def filter_document(service: LookingService, domain: str, wanted: ExecutionFilter) -> Document:
    """Return the executions of ``workflow.filter``, newest first."""
    return document_of("executions", [execution_document(domain, info) for info in wanted.found(service, domain)])
