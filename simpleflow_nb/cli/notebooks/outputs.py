"""``outputs.clean``: remove what old runs left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...application.cleaned_outputs import clean_outputs
from ...application.run_rows import counted
from ...application.specifications import read_specification
from ...application.workflow_files import outputs_folder
from ...masking import masked
from ..file_words import file_and_words
from ..options import DAYS, outputs_option
from ..printing import json_option, print_document
from .run_place import chosen_service, run_place_options

_MEGABYTE = 1_000_000


@click.command("outputs.clean")
@file_and_words()
@click.option("--keep-days", type=click.IntRange(0, DAYS.max), required=True, help="Keep runs that ended in the last N days.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@outputs_option
@run_place_options
@json_option
def outputs_clean(file: Path | None, keep_days: int, dry_run: bool, outputs: Path | None, as_json: bool, **place: Any) -> None:
    """Remove notebooks and reports of runs of FILE.yml that ended long ago, with their earlier attempts.

    Records stay, so that nothing is due again. What runs is never touched, nor are the newest reports of each parameter set,
    to which the links 'latest' of a workflow lead.
    """
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    cleaned = clean_outputs(specification, folder, chosen_service(folder, **place), keep_days, dry_run=dry_run)
    if as_json:
        print_document(cleaned.to_dict())
        return
    for one in cleaned.folders if dry_run else ():
        click.echo(masked(str(one)))
    verb = "would be removed" if dry_run else "removed"
    freed = f"{cleaned.freed_bytes / _MEGABYTE:.1f} MB"
    click.echo(f"{counted(cleaned.runs, 'run')} {verb}, {freed}; {counted(cleaned.looked_at, 'run')} looked at")
