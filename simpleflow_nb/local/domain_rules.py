"""Rules of a domain for decisions: the types that may be used, and the defaults that they give.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Decision.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .admission import Admission
from .deciding import Attributes, Surroundings, attributes_of, next_type
from .domains import Domain, Type
from .execution import CHILD, LocalExecution
from .faults import default_undefined
from .quotas import Quotas

if TYPE_CHECKING:
    from ..replay.protocol.decisions import Decision

_ACTIVITY_DEFAULTS = {
    "taskList": "defaultTaskList",
    "taskPriority": "defaultTaskPriority",
    "scheduleToStartTimeout": "defaultTaskScheduleToStartTimeout",
    "scheduleToCloseTimeout": "defaultTaskScheduleToCloseTimeout",
    "startToCloseTimeout": "defaultTaskStartToCloseTimeout",
    "heartbeatTimeout": "defaultTaskHeartbeatTimeout",
}
_NEEDED_BY_ACTIVITIES = tuple(sorted(_ACTIVITY_DEFAULTS.keys() - {"taskPriority"}))

#: Values of a start -> the defaults of its workflow type. The last two may be missing in both.
START_DEFAULTS = {
    "taskList": "defaultTaskList",
    "executionStartToCloseTimeout": "defaultExecutionStartToCloseTimeout",
    "taskStartToCloseTimeout": "defaultTaskStartToCloseTimeout",
    "childPolicy": "defaultChildPolicy",
    "taskPriority": "defaultTaskPriority",
    "lambdaRole": "defaultLambdaRole",
}
NEEDED_BY_STARTS = ("taskList", "executionStartToCloseTimeout", "taskStartToCloseTimeout", "childPolicy")

_ACTIVITY, _CHILD, _ONWARD = "ScheduleActivityTask", "StartChildWorkflowExecution", "ContinueAsNewWorkflowExecution"
_OF_TYPES = {_ACTIVITY, _CHILD, _ONWARD}


class DomainRules(Surroundings):
    """The rules of a domain for the decisions of one of its executions."""

    def __init__(self, domain: Domain, execution: LocalExecution, quotas: Quotas, admission: Admission) -> None:
        self._domain, self._execution, self._quotas, self._admission = domain, execution, quotas, admission
        self._has_rates, self.not_permitted = admission.has_rates, admission.not_permitted

    def completed(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Return the decisions, with the defaults of the types of activities, children and next runs."""
        return [self._completed(one) if one["decisionType"] in _OF_TYPES else one for one in decisions]

    def refusal(self, kind: str, attributes: Attributes) -> str | None:
        cause = None
        if kind == _ACTIVITY:
            cause = self._type_refusal("activity", attributes["activityType"]) or _missing(attributes, _NEEDED_BY_ACTIVITIES)
        elif kind in (_CHILD, _ONWARD):
            cause = self._type_refusal("workflow", self._workflow_type(kind, attributes))
            cause = cause or _missing(attributes, NEEDED_BY_STARTS)
            if cause is None and kind == _CHILD and self._is_full():
                cause = "OPEN_WORKFLOWS_LIMIT_EXCEEDED"
        if cause is None and self._has_rates:
            cause = self._admission.refusal(self._domain.name, kind, attributes)
        return cause

    def _is_full(self) -> bool:
        """Tell whether the domain has no room for a child, counting those that this response has initiated."""
        left, outgoing = self._quotas.open_executions - len(self._domain.open_by_id), self._execution.outgoing
        return left <= len(outgoing) and left <= sum(1 for kind, *_ in outgoing if kind == CHILD)

    def _completed(self, decision: Decision) -> Decision:
        kind, attributes, types = decision["decisionType"], attributes_of(decision), self._domain.types
        if kind == _ACTIVITY:
            return _with_defaults(decision, attributes, types["activity"], attributes["activityType"], _ACTIVITY_DEFAULTS)
        return _with_defaults(decision, attributes, types["workflow"], self._workflow_type(kind, attributes), START_DEFAULTS)

    def _workflow_type(self, kind: str, attributes: Attributes) -> dict[str, str]:
        """Return the type of a child or of the next run, which differs from this one's at most in the version."""
        if kind == _CHILD:
            wanted: dict[str, str] = attributes["workflowType"]
            return wanted
        return next_type(self._execution.started_attributes["workflowType"], attributes)

    def _type_refusal(self, kind: str, wanted: dict[str, str]) -> str | None:
        known = self._domain.types[kind].get((wanted["name"], wanted["version"]))
        if known is None:
            return f"{kind.upper()}_TYPE_DOES_NOT_EXIST"
        return f"{kind.upper()}_TYPE_DEPRECATED" if known["status"] == "DEPRECATED" else None


def with_defaults(known: Type, defaults: dict[str, str]) -> Attributes:
    """Return the values that a registered type has defaults for."""
    return {name: known[default] for name, default in defaults.items() if known.get(default) is not None}


def _with_defaults(
    decision: Decision,
    attributes: Attributes,
    types: dict[tuple[str, str], Type],
    wanted: dict[str, str],
    defaults: dict[str, str],
) -> Decision:
    if attributes.keys() >= defaults.keys():
        return decision
    whole: Any = {**with_defaults(types.get((wanted["name"], wanted["version"]), {}), defaults), **attributes}
    kind = decision["decisionType"]
    made: Any = {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": whole}
    found: Decision = made
    return found


def _missing(attributes: Attributes, needed: Sequence[str]) -> str | None:
    """Return the cause for a value that neither the decision nor its type has, None if all are there."""
    for name in needed:
        if name not in attributes:
            return default_undefined(name)
    return None
