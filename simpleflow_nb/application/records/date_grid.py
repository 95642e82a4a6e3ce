"""The runs of a workflow file by date and parameter set: what ``status`` shows as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .run_rows import RunRow

if TYPE_CHECKING:
    from deciders.parameter_set import ParameterSet
    from deciders.runs.entries import Entries
    from deciders.runs.planned_run import PlannedRun
    from deciders.specification import Specification


@dataclass(frozen=True)
class GridColumn:
    """The runs of one parameter set."""

    set: ParameterSet
    has_entry: bool  #: the sensor has such an entry now, or none of that workflow at all, or the runs have no date
    title: str  #: ``NAME [region=north]``


@dataclass
class GridCell:
    """Runs of one date with one parameter set, and whether it is due."""

    rows: list[RunRow] = field(default_factory=list)  #: several where their identities differ
    is_due: bool = False


class DateGrid:
    """Table of the runs and, beside them, of what is due; dates with nothing but reasons are for ``plan --why``.

    A column for each parameter set: those of the sensor's entries as they are now first, and behind them those that no entry
    has any more, or that somebody has started a run with.
    """

    def __init__(self, specification: Specification, rows: Sequence[RunRow], due: Iterable[PlannedRun]) -> None:
        from deciders.runs.entries import Entries, set_of_entry

        self._entries: Entries = Entries(specification)
        self._cells: dict[tuple[str, ParameterSet], GridCell] = {}
        self._has_entry: dict[ParameterSet, bool] = {}
        for row in rows:
            key = (row.reference_date or "", self._column_of(row))
            self._cells.setdefault(key, GridCell()).rows.append(row)
        for run in due:
            column = set_of_entry(run.entry)
            self._has_entry[column] = True
            self._cells.setdefault((run.day.isoformat(), column), GridCell()).is_due = True

    @property
    def days(self) -> list[str]:
        """The reference dates with a run, or a due one, ascending; an empty text first, for runs without a date."""
        return sorted({day for day, _ in self._cells})

    @property
    def columns(self) -> list[GridColumn]:
        sets = sorted(self._has_entry, key=self._entries.place_of)
        twins = Counter(one[:2] for one in sets)
        return [GridColumn(one, self._has_entry[one], _title(one, has_twins=twins[one[:2]] > 1)) for one in sets]

    def cell(self, day: str, column: GridColumn) -> GridCell:
        """Return the cell of a date in a column; an empty one where there is nothing."""
        return self._cells.get((day, column.set), GridCell())

    def _column_of(self, row: RunRow) -> ParameterSet:
        from deciders.parameter_set import ParameterSet, written_stencil

        if (entry := row.entry_of(self._entries)) is not None:
            column = self._entries.set_of(entry)
        else:
            stencil = written_stencil(row.date_stencil) if row.date_stencil is not None else None
            column = ParameterSet(row.workflow, row.set, stencil)
        has_none = not self._entries.of_workflow(row.workflow) or row.reference_date is None
        self._has_entry[column] = entry is not None or has_none
        return column


def _title(one: ParameterSet, *, has_twins: bool) -> str:
    stencil = f"date_stencil={one.stencil}" if has_twins and one.stencil is not None else ""
    told = ", ".join(part for part in (one.parameters, stencil) if part)
    return one.workflow + (f" [{told}]" if told else "")
