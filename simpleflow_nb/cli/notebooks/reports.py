"""``reports.make``: the reports of runs made anew, without running a notebook."""

from __future__ import annotations

import dataclasses
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.owners import check_names
from ...application.run_rows import RunRow, counted, found_row, interruption, run_rows
from ...application.run_states import shown_seconds
from ...application.services import Place
from ...exceptions import DefinitionError, ExitCode, SimpleflowError
from ...processes.worker import usable_cores
from ..file_words import file_and_words
from ..options import Day, outputs_option
from ..progress import say
from .definition import read_specification
from .notebook_run import checked_outputs
from .older_runs import ended_run
from .run_place import opened_run_place, run_place_options

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.runs.reports_of_runs import EndedRun, Remade, Report

_MOST_NAMED = 10  #: runs in a sentence


class ReportsFailed(SimpleflowError):
    """At least one report could not be made; the others were."""


class _Stopped(Exception):
    """The user wants no more reports."""


@click.command("reports.make")
@file_and_words("[RUN]")
@click.option("--from", "first", type=Day(), metavar="DATE", help="Of the runs from this reference date on.")
@click.option("--to", "last", type=Day(), metavar="DATE", help="Of the runs to this reference date.")
@click.option("--label", metavar="LABEL", help="Only the reports of this notebook.")
@click.option(
    "--remake",
    type=click.Choice(["missing", "changed", "all"]),
    default="all",
    show_default=True,
    help="Reports that are not there; those, and what would come out otherwise now; all of them.",
)
@click.option("--nb-workers", type=click.IntRange(min=1), help="Reports that are made at once. [default: number of cores]")
@outputs_option
@run_place_options
@click.pass_context
def reports_make(
    ctx: click.Context,
    file: Path | None,
    run: str | None,
    first: datetime | None,
    last: datetime | None,
    label: str | None,
    remake: str,
    nb_workers: int | None,
    outputs: Path | None,
    **place: Any,
) -> None:
    """Make the reports of RUN (NAME/DATE or a workflow id), of the runs of a period or of all runs anew. No notebook is run.

    They are made of the executed notebooks that are kept, with the output, templates and fonts that FILE.yml names now, by this
    process, wherever the runs are kept; --domain says where to look for runs that are going on, which are left alone. The
    records say afterwards what came of it. Exit code 1: a report could not be made; 2: there is nothing that fits.
    """
    if run is not None and (first or last):
        raise DefinitionError("RUN and --from or --to exclude each other; give one")
    if first and last and first > last:
        raise DefinitionError(f"--from {first.date()} is after --to {last.date()}")
    specification = read_specification(file)
    _check_label(specification, label)
    folder = checked_outputs(outputs, specification)
    check_names(specification, folder)
    with opened_run_place(folder, **place) as there:
        rows = run_rows(specification, folder, there)
        if run is not None:
            chosen = [_one_run(rows, run, there)]
        else:
            chosen = _runs_of(rows, first.date() if first else None, last.date() if last else None, specification)
    todo = _todo(specification, chosen, folder, label, remake)
    if todo.cleaned:
        gone = _named(todo.cleaned, "its executed notebooks are", "their executed notebooks are")
        sentence = f"{gone} gone, so that no report can be made; backfill --rerun all or workflow.start runs them again"
        if not todo.jobs and not todo.standing:
            raise DefinitionError(sentence)
        say(sentence)
    if running := [row.title for row in chosen if row.is_running]:
        say(f"{_named(running, 'it is', 'they are')} running, and left alone: a run makes its reports itself")
    if not todo.jobs and not todo.standing:
        of_label = f" of notebook {label!r}" if label is not None else ""
        which = chosen[0].title if len(chosen) == 1 else f"these {len(chosen)} runs"
        if not any(end.ended_well for row in chosen for end in row.labels.values()):
            raise DefinitionError(f"there is no report{of_label} to make: no notebook of {which} has succeeded so far")
        raise DefinitionError(f"there is no report{of_label} to make: no notebook of {which} that succeeded has an 'output'")
    if not todo.jobs:
        how = "is missing" if remake == "missing" else "would come out differently; use --remake all to make them anyway"
        click.echo(f"no report {how} ({todo.standing} checked)")
        ctx.exit(ExitCode.DONE)
    _carry_out(specification, folder, todo, nb_workers or usable_cores())


def _check_label(specification: Specification, label: str | None) -> None:
    if label is None:
        return
    notebooks = [notebook for workflow in specification.workflows for notebook in workflow.notebooks]
    fitting = [notebook for notebook in notebooks if notebook.label == label]
    if not fitting:
        from deciders.problems import did_you_mean

        known = list(dict.fromkeys(notebook.label for notebook in notebooks))
        raise DefinitionError(f"{specification.path.name} has no notebook {label!r}{did_you_mean(label, known)}")
    if not any(notebook.output for notebook in fitting):
        raise DefinitionError(f"notebook {label!r} of {specification.path.name} has no 'output', so there is no report of it")


