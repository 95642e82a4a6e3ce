"""Workflow types, and what belongs to workflows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .... import payload
from ....constants import MAX_REASON_CHARACTERS, MAX_TAGS
from ....history import History
from ..constants import REGISTERED
from ..exceptions import DoesNotExistError, faults_as
from .base import BaseModel, Connected, ModelDiff, check_domain, listed, name_of, sent, timestamp
from .child_policy import CHILD_POLICIES, check_policy

__all__ = [
    "CHILD_POLICIES",
    "REGISTERED",
    "WorkflowExecution",
    "WorkflowExecutionDoesNotExist",
    "WorkflowType",
    "WorkflowTypeDoesNotExist",
]


class WorkflowTypeDoesNotExist(DoesNotExistError):
    """There is no such workflow type, or it is deprecated."""


@dataclass(frozen=True, eq=False, repr=False)
class WorkflowType(BaseModel):
    """A workflow type of a domain, with the defaults of its executions; timeouts are seconds, as text.

    Raises:
        ValueError: the child policy is none.
    """

    domain: Any
    name: str
    version: str
    status: str = REGISTERED
    creation_date: float | None = 0.0
    deprecation_date: float | None = 0.0
    task_list: str | None = None
    child_policy: str = CHILD_POLICIES.TERMINATE
    execution_timeout: str = "300"
    decision_tasks_timeout: str = "300"
    description: str | None = None

    kind = "type"

    def __post_init__(self) -> None:
        check_policy(self.child_policy)

    @property
    def exists(self) -> bool:
        """Tell whether it is registered, or was."""
        try:
            self._described()
        except DoesNotExistError:
            return False
        return True

    def save(self) -> None:
        """Register it.

        Raises:
            AlreadyExistsError: it is registered.
            DoesNotExistError: there is no such domain.
        """
        with faults_as():
            self.swf.register_workflow_type(
                **sent(
                    domain=self.domain.name,
                    name=self.name,
                    version=self.version,
                    description=self.description,
                    defaultTaskList={"name": self.task_list} if self.task_list else None,
                    defaultChildPolicy=self.child_policy,
                    defaultExecutionStartToCloseTimeout=str(self.execution_timeout),
                    defaultTaskStartToCloseTimeout=str(self.decision_tasks_timeout),
                )
            )

    def delete(self) -> None:
        """Deprecate it.

        Raises:
            WorkflowTypeDoesNotExist: it is not registered.
        """
        with faults_as(WorkflowTypeDoesNotExist):
            self.swf.deprecate_workflow_type(domain=self.domain.name, workflowType={"name": self.name, "version": self.version})

    def upstream(self) -> WorkflowType:
        """Return it as it is registered.

        Raises:
            WorkflowTypeDoesNotExist: it is not.
        """
        answer = self._described()
        body = answer["configuration"]
        return workflow_type_of(
            self.domain,
            answer["typeInfo"],
            self,
            task_list=name_of(body, "defaultTaskList"),
            child_policy=body.get("defaultChildPolicy", CHILD_POLICIES.TERMINATE),
            execution_timeout=body.get("defaultExecutionStartToCloseTimeout"),
            decision_tasks_timeout=body.get("defaultTaskStartToCloseTimeout"),
        )

    def start_execution(
        self,
        workflow_id: str | None = None,
        task_list: str | None = None,
        child_policy: str | None = None,
        execution_timeout: str | None = None,
        input: Any = None,
        tag_list: str | list[str] | None = None,
        decision_tasks_timeout: str | None = None,
    ) -> WorkflowExecution:
        """Start an execution of this type; what is not given is that of the type.

        Args:
            workflow_id: its id; None is made of name, version and time.
            input: ``{"args": [...], "kwargs": {...}}``, or whatever its workflow reads.

        Raises:
            WorkflowExecutionAlreadyStartedError: one with that id is open.
            WorkflowTypeDoesNotExist: the type is not registered.
            ValueError: the child policy is none, or there are more than 5 tags.
        """
        policy = child_policy or self.child_policy
        check_policy(policy)
        tags = [tag_list] if isinstance(tag_list, str) else tag_list
        if tags and len(tags) > MAX_TAGS:
            raise ValueError(f"an execution has at most {MAX_TAGS} tags, and these are {len(tags)}")
        workflow_id = workflow_id or f"{self.name}-{self.version}-{int(time.time())}"
        task_list = task_list or self.task_list
        with faults_as(WorkflowTypeDoesNotExist):
            started = self.swf.start_workflow_execution(
                **sent(
                    domain=self.domain.name,
                    workflowId=workflow_id,
                    workflowType={"name": self.name, "version": self.version},
                    taskList={"name": task_list} if task_list else None,
                    childPolicy=policy,
                    executionStartToCloseTimeout=execution_timeout,
                    taskStartToCloseTimeout=decision_tasks_timeout,
                    input=payload.encode({} if input is None else input),
                    tagList=tags,
                )
            )
        return WorkflowExecution(
            self.domain, workflow_id, started["runId"], workflow_type=self, service=self.service, region=self.region
        )

    def _diff(self, ignore_fields: list[str] | None = None) -> ModelDiff:
        there = self.upstream()
        names = (
            "name",
            "version",
            "status",
            "creation_date",
            "deprecation_date",
            "task_list",
            "child_policy",
            "execution_timeout",
            "decision_tasks_timeout",
            "description",
        )
        return ModelDiff(*((name, getattr(self, name), getattr(there, name)) for name in names), ignore_fields=ignore_fields)

    def _described(self) -> Any:
        with faults_as(WorkflowTypeDoesNotExist):
            return self.swf.describe_workflow_type(
                domain=self.domain.name, workflowType={"name": self.name, "version": self.version}
            )


class WorkflowExecutionDoesNotExist(DoesNotExistError):
    """There is no such execution, or it has closed."""


@dataclass(frozen=True, eq=False, repr=False)
class WorkflowExecution(BaseModel):
    """An execution. Timeouts are seconds, as text; times are epoch seconds.

    Raises:
        TypeError: the domain is none.
    """

    domain: Any
    workflow_id: str
    run_id: str | None = None
    status: str | None = "OPEN"
    workflow_type: WorkflowType | None = None
    task_list: str | None = None
    child_policy: str | None = None
    close_status: str | None = None
    execution_timeout: str | None = None
    input: Any = None
    tag_list: list[str] | None = None
    decision_tasks_timeout: str | None = None
    close_timestamp: float | None = None
    start_timestamp: float | None = None
    cancel_requested: bool | None = None
    latest_execution_context: str | None = None
    latest_activity_task_timestamp: float | None = None
    open_counts: dict[str, int] | None = None
    parent: dict[str, str] | None = None

    STATUS_OPEN = "OPEN"
    STATUS_CLOSED = "CLOSED"
    CLOSE_STATUS_COMPLETED = "COMPLETED"
    CLOSE_STATUS_FAILED = "FAILED"
    CLOSE_STATUS_CANCELED = "CANCELED"
    CLOSE_STATUS_TERMINATED = "TERMINATED"
    CLOSE_STATUS_CONTINUED_AS_NEW = "CONTINUED_AS_NEW"
    CLOSE_TIMED_OUT = "TIMED_OUT"

    kind = "execution"

    def __post_init__(self) -> None:
        check_domain(self.domain)
        for name, empty in (("tag_list", []), ("open_counts", {}), ("parent", {})):
            if getattr(self, name) is None:
                object.__setattr__(self, name, empty)

    @property
    def exists(self) -> bool:
        """Tell whether SWF still has it."""
        try:
            self._described()
        except DoesNotExistError:
            return False
        return True

    def upstream(self) -> WorkflowExecution:
        """Return it as it is now.

        Raises:
            WorkflowExecutionDoesNotExist: SWF does not have it.
        """
        answer = self._described()
        body = answer["executionConfiguration"]
        return workflow_execution_of(
            self.domain,
            answer["executionInfo"],
            self,
            task_list=name_of(body, "taskList"),
            child_policy=body.get("childPolicy"),
            execution_timeout=body.get("executionStartToCloseTimeout"),
            decision_tasks_timeout=body.get("taskStartToCloseTimeout"),
            latest_activity_task_timestamp=timestamp(answer.get("latestActivityTaskTimestamp")),
            latest_execution_context=answer.get("latestExecutionContext"),
            open_counts=answer["openCounts"],
        )

    def history(self, callback: Callable[..., object] | None = None, **kwargs: Any) -> History:
        """Return its history, all pages of it.

        Args:
            callback: called with ``loop_number`` and ``response`` before the first page, after each one, and at the end.
            kwargs: of GetWorkflowExecutionHistory, such as ``reverseOrder``.
        """
        return History(self.history_events(callback, **kwargs))

    def history_events(self, callback: Callable[..., object] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the events of its history as the service gives them; see :meth:`history`.

        Raises:
            WorkflowExecutionDoesNotExist: SWF does not have it.
        """
        events: list[dict[str, Any]] = []
        request = {"domain": self.domain.name, "execution": self._ids(), **kwargs}
        tell = callback or (lambda **_: None)
        loop_number, response = 0, None
        tell(loop_number=loop_number, response={"nextPageToken": None})
        while response is None or response.get("nextPageToken"):
            with faults_as(WorkflowExecutionDoesNotExist):
                response = self.swf.get_workflow_execution_history(**request)
            events += response["events"]
            request["nextPageToken"] = response.get("nextPageToken")
            loop_number += 1
            tell(loop_number=loop_number, response=response)
        tell(loop_number=loop_number, response=None)
        return events

    def signal(
        self, signal_name: str, input: Any = None, workflow_id: str | None = None, run_id: str | None = None, *_: Any, **__: Any
    ) -> None:
        """Send a signal to it, or to another execution of its domain.

        Raises:
            WorkflowExecutionDoesNotExist: it is not open.
        """
        with faults_as(WorkflowExecutionDoesNotExist):
            self.swf.signal_workflow_execution(
                **sent(
                    domain=self.domain.name,
                    signalName=signal_name,
                    workflowId=workflow_id or self.workflow_id,
                    runId=run_id if workflow_id else self.run_id,
                    input=payload.encode({} if input is None else input),
                )
            )

    def request_cancel(self, *_: Any, **__: Any) -> None:
        """Ask it to end.

        Raises:
            WorkflowExecutionDoesNotExist: it is not open.
        """
        with faults_as(WorkflowExecutionDoesNotExist):
            self.swf.request_cancel_workflow_execution(
                **sent(domain=self.domain.name, workflowId=self.workflow_id, runId=self.run_id)
            )

    def terminate(self, child_policy: str | None = None, details: str | None = None, reason: str | None = None) -> None:
        """End it here and now.

        Raises:
            WorkflowExecutionDoesNotExist: it is not open.
        """
        with faults_as(WorkflowExecutionDoesNotExist):
            self.swf.terminate_workflow_execution(
                **sent(
                    domain=self.domain.name,
                    workflowId=self.workflow_id,
                    runId=self.run_id,
                    childPolicy=child_policy,
                    details=payload.shortened(details),
                    reason=payload.shortened(reason, MAX_REASON_CHARACTERS),
                )
            )

    def _diff(self, ignore_fields: list[str] | None = None) -> ModelDiff:
        there = self.upstream()
        names = (
            "workflow_id",
            "run_id",
            "status",
            "task_list",
            "child_policy",
            "execution_timeout",
            "tag_list",
            "decision_tasks_timeout",
        )
        return ModelDiff(*((name, getattr(self, name), getattr(there, name)) for name in names), ignore_fields=ignore_fields)

    def _described(self) -> Any:
        with faults_as(WorkflowExecutionDoesNotExist):
            return self.swf.describe_workflow_execution(domain=self.domain.name, execution=self._ids())

    def _ids(self) -> dict[str, Any]:
        return sent(workflowId=self.workflow_id, runId=self.run_id)


