"""``doctor``: whether what the runs of a workflow file need is there."""

from __future__ import annotations

from pathlib import Path

import click

from ...application.files.diagnosis import Diagnosis, diagnose
from ...application.files.specifications import read_specification
from ...application.files.workflow_files import outputs_folder
from ...application.services import usual_service
from ...exceptions import ExitCode
from ...inspection.tables import Table
from ..file_words import file_and_words
from ..options import outputs_option
from ..printing import json_option, print_document, show, wants_table


@click.command("doctor")
@file_and_words()
@json_option
@outputs_option
@click.pass_context
def doctor(ctx: click.Context, file: Path | None, as_json: bool, outputs: Path | None) -> None:
    """Check what the runs of FILE.yml need: file, outputs, journal, records, source, notebooks, kernels, programs for reports,
    secrets, variables.

    Exits with 1 if something is missing; starts nothing.
    """
    as_table = wants_table(ctx, as_json=as_json)
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    found = diagnose(specification, folder, usual_service(folder).journal(folder))
    if as_json:
        print_document(found.to_dict())
    elif as_table:
        rows = [[one.state, one.what, one.text] for one in found.findings]
        show(ctx, Table(["state", "what", "text"], [["ok", "file", str(found.file)], *rows]))
    else:
        _show_findings(found)
    ctx.exit(ExitCode.DONE if found.is_healthy else ExitCode.RUN_FAILED)


def _show_findings(found: Diagnosis) -> None:
    from workers.health import FAILED, OK

    click.echo(f"{OK:8} {'file':8} {found.file}")
    for one in found.findings:
        colour = {OK: "green", FAILED: "red"}.get(one.state, "yellow")
        click.echo(f"{click.style(f'{one.state:8}', fg=colour)} {one.what:8} {one.text}")
