"""``runs.retry``: a run that a person asks for once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...application.asking.retries import carry_out, planned_retry
from ...application.events import UnderWay
from ...application.records.ended_runs import lacking_reports
from ...application.services import Swf
from ...application.wording.older_runs import left_behind
from ...exceptions import ExitCode
from ...inspection.tables import counted
from ..file_words import file_and_words
from ..options import adopt_option, conditions_of, force_option, notebook_workers_option, outputs_option, quiet_option
from ..printing import json_option, print_lines
from ..unused_options import refuse_options
from .run_place import chosen_project, run_place_options, typed_place
from .summary import show_call


@click.command("runs.retry")
@file_and_words("RUN")
@notebook_workers_option
@quiet_option
@outputs_option
@adopt_option
@force_option
@run_place_options
@json_option
@click.pass_context
def runs_retry(
    ctx: click.Context,
    file: Path | None,
    run: str,
    nb_workers: int | None,
    quiet: bool,
    adopt: bool,
    force: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """Run again what failed or was skipped of RUN (NAME/DATE or a workflow id); notebooks that succeeded are kept. With --force
    everything is run again.

    On this machine it is carried out here, or in the process that has the journal, and waited for.
    """
    specification, folder, service = chosen_project(file, **place)
    planned = planned_retry(specification, folder, service, run, adopt=adopt, force=force)
    if not planned.is_needed and not as_json:
        row = planned.row
        labels = counted(len(specification.workflow(row.workflow).notebooks), "notebook")
        click.echo(f"nothing to retry: {row.title} succeeded, with {labels}")
        lacking = lacking_reports(specification, [row], folder)
        print_lines(left_behind(specification, [row], None, lacking, typed_place()))
        ctx.exit(ExitCode.DONE)
    if isinstance(service, Swf):
        refuse_options(ctx, "with --domain", ("nb_workers", "quiet"))
    call = carry_out(specification, folder, service, planned, conditions=conditions_of(nb_workers, adopt=adopt, force=force))
    ctx.exit(show_call(ctx, UnderWay(call), quiet=quiet, as_json=as_json))
