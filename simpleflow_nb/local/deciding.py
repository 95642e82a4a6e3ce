"""The completion of one decision task: what its decisions are applied to, and how a decision fails.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Decision.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .execution import LocalExecution
from .quotas import Quotas

Attributes = dict[str, Any]

#: Members of a decision that the event of its failure repeats. Closing decisions have none.
_REPEATED = {
    "ScheduleActivityTask": ("activityType", "activityId"),
    "RequestCancelActivityTask": ("activityId",),
    "StartTimer": ("timerId",),
    "CancelTimer": ("timerId",),
    "RecordMarker": ("markerName",),
    "StartChildWorkflowExecution": ("workflowType", "workflowId", "control"),
    "SignalExternalWorkflowExecution": ("workflowId", "runId", "control"),
    "RequestCancelExternalWorkflowExecution": ("workflowId", "runId", "control"),
    "ScheduleLambdaFunction": ("id", "name"),
}
#: Their failures name the Initiated event, 0 when there is none.
_INITIATED = {"StartChildWorkflowExecution", "SignalExternalWorkflowExecution", "RequestCancelExternalWorkflowExecution"}


class Surroundings:
    """The part of a service that decisions depend on, beside the execution. This one has no rules: nothing fails by it."""

    not_permitted: frozenset[str] = frozenset()  #: types of decisions that the decider may not make

    def refusal(self, kind: str, attributes: Attributes) -> str | None:
        """Return the cause for which a decision with these attributes fails, None if it does not.

        Asked once for each decision that its own execution allows, since a decision may use up a quota.
        """
        return None


@dataclass(slots=True)  # not frozen: that would cost as much as carrying out a decision
class Deciding:
    """One decision task being completed."""

    execution: LocalExecution
    now: float
    done: int  #: id of its DecisionTaskCompleted event
    quotas: Quotas
    surroundings: Surroundings

    def add(self, event_type: str, attributes: Attributes) -> int:
        """Append an event that this decision task brings about; return its id."""
        return self.execution.add(self.now, event_type, {**attributes, "decisionTaskCompletedEventId": self.done})

    def fail(self, kind: str, attributes: Attributes, cause: str) -> bool:
        """Append the event of a decision that fails at once; return True, since the decider has to be told."""
        self.add(kind + "Failed", failure(kind, attributes, cause))
        return True


def attributes_of(decision: Mapping[str, Any]) -> Attributes:
    kind = decision["decisionType"]
    found: Attributes = decision.get(f"{kind[0].lower()}{kind[1:]}DecisionAttributes") or {}
    return found


def failure(kind: str, attributes: Mapping[str, Any], cause: str, initiated: int = 0) -> Attributes:
    """Return the attributes of the event of a failed decision, without the id of the decision task.

    Args:
        attributes: of the decision, or of the event in which it was initiated.
        initiated: id of that event; 0 without one.
    """
    found: Attributes = {name: attributes[name] for name in _REPEATED.get(kind, ()) if name in attributes}
    if kind in _INITIATED:
        found["initiatedEventId"] = initiated
    found["cause"] = cause
    return found


def next_type(workflow_type: Mapping[str, str], attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of the run that continues one, by the attributes of the decision."""
    version = attributes.get("workflowTypeVersion")
    return {**workflow_type, **({"version": version} if version else {})}
