"""``status``: dates by workflow and parameters, with what came of each and why there is nothing."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.run_rows import NEXT_CAUSE, RunRow, counted, interruption, run_rows, shown_settings
from ...application.workflow_files import outputs_folder
from ...exceptions import ExitCode, SimpleflowError
from ...inspection.tables import Table, formatted
from ..file_words import file_and_words
from ..options import outputs_option
from ..printing import show, wants_table
from .definition import CurrentPlan, current_plan, nothing_by_itself, read_specification
from .older_runs import lacking_reports, left_behind, older_files
from .run_place import opened_run_place, run_place_options

if TYPE_CHECKING:
    from deciders.parameter_set import ParameterSet
    from deciders.runs.due_runs import DueRuns
    from deciders.specification import Specification

_LONGEST_ERROR = 72  #: characters of it in the table of runs; what is longer stands whole behind it
_MOST_WHOLE = 20  #: of these
_WHERE_TO_LOOK = re.compile(r" \(see [^()]*\)(?=;|$)")
_MOST_MISSING = 10  #: dates or ranges that are named


@click.command("status")
@file_and_words()
@click.option("--json", "as_json", is_flag=True, help="One object for each run, each due date, and each day without data.")
@outputs_option
@run_place_options
@click.pass_context
def status(ctx: click.Context, file: Path | None, as_json: bool, outputs: Path | None, **place: Any) -> None:
    """Show the last state of every run: dates by workflow and parameters, with their lights; what is due; which dates lack."""
    as_table = wants_table(ctx, as_json=as_json)
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    trouble, current = "", None
    with opened_run_place(folder, **place) as there:
        rows = run_rows(specification, folder, there)
        try:
            current = current_plan(specification, folder, there)
        except SimpleflowError as error:
            if error.exit_code is not ExitCode.WRONG:
                raise
            trouble = str(error)  # of the source: what has run can be shown all the same
        interrupted = interruption(rows, there)
    planned = current.due_runs if current is not None else None
    missing = missing_dates(_available(planned)) if planned is not None else []
    lacking = lacking_reports(specification, rows, folder)
    if as_json:
        click.echo(json.dumps(_as_json(specification, rows, current, missing, lacking), indent=2, ensure_ascii=False))
    elif as_table:
        show(ctx, _Grid(specification, rows, planned, lacking).table(has_dateless=True))
    elif not rows:
        click.echo(f"nothing has run yet with outputs in {folder}")
    else:
        grid = _Grid(specification, rows, planned, lacking)
        tables = [table for table in (grid.table(), grid.dateless_table()) if table.rows]
        click.echo("\n\n".join(formatted(table, with_header=True) for table in tables))
        _show_whole(grid.cut, rows)
        succeeded = sum(row.has_succeeded for row in rows)
        skipped = sum(row.was_skipped for row in rows)
        click.echo(f"{succeeded} of {counted(len(rows), 'run')} succeeded{f', {skipped} skipped' if skipped else ''}")
        for line in left_behind(specification, rows, current, lacking):
            click.echo(line)
        if interrupted:
            click.echo(interrupted)
    if trouble:
        click.echo(f"simpleflow-nb: what is due is not known: {trouble}", err=True)
    if planned is not None and not as_json and not as_table:
        for line in _outlook(planned, missing) if specification.sensor is not None else [nothing_by_itself(specification)]:
            click.echo(line)
    ctx.exit(ExitCode.DONE)


class _Grid:
    """What has run, and what is due or waits beside it; dates with nothing but reasons are for ``plan --why``. Runs without a
    date have a table of their own.

    A column for each parameter set: those of the sensor's entries as they are now first, and behind them those that no entry
    has any more, or that somebody has started a run with.
    """

    def __init__(
        self, specification: Specification, rows: list[RunRow], planned: DueRuns | None, lacking: dict[str, list[str]]
    ) -> None:
        from deciders.runs.entries import Entries, set_of_entry

        self._entries = Entries(specification)
        self._cells: dict[tuple[str, ParameterSet], str] = {}
        self._has_entry: dict[ParameterSet, bool] = {}
        self._dateless: list[tuple[RunRow, str]] = []
        self.cut: list[tuple[RunRow, str]] = []  #: runs with a sentence that their cell had no room for
        for row in rows:
            text = self._cell(row)
            if row.run_id in lacking:
                text += f" (without {', '.join(lacking[row.run_id])})"
            if row.reference_date is None:
                self._dateless.append((row, text))
            place = (row.reference_date or "", self._column_of(row))
            self._cells[place] = f"{self._cells[place]} / {text}" if place in self._cells else text
        for run in planned.due if planned is not None else ():
            column = set_of_entry(run.entry)
            self._has_entry[column] = True
            self._cells.setdefault((run.day.isoformat(), column), "due")

    def table(self, *, has_dateless: bool = False) -> Table:
        """Dates by parameter sets; ``has_dateless``: and a row without a date, if there is such a run."""
        cells = {place: text for place, text in self._cells.items() if place[0] or has_dateless}
        columns = sorted(dict.fromkeys(column for _, column in cells), key=self._entries.place_of)
        stencils = Counter(column[:2] for column in columns)
        table = Table(["date", *(self._head(column, stencils[column[:2]] > 1) for column in columns)])
        for day in sorted({day for day, _ in cells}):
            table.rows.append([day, *(cells.get((day, column), "") for column in columns)])
        return table

    def dateless_table(self) -> Table:
        """The runs without a date, a row each."""
        has_parameters = any(row.set for row, _ in self._dateless)
        table = Table(["run without a date", *(["parameters"] if has_parameters else []), "state", "ended (UTC)"])
        for row, text in self._dateless:
            ended = row.ended.strftime("%Y-%m-%d %H:%M") if row.ended is not None else None
            table.rows.append([row.title, *([row.set] if has_parameters else []), text, ended])
        return table

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

    def _head(self, column: ParameterSet, has_twins: bool) -> str:
        stencil = f"date_stencil={column.stencil}" if has_twins and column.stencil is not None else ""
        told = ", ".join(part for part in (column.parameters, stencil) if part)
        return (
            column.workflow + (f" [{told}]" if told else "") + ("" if self._has_entry[column] else " (no entry has these now)")
        )

    def _cell(self, row: RunRow) -> str:
        from deciders.values.run_state import RunState

        head, reason = str(row.state), ""
        if row.has_succeeded:
            head, reason = str(row.light or ""), row.first_note if row.light is not None and row.light.wants_a_note else ""
        elif row.was_skipped:
            reason = row.first_note
        elif row.state == RunState.FAILED:
            head, reason = str(row.light or ""), plain_error((row.error or "failed").splitlines()[0])
        if not reason:
            return head
        shown = _WHERE_TO_LOOK.sub("", reason).partition("; not run: ")[0]  # the cause; runs.show has what came of it
        if len(shown) <= _LONGEST_ERROR:
            return f"{head}: {shown}"
        self.cut.append((row, f"{head}: {reason}"))
        return f"{head}: {shown[: _LONGEST_ERROR - 3]}..."


def plain_error(error: str) -> str:
    """The error of a run without the label said twice: ``report failed: notebook 'report' failed in cell 2``."""
    head, failed, rest = error.partition(" failed: ")
    causes = NEXT_CAUSE.split(rest) if failed else []
    plain = []
    for label, cause in zip(head.split(", "), causes, strict=False):
        said = f"notebook {label!r} "
        if not cause.startswith(said):
            return error
        plain.append(f"{label} {cause.removeprefix(said)}")
    return "; ".join([*plain, *causes[len(plain) :]]) if plain else error


def _show_whole(cut: list[tuple[RunRow, str]], rows: list[RunRow]) -> None:
    from deciders.runs.run_reference import reference_of

    if cut:
        click.echo("in full:")
    for row, sentence in cut[:_MOST_WHOLE]:
        click.echo(f"  {shlex.quote(reference_of(row, rows))}  {sentence}")
    if len(cut) > _MOST_WHOLE:
        click.echo(f"  and {len(cut) - _MOST_WHOLE} more; runs.show has each")


def _outlook(planned: DueRuns, missing: list[tuple[date, date]]) -> list[str]:
    from deciders.values.reason import ReasonKind

    lines = [f"warning: {warning}" for warning in planned.warnings]
    if before := sum(one.reason.kind == ReasonKind.SUCCEEDED_IN_AUTOFLOW for one in planned.not_due):
        lines.append(f"{counted(before, 'run')} succeeded in AutoFlow")
    if planned.due:
        lines.append(f"{counted(len(planned.due), 'run')} due (plan --why says why)")
    if missing:
        shown = ", ".join(
            first.isoformat() if first == last else f"{first} to {last}" for first, last in missing[:_MOST_MISSING]
        )
        more = f" and {len(missing) - _MOST_MISSING} more gaps" if len(missing) > _MOST_MISSING else ""
        lines.append(f"no data between the first and the last date for {shown}{more}")
    return lines


def _available(planned: DueRuns) -> set[date]:
    return {run.day for run in planned.due} | {one.reference_date for one in planned.not_due if one.is_available}


def missing_dates(available: Iterable[date]) -> list[tuple[date, date]]:
    """The gaps between the first and the last of the dates, each as its first and last day, ascending."""
    days = sorted(set(available))
    one = timedelta(days=1)
    return [(before + one, after - one) for before, after in pairwise(days) if after - before > one]


def _as_json(
    specification: Specification,
    rows: list[RunRow],
    current: CurrentPlan | None,
    missing: list[tuple[date, date]],
    lacking: dict[str, list[str]],
) -> list[dict[str, Any]]:
    """An object for each run, for each date that is due and has not run, and for each day between dates without data."""
    from deciders.runs.entries import Entries

    entries = Entries(specification)
    planned, changes = (current.due_runs, current.changes) if current is not None else (None, {})
    unknown_data = current.unknown_data if current is not None else ()
    due = {(run.workflow_name, run.identity): run for run in planned.due} if planned is not None else {}
    found: list[dict[str, Any]] = []
    for row in rows:
        again = due.pop((row.workflow, row.identity), None)
        found.append(
            {
                "workflow": row.workflow,
                "reference_date": row.reference_date,
                "set": row.set,
                "date_stencil": row.date_stencil,
                "missing_dates": row.missing_dates,
                "has_entry": row.entry_of(entries) is not None,
                "instance": row.instance,
                "state": row.state,
                "light": row.light or "",
                "started": row.started.isoformat() if row.started else None,
                "ended": row.ended.isoformat() if row.ended else None,
                "attempt": row.attempt,
                "reason": row.reason,
                "due": again.reason.text if again is not None else None,
                "error": row.error,
                "labels": row.labels,
                "notes": row.notes,
                "artefacts": row.artefacts,
                "older_notebooks": older_files(changes.get((row.workflow, row.identity))),
                "unknown_data": (row.workflow, row.identity) in unknown_data,
                "missing_reports": lacking.get(row.run_id, []),
            }
        )
    for run in due.values():
        found.append(
            {
                "workflow": run.workflow_name,
                "reference_date": run.iso_date,
                "set": shown_settings(run.configured_parameters),
                "date_stencil": run.entry.model_dump(mode="json")["date_stencil"],
                "has_entry": True,
                "instance": run.instance,
                "state": "due",
                "due": run.reason.text,
            }
        )
    for first, last in missing:
        days = (first + timedelta(number) for number in range((last - first).days + 1))
        found += [{"workflow": None, "reference_date": day.isoformat(), "state": "no data"} for day in days]
    return found
