"""Types of flows on a service: of a class its plan, its workflow, and an activity for each step."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from ....activity import Activity
from ....constants import NEVER
from ..plan import Plan, condition_label
from ..steps.step_definition import Step, known_definition
from .durable_bodies import ConditionBody, StepBody
from .flow_run import FlowRun

_LOCALS = "<locals>"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class FlowTypes:
    """The names and activities of a class of flows."""

    path: str  #: dotted; of a class in a function there is a number in place of that function's ``<locals>``
    activities: dict[str, Activity[Any, Any]]  #: by label in the graph

    @classmethod
    def of(cls, flow: type) -> FlowTypes:
        """Make the activities of all steps that a class has or inherits; what is wrong with them is not looked at."""
        path = f"{flow.__module__}.{flow.__qualname__}"
        if _LOCALS in path:
            path = path.replace(_LOCALS, str(next(_numbers)), 1).replace(_LOCALS, "in")
        steps: dict[str, Step] = {}
        for base in reversed(flow.__mro__):
            steps |= {name: known for name, value in vars(base).items() if (known := known_definition(value)) is not None}
        bodies: dict[str, Any] = {name: StepBody(flow, name) for name in steps}
        bodies |= {condition_label(name): ConditionBody(flow, name) for name, one in steps.items() if one.condition is not None}
        return cls(path, {label: _activity(f"{path}.{label}", body) for label, body in bodies.items()})


def _activity(name: str, body: Any) -> Activity[Any, Any]:
    return Activity(
        body,
        name=name,
        version="1",
        raises_on_failure=False,
        heartbeat_timeout=NEVER,
        start_to_close_timeout=NEVER,
        schedule_to_close_timeout=NEVER,
        schedule_to_start_timeout=NEVER,
    )


def types_of(flow: type) -> FlowTypes:
    """Return the names and activities of a class, made once."""
    found: FlowTypes | None = vars(flow).get("_nextpipe_types")
    if found is None:
        found = FlowTypes.of(flow)
        flow._nextpipe_types = found  # type: ignore[attr-defined]  # of this class alone, not of its subclasses
    return found


def plan_of(flow: type) -> Plan:
    """Return the plan of a class, made once.

    Raises:
        DefinitionError: it cannot be run.
    """
    return workflow_of(flow).plan


def workflow_of(flow: type) -> type[FlowRun]:
    """Return the workflow that runs a class of flows, made once.

    Raises:
        DefinitionError: it cannot be run.
    """
    found: type[FlowRun] | None = vars(flow).get("_nextpipe_workflow")
    if found is None:
        plan, types = Plan.of(flow), types_of(flow)
        found = type(
            flow.__name__,
            (FlowRun,),
            {
                "__module__": flow.__module__,
                "__qualname__": flow.__qualname__,  # so that deciders find it where the class of the flow stands
                "__doc__": flow.__doc__,
                "name": types.path,
                "plan": plan,
                "activities": types.activities,
            },
        )
        flow._nextpipe_workflow = found  # type: ignore[attr-defined]  # of this class alone
    return found
