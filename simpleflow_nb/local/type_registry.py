"""Domains, workflow types and activity types: registering, describing, listing, deprecating."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from . import checks
from .checks import page_of
from .clock import Clock
from .domains import DOMAIN_ROW, Domain, Type
from .faults import Fault, unknown_resource
from .journal import Journal
from .quotas import Quotas
from .timekeeping import Timekeeping


class TypeRegistry(Timekeeping):
    """The types that may be started and scheduled. Kept in the journal like the histories."""

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

    def _put_domain(self, name: str, body: Type) -> None:
        registered = {"status": "REGISTERED", "creationDate": self.clock.timestamp(), **body}
        self.keep_row(DOMAIN_ROW, name, "", registered)
        self.domains[name] = Domain(name, registered, self.lock)

    def _put(self, domain: Domain, kind: str, name: str, version: str, body: Type, status: str = "REGISTERED") -> None:
        whole = {"status": status, "creationDate": self.clock.timestamp(), **body}
        self.keep_row(domain.type_row(kind), name, version, whole)
        domain.types[kind][name, version] = whole

    def _known_type(self, domain: Domain, kind: str, wanted: Mapping[str, Any]) -> Type:
        """Return a registered type that is not deprecated.

        Raises:
            Fault: UnknownResourceFault, TypeDeprecatedFault.
        """
        found = self._type(domain, kind, wanted)
        if found["status"] == "DEPRECATED":
            raise Fault("TypeDeprecatedFault", f"{kind.title()}Type=[name={wanted['name']}, version={wanted['version']}]")
        return found

    def _type(self, domain: Domain, kind: str, wanted: Mapping[str, Any]) -> Type:
        """Return a registered type, deprecated or not.

        Raises:
            Fault: UnknownResourceFault.
        """
        found = domain.types[kind].get((wanted["name"], wanted["version"]))
        if found is None:
            raise unknown_resource(f"Unknown type: {kind.title()}Type=[name={wanted['name']}, version={wanted['version']}]")
        return found

    def _register(self, kind: str, domain: str, name: str, version: str, body: Type) -> dict[str, Any]:
        known = self._check_domain(domain)
        checks.check_type(name, version, body)
        with self._registering, self.lock:
            self.check_usable()
            if (name, version) in known.types[kind]:
                raise Fault("TypeAlreadyExistsFault", f"{kind.title()}Type=[name={name}, version={version}]")
            self._put(known, kind, name, version, body)
        return {}

    def register_workflow_type(self, *, domain: str, name: str, version: str, **body: Any) -> dict[str, Any]:
        return self._register("workflow", domain, name, version, body)

    def register_activity_type(self, *, domain: str, name: str, version: str, **body: Any) -> dict[str, Any]:
        return self._register("activity", domain, name, version, body)

    def register_domain(self, *, name: str, workflowExecutionRetentionPeriodInDays: str, **body: Any) -> dict[str, Any]:
        checks.check_name("name", name)
        checks.check_retention(workflowExecutionRetentionPeriodInDays)
        checks.check_data("description", body.get("description"), checks.MAX_DESCRIPTION_CHARACTERS)
        with self._registering, self.lock:
            self.check_usable()
            if name in self.domains:
                raise Fault("DomainAlreadyExistsFault", name)
            self._put_domain(name, {**body, "retention": workflowExecutionRetentionPeriodInDays})
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

    def describe_workflow_type(self, *, domain: str, workflowType: Mapping[str, Any]) -> dict[str, Any]:
        return self._describe("workflow", domain, workflowType)

    def describe_activity_type(self, *, domain: str, activityType: Mapping[str, Any]) -> dict[str, Any]:
        return self._describe("activity", domain, activityType)

    def _describe(self, kind: str, domain: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        found = self._type(self._check_domain(domain), kind, wanted)
        return {
            "typeInfo": self._info(kind, wanted["name"], wanted["version"], found),
            "configuration": {key: value for key, value in found.items() if key.startswith("default")},
        }

    def _info(self, kind: str, name: str, version: str, found: Type) -> dict[str, Any]:
        info = {f"{kind}Type": {"name": name, "version": version}, "status": found["status"]}
        info["creationDate"] = found["creationDate"]
        if found.get("description"):
            info["description"] = found["description"]
        if found.get("deprecationDate"):
            info["deprecationDate"] = found["deprecationDate"]
        return info

    def list_workflow_types(self, *, domain: str, registrationStatus: str, **call: Any) -> dict[str, Any]:
        return self._list_types("workflow", domain, registrationStatus, call)

    def list_activity_types(self, *, domain: str, registrationStatus: str, **call: Any) -> dict[str, Any]:
        return self._list_types("activity", domain, registrationStatus, call)

    def _list_types(self, kind: str, domain: str, status: str, call: dict[str, Any]) -> dict[str, Any]:
        known = self._check_domain(domain)
        with self.lock:
            types = list(known.types[kind].items())
        infos = [
            ((name, version), self._info(kind, name, version, found))
            for (name, version), found in types
            if found["status"] == status and call.get("name") in (None, name)
        ]
        return page_of("typeInfos", infos, call, (str, str), descending=bool(call.get("reverseOrder")))

    def deprecate_workflow_type(self, *, domain: str, workflowType: Mapping[str, Any]) -> dict[str, Any]:
        return self._set_status("workflow", domain, workflowType, "DEPRECATED")

    def undeprecate_workflow_type(self, *, domain: str, workflowType: Mapping[str, Any]) -> dict[str, Any]:
        return self._set_status("workflow", domain, workflowType, "REGISTERED")

    def deprecate_activity_type(self, *, domain: str, activityType: Mapping[str, Any]) -> dict[str, Any]:
        return self._set_status("activity", domain, activityType, "DEPRECATED")

    def undeprecate_activity_type(self, *, domain: str, activityType: Mapping[str, Any]) -> dict[str, Any]:
        return self._set_status("activity", domain, activityType, "REGISTERED")

    def _set_status(self, kind: str, domain: str, wanted: Mapping[str, Any], status: str) -> dict[str, Any]:
        known = self._check_domain(domain)
        with self._registering, self.lock:
            self.check_usable()
            found = self._type(known, kind, wanted)
            if found["status"] == status:
                code = "TypeDeprecatedFault" if status == "DEPRECATED" else "TypeAlreadyExistsFault"
                raise Fault(code, f"{kind.title()}Type=[name={wanted['name']}, version={wanted['version']}]")
            body = {**found, "deprecationDate": self.clock.timestamp() if status == "DEPRECATED" else None}
            del body["status"]
            self._put(known, kind, wanted["name"], wanted["version"], body, status)
        return {}


def _domain_info(domain: Domain) -> dict[str, Any]:
    found = domain.registered
    info = {"name": domain.name, "status": found["status"], "description": found.get("description", "")}
    return {**info, "arn": f"arn:aws:swf:local:000000000000:/domain/{domain.name}"}
