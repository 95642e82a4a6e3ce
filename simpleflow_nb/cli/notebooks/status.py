"""``status``: dates by workflow and parameters, with what came of each and why there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...application.specifications import read_specification
from ...application.statuses import current_status
from ...application.workflow_files import outputs_folder
from ..file_words import file_and_words
from ..options import outputs_option
from ..printing import json_option, print_document, show, wants_table
from .run_place import chosen_service, run_place_options
from .status_tables import StatusTables, outlook


@click.command("status")
@file_and_words()
@json_option
@outputs_option
@run_place_options
@click.pass_context
def status(ctx: click.Context, file: Path | None, as_json: bool, outputs: Path | None, **place: Any) -> None:
    """Show the last state of every run: dates by workflow and parameters, with their lights; what is due; which dates lack."""
    as_table = wants_table(ctx, as_json=as_json)
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    found = current_status(specification, folder, chosen_service(folder, **place))
    if as_json:
        print_document(found.to_dict())
    elif as_table:
        show(ctx, StatusTables(found).whole_table())
    elif not found.runs:
        click.echo(f"nothing has run yet with outputs in {folder}")
    else:
        StatusTables(found).show()
    if found.trouble:
        click.echo(f"simpleflow-nb: what is due is not known: {found.trouble}", err=True)
    if not as_json and not as_table:
        for line in outlook(found):
            click.echo(line)
