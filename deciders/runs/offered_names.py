"""File names of reports that leave their folder: sent to people, or downloaded.

Nothing sends reports or offers them for download yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ..dates.date_stencil import DateStencilError
from ..parameter_set import own_parameters
from ..path_parts import LONGEST_PART_BYTES, cut_part, encoded_part
from ..specification import Specification, WorkflowSpecification
from ..specification.report_names import report_file_names, value_part
from .planned_run import PlannedRun, run_for


def offered_name(
    specification: Specification,
    workflow_name: str,
    label: str,
    format: str,
    *,
    instance: str,
    identity: str,
    parameters: Mapping[str, Any],
) -> str:
    """Return ``<workflow>-<date>[-<parameters>][-<label>].<format>``, or the name of the output if it has one.

    The parameters are those in which other entries of the sensor for that workflow differ from the run, as ``region=north``; if
    they do not suffice, as with entries that differ only in their stencils, the first 8 digits of the identity follow. A run
    without a date has no entry, and lists all of its own parameters. The label is added if the run has several reports of the
    format. Names of more than 180 bytes are cut and end in a hash.

    Raises:
        UnknownWorkflowError: there is no such workflow.
    """
    workflow = specification.workflow(workflow_name)
    output = next((o for n in workflow.notebooks if n.label == label for o in n.output if o.format == format), None)
    if output is not None and output.name is not None:
        return report_file_names(workflow, instance, parameters)[label, format]
    day = parameters.get("reference_date")
    parts = [encoded_part(workflow_name)]
    parts += [str(day)] if day else []
    if day:
        parts += _distinguishing_parts(list(_others(specification, workflow_name, day, identity)), identity, parameters)
    else:
        parts += [f"{encoded_part(name)}={value_part(value)}" for name, value in own_parameters(parameters).items()]
    parts += [encoded_part(label)] if _number_of_reports(workflow, format) > 1 else []
    return f"{cut_part('-'.join(parts), LONGEST_PART_BYTES)}.{format}"


def _distinguishing_parts(others: list[PlannedRun], identity: str, parameters: Mapping[str, Any]) -> list[str]:
    own = own_parameters(parameters)
    names = [name for name in own if any(other.configured_parameters.get(name) != own[name] for other in others)]
    parts = [f"{encoded_part(name)}={value_part(own[name])}" for name in names]
    shown = [value_part(own[name]) for name in names]
    if any([value_part(other.configured_parameters.get(name)) for name in names] == shown for other in others):
        parts.append(identity[:8])
    return parts


def _others(specification: Specification, workflow_name: str, day: str, identity: str) -> Iterator[PlannedRun]:
    """Yield the runs of the other entries for that workflow and date."""
    for entry in specification.entries:
        if entry.workflow_name == workflow_name:
            try:
                run = run_for(entry, date.fromisoformat(day))
            except DateStencilError:
                continue  # it never runs for that date
            if run.identity != identity:
                yield run


def _number_of_reports(workflow: WorkflowSpecification, format: str) -> int:
    return sum(output.format == format for notebook in workflow.notebooks for output in notebook.output)
