"""The last state of every run of a workflow file, what is due beside them, and which dates lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.documents import SCHEMA, iso_time, json_value
from ..records.changed_notebooks import older_files
from ..records.date_grid import DateGrid
from ..records.ended_runs import lacking_reports
from ..records.run_rows import RunRow, interruption, run_rows, shown_settings
from .plans import Plan, current_plan

if TYPE_CHECKING:
    from deciders.runs.entries import Entries
    from deciders.runs.planned_run import PlannedRun
    from deciders.specification import Specification

    from ..services import Service

Gap = tuple[date, date]  #: the first and the last day without data


@dataclass(frozen=True)
class Status:
    """The latest run of each instance, with what is due now."""

    specification: Specification
    runs: Sequence[RunRow]  #: by workflow, date and parameters
    plan: Plan | None  #: None where the available dates cannot be known
    trouble: str | None = None  #: why there is no plan
    interrupted: str | None = None  #: a sentence about runs that are open while no process carries them out
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)  #: by run id the reports that should be there

    @cached_property
    def grid(self) -> DateGrid:
        """The runs that have a date, and what is due."""
        return self._grid([row for row in self.runs if row.reference_date is not None])

    @cached_property
    def whole_grid(self) -> DateGrid:
        """All runs, those without a date in front."""
        return self._grid(self.runs)

    @property
    def dateless(self) -> list[RunRow]:
        """The runs without a date."""
        return [row for row in self.runs if row.reference_date is None]

    def _grid(self, rows: Sequence[RunRow]) -> DateGrid:
        return DateGrid(self.specification, rows, self.plan.due if self.plan is not None else ())

    @cached_property
    def gaps(self) -> list[Gap]:
        """The days between the first and the last date for which there are no data."""
        return gaps_between(_available(self.plan)) if self.plan is not None else []

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "dates": [*self._dates()],
            "warnings": list(self.plan.warnings) if self.plan is not None else [],
            "trouble": self.trouble,
            "interrupted": self.interrupted,
        }

    def _dates(self) -> Iterator[dict[str, Any]]:
        """Yield an object for each run, each date that is due and has not run, and each day between dates without data."""
        from deciders.runs.entries import Entries

        entries = Entries(self.specification)
        due = {(run.workflow_name, run.identity): run for run in self.plan.due} if self.plan is not None else {}
        for row in self.runs:
            again = due.pop((row.workflow, row.identity), None)
            yield self._run(row, entries, again)
        for run in due.values():
            yield _due(run)
        for first, last in self.gaps:
            for number in range((last - first).days + 1):
                yield {"workflow": None, "reference_date": (first + timedelta(number)).isoformat(), "state": "no data"}

    def _run(self, row: RunRow, entries: Entries, again: PlannedRun | None) -> dict[str, Any]:
        key = (row.workflow, row.identity)
        return {
            "workflow": row.workflow,
            "reference_date": row.reference_date,
            "set": row.set,
            "date_stencil": row.date_stencil,
            "missing_dates": row.missing_dates,
            "has_entry": row.entry_of(entries) is not None,
            "instance": row.instance,
            "state": str(row.state),
            "light": row.light or "",
            "started": iso_time(row.started),
            "ended": iso_time(row.ended),
            "attempt": row.attempt,
            "reason": row.reason,
            "due": again.reason.text if again is not None else None,
            "error": row.error,
            "labels": {name: str(state) for name, state in row.labels.items()},
            "notes": {name: list(notes) for name, notes in row.notes.items()},
            "artefacts": dict(row.artefacts),
            "older_notebooks": older_files(self.plan.changes.get(key)) if self.plan is not None else None,
            "unknown_data": self.plan is not None and key in self.plan.unknown_data,
            "missing_reports": list(self.lacking.get(row.run_id, ())),
        }


def _due(run: PlannedRun) -> dict[str, Any]:
    return {
        "workflow": run.workflow_name,
        "reference_date": run.iso_date,
        "set": shown_settings(run.configured_parameters),
        "date_stencil": json_value(run.entry.model_dump(mode="json")["date_stencil"]),
        "has_entry": True,
        "instance": run.instance,
        "state": "due",
        "due": run.reason.text,
    }


def _available(plan: Plan) -> set[date]:
    return {run.day for run in plan.due} | {one.reference_date for one in plan.not_due if one.is_available}


def gaps_between(days: Iterable[date]) -> list[Gap]:
    """Return the gaps between the first and the last of the dates, ascending."""
    one = timedelta(days=1)
    return [(before + one, after - one) for before, after in pairwise(sorted(set(days))) if after - before > one]


def current_status(specification: Specification, outputs: Path, service: Service) -> Status:
    """Say what came of every run, and what is due. Where the source of dates is out of reach, what has run is known all the
    same.

    Raises:
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
        DefinitionError: a workflow belongs to another file.
    """
    from workers.sources.source_errors import SourceError

    plan, trouble = None, None
    with service.opened(outputs) as place:
        rows = run_rows(specification, outputs, place)
        try:
            plan = current_plan(specification, outputs, place)
        except SourceError as error:
            trouble = str(error)
        interrupted = interruption(rows, place)
    lacking = lacking_reports(specification, rows, outputs)
    return Status(specification, rows, plan, trouble, interrupted or None, lacking)
