"""Queries for objects of SWF."""

from __future__ import annotations

from typing import Any

from ..models.base import Connected
from ..models.domain import Domain


class BaseQuerySet(Connected):
    """Finds the objects of a kind.

    Args:
        service: makes the calls, anything with boto3's; None is that of the domain, or a client shared by all.
        region: of that client; None is found as boto3 does.
    """

    def __init__(self, *args: Any, service: Any = None, region: str | None = None, **kwargs: Any) -> None:
        super().__init__(service=service, region=region)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Return one object.

        Raises:
            DoesNotExistError: there is none.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot get one object")

    def get_or_create(self, *args: Any, **kwargs: Any) -> Any:
        """Return one object, which is registered if there is none."""
        raise NotImplementedError(f"{type(self).__name__} cannot register objects")

    def filter(self, *args: Any, **kwargs: Any) -> Any:
        """Return the objects for which something is true."""
        raise NotImplementedError(f"{type(self).__name__} cannot filter")

    def all(self, *args: Any, **kwargs: Any) -> Any:
        """Return all objects."""
        raise NotImplementedError(f"{type(self).__name__} cannot list")

    def create(self, *args: Any, **kwargs: Any) -> Any:
        """Register an object and return it.

        Raises:
            AlreadyExistsError: there is one.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot register objects")


class DomainQuerySetBase(BaseQuerySet):
    """Finds the objects of a kind in a domain, which may be replaced by another one.

    Raises:
        TypeError: the domain is none.
    """

    def __init__(self, domain: Domain, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.domain = domain

    @property
    def domain(self) -> Domain:
        return self._domain

    @domain.setter
    def domain(self, value: Domain) -> None:
        Domain.check(value)
        object.__setattr__(self, "_domain", value)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # other than models, queries may change

    _domain: Domain
