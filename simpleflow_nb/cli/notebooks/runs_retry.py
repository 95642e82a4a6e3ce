"""``runs.retry``: a run that a person asks for once more."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.run_rows import RunRow, counted, found_row, instance_history, interruption, run_rows
from ...exceptions import DefinitionError, ExitCode
from ..file_words import file_and_words
from ..options import adopt_option, outputs_option
from .definition import read_specification
from .notebook_run import checked_outputs
from .older_runs import lacking_reports, left_behind
from .run_place import opened_run_place, run_place_options
from .run_requests import carry_out, has_data_that_count, keeps_labels

if TYPE_CHECKING:
    from deciders.runs.reruns import RunHistory
    from deciders.specification import ConfiguredWorkflow, Specification


@click.command("runs.retry")
@file_and_words("RUN")
@click.option("--nb-workers", type=click.IntRange(min=1), help="Notebooks that run at once. [default: number of cores]")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@outputs_option
@adopt_option
@run_place_options
@click.pass_context
def runs_retry(
    ctx: click.Context,
    file: Path | None,
    run: str,
    nb_workers: int | None,
    quiet: bool,
    outputs: Path | None,
    adopt: bool,
    **place: Any,
) -> None:
    """Run again what failed or was skipped of RUN (NAME/DATE or a workflow id); notebooks that succeeded are kept.

    A running sensor of FILE.yml on this machine takes it over; else it is carried out here and waited for.
    """
    specification = read_specification(file)
    from deciders.values.label_state import LabelState

    folder = checked_outputs(outputs, specification)
    with opened_run_place(folder, **place) as there:
        row = found_row(run_rows(specification, folder, there, adopt=adopt), run)
        interrupted = interruption([row], there)
        counts = row.reference_date is not None and has_data_that_count(specification, row.workflow)
        history = instance_history(specification, folder, there, adopt=adopt) if counts else None
    if interrupted:
        raise DefinitionError(f"{row.title}: {interrupted}")
    if row.is_running:
        raise DefinitionError(f"{row.title} is running; it can be tried again once it has ended")
    if row.has_succeeded and not row.error and LabelState.SKIPPED not in row.labels.values():
        labels = counted(len(specification.workflow(row.workflow).notebooks), "notebook")
        click.echo(f"nothing to retry: {row.title} succeeded, with {labels}")
        for line in left_behind(specification, [row], None, lacking_reports(specification, [row], folder)):
            click.echo(line)
        ctx.exit(ExitCode.DONE)
    code = carry_out(
        ctx,
        specification,
        folder,
        [_retry_request(specification, row, history)],
        most_at_once=None,
        nb_workers=nb_workers,
        quiet=quiet,
        adopt=adopt,
        **place,
    )
    ctx.exit(code)


def _retry_request(specification: Specification, row: RunRow, history: RunHistory | None) -> dict[str, Any]:
    """For the very instance that ran, whatever the sensor's entries say now; ``history`` where changed data count for it.

    Raises:
        DefinitionError: what is on record of it comes to another instance: secrets in parameters are masked there.
        SourceError: it cannot be read whether its data have changed.
    """
    from deciders.runs.due_runs import run_for
    from deciders.runs.run_requests import RETRY, run_request
    from deciders.values.reason import Reason, ReasonKind

    entry = _entry_of(specification, row)
    if entry is None:
        raise DefinitionError(
            f"{row.title} cannot be tried again: what is on record of its parameters makes another run, as secrets are masked "
            "there, and no entry of the sensor names it now; start it again with workflow.start"
        )
    reference_date = _date_of(row)
    keeps = history is None or keeps_labels(specification, run_for(entry, reference_date), history)
    reason = Reason.of(ReasonKind.RETRIED, state=row.state)
    return run_request(entry, [reference_date], reason, keeps_labels=keeps, started_by=RETRY)


def _entry_of(specification: Specification, row: RunRow) -> ConfiguredWorkflow | None:
    """An entry whose run for the date of the row is that very instance: one of the sensor's, one with the stencil that is on
    record, or one with the days themselves, as early versions kept no stencil."""
    from deciders.runs.due_runs import identity_for
    from deciders.runs.entries import Entries, entry_like

    if (entry := row.entry_of(Entries(specification))) is not None:
        return entry
    days = [list(pair) for pair in row.parameters.get("date_ranges") or ()]
    for stencil in (row.date_stencil, days):
        entry = entry_like(row.workflow, row.parameters, stencil)
        if identity_for(entry, _date_of(row)) == row.identity:
            return entry
    return None


def _date_of(row: RunRow) -> date | None:
    return date.fromisoformat(row.reference_date) if row.reference_date is not None else None
