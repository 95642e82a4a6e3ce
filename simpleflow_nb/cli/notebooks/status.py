"""``status``: dates by workflow and parameters, with what came of each and why there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...application.looking.statuses import current_status
from ...application.wording.statuses import StatusTables, outlook
from ..file_words import file_and_words
from ..printing import json_option, print_document, print_lines, show, wants_table
from .run_place import chosen_project, project_options, typed_place


@click.command("status")
@file_and_words()
@json_option
@project_options
@click.pass_context
def status(ctx: click.Context, file: Path | None, as_json: bool, **place: Any) -> None:
    """Show the last state of every run: dates by workflow and parameters, with their lights; what is due; which dates lack."""
    as_table = wants_table(ctx, as_json=as_json)
    specification, folder, service = chosen_project(file, **place)
    found = current_status(specification, folder, service)
    if as_json:
        print_document(found.to_dict())
    elif as_table:
        show(ctx, StatusTables(found).whole_table())
    elif not found.runs:
        click.echo(f"nothing has run yet with outputs in {folder}")
    else:
        print_lines(StatusTables(found).lines(typed_place()))
    if found.trouble:
        click.echo(f"simpleflow-nb: what is due is not known: {found.trouble}", err=True)
    if not as_json and not as_table:
        print_lines(outlook(found))
