"""Queries for activity types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..constants import REGISTERED
from ..exceptions import DoesNotExistError
from ..models.activity import ActivityType, activity_type_of, activity_types
from ..models.domain import Domain
from .base import DomainQuerySetBase

_DEFAULTS = (
    "task_list",
    "task_heartbeat_timeout",
    "task_schedule_to_close_timeout",
    "task_schedule_to_start_timeout",
    "task_start_to_close_timeout",
)


class ActivityTypeQuerySet(DomainQuerySetBase):
    """Finds the activity types of a domain."""

    def to_ActivityType(self, domain: Domain, type_info: dict[str, Any], **kwargs: Any) -> ActivityType:
        """Return the activity type of an ``ActivityTypeInfo`` of SWF."""
        return activity_type_of(domain, type_info, self, **kwargs)

    def get(self, name: str, version: str, *args: Any, **kwargs: Any) -> ActivityType:
        """Return the activity type of a name and version; defaults of its tasks in ``kwargs`` replace those that it has.

        Raises:
            DoesNotExistError: there is none.
        """
        found = ActivityType(self.domain, name, version, service=self.service, region=self.region).upstream()
        other = {key: kwargs[key] for key in _DEFAULTS if kwargs.get(key) is not None}
        return replace(found, **other) if other else found

    def get_or_create(
        self,
        name: str,
        version: str,
        status: str = REGISTERED,
        description: str | None = None,
        creation_date: float = 0.0,
        deprecation_date: float = 0.0,
        task_list: str | None = None,
        task_heartbeat_timeout: int = 0,
        task_schedule_to_close_timeout: int = 0,
        task_schedule_to_start_timeout: int = 0,
        task_start_to_close_timeout: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> ActivityType:
        """Return the activity type of a name and version; it is registered, with the other arguments, if there is none."""
        try:
            return self.get(name, version)
        except DoesNotExistError:
            return self.create(
                name,
                version,
                status,
                description,
                creation_date,
                deprecation_date,
                task_list,
                task_heartbeat_timeout,
                task_schedule_to_close_timeout,
                task_schedule_to_start_timeout,
                task_start_to_close_timeout,
            )

    def filter(
        self,
        domain: Domain | None = None,
        registration_status: str = REGISTERED,
        name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> list[ActivityType]:
        """Return the activity types with a status, and a name if one is given; of another domain if one is given."""
        return activity_types(domain or self.domain, registration_status, name, self)

    def all(self, registration_status: str = REGISTERED, *args: Any, **kwargs: Any) -> list[ActivityType]:
        """Return the activity types with a status."""
        return self.filter(registration_status=registration_status)

    def create(
        self,
        name: str,
        version: str,
        status: str = REGISTERED,
        description: str | None = None,
        creation_date: float = 0.0,
        deprecation_date: float = 0.0,
        task_list: str | None = None,
        task_heartbeat_timeout: int = 0,
        task_schedule_to_close_timeout: int = 0,
        task_schedule_to_start_timeout: int = 0,
        task_start_to_close_timeout: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> ActivityType:
        """Register an activity type and return it.

        Raises:
            AlreadyExistsError: there is one.
        """
        activity_type = ActivityType(
            self.domain,
            name,
            version,
            status,
            description,
            creation_date,
            deprecation_date,
            task_list,
            task_heartbeat_timeout,
            task_schedule_to_close_timeout,
            task_schedule_to_start_timeout,
            task_start_to_close_timeout,
            service=self.service,
            region=self.region,
        )
        activity_type.save()
        return activity_type
