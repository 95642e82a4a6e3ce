"""Child executions: whether a service has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simpleflow_nb.local.service import LocalService
from simpleflow_nb.swf_service import SwfService

_SERVER_OF_MOTO = "werkzeug"


def has_children(service: SwfService, domain: str) -> bool:
    """Return False for moto, a server for tests that breaks when it is asked for a child; its answers name the library it uses.

    A run that asked such a service for a child would be lost.
    """
    if isinstance(service, LocalService):
        return True
    lately = {"oldestDate": datetime.now(UTC)}
    answer: Mapping[str, Any] = service.list_open_workflow_executions(domain=domain, startTimeFilter=lately, maximumPageSize=1)
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return _SERVER_OF_MOTO not in str(headers.get("server", "")).lower()
