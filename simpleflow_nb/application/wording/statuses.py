"""The last state of every run by its date, and the outlook."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from ...inspection.tables import Table, counted, formatted
from ..looking.statuses import Status
from ..records.date_grid import DateGrid, GridCell, GridColumn
from ..records.run_rows import RunRow
from .older_runs import left_behind
from .plans import nothing_by_itself

_LONGEST_ERROR = 72  #: characters of it in the table of runs; what is longer stands whole behind it
_MOST_WHOLE = 20  #: of these
WHERE_TO_LOOK = re.compile(r" \(see [^()]*\)(?=;|$)")
_MOST_MISSING = 10  #: dates or ranges that are named


class StatusTables:
    """The tables of a status, and what stands below them."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._texts: dict[int, str] = {}  #: by the id of the row
        self._cut: list[tuple[RunRow, str]] = []  #: runs with a sentence that their cell had no room for
        for row in status.runs:
            text, whole = cell_text(row)
            if whole is not None:
                self._cut.append((row, whole))
            lacking = status.lacking.get(row.run_id)
            self._texts[id(row)] = f"{text} (without {', '.join(lacking)})" if lacking else text

    def table(self) -> Table:
        """Return the table of dates by parameter sets."""
        return self._table(self._status.grid)

    def whole_table(self) -> Table:
        """Return the table of dates by parameter sets, with a row without a date if a run has none: for programs."""
        return self._table(self._status.whole_grid)

    def dateless_table(self) -> Table:
        """Return the table of the runs without a date, a row each."""
        rows = self._status.dateless
        has_parameters = any(row.set for row in rows)
        table = Table(["run without a date", *(["parameters"] if has_parameters else []), "state", "ended (UTC)"])
        for row in rows:
            ended = row.ended.strftime("%Y-%m-%d %H:%M") if row.ended is not None else None
            table.rows.append([row.title, *([row.set] if has_parameters else []), self._texts[id(row)], ended])
        return table

    def _table(self, grid: DateGrid) -> Table:
        columns = grid.columns
        table = Table(["date", *map(_head, columns)])
        for day in grid.days:
            table.rows.append([day, *(self._text(grid.cell(day, column)) for column in columns)])
        return table

    def lines(self, place: Sequence[str]) -> Iterator[str]:
        """Yield all of it for people. ``place`` is the options that say where the runs are, for the commands that it names."""
        status = self._status
        tables = [table for table in (self.table(), self.dateless_table()) if table.rows]
        yield "\n\n".join(formatted(table, with_header=True) for table in tables)
        yield from self._whole_sentences()
        succeeded = sum(row.has_succeeded for row in status.runs)
        skipped = sum(row.was_skipped for row in status.runs)
        of_all = counted(len(status.runs), "run")
        yield f"{succeeded} of {of_all} succeeded{f', {skipped} skipped' if skipped else ''}"
        yield from left_behind(status.specification, status.runs, status.plan, status.lacking, place)
        if status.interrupted:
            yield status.interrupted

    def _text(self, cell: GridCell) -> str:
        if cell.rows:
            return " / ".join(self._texts[id(row)] for row in cell.rows)
        return "due" if cell.is_due else ""

    def _whole_sentences(self) -> Iterator[str]:
        from deciders.runs.run_reference import reference_of

        if self._cut:
            yield "in full:"
        for row, sentence in self._cut[:_MOST_WHOLE]:
            yield f"  {shlex.quote(reference_of(row, self._status.runs))}  {sentence}"
        if len(self._cut) > _MOST_WHOLE:
            yield f"  and {len(self._cut) - _MOST_WHOLE} more; runs.show has each"


def _head(column: GridColumn) -> str:
    return column.title + ("" if column.has_entry else " (no entry has these now)")


def cell_text(row: RunRow) -> tuple[str, str | None]:
    """Return the text of a cell about a run, and the whole sentence where there is no room for it."""
    from deciders.values.run_error import RunError
    from deciders.values.run_state import RunState

    head, whole, cause = str(row.state), "", ""
    if row.has_succeeded:
        head, whole = str(row.light or ""), row.first_note if row.light is not None and row.light.wants_a_note else ""
    elif row.was_skipped:
        whole = row.first_note
    elif row.state == RunState.FAILED:
        error = RunError.parse((row.error or "failed").splitlines()[0])
        head, whole, cause = str(row.light or ""), error.short, error.short_cause  # runs.show has what came of it
    if not whole:
        return head, None
    shown = WHERE_TO_LOOK.sub("", cause or whole)
    if len(shown) <= _LONGEST_ERROR:
        return f"{head}: {shown}", None
    return f"{head}: {shown[: _LONGEST_ERROR - 3]}...", f"{head}: {whole}"


def outlook(status: Status) -> Iterator[str]:
    """Yield the lines at the end: warnings, what is due, and which dates lack."""
    from deciders.values.reason import ReasonKind

    plan = status.plan
    if plan is None:
        return
    if status.specification.sensor is None:
        yield nothing_by_itself(status.specification)
        return
    yield from (f"warning: {warning}" for warning in plan.warnings)
    if before := sum(one.reason.kind == ReasonKind.SUCCEEDED_IN_AUTOFLOW for one in plan.not_due):
        yield f"{counted(before, 'run')} succeeded in AutoFlow"
    if plan.due:
        yield f"{counted(len(plan.due), 'run')} due (plan --why says why)"
    if gaps := status.gaps:
        named = gaps[:_MOST_MISSING]
        shown = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in named)
        more = f" and {len(gaps) - _MOST_MISSING} more gaps" if len(gaps) > _MOST_MISSING else ""
        yield f"no data between the first and the last date for {shown}{more}"
