"""Objects of SWF: their connection to it, and how they differ from what is registered there."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from ....activity_context import running_context
from ....environment import value_of
from ....variables import AWS_ENDPOINT_URL
from ...client import Boto3Service
from ..exceptions import DoesNotExistError


class Difference(NamedTuple):
    """An attribute that is different here and in SWF."""

    attr: str
    local: Any
    upstream: Any


class ModelDiff:
    """The attributes that differ.

    Args:
        input: a name, and the values here and in SWF, of each attribute; equal ones are left out.
        ignore_fields: names that are left out.
    """

    def __init__(self, *input: tuple[str, Any, Any], ignore_fields: list[str] | None = None) -> None:
        self.ignore_fields = ignore_fields or []
        self.container: dict[str, tuple[Any, Any]] = {}
        self.add_input(*input)

    def __contains__(self, attr: object) -> bool:
        return attr in self.container

    def __len__(self) -> int:
        return len(self.container)

    def __getitem__(self, index: int) -> Difference:
        return self.as_list()[index]

    def __iter__(self) -> Iterator[Difference]:
        return iter(self.as_list())

    def add_input(self, *input: tuple[str, Any, Any]) -> None:
        """Add more attributes, those that differ."""
        for attr, local, upstream in input:
            if local != upstream and attr not in self.ignore_fields:
                self.container[attr] = (local, upstream)

    def merge(self, model_diff: ModelDiff) -> None:
        """Add the attributes of another one."""
        self.container.update(model_diff.container)

    def differing_fields(self) -> list[str]:
        """Return the names of the attributes."""
        return list(self.container)

    def as_list(self) -> list[Difference]:
        """Return the attributes with both values."""
        return [Difference(attr, local, upstream) for attr, (local, upstream) in self.container.items()]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Connected:
    """Something that calls SWF.

    Args:
        service: makes the calls, anything with boto3's; None is that of the worker in an activity, elsewhere a client shared
            by all.
        region: of that client; None is found as boto3 does. With a region it is the client also in an activity.
    """

    service: Any = field(default=None)
    region: str | None = None

    @property
    def swf(self) -> Any:
        """Return what calls SWF: the own service, that of the domain, the worker's, or the shared client."""
        if self.service is not None:
            return self.service
        domain = getattr(self, "domain", None)
        if isinstance(domain, Connected):
            return domain.swf
        here = running_context() if self.region is None else None
        if here is not None and here.service is not None:
            return here.service
        return _client(self.region, value_of(AWS_ENDPOINT_URL))


class BaseModel(Connected):
    """A domain, a type or an execution. What it has does not change; :meth:`upstream` reads it anew."""

    def __repr__(self) -> str:
        names = [name for name in ("domain", "name", "version", "workflow_id", "run_id", "status") if hasattr(self, name)]
        values = [(name, getattr(self, name)) for name in names]
        shown = " ".join(f"{name}={value.name if name == 'domain' else value}" for name, value in values)
        return f"<{type(self).__name__} {shown}>"

    def _diff(self, ignore_fields: list[str] | None = None) -> ModelDiff:
        """Compare it with what is in SWF.

        Raises:
            DoesNotExistError: there is nothing to compare it with.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be compared")

    @property
    def exists(self) -> bool:
        """Tell whether SWF has it."""
        raise NotImplementedError(f"{type(self).__name__} cannot be looked for")

    @property
    def is_synced(self) -> bool:
        """Tell whether SWF has it, with the same values."""
        try:
            return not self._diff()
        except DoesNotExistError:
            return False

    @property
    def changes(self) -> ModelDiff:
        """Return the attributes that differ in SWF.

        Raises:
            DoesNotExistError: SWF does not have it.
        """
        return self._diff()

    def save(self) -> None:
        """Register it."""
        raise NotImplementedError(f"{type(self).__name__} cannot be registered")

    def delete(self) -> None:
        """Deprecate it."""
        raise NotImplementedError(f"{type(self).__name__} cannot be deprecated")

    def upstream(self) -> BaseModel:
        """Return it as it is in SWF.

        Raises:
            DoesNotExistError: SWF does not have it.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be read")


def check_domain(domain: Any) -> None:
    """Check that something is a domain, which has a name.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(domain, Connected) or not isinstance(getattr(domain, "name", None), str):
        raise TypeError(f"{domain!r} is no Domain")


def name_of(body: Mapping[str, Any], key: str) -> str | None:
    """Return the name in ``{"defaultTaskList": {"name": ...}}``, None without one."""
    found: str | None = body.get(key, {}).get("name")
    return found


def listed(call: Any, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Yield the items of all pages of a list of SWF; arguments that are None are not sent."""
    request = sent(**arguments)
    while True:
        page = call(**request)
        yield from page[key]
        if not page.get("nextPageToken"):
            return
        request["nextPageToken"] = page["nextPageToken"]


def sent(**arguments: Any) -> dict[str, Any]:
    """Return the arguments of a call that are not None."""
    return {name: value for name, value in arguments.items() if value is not None}


def timestamp(moment: Any) -> float | None:
    """Return epoch seconds of a time as boto3 or the local service gives it; None without one."""
    return moment.timestamp() if isinstance(moment, datetime) else moment


@functools.cache
def _client(region: str | None, endpoint: str | None) -> Boto3Service:
    return Boto3Service(region=region, endpoint_url=endpoint)