def workflow_execution_of(domain: Any, info: dict[str, Any], of: Connected, **more: Any) -> WorkflowExecution:
    """Return the execution of a ``WorkflowExecutionInfo`` of SWF, connected as ``of`` is."""
    known = info["workflowType"]
    return WorkflowExecution(
        domain,
        info["execution"]["workflowId"],
        info["execution"]["runId"],
        status=info.get("executionStatus"),
        workflow_type=WorkflowType(domain, known["name"], known["version"], service=of.service, region=of.region),
        close_status=info.get("closeStatus"),
        tag_list=info.get("tagList"),
        start_timestamp=timestamp(info.get("startTimestamp")),
        close_timestamp=timestamp(info.get("closeTimestamp")),
        cancel_requested=info.get("cancelRequested"),
        parent=info.get("parent"),
        service=of.service,
        region=of.region,
        **more,
    )


def workflow_type_of(domain: Any, info: dict[str, Any], of: Connected, **more: Any) -> WorkflowType:
    """Return the workflow type of a ``WorkflowTypeInfo`` of SWF, connected as ``of`` is."""
    return WorkflowType(
        domain,
        info["workflowType"]["name"],
        info["workflowType"]["version"],
        status=info["status"],
        description=info.get("description"),
        creation_date=timestamp(info.get("creationDate")),
        deprecation_date=timestamp(info.get("deprecationDate")),
        service=of.service,
        region=of.region,
        **more,
    )


def workflow_types(domain: Any, status: str, name: str | None, of: Connected) -> list[WorkflowType]:
    """Return the workflow types of a domain with a status, and a name if one is given."""
    with faults_as():
        found = listed(of.swf.list_workflow_types, "typeInfos", domain=domain.name, registrationStatus=status, name=name)
        return [workflow_type_of(domain, info, of) for info in found]
