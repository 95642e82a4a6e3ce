"""The runs of the scenarios of a set, ended and open, as records and the service have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...constants import NOTEBOOK_TYPE
from .run_rows import opened_records, unrecorded_ends

if TYPE_CHECKING:
    from deciders.runs.scenario_runs import ScenarioSet
    from deciders.runs.scenario_verdicts import LastRun
    from deciders.specification import Specification
    from workers.records.run_records import RunRecord
    from workers.runs.scenario_results import ScenarioResult

    from ..places import Place


@dataclass(frozen=True)
class KnownRuns:
    """Runs of one workflow, by instance, as far as they are known."""

    records: Mapping[str, RunRecord] = field(default_factory=dict)  #: the newest one of each instance
    open_ids: Mapping[str, str] = field(default_factory=dict)  #: workflow ids of open runs

    def last_run(self, instance: str) -> LastRun | None:
        """Return the latest run of an instance: the open one, if there is one."""
        from deciders.runs.identity import identity_of_run
        from deciders.runs.scenario_verdicts import LastRun
        from deciders.values.run_state import RunState

        if (workflow_id := self.open_ids.get(instance)) is not None:
            identity = identity_of_run(workflow_id)
            return LastRun(identity=identity, parameters={}, state=RunState.RUNNING, ended=None)
        if (record := self.records.get(instance)) is None:
            return None
        return LastRun(
            identity=record.identity,
            parameters=record.parameters,
            state=record.state,
            ended=record.ended,
            notebooks=record.notebooks,
            data=record.data,
        )


def known_runs(specification: Specification, outputs: Path, place: Place, workflow: str, *, adopt: bool = False) -> KnownRuns:
    """Return the latest run of each instance of a workflow.

    Raises:
        DefinitionError: a workflow of the file belongs to another one.
        RecordsError: the records cannot be read.
    """
    from deciders.runs.run_tags import RunTags
    from deciders.workflow_types import executions_of_type
    from workers.runs.scenario_results import VALUES

    open_ids: dict[str, str] = {}
    # read before the records, as an end is recorded before its execution closes
    if place.service is not None:
        for info in executions_of_type(place.service, place.domain, NOTEBOOK_TYPE, is_open=True):
            workflow_id = info["execution"]["workflowId"]
            tags = RunTags.of_execution(info.get("tagList"), workflow_id)
            if tags.workflow == workflow:
                open_ids[tags.instance] = workflow_id
    records: dict[str, RunRecord] = {}
    with opened_records(specification, outputs, adopt=adopt) as opened:
        if opened is not None:
            values = (*VALUES, "notebooks", "data")
            records = {record.instance: record for record in opened.latest(workflow, values=values)}
            records |= {record.instance: record for record in unrecorded_ends({workflow}, outputs, place, opened)}
    return KnownRuns(records, open_ids)


def present_results(
    specification: Specification, outputs: Path, wanted: ScenarioSet, known: KnownRuns
) -> Sequence[ScenarioResult]:
    """Return a row for each scenario of a set, as its latest run is now."""
    from workers.runs.scenario_results import results_of

    runs = map(wanted.run, wanted.scenarios)
    running = {(wanted.workflow, run.identity) for run in runs if known.open_ids.get(run.instance) == run.workflow_id}
    return results_of(wanted, specification.workflow(wanted.workflow), known.records.values(), running, outputs)
