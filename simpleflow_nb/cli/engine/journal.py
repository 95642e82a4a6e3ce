"""``journal.prune``: remove the histories of executions that ended long ago."""

from __future__ import annotations

from pathlib import Path

import click

from ...application.files.specifications import read_specification
from ...application.files.workflow_files import default_file, outputs_folder
from ...application.histories.journal_pruning import prune_journal
from ...application.wording.journals import pruned_lines
from ...exceptions import DefinitionError, ServiceError
from ...inspection.documents import document_of
from ..file_words import file_and_words
from ..options import db_option, outputs_option
from ..printing import json_option, print_document, print_lines


@click.command("journal.prune")
@file_and_words()
@click.option("--keep", metavar="TIME", help="What ended in this time stays, such as 90d. [default: keep_history of FILE.yml]")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@outputs_option
@db_option
@json_option
def journal_prune(
    file: Path | None, keep: str | None, dry_run: bool, outputs: Path | None, db: Path | None, as_json: bool
) -> None:
    """Remove the histories of local executions that ended long ago, and the payloads that only they refer to.

    Those of the workflows, sensors and backfills of FILE.yml; of everything in the journal named with --db, or in the one found
    here, where there is no workflow file. Records, notebooks and reports stay, and so does what is open. Not while another
    process owns the journal: a sensor removes by itself what keep_history says.
    """
    from deciders.specification.retention_rules import FOREVER, kept_seconds

    if file is None and db is None:
        file = default_file()
    specification = read_specification(file) if file is not None else None
    seconds = specification.keep_history_seconds if specification is not None else None
    if keep is not None:
        try:
            seconds = kept_seconds(keep)
        except ValueError as error:
            raise DefinitionError(f"--keep {error}") from None
    elif specification is None:
        raise DefinitionError("say how long histories are kept, for example --keep 90d, or name a FILE.yml")
    if seconds is None:
        if as_json:
            print_document(document_of("pruned", None))
        else:
            click.echo(f"nothing is removed: histories are kept {FOREVER}")
        return
    folder = outputs_folder(outputs, specification.path) if specification is not None else outputs
    pruned = prune_journal(seconds, specification=specification, outputs=folder, db=db, is_dry=dry_run)
    if as_json:
        print_document(pruned.to_dict())
    else:
        print_lines(pruned_lines(pruned))
    if pruned.removal.left:
        raise ServiceError("; ".join(pruned.removal.left))
