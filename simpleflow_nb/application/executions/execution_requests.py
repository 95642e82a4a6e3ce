"""Requests to an execution: to end, or to take a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...exceptions import DefinitionError
from ...inspection.documents import Document, document_of
from ...masking import refuse_secrets
from ..places import Place
from ..states.run_states import status_word


@dataclass(frozen=True)
class ExecutionRequest:
    """Request that was made to an execution."""

    workflow_id: str
    run_id: str
    takes_effect_now: bool  #: else when the next process takes the journal

    def to_dict(self) -> Document:
        asked = {"workflow_id": self.workflow_id, "run_id": self.run_id, "takes_effect_now": self.takes_effect_now}
        return document_of("request", asked)


def cancel_execution(place: Place, execution: dict[str, str]) -> ExecutionRequest:
    """Ask an execution to end; its code may clean up.

    Raises:
        DefinitionError: it has ended already.
        ServiceError: the service cannot be reached.
    """
    return _asked(place, execution, "request_cancel_workflow_execution")


def terminate_execution(place: Place, execution: dict[str, str], reason: str | None = None) -> ExecutionRequest:
    """End an execution here and now; the reason is kept in its history.

    Raises:
        DefinitionError: it has ended already, or a known secret stands in the reason.
        ServiceError: the service cannot be reached.
    """
    return _asked(place, execution, "terminate_workflow_execution", reason=reason)


def signal_execution(
    place: Place, execution: dict[str, str], name: str, text: str | None = None, *, is_awaited: bool = False
) -> ExecutionRequest:
    """Send a signal to an execution; ``text`` is its input, JSON. With ``is_awaited`` it has arrived, if it takes effect now.

    Raises:
        DefinitionError: it has ended already, or a known secret stands in the input.
        ServiceError: the service cannot be reached.
    """
    return _asked(place, execution, "signal_workflow_execution", is_awaited=is_awaited, signalName=name, input=text)


def _asked(
    place: Place, execution: dict[str, str], operation: str, *, is_awaited: bool = False, **arguments: Any
) -> ExecutionRequest:
    described = place.service.describe_workflow_execution(domain=place.domain, execution=execution)
    if described["executionInfo"]["executionStatus"] == "CLOSED":
        how = status_word(described["executionInfo"]["closeStatus"])
        raise DefinitionError(f"{execution['workflowId']} has ended already ({how})")
    given = {key: value for key, value in arguments.items() if value is not None}
    refuse_secrets(given)
    return ExecutionRequest(
        execution["workflowId"], execution["runId"], place.ask(operation, execution, is_awaited=is_awaited, **given)
    )
