"""Workflow types and activity types: registering, describing, listing, deprecating, deleting.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_RegisterWorkflowType.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import checks
from .checks import page_of
from .domain_registry import DomainRegistry
from .domains import Domain, Type
from .faults import Fault, unknown_resource


class TypeRegistry(DomainRegistry):
    """The types that may be started and scheduled. Kept in the journal like the histories."""

    def _put(self, domain: Domain, kind: str, name: str, version: str, body: Type, status: str = "REGISTERED") -> None:
        whole = {"status": status, "creationDate": self.clock.timestamp(), **body}
        self.keep_rows([(domain.type_row(kind), name, version, whole)])
        domain.types[kind][name, version] = whole

    def _known_type(self, domain: Domain, kind: str, wanted: Mapping[str, Any]) -> Type:
        """Return a registered type that is not deprecated.

        Raises:
            Fault: UnknownResourceFault, TypeDeprecatedFault.
        """
        found = self._type(domain, kind, wanted)
        if found["status"] == "DEPRECATED":
            raise Fault("TypeDeprecatedFault", _shown(kind, **wanted))
        return found

    def _type(self, domain: Domain, kind: str, wanted: Mapping[str, Any]) -> Type:
        """Return a registered type, deprecated or not.

        Raises:
            Fault: UnknownResourceFault.
        """
        found = domain.types[kind].get((wanted["name"], wanted["version"]))
        if found is None:
            raise unknown_resource(f"Unknown type: {_shown(kind, **wanted)}")
        return found

    def _register(self, kind: str, domain: str, name: str, version: str, body: Type) -> dict[str, Any]:
        known = self._check_registered(domain)
        checks.check_type(name, version, body)
        with self._registering, self.lock:
            self.check_usable()
            types = known.types[kind]
            if (name, version) in types:
                raise Fault("TypeAlreadyExistsFault", _shown(kind, name, version))
            if len(types) >= self.quotas.types:
                raise Fault("LimitExceededFault", f"there are {len(types)} {kind} types, as many as a domain may have")
            self._put(known, kind, name, version, body)
        return {}

    def register_workflow_type(self, *, domain: str, name: str, version: str, **body: Any) -> dict[str, Any]:
        return self._register("workflow", domain, name, version, body)

    def register_activity_type(self, *, domain: str, name: str, version: str, **body: Any) -> dict[str, Any]:
        return self._register("activity", domain, name, version, body)

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
                raise Fault(code, _shown(kind, **wanted))
            body = {**found, "deprecationDate": self.clock.timestamp() if status == "DEPRECATED" else None}
            del body["status"]
            self._put(known, kind, wanted["name"], wanted["version"], body, status)
        return {}

    def delete_workflow_type(self, *, domain: str, workflowType: Mapping[str, Any]) -> dict[str, Any]:
        return self._delete("workflow", domain, workflowType)

    def delete_activity_type(self, *, domain: str, activityType: Mapping[str, Any]) -> dict[str, Any]:
        return self._delete("activity", domain, activityType)

    def _delete(self, kind: str, domain: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Delete a deprecated type. What was started with it goes on; it may be registered again."""
        # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_DeleteWorkflowType.html
        known = self._check_domain(domain)
        with self._registering, self.lock:
            self.check_usable()
            found = self._type(known, kind, wanted)
            if found["status"] != "DEPRECATED":
                raise Fault("TypeNotDeprecatedFault", _shown(kind, **wanted))
            self.keep_rows([], removed=[(known.type_row(kind), wanted["name"], wanted["version"])])
            del known.types[kind][wanted["name"], wanted["version"]]
        return {}


def _shown(kind: str, name: str, version: str) -> str:
    """Return a type as SWF's faults name it."""
    return f"{kind.title()}Type=[name={name}, version={version}]"
