"""Queries for workflow types and executions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from ....constants import DAY
from ..constants import MAX_WORKFLOW_AGE, REGISTERED
from ..exceptions import DoesNotExistError, InvalidKeywordArgumentError, faults_as
from ..models.base import sent
from ..models.domain import Domain
from ..models.workflow import (
    CHILD_POLICIES,
    WorkflowExecution,
    WorkflowType,
    workflow_execution_of,
    workflow_type_of,
    workflow_types,
)
from .base import DomainQuerySetBase

_DEFAULTS = ("task_list", "child_policy", "execution_timeout", "decision_tasks_timeout")

#: Filters by time that a status allows.
_TIMES = {
    WorkflowExecution.STATUS_OPEN: ("oldest_date", "latest_date"),
    WorkflowExecution.STATUS_CLOSED: (
        "start_oldest_date",
        "start_latest_date",
        "close_oldest_date",
        "close_latest_date",
        "close_status",
    ),
}

Moment = int | float | datetime | None  #: days before now as int; epoch seconds as float


class BaseWorkflowQuerySet(DomainQuerySetBase):
    """Finds what belongs to workflows in a domain."""


class WorkflowTypeQuerySet(BaseWorkflowQuerySet):
    """Finds the workflow types of a domain."""

    def to_WorkflowType(self, domain: Domain, workflow_info: dict[str, Any], **kwargs: Any) -> WorkflowType:
        """Return the workflow type of a ``WorkflowTypeInfo`` of SWF."""
        return workflow_type_of(domain, workflow_info, self, **kwargs)

    def get(self, name: str, version: str, *args: Any, **kwargs: Any) -> WorkflowType:
        """Return the workflow type of a name and version; defaults of its executions in ``kwargs`` replace those that it has.

        Raises:
            DoesNotExistError: there is none.
        """
        found = WorkflowType(self.domain, name, version, service=self.service, region=self.region).upstream()
        other = {key: kwargs[key] for key in _DEFAULTS if kwargs.get(key) is not None}
        return replace(found, **other) if other else found

    def get_or_create(
        self,
        name: str,
        version: str,
        status: str = REGISTERED,
        creation_date: float = 0.0,
        deprecation_date: float = 0.0,
        task_list: str | None = None,
        child_policy: str = CHILD_POLICIES.TERMINATE,
        execution_timeout: str = "300",
        decision_tasks_timeout: str = "300",
        description: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> WorkflowType:
        """Return the workflow type of a name and version; it is registered, with the other arguments, if there is none."""
        try:
            return self.get(name, version)
        except DoesNotExistError:
            return self.create(
                name,
                version,
                status,
                creation_date,
                deprecation_date,
                task_list,
                child_policy,
                execution_timeout,
                decision_tasks_timeout,
                description,
            )

    def filter(
        self,
        domain: Domain | None = None,
        registration_status: str = REGISTERED,
        name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> list[WorkflowType]:
        """Return the workflow types with a status, and a name if one is given; of another domain if one is given."""
        return workflow_types(domain or self.domain, registration_status, name, self)

    def all(self, registration_status: str = REGISTERED, *args: Any, **kwargs: Any) -> list[WorkflowType]:
        """Return the workflow types with a status."""
        return self.filter(registration_status=registration_status)

    def create(
        self,
        name: str,
        version: str,
        status: str = REGISTERED,
        creation_date: float = 0.0,
        deprecation_date: float = 0.0,
        task_list: str | None = None,
        child_policy: str = CHILD_POLICIES.TERMINATE,
        execution_timeout: str = "300",
        decision_tasks_timeout: str = "300",
        description: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> WorkflowType:
        """Register a workflow type and return it.

        Raises:
            AlreadyExistsError: there is one.
        """
        workflow_type = WorkflowType(
            self.domain,
            name,
            version,
            status,
            creation_date,
            deprecation_date,
            task_list,
            child_policy,
            execution_timeout,
            decision_tasks_timeout,
            description,
            service=self.service,
            region=self.region,
        )
        workflow_type.save()
        return workflow_type


class WorkflowExecutionQuerySet(BaseWorkflowQuerySet):
    """Finds the executions of a domain."""

    def to_WorkflowExecution(self, domain: Domain, execution_info: dict[str, Any], **kwargs: Any) -> WorkflowExecution:
        """Return the execution of a ``WorkflowExecutionInfo`` of SWF."""
        return workflow_execution_of(domain, execution_info, self, **kwargs)

    def get_workflow_type(self, execution_info: dict[str, Any]) -> WorkflowType:
        """Return the type of an execution, as it is registered.

        Raises:
            DoesNotExistError: it is not registered any more.
        """
        found = execution_info["workflowType"]
        types = WorkflowTypeQuerySet(self.domain, service=self.service, region=self.region)
        return types.get(found["name"], found["version"])

    def get(self, workflow_id: str, run_id: str, *args: Any, **kwargs: Any) -> WorkflowExecution:
        """Return an execution.

        Raises:
            DoesNotExistError: there is none.
        """
        return WorkflowExecution(self.domain, workflow_id, run_id, service=self.service, region=self.region).upstream()

    def filter(
        self,
        status: str = WorkflowExecution.STATUS_OPEN,
        tag: str | None = None,
        workflow_id: str | None = None,
        workflow_type_name: str | None = None,
        workflow_type_version: str | None = None,
        callback: Callable[..., object] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> list[WorkflowExecution]:
        """Return the executions with a status, and at most one of a tag, an id and a type.

        Args:
            callback: called with ``loop_number`` and ``response`` before the first page, after each one, and at the end.
            kwargs: bounds of times, as days before now, or as datetimes. Of open executions ``oldest_date`` and ``latest_date``
                of the start; of closed ones ``start_oldest_date`` and ``start_latest_date``, or ``close_oldest_date`` and
                ``close_latest_date``, and a ``close_status``. Without bounds all are returned.

        Raises:
            InvalidKeywordArgumentError: there is no such filter for this status.
        """
        if unknown := [name for name in kwargs if name not in _TIMES.get(status, ())]:
            raise InvalidKeywordArgumentError(
                f"{', '.join(unknown)} cannot filter {status} executions; "
                f"there are {', '.join(_TIMES.get(status, ())) or 'no such executions'}"
            )
        is_open = status == WorkflowExecution.STATUS_OPEN
        by_close = not is_open and {"close_oldest_date", "close_latest_date"} & kwargs.keys()
        start = "" if is_open else "close_" if by_close else "start_"
        oldest = kwargs.get(f"{start}oldest_date")
        time_filter = sent(
            oldestDate=_moment(MAX_WORKFLOW_AGE if oldest is None else oldest),
            latestDate=_moment(kwargs.get(f"{start}latest_date")),
        )
        found = self.list_workflow_executions(
            status,
            callback=callback,
            closeStatusFilter={"status": kwargs["close_status"]} if kwargs.get("close_status") else None,
            executionFilter={"workflowId": workflow_id} if workflow_id else None,
            tagFilter={"tag": tag} if tag else None,
            typeFilter=sent(name=workflow_type_name, version=workflow_type_version) if workflow_type_name else None,
            **{"closeTimeFilter" if by_close else "startTimeFilter": time_filter},
        )
        return [self.to_WorkflowExecution(self.domain, info) for info in found]

    def all(
        self,
        status: str = WorkflowExecution.STATUS_OPEN,
        start_oldest_date: int = MAX_WORKFLOW_AGE,
        *args: Any,
        **kwargs: Any,
    ) -> list[WorkflowExecution]:
        """Return the executions with a status that have started in the last days."""
        if status == WorkflowExecution.STATUS_OPEN:
            return self.filter(status, oldest_date=start_oldest_date)
        return self.filter(status, start_oldest_date=start_oldest_date)

    def list_workflow_executions(
        self, status: str, *args: Any, callback: Callable[..., object] | None = None, **kwargs: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the ``WorkflowExecutionInfo`` of executions, all pages of them.

        Args:
            kwargs: of ListOpenWorkflowExecutions or ListClosedWorkflowExecutions; None is the same as nothing.

        Raises:
            ValueError: the status is none.
        """
        calls = {WorkflowExecution.STATUS_OPEN: "open", WorkflowExecution.STATUS_CLOSED: "closed"}
        if status not in calls:
            raise ValueError(f"{status!r} is no status of executions; it is one of {', '.join(calls)}")
        call = getattr(self.swf, f"list_{calls[status]}_workflow_executions")
        request, tell = sent(domain=self.domain.name, **kwargs), callback or (lambda **_: None)
        loop_number, page = 0, None
        tell(loop_number=loop_number, response={"nextPageToken": None})
        while page is None or page.get("nextPageToken"):
            with faults_as():
                page = call(**request)
            yield from page["executionInfos"]
            request["nextPageToken"] = page.get("nextPageToken")
            loop_number += 1
            tell(loop_number=loop_number, response=page)
        tell(loop_number=loop_number, response=None)


def _moment(bound: Moment) -> Any:
    """Return a bound as the service takes it: days before now as epoch seconds."""
    if isinstance(bound, int) and not isinstance(bound, bool):
        return int(time.time()) - bound * DAY
    return bound
