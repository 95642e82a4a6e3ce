"""``journal.prune``: remove the histories of executions that ended long ago."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from ...application.file_histories import histories_of_others
from ...application.history_keeping import remove_old, shown_executions
from ...application.run_rows import counted
from ...application.unrecorded_ends import unrecorded_ends
from ...application.workflow_files import default_file, outputs_folder
from ...constants import STATE_FOLDER
from ...exceptions import DefinitionError, ServiceError
from ...inspection.task_rows import shown_time
from ...local.decisions import Quotas
from ...local.journal import Journal, check_is_journal
from ...local.journal_files import found_journal, journal_path
from ...local.ownership import Ownership
from ...local.pruning import Pruning
from ...local.reader import JournalReader
from ...local.reading import Reading
from ...local.service import DOMAIN
from ...processes.payload_directory import PayloadDirectory
from ..file_words import file_and_words
from ..notebooks.definition import read_specification
from ..options import db_option, outputs_option


@click.command("journal.prune")
@file_and_words()
@click.option("--keep", metavar="TIME", help="What ended in this time stays, such as 90d. [default: keep_history of FILE.yml]")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@outputs_option
@db_option
def journal_prune(file: Path | None, keep: str | None, dry_run: bool, outputs: Path | None, db: Path | None) -> None:
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
        click.echo(f"nothing is removed: histories are kept {FOREVER}")
        return
    folder = outputs_folder(outputs, specification.path) if specification is not None else outputs
    folder = folder.absolute() if folder is not None else None
    journal = journal_path(db, folder) if folder is not None else found_journal(db)
    if not journal.exists():
        raise ServiceError(f"{journal} does not exist; nothing has run here yet (name another journal with --db)")
    if folder is None and journal.parent.name == STATE_FOLDER:
        folder = journal.parent.parent
    before = time.time() - seconds
    payloads = PayloadDirectory(journal.parent / "payloads")
    moment = shown_time(round(before))[:16]

    def others(store: Reading) -> set[str]:
        if specification is None or folder is None:
            return set()
        return histories_of_others(store, specification, folder, payloads, closed_before=before)

    if dry_run:
        with closing(JournalReader(journal)) as reader:
            spared = unrecorded_ends(reader, folder, payloads, closed_before=before)
            found = reader.would_prune(before, spared=spared | others(reader))
        click.echo(f"would remove the histories of {shown_executions(found)} that ended before {moment} UTC")
        _show_spared(spared)
        return
    with _owned(journal) as (store, opened):
        spared = unrecorded_ends(store, folder, payloads, closed_before=before)
        removal = remove_old(store, before, spared | others(store), payloads, opened)
    click.echo(f"removed {removal.shown()}: ended before {moment} UTC")
    _show_spared(spared)
    if payloads.is_shared():
        click.echo(f"payloads stay: processes of a domain keep theirs in {payloads.path}, too")
    if removal.left:
        raise ServiceError("; ".join(removal.left))


def _show_spared(spared: set[str]) -> None:
    if spared:
        click.echo(f"{counted(len(spared), 'run')} that no run records have {'stays' if len(spared) == 1 else 'stay'}")


class _Store(Reading, Pruning):
    """What a journal holds, without anything that goes on with it."""


@contextmanager
def _owned(path: Path) -> Iterator[tuple[_Store, Journal]]:
    """The journal, owned; what is open in it stays as it is, as nobody goes on with it now.

    Raises:
        JournalInUse: another process owns it.
        JournalError: it cannot be opened or read.
    """
    check_is_journal(path)
    ownership = Ownership(path)
    try:
        journal = Journal(path)
        store = _Store(journal, None, Quotas(), DOMAIN)
        try:
            yield store, journal
        finally:
            store.end()
            store.close_inbox()
    finally:
        ownership.release()
