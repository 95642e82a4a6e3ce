"""Domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..constants import REGISTERED
from ..exceptions import DoesNotExistError, faults_as
from .activity import ActivityType, activity_types
from .base import BaseModel, Connected, ModelDiff, check_domain, listed, sent
from .workflow import WorkflowType, workflow_types


class DomainDoesNotExist(DoesNotExistError):
    """There is no such domain, or it is deprecated."""


@dataclass(frozen=True, eq=False, repr=False)
class Domain(BaseModel):
    """A domain: the types and executions in it, and how many days it keeps closed executions."""

    name: str
    status: str = REGISTERED
    description: str | None = None
    retention_period: int | str = 30

    @classmethod
    def check(cls, domain: Any) -> None:
        """Check that something is a domain.

        Raises:
            TypeError: it is not.
        """
        check_domain(domain)

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
        """
        with faults_as():
            self.swf.register_domain(
                **sent(
                    name=self.name,
                    workflowExecutionRetentionPeriodInDays=str(self.retention_period),
                    description=self.description,
                )
            )

    def delete(self) -> None:
        """Deprecate it.

        Raises:
            DomainDoesNotExist: it is not registered.
        """
        with faults_as(DomainDoesNotExist):
            self.swf.deprecate_domain(name=self.name)

    def upstream(self) -> Domain:
        """Return it as it is registered.

        Raises:
            DomainDoesNotExist: it is not.
        """
        answer = self._described()
        return domain_of(
            answer["domainInfo"], self, retention_period=answer["configuration"]["workflowExecutionRetentionPeriodInDays"]
        )

    def workflows(self, status: str = REGISTERED) -> list[WorkflowType]:
        """Return its workflow types with a status."""
        return workflow_types(self, status, None, self)

    def activities(self, status: str = REGISTERED) -> list[ActivityType]:
        """Return its activity types with a status."""
        return activity_types(self, status, None, self)

    @property
    def executions(self) -> list[Any]:
        """Return an empty list, as in simpleflow; ``WorkflowExecutionQuerySet`` finds executions."""
        return []

    def _diff(self, ignore_fields: list[str] | None = None) -> ModelDiff:
        there = self.upstream()
        pairs = [(name, getattr(self, name), getattr(there, name)) for name in ("name", "status", "description")]
        pairs.append(("retention_period", str(self.retention_period), str(there.retention_period)))
        return ModelDiff(*pairs, ignore_fields=ignore_fields)

    def _described(self) -> Any:
        with faults_as(DomainDoesNotExist):
            return self.swf.describe_domain(name=self.name)


def domain_of(info: dict[str, Any], of: Connected, **more: Any) -> Domain:
    """Return the domain of a ``DomainInfo`` of SWF, connected as ``of`` is."""
    return Domain(
        info["name"],
        status=info["status"],
        description=info.get("description"),
        service=of.service,
        region=of.region,
        **more,
    )


def domains(status: str, of: Connected) -> list[Domain]:
    """Return the domains with a status."""
    with faults_as():
        return [domain_of(info, of) for info in listed(of.swf.list_domains, "domainInfos", registrationStatus=status)]
