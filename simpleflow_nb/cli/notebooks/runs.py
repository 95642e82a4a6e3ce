"""``runs.list``, ``runs.show``, ``runs.logs``: the runs of a workflow file, and what they left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ... import payload
from ...application.open_labels import with_open_labels
from ...application.run_rows import NEXT_CAUSE, RunRow, found_row, interruption, run_rows, told_apart
from ...application.workflow_files import outputs_folder
from ...exceptions import DefinitionError, PayloadError
from ...inspection.tables import Table, formatted
from ..file_words import file_and_words
from ..options import Day, outputs_option
from ..printing import show, wants_table
from ..unused_options import refuse_options
from .definition import read_specification
from .run_place import opened_run_place, run_place_options

if TYPE_CHECKING:
    from deciders.specification import Specification
    from deciders.values.label_state import LabelState


class _States(click.Choice[str]):
    """The states of runs; our application's, so that they are looked up when they are asked for."""

    def __init__(self) -> None:
        super().__init__(())

    @property
    def choices(self) -> tuple[str, ...]:
        from deciders.values.run_state import RunState

        return tuple(str(state) for state in RunState)

    @choices.setter
    def choices(self, _: object) -> None:
        pass


@click.command("runs.list")
@file_and_words("[NAME]")
@click.option("--state", type=_States(), help="Only those.")
@click.option("--from", "first", type=Day(), metavar="DATE", help="The first reference date.")
@click.option("--to", "last", type=Day(), metavar="DATE", help="The last reference date.")
@click.option("--all", "every_run", is_flag=True, help="Every run, not the latest of each date alone.")
@outputs_option
@run_place_options
@click.pass_context
def runs_list(
    ctx: click.Context,
    file: Path | None,
    name: str | None,
    state: str | None,
    first: datetime | None,
    last: datetime | None,
    every_run: bool,
    outputs: Path | None,
    **place: Any,
) -> None:
    """List the runs of FILE.yml, of all workflows or of NAME: state, attempt, times, why they ran, and notes."""
    specification = read_specification(file)
    from deciders.values.run_state import RunState

    folder = outputs_folder(outputs, specification.path)
    if name is not None and name not in (known := [workflow.name for workflow in specification.workflows]):
        from deciders.problems import did_you_mean

        raise DefinitionError(f"{specification.path.name} has no workflow {name!r}{did_you_mean(name, known)}")
    with opened_run_place(folder, **place) as there:
        rows = run_rows(specification, folder, there, every_run=every_run)
        interrupted = interruption(rows, there)
    begin, end = first.date().isoformat() if first else "", last.date().isoformat() if last else "9999-12-31"
    is_period = first is not None or last is not None
    rows = [
        row
        for row in rows
        if name in (None, row.workflow)
        and state in (None, row.state)
        and (not is_period or (row.reference_date is not None and begin <= row.reference_date <= end))
    ]
    stencils = [row.stencil for row in rows]
    if not wants_table(ctx):  # for programs always, so that the columns are the same
        stencils = told_apart([(row.workflow, row.reference_date, row.set) for row in rows], stencils)
    head = ["Run", "Parameters", *(["Date stencil"] if stencils or wants_table(ctx) else [])]
    table = Table([*head, "State", "Light", "Attempt", "Started (UTC)", "Seconds", "Why", "Note"])
    for number, row in enumerate(rows):
        cells = [
            row.state,
            row.light or "",
            row.attempt,
            _shown(row.started),
            _seconds(row),
            row.reason,
            row.first_note or None,
        ]
        table.rows.append([row.title, row.set, *stencils[number : number + 1], *cells])
    if not table.rows:
        click.echo("no such runs", err=True)
    show(ctx, table)
    if interrupted and state in (None, RunState.RUNNING):
        click.echo(f"simpleflow-nb: {interrupted}", err=True)


