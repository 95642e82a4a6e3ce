"""``outputs.clean``: remove what old runs left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from .definition import read_specification
from .file_words import file_and_words
from .options import DAYS, outputs_folder, outputs_option
from .run_rows import counted, run_rows
from .sensor_places import opened_run_place, run_place_options

_MEGABYTE = 1_000_000


@click.command("outputs.clean")
@file_and_words()
@click.option("--keep-days", type=click.IntRange(0, DAYS.max), required=True, help="Keep runs that ended in the last N days.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@outputs_option
@run_place_options
def outputs_clean(file: Path | None, keep_days: int, dry_run: bool, outputs: Path | None, **place: Any) -> None:
    """Remove notebooks and reports of runs of FILE.yml that ended long ago, with their earlier attempts.

    Records stay, so that nothing is due again. What runs is never touched, nor are the newest reports of a workflow, to which
    its link 'latest' leads.
    """
    from workers.old_outputs import folders_of, remove_folder, size_bytes
    from workers.secrets import masked

    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    with opened_run_place(folder, **place) as there:
        rows = run_rows(specification, folder, there)
    oldest = datetime.now(UTC) - timedelta(days=keep_days)
    # An instance may have several identities only in theory; a folder is kept if any run of it is.
    kept = {(row.workflow, row.instance) for row in rows if row.ended is None or row.ended >= oldest}
    removed, freed = 0, 0
    for row in rows:
        if not row.instance or (row.workflow, row.instance) in kept:
            continue
        folders = folders_of(folder, row.workflow, row.instance)
        if not folders:
            continue
        removed += 1
        for one in folders:
            freed += size_bytes(one)
            if dry_run:
                click.echo(masked(str(one)))
            else:
                remove_folder(one)
    verb = "would be removed" if dry_run else "removed"
    click.echo(f"{counted(removed, 'run')} {verb}, {freed / _MEGABYTE:.1f} MB; {counted(len(rows), 'run')} looked at")
