"""Activity types, and polled tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..constants import REGISTERED
from ..exceptions import DoesNotExistError, faults_as
from .base import BaseModel, Connected, ModelDiff, listed, name_of, sent, timestamp
from .workflow import WorkflowExecution

_TIMEOUTS = {
    "task_heartbeat_timeout": "defaultTaskHeartbeatTimeout",
    "task_schedule_to_close_timeout": "defaultTaskScheduleToCloseTimeout",
    "task_schedule_to_start_timeout": "defaultTaskScheduleToStartTimeout",
    "task_start_to_close_timeout": "defaultTaskStartToCloseTimeout",
}


class ActivityTypeDoesNotExist(DoesNotExistError):
    """There is no such activity type, or it is deprecated."""


@dataclass(frozen=True, eq=False, repr=False)
class ActivityType(BaseModel):
    """An activity type of a domain, with the defaults of its tasks; timeouts are seconds, 0 for none when it is registered.

    Times are epoch seconds, 0 or None where they are not known.
    """

    domain: Any
    name: str
    version: str
    status: str = REGISTERED
    description: str | None = None
    creation_date: float | None = 0.0
    deprecation_date: float | None = 0.0
    task_list: str | None = None
    task_heartbeat_timeout: int | str | None = 0
    task_schedule_to_close_timeout: int | str | None = 0
    task_schedule_to_start_timeout: int | str | None = 0
    task_start_to_close_timeout: int | str | None = 0

    kind = "type"

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
        timeouts = {key: str(getattr(self, name) or "NONE") for name, key in _TIMEOUTS.items()}
        with faults_as():
            self.swf.register_activity_type(
                **sent(
                    domain=self.domain.name,
                    name=self.name,
                    version=self.version,
                    description=self.description,
                    defaultTaskList={"name": self.task_list} if self.task_list else None,
                    **timeouts,
                )
            )

    def delete(self) -> None:
        """Deprecate it.

        Raises:
            ActivityTypeDoesNotExist: it is not registered.
        """
        with faults_as(ActivityTypeDoesNotExist):
            self.swf.deprecate_activity_type(domain=self.domain.name, activityType={"name": self.name, "version": self.version})

    def upstream(self) -> ActivityType:
        """Return it as it is registered.

        Raises:
            ActivityTypeDoesNotExist: it is not.
        """
        answer = self._described()
        body = answer["configuration"]
        defaults = {name: body.get(key) for name, key in _TIMEOUTS.items()}
        return activity_type_of(self.domain, answer["typeInfo"], self, task_list=name_of(body, "defaultTaskList"), **defaults)

    def _diff(self, ignore_fields: list[str] | None = None) -> ModelDiff:
        there = self.upstream()
        names = ("name", "version", "status", "description", "creation_date", "deprecation_date", "task_list")
        pairs = [(name, getattr(self, name), getattr(there, name)) for name in names]
        pairs += [(name, _seconds(getattr(self, name)), _seconds(getattr(there, name))) for name in _TIMEOUTS]
        return ModelDiff(*pairs, ignore_fields=ignore_fields)

    def _described(self) -> Any:
        with faults_as(ActivityTypeDoesNotExist):
            return self.swf.describe_activity_type(
                domain=self.domain.name, activityType={"name": self.name, "version": self.version}
            )


def activity_type_of(domain: Any, info: dict[str, Any], of: Connected, **more: Any) -> ActivityType:
    """Return the activity type of an ``ActivityTypeInfo`` of SWF, connected as ``of`` is."""
    return ActivityType(
        domain,
        info["activityType"]["name"],
        info["activityType"]["version"],
        status=info["status"],
        description=info.get("description"),
        creation_date=timestamp(info.get("creationDate")),
        deprecation_date=timestamp(info.get("deprecationDate")),
        service=of.service,
        region=of.region,
        **more,
    )


def activity_types(domain: Any, status: str, name: str | None, of: Connected) -> list[ActivityType]:
    """Return the activity types of a domain with a status, and a name if one is given."""
    with faults_as():
        found = listed(of.swf.list_activity_types, "typeInfos", domain=domain.name, registrationStatus=status, name=name)
        return [activity_type_of(domain, info, of) for info in found]


@dataclass(frozen=True, eq=False, repr=False)
class ActivityTask(BaseModel):
    """A task that was polled; ``context`` is the whole answer to the poll."""

    domain: Any
    task_list: str
    task_token: str | None = None
    activity_type: ActivityType | None = None
    workflow_execution: WorkflowExecution | None = None
    input: Any = None
    activity_id: str | None = None
    started_event_id: int | None = None
    context: dict[str, Any] | None = None

    @classmethod
    def from_poll(cls, domain: Any, task_list: str, data: dict[str, Any]) -> ActivityTask:
        """Return the task of an answer to PollForActivityTask."""
        execution = data["workflowExecution"]
        return cls(
            domain,
            task_list,
            task_token=data["taskToken"],
            activity_type=ActivityType(domain, data["activityType"]["name"], data["activityType"]["version"]),
            workflow_execution=WorkflowExecution(domain, execution["workflowId"], execution["runId"]),
            input=data.get("input"),
            activity_id=data["activityId"],
            started_event_id=data["startedEventId"],
            context=data,
        )


def _seconds(timeout: Any) -> str:
    return "NONE" if timeout in (None, 0, "0", "NONE") else str(timeout)