def _one_run(rows: list[RunRow], run: str, there: Place) -> RunRow:
    row = found_row(rows, run)
    if interrupted := interruption([row], there):
        raise DefinitionError(f"{row.title}: {interrupted}")
    if row.is_running:
        raise DefinitionError(f"{row.title} is running; it makes its reports itself; they can be made anew once it has ended")
    return row


def _runs_of(rows: list[RunRow], first: date | None, last: date | None, specification: Specification) -> list[RunRow]:
    begin, end = first.isoformat() if first else "", last.isoformat() if last else "9999-12-31"
    is_period = first is not None or last is not None
    chosen = [row for row in rows if not is_period or (row.reference_date and begin <= row.reference_date <= end)]
    if not chosen:
        period = (f" from {first}" if first else "") + (f" to {last}" if last else "")
        raise DefinitionError(f"there is no run of {specification.path.name}{period}; runs.list shows which there are")
    return chosen


@dataclass
class _Todo:
    jobs: list[tuple[EndedRun, list[Report]]] = field(default_factory=list)
    standing: int = 0  #: reports that need not be made
    cleaned: list[str] = field(default_factory=list)  #: the runs of whose notebooks nothing is left, by their titles


def _todo(specification: Specification, rows: list[RunRow], outputs: Path, label: str | None, remake: str) -> _Todo:
    from deciders.runs.entries import Entries, entry_like
    from workers.artefacts import Artefacts
    from workers.runs.latest_links import link_names
    from workers.runs.reports_of_runs import expected_reports, is_cleaned, is_missing, would_differ

    artefacts, entries, found = Artefacts(outputs), Entries(specification), _Todo()
    for row in rows:
        if row.is_running:
            continue
        run = ended_run(specification, row)
        expected = list(expected_reports(run, label))
        wanted = [
            report
            for report in expected
            if remake == "all"
            or is_missing(run, report, artefacts)
            or (remake == "changed" and would_differ(run, report, specification.inputs_dir, artefacts))
        ]
        found.standing += len(expected) - len(wanted)
        if wanted and is_cleaned(run, artefacts):
            found.cleaned.append(run.title)
        elif wanted:
            entry = row.entry_of(entries) or entry_like(row.workflow, row.parameters, row.date_stencil)
            links = link_names(specification, entry, has_date=row.reference_date is not None)
            found.jobs.append((dataclasses.replace(run, latest_links=links), wanted))
    return found


def _carry_out(specification: Specification, outputs: Path, todo: _Todo, slots: int) -> None:
    """
    Raises:
        ReportsFailed: at least one report could not be made.
        RecordsError: the run records cannot be used.
    """
    from workers.records.run_records import RunRecords
    from workers.reports import end_idle_children
    from workers.runs.reports_of_runs import remake_reports
    from workers.secrets import masked

    stopped, began = threading.Event(), time.monotonic()

    def on_wait() -> None:
        if stopped.is_set():
            raise _Stopped

    made = orange = 0
    failed: list[str] = []
    pool = ThreadPoolExecutor(slots, thread_name_prefix="report")
    try:
        with RunRecords.open(outputs) as records:
            jobs = [
                pool.submit(remake_reports, run, reports, specification.inputs_dir, outputs, records, on_wait=on_wait)
                for run, reports in todo.jobs
            ]
            try:
                for job in jobs:
                    done: Remade = job.result()
                    for name, report in done.made.items():
                        click.echo(masked(report["path"]))
                        for warning in report["warnings"]:
                            click.echo(masked(f"warning: {done.run.title}  {name}: {warning}"), err=True)
                    made += len(done.made)
                    orange += sum(bool(report["warnings"]) for report in done.made.values())
                    failed += [f"{done.run.title}  {name}: {cause}" for name, cause in done.failed.items()]
                    if done.was_started_again:
                        say(f"{done.run.title} was started again meanwhile; its reports are left to the new run")
            finally:
                stopped.set()
                pool.shutdown(cancel_futures=True)
    except KeyboardInterrupt:
        say(f"stopped; {counted(made, 'report')} made")
        raise
    finally:
        end_idle_children()
    text = f"{counted(made, 'report')} made in {shown_seconds(time.monotonic() - began)}"
    text += f", {orange} with warnings" if orange else ""
    click.echo(text + (f"; {todo.standing} left as they are" if todo.standing else ""))
    if failed:
        raise ReportsFailed(masked("\n  ".join([f"{counted(len(failed), 'report')} could not be made:", *failed])))


def _named(titles: list[str], one: str, several: str) -> str:
    """``a, b and 3 more: they are``."""
    more = f" and {len(titles) - _MOST_NAMED} more" if len(titles) > _MOST_NAMED else ""
    return f"{', '.join(titles[:_MOST_NAMED])}{more}: {one if len(titles) == 1 else several}"
