"""The runs that a test asks for, as ``workflow.start`` does, instead of following the sensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deciders.runs.planned_run import PlannedRun
from deciders.specification import NO_SENSOR, Specification

from ..application.asking.requested_runs import requested_run
from ..application.events import UnderWay
from ..exceptions import DefinitionError

Start = str | tuple[str, Mapping[str, Any]]  #: a workflow, and its parameters if it takes any


def asked_runs(specification: Specification, starts: Sequence[Start]) -> tuple[PlannedRun, ...]:
    """Return the runs of these workflows with these parameters.

    Raises:
        DefinitionError: the first thing that is wrong with them; one sentence.
    """
    example = example_of(specification)
    if isinstance(starts, str) or not isinstance(starts, Sequence):
        raise DefinitionError(f"starts is {starts!r:.80}; give a list, such as [{example}]")
    if not starts:
        raise DefinitionError(f"starts is empty: name a run, such as {example}, or leave it out")
    found: dict[str, PlannedRun] = {}
    for name, parameters in [_parts(start, example) for start in starts]:
        specification.workflow(name)
        # What there is to say of entries that fit as well is for people.
        run = UnderWay(requested_run(specification, name, dict(parameters))).result()
        if run.workflow_id in found:
            raise DefinitionError(f"starts has the same run of {name} twice")
        found[run.workflow_id] = run
    return tuple(found.values())


def example_of(specification: Specification) -> str:
    """Return a start of a workflow of the file, as it is written in a test."""
    flow = specification.workflows[0]
    names = list(flow.parameters)[:1] or (["reference_date"] if flow.takes_date({}) else [])
    return repr(flow.name) if not names else f"({flow.name!r}, {{{names[0]!r}: ...}})"


def no_sensor(specification: Specification) -> str:
    """Say what to do for a file without a sensor."""
    return f"no sensor to follow: {NO_SENSOR}; say what to start, such as starts=[{example_of(specification)}]"


def _parts(start: Any, example: str) -> tuple[str, Mapping[str, Any]]:
    match start:
        case str(name):
            return name, {}
        case (str(name), Mapping() as parameters):
            return name, parameters
    raise DefinitionError(f"starts has {start!r:.80}; give a workflow and its parameters, such as {example}")
