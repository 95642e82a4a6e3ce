"""Restarts: an execution is ended, and another one started as it was."""

from __future__ import annotations

from typing import Any

from ...exceptions import DefinitionError
from ...service_faults import UNKNOWN_RESOURCE, fault_code
from ..places import Place

REASON = "workflow.restart"  #: simpleflow's, of the termination

_KEPT = ("input", "taskList", "taskPriority", "tagList", "childPolicy", "lambdaRole")
_KEPT_TIMEOUTS = ("executionStartToCloseTimeout", "taskStartToCloseTimeout")


def restart_execution(place: Place, execution: dict[str, str]) -> dict[str, str]:
    """Terminate an execution, if it is open, and start one with the same id, type, input, tags and settings. Return its ids.

    Raises:
        DefinitionError: it is in a journal of this machine, which has its own way, or another run of that id is open.
        ServiceError: the service cannot be reached.
    """
    if place.journal is not None:
        raise DefinitionError("runs on this machine are restarted with workflow.start --local --new; give --domain")
    service, domain = place.service, place.domain
    found = {"domain": domain, "execution": execution}
    info = service.describe_workflow_execution(**found)["executionInfo"]
    first = service.get_workflow_execution_history(**found, maximumPageSize=1)["events"][0]
    started: dict[str, Any] = first["workflowExecutionStartedEventAttributes"]
    if info["executionStatus"] == "OPEN":
        try:
            service.terminate_workflow_execution(domain=domain, **execution, reason=REASON)
        except Exception as error:
            if fault_code(error) != UNKNOWN_RESOURCE:  # else it has closed meanwhile
                raise
    kept = {key: started[key] for key in (*_KEPT, *_KEPT_TIMEOUTS) if started.get(key)}
    name = execution["workflowId"]
    again = service.start_workflow_execution(domain=domain, workflowId=name, workflowType=info["workflowType"], **kept)
    return {"workflowId": name, "runId": again["runId"]}
