"""Plan: the runs that are due now, and the dates that are not. Nothing is started for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.documents import SCHEMA, json_value
from ..records.changed_notebooks import older_files
from ..records.owners import check_owner
from ..records.record_files import has_records

if TYPE_CHECKING:
    from deciders.runs.due_runs import DueRuns, NotDue
    from deciders.runs.planned_run import PlannedRun
    from deciders.runs.reruns import LastEnd, NotebookChanges
    from deciders.specification import Specification
    from deciders.values.item_reason import ItemReason

    from ..places import Place
    from ..services import Service


@dataclass(frozen=True)
class Plan:
    """The runs that are due, the dates that are not, and what else is known of the runs that have ended."""

    due_runs: DueRuns
    available: Mapping[str, Collection[date]]  #: dates by type of data
    #: how the notebooks of instances that have ended differ from those that they were made with, by workflow name and
    #: identity; None where it is not known
    changes: Mapping[tuple[str, str], NotebookChanges | None] = field(default_factory=dict)
    #: instances of workflows that changed data count for, and of which it is not known with which data they were made
    unknown_data: Collection[tuple[str, str]] = ()
    ends: Mapping[tuple[str, str], LastEnd] = field(default_factory=dict)  #: by workflow name and identity
    #: of due runs by workflow name and identity: by label why it would be kept or run again, as far as that is known before;
    #: empty if it was not asked for
    forecasts: Mapping[tuple[str, str], Mapping[str, ItemReason]] = field(default_factory=dict)

    @property
    def due(self) -> tuple[PlannedRun, ...]:
        """Each instance once: by priority, then in the order of the entries, then of the dates."""
        return self.due_runs.due

    @property
    def not_due(self) -> tuple[NotDue, ...]:
        """Every other pair of an entry and a date, with the reason."""
        return self.due_runs.not_due

    @property
    def warnings(self) -> tuple[str, ...]:
        """Reasons why there may be less to do than expected."""
        return self.due_runs.warnings

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "due": [{**_due(run), **self._forecast(run)} for run in self.due],
            "not_due": [self._not_due(one) for one in self.not_due],
            "warnings": list(self.warnings),
        }

    def _forecast(self, run: PlannedRun) -> dict[str, Any]:
        found = self.forecasts.get((run.workflow_name, run.identity))
        return {"labels": {label: str(reason) for label, reason in found.items()}} if found is not None else {}

    def _not_due(self, one: NotDue) -> dict[str, Any]:
        return {
            "workflow": one.workflow_name,
            "reference_date": one.reference_date.isoformat(),
            "identity": one.identity,
            "parameters": json_value(one.configured_parameters),
            "date_stencil": json_value(one.date_stencil),
            "reason": one.reason.text,
            "reason_kind": str(one.reason.kind),
            "older_notebooks": older_files(self.changes.get((one.workflow_name, one.identity or ""))),
            "unknown_data": (one.workflow_name, one.identity) in self.unknown_data,
        }


def _due(run: PlannedRun) -> dict[str, Any]:
    return {
        "workflow": run.workflow_name,
        "reference_date": run.iso_date,
        "instance": run.instance,
        "identity": run.identity,
        "workflow_id": run.workflow_id,
        "parameters": json_value(run.parameters),
        "reason": run.reason.text,
        "reason_kind": str(run.reason.kind),
    }


def plan_runs(specification: Specification, outputs: Path, service: Service, *, forecasts: bool = False) -> Plan:
    """Say what is due now, by the same rules and the same sources as the sensor's; changes nothing. With ``forecasts`` also
    which labels the due runs would keep or run again, and why.

    Raises:
        SourceError: it cannot be read which dates are available, or whether their data have changed.
        DefinitionError: a workflow belongs to another file.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
    """
    with service.opened(outputs) as place:
        plan = current_plan(specification, outputs, place)
    return with_forecasts(specification, outputs, plan) if forecasts and has_records(outputs) else plan


def with_forecasts(specification: Specification, outputs: Path, plan: Plan) -> Plan:
    """Add why the due runs would keep or run again each of their labels.

    Raises:
        SourceError, RecordsError: as `plan_runs`.
    """
    from workers.records.run_records import RunRecords
    from workers.runs.forecasts import forecast
    from workers.sources.data_stamps import DataStamps

    stamps = DataStamps(specification)
    with RunRecords.open(outputs, to_look=True) as records:
        found = {(run.workflow_name, run.identity): forecast(specification, run, outputs, records, stamps) for run in plan.due}
    return dataclasses.replace(plan, forecasts=found)


def current_plan(specification: Specification, outputs: Path, place: Place) -> Plan:
    """Say what is due now, as `plan_runs` does, of a service that is open already."""
    from deciders.runs.due_runs import due_runs
    from deciders.runs.reruns import lacks_data
    from workers.records.run_records import RunRecords
    from workers.runs.notebook_versions import changes_since, with_hashes_of_folders
    from workers.runs.recovered_ends import recovered_ends
    from workers.runs.run_starts import open_runs
    from workers.runs.sensor_check import add_recovered_ends, present_facts
    from workers.sources.available_dates import read_available_dates, undated_files

    available = read_available_dates(specification)
    undated = undated_files(specification, available)
    running = open_runs(place.service, place.domain) if place.service is not None else {}
    if not has_records(outputs):
        planned = due_runs(specification, available, running)
        return Plan(dataclasses.replace(planned, warnings=(*planned.warnings, *undated)), available)
    names = {workflow.name for workflow in specification.workflows}
    with RunRecords.open(outputs, to_look=True) as records:
        check_owner(specification, records, outputs)
        states, facts = records.states(), present_facts(specification, records)
        if place.service is not None:
            there = (place.service, place.domain, records)
            recovered = recovered_ends(*there, names=names, outputs=str(outputs), payloads=place.payloads)
            add_recovered_ends(states, facts.ends, recovered)
        changes = changes_since(specification, with_hashes_of_folders(specification, outputs, records, facts.ends))
    planned = due_runs(specification, available, states | running, facts=facts)
    flows = {workflow.name: workflow for workflow in specification.workflows}
    unknown = {key for key, end in facts.ends.items() if key[0] in flows and lacks_data(flows[key[0]], end)}
    planned = dataclasses.replace(planned, warnings=(*planned.warnings, *undated))
    return Plan(planned, available, changes, unknown, facts.ends)
