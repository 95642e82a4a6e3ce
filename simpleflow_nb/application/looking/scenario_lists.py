"""The sets of scenarios of a file, and the results of one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.documents import SCHEMA
from ...masking import masked_leaves
from ..asking.scenarios import set_of_file
from ..records.scenario_records import KnownRuns, known_runs, present_results
from ..services import Service

if TYPE_CHECKING:
    from deciders.runs.scenario_runs import ScenarioSet
    from deciders.specification import Specification
    from workers.runs.scenario_results import ScenarioResult


@dataclass(frozen=True)
class ScenarioResults:
    """The results of a set, as its latest runs are now."""

    wanted: ScenarioSet
    rows: Sequence[ScenarioResult]
    results_file: Path  #: where they are written; may not be there yet

    def to_dict(self) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "name": self.wanted.name,
            "workflow": self.wanted.workflow,
            "instances": [row.as_json() for row in self.rows],
            "results_file": str(self.results_file),
        }
        found: dict[str, Any] = masked_leaves(document)
        return found


@dataclass(frozen=True)
class SetSummary:
    """A set of the file, and how far its scenarios have got."""

    name: str
    workflow: str
    scenarios: int
    states: Counter[str]  #: of its instances, see `ScenarioResult`
    lights: Counter[str]

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "workflow": self.workflow,
            "scenarios": self.scenarios,
            "states": dict(self.states),
            "lights": dict(self.lights),
        }


@dataclass(frozen=True)
class ScenarioList:
    """The sets of a file, in its order."""

    sets: Sequence[SetSummary]

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "sets": [one.to_dict() for one in self.sets]}


def show_scenarios(specification: Specification, outputs: Path, service: Service, name: str) -> ScenarioResults:
    """Return the results of a set. Changes nothing.

    Raises:
        DefinitionError: there is no such set, its table cannot be read any more, or its workflow belongs to another file.
        ServiceError, RecordsError: the journal, the records or the service cannot be read.
    """
    from workers.runs.scenario_results import results_file

    wanted = set_of_file(specification, name)
    with service.opened(outputs) as place:
        known = known_runs(specification, outputs, place, wanted.workflow)
    return ScenarioResults(wanted, present_results(specification, outputs, wanted, known), results_file(outputs, name))


def list_scenarios(specification: Specification, outputs: Path, service: Service) -> ScenarioList:
    """Return the sets of the file with the states of their instances. Changes nothing.

    Raises: see `show_scenarios`.
    """
    found: list[SetSummary] = []
    known: dict[str, KnownRuns] = {}
    with service.opened(outputs) as place:
        for one in specification.scenarios:
            wanted = set_of_file(specification, one.name)
            if wanted.workflow not in known:
                known[wanted.workflow] = known_runs(specification, outputs, place, wanted.workflow)
            rows = present_results(specification, outputs, wanted, known[wanted.workflow])
            states, lights = Counter(row.state for row in rows), Counter(row.light for row in rows if row.light is not None)
            found.append(SetSummary(one.name, one.workflow, len(rows), states, lights))
    return ScenarioList(found)
