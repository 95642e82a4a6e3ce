"""``status``: dates by workflow and parameters, with what came of each and why there is nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..exceptions import DefinitionError
from ..inspection.tables import Table, formatted
from .definition import CurrentPlan, current_plan, read_specification
from .file_words import file_and_words
from .main import DONE
from .older_runs import lacking_reports, left_behind, older_files
from .options import outputs_folder, outputs_option, show, wants_table
from .run_rows import RunRow, counted, interruption, run_rows, shown_settings
from .sensor_places import opened_run_place, run_place_options

if TYPE_CHECKING:
    from deciders.due_runs import DueRuns

_LONGEST_ERROR = 72  #: characters of it in the table of runs; --json has it whole
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
        except DefinitionError as error:  # the source: what has run can be shown all the same
            trouble = str(error)
        interrupted = interruption(rows, there)
    planned = current.due_runs if current is not None else None
    missing = missing_dates(_available(planned)) if planned is not None else []
    lacking = lacking_reports(specification, rows, folder)
    if as_json:
        click.echo(json.dumps(_as_json(rows, current, missing, lacking), indent=2, ensure_ascii=False, default=str))
    elif as_table:
        show(ctx, _grid(rows, planned, lacking))
    elif not rows:
        click.echo(f"nothing has run yet with outputs in {folder}")
    else:
        click.echo(formatted(_grid(rows, planned, lacking), with_header=True))
        succeeded = sum(row.state == "succeeded" for row in rows)
        skipped = sum(row.state == "skipped" for row in rows)
        click.echo(f"{succeeded} of {counted(len(rows), 'run')} succeeded{f', {skipped} skipped' if skipped else ''}")
        for line in left_behind(specification, rows, current, lacking):
            click.echo(line)
        if interrupted:
            click.echo(interrupted)
    if trouble:
        click.echo(f"simpleflow-nb: what is due is not known: {trouble}", err=True)
    if planned is not None and not as_json and not as_table:
        for line in _outlook(planned, missing):
            click.echo(line)
    ctx.exit(DONE)


def _grid(rows: list[RunRow], planned: DueRuns | None, lacking: dict[str, list[str]]) -> Table:
    """What has run, and what is due or waits beside it; dates with nothing but reasons are for ``plan --why``."""
    cells = {
        (row.reference_date or "", row.workflow, row.set): _cell(row) + (f" ({gone})" if gone else "")
        for row in rows
        for gone in ["without " + ", ".join(lacking[row.run_id]) if row.run_id in lacking else ""]
    }
    columns = list(dict.fromkeys((row.workflow, row.set) for row in rows))
    if planned is not None:
        for run in planned.due:
            settings = shown_settings(run.configured_parameters)
            place = (run.reference_date.isoformat(), run.workflow_name, settings)
            cells.setdefault(place, "due")
            columns += [place[1:]] if place[1:] not in columns else []
    dates = sorted({day for day, _, _ in cells})
    table = Table(["date", *(f"{name} [{settings}]" if settings else name for name, settings in columns)])
    for day in dates:
        table.rows.append([day, *(cells.get((day, *column), "") for column in columns)])
    return table


def _cell(row: RunRow) -> str:
    head, reason = row.state, ""
    if row.state == "succeeded":
        head, reason = row.light, row.first_note if row.light == "orange" else ""
    elif row.state == "skipped":
        reason = row.first_note
    elif row.state == "failed":
        head, reason = "red", (row.error or "failed").splitlines()[0]
    if not reason:
        return head
    return f"{head}: {reason if len(reason) <= _LONGEST_ERROR else reason[: _LONGEST_ERROR - 3] + '...'}"


def _outlook(planned: DueRuns, missing: list[tuple[date, date]]) -> list[str]:
    from deciders.reruns import SUCCEEDED_IN_AUTOFLOW

    lines = [f"warning: {warning}" for warning in planned.warnings]
    if before := sum(one.reason == SUCCEEDED_IN_AUTOFLOW for one in planned.not_due):
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
    return {run.reference_date for run in planned.due} | {one.reference_date for one in planned.not_due}


def missing_dates(available: Iterable[date]) -> list[tuple[date, date]]:
    """The gaps between the first and the last of the dates, each as its first and last day, ascending."""
    days = sorted(set(available))
    one = timedelta(days=1)
    return [(before + one, after - one) for before, after in pairwise(days) if after - before > one]


def _as_json(
    rows: list[RunRow], current: CurrentPlan | None, missing: list[tuple[date, date]], lacking: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """An object for each run, for each date that is due and has not run, and for each day between dates without data."""
    planned, changes = (current.due_runs, current.changes) if current is not None else (None, {})
    due = {(run.workflow_name, run.identity): run for run in planned.due} if planned is not None else {}
    found: list[dict[str, Any]] = []
    for row in rows:
        again = due.pop((row.workflow, row.identity), None)
        found.append(
            {
                "workflow": row.workflow,
                "reference_date": row.reference_date,
                "set": row.set,
                "instance": row.instance,
                "state": row.state,
                "light": row.light,
                "started": row.started,
                "ended": row.ended,
                "attempt": row.attempt,
                "reason": row.reason,
                "due": again.reason if again is not None else None,
                "error": row.error,
                "labels": row.labels,
                "notes": row.notes,
                "artefacts": row.artefacts,
                "older_notebooks": older_files(changes.get((row.workflow, row.identity))),
                "missing_reports": lacking.get(row.run_id, []),
            }
        )
    for run in due.values():
        found.append(
            {
                "workflow": run.workflow_name,
                "reference_date": run.reference_date.isoformat(),
                "set": shown_settings(run.configured_parameters),
                "instance": run.instance,
                "state": "due",
                "due": run.reason,
            }
        )
    for first, last in missing:
        days = (first + timedelta(number) for number in range((last - first).days + 1))
        found += [{"workflow": None, "reference_date": day.isoformat(), "state": "no data"} for day in days]
    return found
