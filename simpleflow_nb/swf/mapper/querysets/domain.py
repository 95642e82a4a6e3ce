"""Queries for domains."""

from __future__ import annotations

from typing import Any

from ..constants import REGISTERED
from ..exceptions import DoesNotExistError
from ..models.domain import Domain, domains
from .base import BaseQuerySet


class DomainQuerySet(BaseQuerySet):
    """Finds domains."""

    def get(self, name: str, *args: Any, **kwargs: Any) -> Domain:
        """Return the domain of a name.

        Raises:
            DoesNotExistError: there is none.
        """
        return Domain(name, service=self.service, region=self.region).upstream()

    def get_or_create(
        self,
        name: str,
        status: str = REGISTERED,
        description: str | None = None,
        retention_period: int = 30,
        *args: Any,
        **kwargs: Any,
    ) -> Domain:
        """Return the domain of a name; it is registered, with the other arguments, if there is none."""
        try:
            return self.get(name)
        except DoesNotExistError:
            return self.create(name, status, description, retention_period)

    def all(self, registration_status: str = REGISTERED, *args: Any, **kwargs: Any) -> list[Domain]:
        """Return the domains with a status."""
        return domains(registration_status, self)

    def create(
        self,
        name: str,
        status: str = REGISTERED,
        description: str | None = None,
        retention_period: int = 30,
        *args: Any,
        **kwargs: Any,
    ) -> Domain:
        """Register a domain and return it.

        Raises:
            AlreadyExistsError: there is one of that name.
        """
        domain = Domain(name, status, description, retention_period, service=self.service, region=self.region)
        domain.save()
        return domain
