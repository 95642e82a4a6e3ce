"""``outputs.clean``: remove what old runs left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...application.asking.cleaned_outputs import MOST_DAYS, clean_outputs
from ...inspection.tables import counted
from ...masking import masked
from ..file_words import file_and_words
from ..printing import json_option, print_document
from .run_place import chosen_project, project_options

_MEGABYTE = 1_000_000


@click.command("outputs.clean")
@file_and_words()
@click.option("--keep-days", type=click.IntRange(0, MOST_DAYS), required=True, help="Keep runs that ended in the last N days.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@project_options
@json_option
def outputs_clean(file: Path | None, keep_days: int, dry_run: bool, as_json: bool, **place: Any) -> None:
    """Remove notebooks and reports of runs of FILE.yml that ended long ago, with their earlier attempts.

    Records stay, so that nothing is due again. What runs is never touched, nor are the newest reports of each parameter set,
    to which the links 'latest' of a workflow lead.
    """
    specification, folder, service = chosen_project(file, **place)
    cleaned = clean_outputs(specification, folder, service, keep_days, dry_run=dry_run)
    if as_json:
        print_document(cleaned.to_dict())
        return
    for one in cleaned.folders if dry_run else ():
        click.echo(masked(str(one)))
    verb = "would be removed" if dry_run else "removed"
    freed = f"{cleaned.freed_bytes / _MEGABYTE:.1f} MB"
    click.echo(f"{counted(cleaned.runs, 'run')} {verb}, {freed}; {counted(cleaned.looked_at, 'run')} looked at")
