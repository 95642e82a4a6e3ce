"""A journal that nobody owns, rid of the histories that ended long ago."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...constants import STATE_FOLDER
from ...exceptions import ServiceError
from ...inspection.documents import Document, document_of, iso_time
from ...local.journal import Journal, check_is_journal
from ...local.journal_files import found_journal, journal_path
from ...local.ownership import Ownership
from ...local.pruning import Pruning
from ...local.quotas import Quotas
from ...local.reader import JournalReader
from ...local.reading import Reading
from ...local.service import DOMAIN
from ...processes.payload_directory import PayloadDirectory
from .file_histories import histories_of_others
from .history_removal import Removal, remove_old, shown_executions
from .unrecorded_ends import unrecorded_ends

if TYPE_CHECKING:
    from deciders.specification import Specification


@dataclass(frozen=True)
class PrunedJournal:
    """Histories and payloads that were removed from a journal or, with ``is_dry``, would be."""

    journal: Path
    before: float  #: epoch seconds: what ended earlier
    removal: Removal
    unrecorded: int  #: runs that are old enough, and stay as no run records have them
    shared_payloads: Path | None  #: a folder of payloads that stays, as processes of a domain have theirs in it, too
    is_dry: bool = False

    @property
    def shown(self) -> str:
        """``the histories of 3 executions (0.1 MB of history) and 2 payloads``."""
        return f"the histories of {shown_executions(self.removal.done)}" if self.is_dry else self.removal.shown()

    def to_dict(self) -> Document:
        return document_of(
            "pruned",
            {
                "journal": str(self.journal),
                "before": iso_time(self.before),
                "is_dry_run": self.is_dry,
                "executions": self.removal.done.executions,
                "history_bytes": self.removal.done.history_bytes,
                "payloads": self.removal.payloads,
                "unrecorded_runs": self.unrecorded,
                "shared_payloads": str(self.shared_payloads) if self.shared_payloads is not None else None,
                "left": list(self.removal.left),
            },
        )


def prune_journal(
    keep_seconds: float,
    *,
    specification: Specification | None = None,
    outputs: Path | None = None,
    db: Path | None = None,
    is_dry: bool = False,
) -> PrunedJournal:
    """Remove the histories of what ended longer ago, and the payloads that only they refer to; what is open stays as it is.

    Args:
        specification: remove what belongs to this file's workflows, sensors and backfills alone; None is everything.
        outputs: the folder that has the journal and the records; None is where the journal lies.
        db: the journal; None is that of the outputs folder, or the one found here.
        is_dry: remove nothing.

    Raises:
        ServiceError: there is no such journal, or it cannot be read.
        JournalInUse: another process owns it.
    """
    folder = outputs.absolute() if outputs is not None else None
    journal = journal_path(db, folder) if folder is not None else found_journal(db)
    if not journal.exists():
        raise ServiceError(f"{journal} does not exist; nothing has run here yet (name another journal with --db)")
    if folder is None and journal.parent.name == STATE_FOLDER:
        folder = journal.parent.parent
    before = time.time() - keep_seconds
    payloads = PayloadDirectory(journal.parent / "payloads")

    def spared(store: Reading) -> tuple[set[str], set[str]]:
        """Return the executions that no run records have, and those of other files."""
        unrecorded = unrecorded_ends(store, folder, payloads, closed_before=before)
        if specification is None or folder is None:
            return unrecorded, set()
        return unrecorded, histories_of_others(store, specification, folder, payloads, closed_before=before)

    if is_dry:
        with closing(JournalReader(journal)) as reader:
            unrecorded, of_others = spared(reader)
            removal = Removal(reader.would_prune(before, spared=unrecorded | of_others))
        return PrunedJournal(journal, before, removal, len(unrecorded), None, is_dry=True)
    with _owned(journal) as (store, opened):
        unrecorded, of_others = spared(store)
        removal = remove_old(store, before, unrecorded | of_others, payloads, opened)
    return PrunedJournal(journal, before, removal, len(unrecorded), payloads.path if payloads.is_shared() else None)


class _Store(Reading, Pruning):
    """Store of a journal, without anything that goes on with what it holds."""


@contextmanager
def _owned(path: Path) -> Iterator[tuple[_Store, Journal]]:
    """Own the journal for the block; what is open in it stays as it is, as nobody goes on with it now.

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
