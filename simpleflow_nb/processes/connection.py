"""Which service a command works with: Amazon SWF (or what ``AWS_ENDPOINT_URL`` points at)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..constants import STATE_FOLDER
from ..exceptions import DefinitionError, ServiceError
from ..service_faults import ALREADY_REGISTERED, UNKNOWN_RESOURCE, fault_code, is_of_another_service
from .payload_directory import PayloadDirectory
from .supervisor import wait_at_gate

DOMAIN_VARIABLE = "SWF_DOMAIN"
DEFAULT_RETENTION_DAYS = 30


def payload_directory(given: Path | None, outputs: Path | None = None) -> PayloadDirectory:
    if given is None and (named := os.environ.get("SIMPLEFLOW_NB_PAYLOADS")):
        given = Path(named)
    return PayloadDirectory((given or (outputs or Path.cwd()) / STATE_FOLDER / "payloads").absolute(), shares=True)


@contextmanager
def connected(
    domain: str | None,
    region: str | None,
    *,
    create: bool = False,
    retention_days: int = DEFAULT_RETENTION_DAYS,
    pollers: int = 10,
    hint: str = "is it the right --region and endpoint?",
) -> Iterator[Any]:
    """SWF, with a domain that exists; ``hint`` is what to do where it does not.

    Raises:
        DefinitionError: no domain named, or none of that name; or, from within, something that the service refuses.
        ServiceError: no region or credentials, or the service cannot be reached, does not answer or is something else.
    """
    from ..swf.client import Boto3Service

    if not domain:
        raise DefinitionError("name the domain with --domain (or SWF_DOMAIN), or add --local to work without AWS")
    with explaining():
        service = Boto3Service(region=region, pollers=pollers)
        try:
            wait_at_gate()
            _check_domain(service, domain, create, retention_days, hint)
            yield service
        finally:
            service.close()


@contextmanager
def explaining() -> Iterator[None]:
    """Turn what boto3 raises for causes outside the program into one sentence."""
    from ..swf.explanations import explained

    try:
        yield
    except Exception as error:
        sentence = explained(error)
        if sentence is None:
            raise
        raise sentence from error


def _check_domain(service: Any, domain: str, create: bool, retention_days: int, hint: str) -> None:
    status = _domain_status(service, domain)
    if status == "DEPRECATED":
        raise DefinitionError(f"the domain {domain!r} is deprecated; nothing can be started in it")
    if status is not None:
        return
    if not create:
        known = [info["name"] for info in service.list_domains(registrationStatus="REGISTERED")["domainInfos"]]
        there = f"there are {', '.join(sorted(known)[:5])}" if known else "there are none"
        raise DefinitionError(f"there is no domain {domain!r} ({there}); {hint}")
    try:
        service.register_domain(name=domain, workflowExecutionRetentionPeriodInDays=str(retention_days))
    except Exception as error:
        if fault_code(error) not in ALREADY_REGISTERED:
            raise


def _domain_status(service: Any, domain: str) -> str | None:
    """None when there is no domain of that name.

    Raises:
        ServiceError: the endpoint is something else. This is the first call of every command, so it is noticed here.
    """
    try:
        answer = service.describe_domain(name=domain)
    except AttributeError:  # botocore met JSON that is no object
        answer = None
    except Exception as error:
        if fault_code(error) == UNKNOWN_RESOURCE:
            return None
        if not is_of_another_service(error):
            raise
        code = fault_code(error)
        raise _not_swf(service, f"HTTP {code}" if code.isdigit() else code) from None
    info = answer.get("domainInfo") if answer is not None else None
    if not info or "status" not in info:
        raise _not_swf(service, "its answer says nothing of a domain")
    status: str = info["status"]
    return status


def _not_swf(service: Any, because: str) -> ServiceError:
    return ServiceError(f"what answers at {service.endpoint} is not SWF: {because}")