@click.command("runs.show")
@file_and_words("RUN")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@outputs_option
@run_place_options
@click.pass_context
def runs_show(ctx: click.Context, file: Path | None, run: str, as_json: bool, outputs: Path | None, **place: Any) -> None:
    """Show one run (NAME/DATE or a workflow id): its parameters, its labels, what they left, and its earlier attempts."""
    if ctx.parent is not None:
        if as_json:
            refuse_options(ctx.parent, "with --json", ("style", "header"))
        everything = dict.fromkeys(("style", "header"), "--json has everything")
        refuse_options(ctx.parent, "for runs.show, which prints several tables", everything)
    specification = read_specification(file)
    from deciders.dates.missing_dates import shown_periods

    folder = outputs_folder(outputs, specification.path)
    with opened_run_place(folder, **place) as there:
        row = found_row(run_rows(specification, folder, there), run)
        every = run_rows(specification, folder, there, every_run=True)
        if row.is_running:
            try:
                row = with_open_labels(row, there)
            except PayloadError as error:
                click.echo(f"simpleflow-nb: what its notebooks do is not to be seen here: {error}", err=True)
        interrupted = interruption([row], there)
    attempts = [one for one in every if (one.workflow, one.identity) == (row.workflow, row.identity)]
    if as_json:
        click.echo(payload.encode({"run": _as_json(row), "attempts": [_as_json(one) for one in attempts]}))
        return
    facts = {
        "run": row.title,
        "state": f"{row.state} ({row.light})" if row.light else row.state,
        "attempt": row.attempt,
        "why": row.reason,
        "started": _with_zone(row.started),
        "ended": _with_zone(row.ended),
        "parameters": payload.encode(row.parameters),
        "missing dates": ", ".join(shown_periods(map(date.fromisoformat, row.missing_dates or ()))),
        "workflow id": row.workflow_id,
        "run id": row.run_id,
    }
    head, causes = _head_and_causes(row.error or "")
    facts["error"] = head
    known = {name: value for name, value in facts.items() if value not in (None, "")}
    click.echo(formatted(Table(list(known), [list(known.values())]), "human"))
    for cause in causes:
        click.echo(f"  {cause}")
    labels = Table(["label", "state", "executed notebook or report"])
    for label, what in _in_order(specification, row).items():
        labels.rows.append([label, what, _shown_path(row.artefacts.get(label)) or _half_run(folder, row, label, what)])
    if labels.rows:
        click.echo("\n" + formatted(labels, with_header=True))
    if row.notes:
        click.echo("")
    for name, notes in row.notes.items():
        for note in notes:
            click.echo(f"{name}: {note}")
    if len(attempts) > 1:
        table = Table(["attempt", "state", "started (UTC)", "why", "error"])
        for one in attempts:
            head, _ = _head_and_causes(one.error or "")
            table.rows.append([one.attempt, one.state, _shown(one.started), one.reason, head])
        click.echo("\n" + formatted(table, with_header=True))
    if interrupted:
        click.echo(f"simpleflow-nb: {interrupted}", err=True)


@click.command("runs.logs")
@file_and_words("RUN", "[LABEL]")
@click.option("--grep", "pattern", help="Only lines that this regular expression matches somewhere.")
@click.option("--attempt", type=click.IntRange(min=1), help="Of an earlier attempt at the label. [default: the latest]")
@outputs_option
@run_place_options
def runs_logs(
    file: Path | None, run: str, label: str | None, pattern: str | None, attempt: int | None, outputs: Path | None, **place: Any
) -> None:
    """Print what the notebooks of RUN printed, or that of LABEL; with several, each line behind its label."""
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    try:
        wanted = re.compile(pattern) if pattern is not None else None
    except re.error as error:
        raise DefinitionError(f"--grep {pattern!r} is not a regular expression: {error}") from None
    with opened_run_place(folder, **place) as there:
        row = found_row(run_rows(specification, folder, there), run)
    labels = [notebook.label for notebook in specification.workflow(row.workflow).notebooks]
    if label is not None and label not in labels:
        from deciders.problems import did_you_mean

        raise DefinitionError(f"{row.workflow} has no notebook {label!r}{did_you_mean(label, labels)}")
    found = False
    for one in [label] if label is not None else labels:
        prefix = "" if label is not None else f"{one}: "
        for line in _lines(folder, row, one, attempt):
            found = True
            if wanted is None or wanted.search(line):
                click.echo(prefix + line)
    if not found:
        click.echo(f"{row.title}{f' {label}' if label else ''} has printed nothing (or its files were cleaned away)", err=True)


