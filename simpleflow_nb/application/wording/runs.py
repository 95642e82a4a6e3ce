"""Runs in a list, and one run with its labels and attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ... import payload
from ...inspection.tables import Table, formatted
from ..looking.run_details import LabelView, RunDetails
from ..records.item_rows import ItemRow
from ..records.run_rows import RunRow, told_apart

if TYPE_CHECKING:
    from deciders.values.label_state import LabelState

_MOST_ITEMS = 20  #: of those that failed or were skipped


def list_table(rows: Sequence[RunRow], *, is_for_programs: bool) -> Table:
    """Return a table with a row for each run; for programs always with the same columns."""
    stencils = [row.stencil for row in rows]
    if not is_for_programs:
        stencils = told_apart([(row.workflow, row.reference_date, row.set) for row in rows], stencils)
    head = ["Run", "Parameters", *(["Date stencil"] if stencils or is_for_programs else [])]
    names = [*head, "State", "Light", "Attempt", "Started (UTC)", "Seconds", "Why", "Note"]
    table = Table(names if is_for_programs else [name[0].lower() + name[1:] for name in names])
    for number, row in enumerate(rows):
        start = [row.title, row.set, *stencils[number : number + 1], row.state, row.light or "", row.attempt]
        table.rows.append([*start, _shown(row.started), row.seconds, row.reason, row.first_note or None])
    return table if is_for_programs else _without_empty_columns(table)


def _without_empty_columns(table: Table) -> Table:
    chosen = [number for number in range(len(table.header)) if any(row[number] not in (None, "") for row in table.rows)]
    return Table([table.header[number] for number in chosen], [[row[number] for number in chosen] for row in table.rows])


def details_lines(details: RunDetails) -> Iterator[str]:
    """Yield one run for people: its facts, its labels, items that failed or were skipped, its notes and its attempts."""
    run = details.run
    error = run.run_error
    known = {name: value for name, value in _facts(run).items() if value not in (None, "")}
    yield formatted(Table(list(known), [list(known.values())]), "human")
    for line in error.lines if error is not None else ():
        yield f"  {line}"
    if details.labels:
        labels = Table(["label", "state", "executed notebook or report"])
        labels.rows += [[one.name, one.state, _shown_place(one)] for one in details.labels]
        yield "\n" + formatted(labels, with_header=True)
    if told_why := [f"{one.item} {one.reason}" for one in details.explained_items]:
        yield ""
        yield from told_why
    troubled = details.troubled_items
    if troubled:
        yield ""
        yield from troubled_lines(troubled)
    told = {str(one.item) for one in troubled}
    notes = {name: notes for name, notes in run.notes.items() if name not in told}
    if notes:
        yield ""
    for name, texts in notes.items():
        for note in texts:
            yield f"{name}: {note}"
    if len(details.attempts) > 1:
        yield "\n" + formatted(_attempts_table(details.attempts), with_header=True)


def troubled_lines(items: Sequence[ItemRow]) -> Iterator[str]:
    """Yield why items failed or were skipped, a line for each of the first; the others are counted."""
    from deciders.values.run_error import LabelError

    for one in items[:_MOST_ITEMS]:
        cause = one.cause or "why is not on record"
        error = LabelError(one.label, cause)
        yield f"{one.item}{error.short.removeprefix(one.label)}" if error.is_named else f"{one.item} {one.state}: {cause}"
    if left := items[_MOST_ITEMS:]:
        yield f"and {items_text(Counter(one.state for one in left), 'more item')}"


def items_text(counts: Mapping[LabelState, int], one: str = "item") -> str:
    """Return ``31 items: 12 done, 1 failed, 4 running, 14 waiting``; ``no items`` where there are none."""
    from deciders.values.label_state import LabelState

    order = (
        *(LabelState.SUCCEEDED, LabelState.CACHED, LabelState.SKIPPED, LabelState.NOT_RUN),
        *(LabelState.FAILED, LabelState.TIMED_OUT, LabelState.CANCELLED, LabelState.RUNNING, LabelState.PENDING),
    )
    total = sum(counts.values())
    if not total:
        return f"no {one}s"
    parts = [f"{counts[state]:,} {state}" for state in order if counts.get(state)]
    return f"{total:,} {one}{'' if total == 1 else 's'}: {', '.join(parts)}"


def _facts(run: RunRow) -> dict[str, object]:
    from deciders.dates.missing_dates import shown_periods

    return {
        "run": run.title,
        "state": f"{run.state} ({run.light})" if run.light else run.state,
        "attempt": run.attempt,
        "why": run.reason,
        "started": shown_moment(run.started),
        "ended": shown_moment(run.ended),
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


def _shown_place(one: LabelView) -> str | None:
    from deciders.values.artefact_key import ArtefactKey

    path = one.path if one.is_there else f"{one.path} (no longer there)"
    if not one.is_fan:
        return path
    if one.length is None:
        return None  # it waits, or it ended before its items were known
    what = "report" if ArtefactKey.parse(one.name).is_report else "item"
    return items_text(one.counts, what) + (f"; in {path}" if path is not None else "")


def shown_moment(moment: datetime | None) -> str | None:
    """Return a time such as ``2024-01-31 06:00:00 UTC``; None for None."""
    return f"{_shown(moment)} UTC" if moment is not None else None


def _shown(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment is not None else None
