"""Domains: registering, describing, listing, deprecating, and their tags.

https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dev-domains.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from . import checks
from .checks import page_of
from .clock import Clock
from .domains import DOMAIN_ROW, Domain, Type
from .faults import Fault, unknown_resource
from .journal import Journal, TypeRow
from .quotas import Quotas
from .timekeeping import Timekeeping

_REGISTERED, _DEPRECATED = "REGISTERED", "DEPRECATED"


class DomainRegistry(Timekeeping):
    """The domains of the service. Kept in the journal like the histories."""

    def __init__(self, journal: Journal | None, clock: Clock | None, quotas: Quotas, home: str) -> None:
        super().__init__(journal, clock, quotas, home)
        self._registering = threading.Lock()  # `lock` is released while a registration is written

    def _add_home(self) -> None:
        """Register the domain of this process, unless the journal has it."""
        if self._home not in self.domains:
            with self.lock:
                self._put_domain(self._home, {"retention": "NONE"})

    def _check_domain(self, name: str) -> Domain:
        """Return a domain by its name.

        Raises:
            Fault: UnknownResourceFault.
        """
        found = self.domains.get(name)
        if found is None:
            raise unknown_resource(f"Unknown domain: {name}")
        return found

    def _check_registered(self, name: str) -> Domain:
        """Return a domain in which executions may be started and types registered.

        Raises:
            Fault: UnknownResourceFault: of a deprecated one, too, as SWF declares no other fault for these calls.
        """
        # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_DeprecateDomain.html
        # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_RegisterWorkflowType.html#API_RegisterWorkflowType_Errors
        found = self._check_domain(name)
        if found.registered["status"] == _DEPRECATED:
            raise unknown_resource(f"Unknown domain: {name}, which is deprecated: nothing new may be in it")
        return found

    def _put_domain(self, name: str, body: Type) -> None:
        registered = {"status": _REGISTERED, "creationDate": self.clock.timestamp(), **body}
        self.keep_rows([(DOMAIN_ROW, name, "", registered)])
        self.domains[name] = Domain(name, registered, self.lock)

    def _change_domain(self, domain: Domain, changes: Type, types: Sequence[TypeRow] = ()) -> None:
        """Change the values of a domain, and of its types, in one transaction."""
        registered = {**domain.registered, **changes}
        self.keep_rows([(DOMAIN_ROW, domain.name, "", registered), *types])
        domain.registered = registered

    def register_domain(
        self,
        *,
        name: str,
        workflowExecutionRetentionPeriodInDays: str,
        tags: Sequence[Mapping[str, str]] | None = None,
        **body: Any,
    ) -> dict[str, Any]:
        checks.check_name("name", name)
        checks.check_retention(workflowExecutionRetentionPeriodInDays)
        checks.check_data("description", body.get("description"), checks.MAX_DESCRIPTION_CHARACTERS)
        body["retention"] = workflowExecutionRetentionPeriodInDays
        if tags:
            body["tags"] = self._tagged({}, tags)
        with self._registering, self.lock:
            self.check_usable()
            if name in self.domains:
                raise Fault("DomainAlreadyExistsFault", name)
            if len(self.domains) >= self.quotas.domains:
                raise Fault("LimitExceededFault", f"there are {len(self.domains)} domains, as many as there may be")
            self._put_domain(name, body)
        return {}

    def deprecate_domain(self, *, name: str) -> dict[str, Any]:
        """Deprecate a domain with all its types. Its executions go on."""
        with self._registering, self.lock:
            self.check_usable()
            domain = self._check_domain(name)
            if domain.registered["status"] == _DEPRECATED:
                raise Fault("DomainDeprecatedFault", name)
            now = self.clock.timestamp()
            types, rows = domain.types, []
            for kind, known in types.items():
                for (type_name, version), body in known.items():
                    if body["status"] != _DEPRECATED:
                        values = {**body, "status": _DEPRECATED, "deprecationDate": now}
                        rows.append((domain.type_row(kind), type_name, version, values))
            self._change_domain(domain, {"status": _DEPRECATED}, rows)
            for row, type_name, version, values in rows:
                types[row.partition("@")[0]][type_name, version] = values
        return {}

    def undeprecate_domain(self, *, name: str) -> dict[str, Any]:
        """Let a domain be used again. Its types stay deprecated: SWF's documentation says nothing of them."""
        with self._registering, self.lock:
            self.check_usable()
            domain = self._check_domain(name)
            if domain.registered["status"] == _REGISTERED:
                raise Fault("DomainAlreadyExistsFault", name)
            self._change_domain(domain, {"status": _REGISTERED})
        return {}

    def describe_domain(self, *, name: str) -> dict[str, Any]:
        found = self._check_domain(name)
        days = found.registered["retention"]
        return {"domainInfo": _domain_info(found), "configuration": {"workflowExecutionRetentionPeriodInDays": days}}

    def list_domains(self, *, registrationStatus: str, **call: Any) -> dict[str, Any]:
        with self.lock:
            found = list(self.domains.items())
        asked = ((name, known) for name, known in found if known.registered["status"] == registrationStatus)
        infos = [((DOMAIN_ROW, name), _domain_info(known)) for name, known in asked]
        return page_of("domainInfos", infos, call, (str, str), descending=bool(call.get("reverseOrder")))

    # ---- tags of domains -----------------------------------------------------------------------------------------------------

    def tag_resource(self, *, resourceArn: str, tags: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Add tags to a domain; a key that it has gets the new value."""
        with self._registering, self.lock:
            self.check_usable()
            domain = self._domain_of(resourceArn)
            self._change_domain(domain, {"tags": self._tagged(domain.registered.get("tags", {}), tags)})
        return {}

    def untag_resource(self, *, resourceArn: str, tagKeys: Sequence[str]) -> dict[str, Any]:
        """Remove tags from a domain; keys that it does not have are ignored."""
        with self._registering, self.lock:
            self.check_usable()
            domain = self._domain_of(resourceArn)
            kept = {key: value for key, value in domain.registered.get("tags", {}).items() if key not in tagKeys}
            self._change_domain(domain, {"tags": kept})
        return {}

    def list_tags_for_resource(self, *, resourceArn: str) -> dict[str, Any]:
        tags = self._domain_of(resourceArn).registered.get("tags", {})
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _tagged(self, had: Mapping[str, str], tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
        """Return the tags with others added.

        Raises:
            Fault: ValidationException; TooManyTagsFault, a resource may have 50.
        """
        # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_TagResource.html
        checks.check_resource_tags(tags)
        found = {**had, **{tag["key"]: tag.get("value", "") for tag in tags}}
        if len(found) > self.quotas.resource_tags:
            raise Fault("TooManyTagsFault", f"{len(found)} tags; a domain may have {self.quotas.resource_tags}")
        return found

    def _domain_of(self, arn: str) -> Domain:
        found = next((domain for domain in list(self.domains.values()) if _arn(domain) == arn), None)
        if found is None:
            raise unknown_resource(f"Unknown resource: {arn:.200}")
        return found


def _domain_info(domain: Domain) -> dict[str, Any]:
    found = domain.registered
    return {
        "name": domain.name,
        "status": found["status"],
        "description": found.get("description", ""),
        "arn": _arn(domain),
    }


def _arn(domain: Domain) -> str:
    return f"arn:aws:swf:local:000000000000:/domain/{domain.name}"