def _in_order(specification: Specification, row: RunRow) -> dict[str, LabelState]:
    """What became of each label of a run and of its reports, as they come in the workflow file; what it lacks now is last."""
    from deciders.values.artefact_key import ArtefactKey
    from deciders.values.label_state import LabelState

    ends = {name: LabelState.SUCCEEDED for name in row.artefacts if ArtefactKey.parse(name).is_report} | row.labels
    notebooks = specification.workflow(row.workflow).notebooks
    places = [notebook.label for notebook in notebooks]
    places += [str(ArtefactKey(notebook.label, output.format)) for notebook in notebooks for output in notebook.output]
    known = {name: ends[name] for name in places if name in ends}
    gone = {name: end for name, end in ends.items() if name not in known}
    return {
        name: end
        for which in (False, True)
        for name, end in (known | gone).items()
        if ArtefactKey.parse(name).is_report == which
    }


def _with_zone(moment: datetime | None) -> str | None:
    return f"{_shown(moment)} UTC" if moment is not None else None


def _head_and_causes(error: str) -> tuple[str, list[str]]:
    """Which labels failed, and a cause each; an error of another kind is its own head, to the end of its line."""
    head, failed, rest = error.partition(" failed: ")
    if not failed:
        return error.partition("\n")[0], []
    return head + " failed", NEXT_CAUSE.split(rest)


def _shown_path(path: str | None) -> str | None:
    return path if path is None or "://" in path or Path(path).exists() else f"{path} (no longer there)"


def _half_run(outputs: Path, row: RunRow, label: str, state: LabelState) -> str | None:
    """The notebook of a label that failed or was skipped, if it is still there."""
    from deciders.values.label_state import LabelState
    from workers.artefacts import Artefacts, read_record

    if state not in (LabelState.FAILED, LabelState.SKIPPED) or not row.instance:
        return None
    path = Artefacts(outputs).notebook(row.workflow, row.instance, label)
    ended = read_record(path.with_name("run.json")).get("status")
    return str(path) if path.exists() and ended == state else None


def _lines(outputs: Path, row: RunRow, label: str, attempt: int | None) -> Iterator[str]:
    from workers.artefacts import Artefacts

    artefacts, instance = Artefacts(outputs), row.instance or ""
    place = artefacts.notebook_folder(row.workflow, instance, label)
    if attempt is not None:
        kept = artefacts.attempt_folder(row.workflow, instance, label, attempt)
        place = kept if kept.is_dir() else place
        if not kept.is_dir() and attempt != artefacts.attempts(row.workflow, instance, label):
            kept_ones = artefacts.kept_attempts(row.workflow, instance, label)
            gone = f" any more; the oldest that is kept is {kept_ones[0]}" if kept_ones and 0 < attempt < kept_ones[0] else ""
            raise DefinitionError(f"{row.title} has no attempt {attempt} of {label}{gone}")
    try:
        with open(place / "output.txt", encoding="utf-8", errors="replace") as file:
            yield from (line.rstrip("\n") for line in file)
    except FileNotFoundError:
        return


def _shown(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment is not None else None


def _seconds(row: RunRow) -> float | None:
    return (row.ended - row.started).total_seconds() if row.started and row.ended else None


def _as_json(row: RunRow) -> dict[str, Any]:
    return {
        "run": row.title,
        "workflow": row.workflow,
        "reference_date": row.reference_date,
        "identity": row.identity,
        "parameters": row.parameters,
        "missing_dates": row.missing_dates,
        "state": row.state,
        "light": row.light or "",
        "attempt": row.attempt,
        "started": row.started.isoformat() if row.started else None,
        "ended": row.ended.isoformat() if row.ended else None,
        "reason": row.reason,
        "error": row.error,
        "labels": row.labels,
        "artefacts": row.artefacts,
        "notes": row.notes,
        "workflow_id": row.workflow_id,
        "run_id": row.run_id,
    }
