"""The latest runs of a workflow file at a glance: the dates in sight one by one, the months before as counts.

Made of the run records and the open executions alone: no source of dates is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.documents import SCHEMA
from ..records.run_rows import RunRow, interruption, opened_records, running_rows, shown_settings, still_open, unrecorded_ends

if TYPE_CHECKING:
    from deciders.specification import Specification
    from deciders.values.light import Light
    from deciders.values.run_state import RunState
    from workers.records.run_records import LatestCell, RunRecord

    from ..services import Service

DAYS_IN_SIGHT = 60


@dataclass(frozen=True)
class OverviewCell:
    """The latest run of one instance."""

    workflow: str
    instance: str
    reference_date: str | None  #: ISO date; None of a run without one
    state: RunState
    light: Light | None  #: None while it runs

    @property
    def run(self) -> str:
        """NAME/INSTANCE, which commands take as RUN."""
        return f"{self.workflow}/{self.instance}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "reference_date": self.reference_date,
            "state": str(self.state),
            "light": self.light or "",
        }


@dataclass
class OverviewLine:
    """The runs of a workflow with one set of parameters."""

    workflow: str
    settings: str  #: the parameters in a few characters; may be empty
    cells: dict[str, list[OverviewCell]] = field(default_factory=dict)  #: by reference date, of the dates in sight
    months: dict[str, Counter[str]] = field(default_factory=dict)  #: ``2013-01`` -> light -> runs, of the dates before
    dateless: list[OverviewCell] = field(default_factory=list)  #: newest first

    def to_dict(self) -> dict[str, Any]:
        return {
            "workflow": self.workflow,
            "settings": self.settings,
            "dates": {day: [cell.to_dict() for cell in cells] for day, cells in sorted(self.cells.items())},
            "months": {month: dict(counts) for month, counts in sorted(self.months.items())},
            "dateless": [cell.to_dict() for cell in self.dateless],
        }


@dataclass(frozen=True)
class Overview:
    """The latest runs of a workflow file, as a page shows them."""

    days: Sequence[str]  #: the reference dates in sight, newest first
    lines: Sequence[OverviewLine]  #: by place in the workflow file, then by parameters
    running: Sequence[RunRow]
    interrupted: str | None = None  #: a sentence about runs that are open while no process carries them out
    month: str | None = None  #: the month in sight, if it is not the newest dates

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "days": list(self.days),
            "month": self.month,
            "lines": [line.to_dict() for line in self.lines],
            "running": [row.to_dict() for row in self.running],
            "interrupted": self.interrupted,
        }


def overview(specification: Specification, outputs: Path, service: Service, *, month: str | None = None) -> Overview:
    """Return the latest run of each instance: of the newest `DAYS_IN_SIGHT` dates with runs, or of a ``month`` (``2013-01``).

    Raises:
        DefinitionError: a workflow belongs to another file.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
    """
    names = [workflow.name for workflow in specification.workflows]
    with service.opened(outputs) as place:
        # Read before the records, as an end is recorded before its execution closes.
        running = running_rows(set(names), place)
        found: list[LatestCell] = []
        unrecorded: list[RunRecord] = []
        with opened_records(specification, outputs, adopt=False) as records:
            if records is not None:
                found = records.latest_cells()
                unrecorded = unrecorded_ends(set(names), outputs, place, records)
                running = still_open(running, unrecorded, records)
        interrupted = interruption(running, place)
    cells = _cells(found, unrecorded, running, names)
    dates = sorted({day for cell, _ in cells if (day := cell.reference_date) is not None}, reverse=True)
    days = [day for day in dates if day.startswith(month)] if month is not None else dates[:DAYS_IN_SIGHT]
    lines = _lines(cells, days, before=days[-1] if days and month is None else None)
    return Overview(
        days, sorted(lines, key=lambda one: (names.index(one.workflow), one.settings)), running, interrupted or None, month
    )


def _cells(
    found: Iterable[LatestCell], unrecorded: Iterable[RunRecord], running: Sequence[RunRow], names: Sequence[str]
) -> list[tuple[OverviewCell, str]]:
    """Return the latest cell of each instance, with the parameters of its line."""
    from deciders.values.light import Light
    from deciders.values.run_state import RunState

    newest: dict[tuple[str, str], tuple[OverviewCell, str]] = {}  # by workflow and identity, of what is not on record
    for record in unrecorded:
        key = (record.workflow_name, record.identity)
        cell = OverviewCell(key[0], record.instance or key[1][:8], record.reference_date, record.state, record.light)
        newest[key] = cell, shown_settings(record.parameters)
    for row in running:
        key = (row.workflow, row.identity)
        newest[key] = OverviewCell(key[0], row.instance or key[1][:8], row.reference_date, row.state, None), row.set
    known, cells = set(names), list[tuple[OverviewCell, str]]()
    states, lights = {state.value: state for state in RunState}, {light.value: light for light in Light}
    for one in found:
        if one.workflow_name in known and (one.workflow_name, one.identity) not in newest:
            state = states.get(one.state) or RunState.read(one.state)
            instance = one.instance or one.identity[:8]
            cell = OverviewCell(one.workflow_name, instance, one.reference_date, state, lights[one.light])
            cells.append((cell, one.parameter_set or ""))
    return [*cells, *newest.values()]


def _lines(cells: Iterable[tuple[OverviewCell, str]], days: Sequence[str], before: str | None) -> Iterable[OverviewLine]:
    lines: dict[tuple[str, str], OverviewLine] = {}
    in_sight = set(days)
    for cell, settings in cells:
        key = (cell.workflow, settings)
        line = lines.get(key)
        if line is None:
            line = lines[key] = OverviewLine(*key)
        day = cell.reference_date
        if day is None:
            line.dateless.append(cell)
        elif day in in_sight:
            line.cells.setdefault(day, []).append(cell)
        elif before is None or day < before:
            counts = line.months.setdefault(day[:7], Counter())
            counts[cell.light or "running"] += 1
    for line in lines.values():
        line.dateless.reverse()
    return lines.values()
