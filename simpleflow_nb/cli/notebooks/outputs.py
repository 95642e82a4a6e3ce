"""``outputs.clean``: remove what old runs left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.held_outputs import check_no_other_journal
from ...application.owners import check_names
from ...application.run_rows import RunRow, counted, run_rows
from ...application.workflow_files import outputs_folder
from ..file_words import file_and_words
from ..options import DAYS, outputs_option
from .definition import read_specification
from .run_place import opened_run_place, run_place_options

if TYPE_CHECKING:
    from deciders.parameter_set import ParameterSet
    from deciders.specification import Specification

_MEGABYTE = 1_000_000


@click.command("outputs.clean")
@file_and_words()
@click.option("--keep-days", type=click.IntRange(0, DAYS.max), required=True, help="Keep runs that ended in the last N days.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and remove nothing.")
@outputs_option
@run_place_options
def outputs_clean(file: Path | None, keep_days: int, dry_run: bool, outputs: Path | None, **place: Any) -> None:
    """Remove notebooks and reports of runs of FILE.yml that ended long ago, with their earlier attempts.

    Records stay, so that nothing is due again. What runs is never touched, nor are the newest reports of each parameter set,
    to which the links 'latest' of a workflow lead.
    """
    from workers.artefacts import path_part
    from workers.runs.latest_links import linked_instances
    from workers.runs.old_outputs import folders_of, newest_instances, remove_folder, size_bytes
    from workers.secrets import masked

    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    check_names(specification, folder)
    with opened_run_place(folder, **place) as there:
        check_no_other_journal(folder, there.journal)
        rows = run_rows(specification, folder, there)
    oldest = datetime.now(UTC) - timedelta(days=keep_days)
    # An instance may have several identities only in theory; a folder is kept if any run of it is.
    kept = {(row.workflow, row.instance) for row in rows if row.ended is None or row.ended >= oldest}
    kept |= newest_instances(folder, _succeeded(specification, rows))
    linked = {name: linked_instances(folder, name) for name in {row.workflow for row in rows}}
    removed, freed = 0, 0
    for row in rows:
        if not row.instance or (row.workflow, row.instance) in kept or path_part(row.instance) in linked[row.workflow]:
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


def _succeeded(specification: Specification, rows: Sequence[RunRow]) -> Iterator[tuple[ParameterSet, str, str]]:
    from deciders.parameter_set import ParameterSet, written, written_stencil
    from deciders.runs.entries import Entries, set_of_entry

    entries = Entries(specification)
    for row in rows:
        if row.has_succeeded and row.instance:
            entry = row.entry_of(entries)
            stencil = written_stencil(row.date_stencil) if row.date_stencil is not None else None
            own = ParameterSet(row.workflow, written(row.parameters), stencil if row.reference_date is not None else "")
            yield set_of_entry(entry) if entry is not None else own, row.reference_date or "", row.instance
