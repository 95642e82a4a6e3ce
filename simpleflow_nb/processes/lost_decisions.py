"""Decisions that a service has lost: it broke while it carried out a response, and the history lacks the rest of them.

SWF carries out all decisions of a response or none. moto carries them out one after the other, and breaks at the first that it
does not have; the decision task is completed then, so nobody is asked again, and no replay agrees with that history.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ..replay.protocol.decisions import Decision
from ..replay.protocol.events import HistoryEvent
from ..service_faults import BROKEN_SERVER, UNKNOWN_RESOURCE, fault_code
from ..swf_service import DecisionTask, SwfService

logger = logging.getLogger(__name__)


def carried_out(events: Sequence[HistoryEvent], started_event_id: int) -> int | None:
    """Count the decisions with which a decision task was completed, of which each left an event; None if it was not."""
    completed = 0
    count = 0
    for event in events:
        attributes: Mapping[str, Any] = next((value for key, value in event.items() if key.endswith("EventAttributes")), {})  # type: ignore[misc]
        if event["eventType"] == "DecisionTaskCompleted" and attributes["startedEventId"] == started_event_id:
            completed = event["eventId"]
        elif completed and attributes.get("decisionTaskCompletedEventId") == completed:
            count += 1
    return count if completed else None


def is_breakdown(error: BaseException) -> bool:
    """Return whether a server broke: it answered with the page of a web server, SWF's own failures have a name."""
    return fault_code(error) == BROKEN_SERVER


def are_ended(
    service: SwfService, domain: str, task: DecisionTask, decisions: Sequence[Decision], events: Sequence[HistoryEvent]
) -> bool:
    """Terminate an execution of whose decisions the service has carried out only some; the reason names the first lost one.

    Args:
        events: the history after the response.

    Returns:
        False if it has carried out none of them, and waits for them still.
    """
    execution = task["workflowExecution"]
    count = carried_out(events, task["startedEventId"])
    if count is None:
        return False
    if count == len(decisions):
        return True
    reason = (
        f"the service broke (HTTP 500) at {decisions[count]['decisionType']} and lost it, as moto does with decisions that it "
        "does not have; this run cannot go on, SWF and service.start have them all"
    )
    logger.error("%s is terminated: %s", execution["workflowId"], reason)
    try:
        service.terminate_workflow_execution(domain=domain, **execution, reason=reason)
    except Exception as error:
        if fault_code(error) != UNKNOWN_RESOURCE:  # else it has closed meanwhile
            raise
    return True
