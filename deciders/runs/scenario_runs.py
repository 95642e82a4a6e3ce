"""The runs of scenarios: their identity, their names, and the scenarios that a file makes now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simpleflow_nb.exceptions import DefinitionError

from ..dates.date_stencil import DateStencil
from ..specification import ConfiguredWorkflow, ScenarioSetSpecification, Specification, WorkflowSpecification
from ..specification.scenarios.expansion import Scenario, Takes, expanded
from ..specification.scenarios.instance_names import full_instance, set_of_instance
from ..specification.scenarios.scenario_set import DEFAULT_MAX_PARALLEL
from ..specification.scenarios.table_files import Table, TableError, read_table
from .identity import identity_of_text
from .planned_run import PlannedRun


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSet:
    """A set with its scenarios as they were when it was started: what executions and results know of it."""

    name: str
    workflow: str
    scenarios: Sequence[Scenario]
    results: Sequence[str] = ()  #: scraps, as ``label.name``
    max_parallel: int = DEFAULT_MAX_PARALLEL
    stop_on_failure: bool = field(default=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "workflow": self.workflow,
            "scenarios": [{"instance": one.name, "parameters": one.parameters} for one in self.scenarios],
            "results": list(self.results),
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> ScenarioSet:
        """Read the set of any version.

        Raises:
            KeyError, TypeError: ``value`` is no set.
        """
        scenarios = [Scenario(one["instance"], one["parameters"]) for one in value["scenarios"]]
        return cls(name=value["name"], workflow=value["workflow"], scenarios=scenarios, results=tuple(value["results"]))

    def run(self, scenario: Scenario) -> PlannedRun:
        """Return the run of one of its scenarios."""
        entry = ConfiguredWorkflow(workflow_name=self.workflow, parameters=scenario.parameters)
        return scenario_run(full_instance(self.name, scenario.name), entry)


def scenario_identity(set_name: str, parameters: Mapping[str, Any]) -> str:
    """Return the identity of a scenario: the MD5, in hex, of the name of its set and its parameters."""
    return identity_of_text(json.dumps([set_name, dict(parameters)], sort_keys=True, default=str))


def scenario_run(instance: str, entry: ConfiguredWorkflow) -> PlannedRun:
    """Return the run of the scenario with that instance (``sweep.standard_30``) and the parameters of ``entry``."""
    own = scenario_identity(set_of_instance(instance), entry.parameters)
    return PlannedRun(entry, None, DateStencil([]), own, own_instance=instance)


def scenario_set(specification: Specification, name: str) -> ScenarioSet:
    """Return a set of the file with the scenarios that it makes now: its table is read.

    Raises:
        DefinitionError: there is no such set, or its table has changed and cannot be used.
    """
    wanted = specification.scenario_set(name)
    workflow = specification.workflow(wanted.workflow)
    table = None
    if wanted.table is not None:
        try:
            table = read_table(specification.inputs_dir / wanted.table)
        except TableError as error:
            raise DefinitionError(f"scenario set {name!r}: {wanted.table} {error}") from None
    return made_set(wanted, table, workflow)


def made_set(wanted: ScenarioSetSpecification, table: Table | None, workflow: WorkflowSpecification) -> ScenarioSet:
    """Return a set with its scenarios.

    Raises:
        DefinitionError: the first fault that it has.
    """
    scenarios, faults = expanded(wanted, table, takes_of(workflow))
    if faults:
        raise DefinitionError(f"scenario set {wanted.name!r}: {faults[0].text}")
    return ScenarioSet(
        name=wanted.name,
        workflow=wanted.workflow,
        scenarios=scenarios,
        results=wanted.results,
        max_parallel=wanted.max_parallel,
        stop_on_failure=wanted.stop_on_failure,
    )


def takes_of(workflow: WorkflowSpecification) -> Takes:
    """Return the parameters that scenarios of a workflow may and must give."""
    return Takes(workflow.name, set(workflow.parameters), {*workflow.parameters, *workflow.own_automatic_parameters()})
