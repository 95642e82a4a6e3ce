"""Runs in a list, and one run with its labels and attempts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from ... import payload
from ...inspection.tables import Table, formatted
from ..looking.run_details import LabelView, RunDetails
from ..records.run_rows import RunRow, told_apart


def list_table(rows: Sequence[RunRow], *, is_for_programs: bool) -> Table:
    """Return a table with a row for each run; for programs always with the same columns."""
    stencils = [row.stencil for row in rows]
    if not is_for_programs:
        stencils = told_apart([(row.workflow, row.reference_date, row.set) for row in rows], stencils)
    head = ["Run", "Parameters", *(["Date stencil"] if stencils or is_for_programs else [])]
    table = Table([*head, "State", "Light", "Attempt", "Started (UTC)", "Seconds", "Why", "Note"])
    for number, row in enumerate(rows):
        start = [row.title, row.set, *stencils[number : number + 1], row.state, row.light or "", row.attempt]
        table.rows.append([*start, _shown(row.started), row.seconds, row.reason, row.first_note or None])
    return table


def details_lines(details: RunDetails) -> Iterator[str]:
    """Yield one run for people: its facts, its labels, its notes and its attempts."""
    run = details.run
    error = run.run_error
    known = {name: value for name, value in _facts(run).items() if value not in (None, "")}
    yield formatted(Table(list(known), [list(known.values())]), "human")
    for line in error.lines if error is not None else ():
        yield f"  {line}"
    if details.labels:
        labels = Table(["label", "state", "executed notebook or report"])
        labels.rows += [[one.name, one.state, _shown_path(one)] for one in details.labels]
        yield "\n" + formatted(labels, with_header=True)
    if run.notes:
        yield ""
    for name, notes in run.notes.items():
        for note in notes:
            yield f"{name}: {note}"
    if len(details.attempts) > 1:
        yield "\n" + formatted(_attempts_table(details.attempts), with_header=True)


def _facts(run: RunRow) -> dict[str, object]:
    from deciders.dates.missing_dates import shown_periods

    return {
        "run": run.title,
        "state": f"{run.state} ({run.light})" if run.light else run.state,
        "attempt": run.attempt,
        "why": run.reason,
        "started": _with_zone(run.started),
        "ended": _with_zone(run.ended),
        "parameters": payload.encode(run.parameters),
        "missing dates": ", ".join(shown_periods(map(date.fromisoformat, run.missing_dates or ()))),
        "workflow id": run.workflow_id,
        "run id": run.run_id,
        "error": run.run_error.head if run.run_error is not None else None,
    }


def _attempts_table(attempts: Sequence[RunRow]) -> Table:
    table = Table(["attempt", "state", "started (UTC)", "why", "error"])
    for one in attempts:
        head = one.run_error.head if one.run_error is not None else ""
        table.rows.append([one.attempt, one.state, _shown(one.started), one.reason, head])
    return table


def _shown_path(one: LabelView) -> str | None:
    return one.path if one.is_there else f"{one.path} (no longer there)"


def _with_zone(moment: datetime | None) -> str | None:
    return f"{_shown(moment)} UTC" if moment is not None else None


def _shown(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment is not None else None
