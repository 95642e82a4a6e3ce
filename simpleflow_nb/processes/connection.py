"""Connections of commands to Amazon SWF (or to ``AWS_ENDPOINT_URL``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..constants import STATE_FOLDER
from ..environment import value_of
from ..exceptions import DefinitionError, ServiceError
from ..service_faults import ALREADY_REGISTERED, UNKNOWN_RESOURCE, fault_code, is_of_another_service
from ..variables import SIMPLEFLOW_NB_PAYLOADS
from .payload_directory import PayloadDirectory
from .supervisor import wait_at_gate

DEFAULT_RETENTION_DAYS = 30
DEFAULT_HINT = "is it the right --region and endpoint?"


def payload_directory(given: Path | None, outputs: Path | None = None) -> PayloadDirectory:
    if given is None and (named := value_of(SIMPLEFLOW_NB_PAYLOADS)):
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
    hint: str = DEFAULT_HINT,
) -> Iterator[Any]:
    """Connect to SWF with a domain that exists; ``hint`` ends the message if it does not.

    Raises:
        DefinitionError: no domain is given, or it does not exist; or, from within, the service refuses a call.
        ServiceError: no region or credentials, or the service cannot be reached, does not answer or is something else.
    """
    from ..swf.client import Boto3Service

    domain = named_domain(domain, "workflow.start --local works without AWS")
    with explaining():
        service = Boto3Service(region=region, pollers=pollers)
        try:
            wait_at_gate()
            _check_domain(service, domain, create, retention_days, hint)
            yield service
        finally:
            service.close()


def named_domain(domain: str | None, otherwise: str | None = None) -> str:
    """Return the domain, if one was named.

    Args:
        otherwise: what else would be right, for commands without ``--local``.

    Raises:
        DefinitionError: none was named.
    """
    if not domain:
        named = "name the domain with --domain (or SWF_DOMAIN)"
        raise DefinitionError(f"{named}; {otherwise}" if otherwise else f"{named}, or add --local to work without AWS")
    return domain


@contextmanager
def explaining() -> Iterator[None]:
    """Replace boto3's exceptions with causes outside the program by errors of one sentence."""
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
    """Return the status of a domain, None if it does not exist.

    Raises:
        ServiceError: the endpoint is not SWF. This is the first call of every command, so it is found here.
    """
    try:
        answer = service.describe_domain(name=domain)
    except AttributeError:  # botocore was sent JSON that is no object
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
