"""``doctor``: whether what the runs of a workflow file need is there."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from ...application.workflow_files import outputs_folder
from ...exceptions import ExitCode
from ...inspection.tables import Table
from ..file_words import file_and_words
from ..options import outputs_option
from ..printing import show, wants_table
from .definition import read_specification


@click.command("doctor")
@file_and_words()
@click.option("--json", "as_json", is_flag=True, help="An object for each finding.")
@outputs_option
@click.pass_context
def doctor(ctx: click.Context, file: Path | None, as_json: bool, outputs: Path | None) -> None:
    """Check what the runs of FILE.yml need: file, outputs, records, source, notebooks, kernels, programs for reports, secrets.

    Exits with 1 if something is missing; starts nothing.
    """
    as_table = wants_table(ctx, as_json=as_json)
    specification = read_specification(file)
    from workers.health import FAILED, OK, findings

    found = list(findings(specification, outputs_folder(outputs, specification.path)))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
    elif as_table:
        table = Table(["state", "what", "text"], [[OK, "file", str(specification.path)]])
        table.rows += [[one.state, one.what, one.text] for one in found]
        show(ctx, table)
    else:
        click.echo(f"{'ok':8} {'file':8} {specification.path}")
        for one in found:
            colour = {OK: "green", FAILED: "red"}.get(one.state, "yellow")
            click.echo(f"{click.style(f'{one.state:8}', fg=colour)} {one.what:8} {one.text}")
    ctx.exit(ExitCode.RUN_FAILED if any(one.state == FAILED for one in found) else ExitCode.DONE)
