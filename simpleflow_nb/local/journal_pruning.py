"""Removing executions from a journal, and making its file smaller; which payloads its histories refer to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .. import payload
from ..exceptions import JournalError
from .journal import REMOVED, GoneRun, Journal, cause_of, read_only_uri, unusable

#: Executions of which only their end is remembered; some 200 bytes each.
MOST_GONE = 100_000
_MAGIC = b"SQLite format 3\0"
_PAGES_AT_ONCE = 1_000  #: given back to the file system in one transaction


class JournalPruning:
    """A connection of its own, for a ``with`` block: what it needs of memory and files ends with it.

    Raises:
        JournalError: the journal cannot be opened.
    """

    def __init__(self, journal: Journal, *, to_look: bool = False) -> None:
        self.journal, self.path = journal, journal.path
        try:
            if to_look:
                self._db = sqlite3.connect(read_only_uri(self.path), uri=True, isolation_level=None, timeout=10)
            else:
                self._db = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        except sqlite3.Error as error:
            raise unusable(self.path, error) from None

    def __enter__(self) -> JournalPruning:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def history_bytes(self, run: int) -> int:
        """What the text of its events takes."""
        query = "SELECT sum(length(events)) FROM batches WHERE run = ?"
        with self.journal.writing():
            return int(self._executed(query, (run,)).fetchone()[0] or 0)

    def remove(self, runs: list[int], gone: list[GoneRun]) -> None:
        """Remove executions with all that there is of them, in one transaction that remembers ``gone`` in their place.

        Raises:
            JournalError: nothing of it was done.
        """
        with self.journal.writing():
            self._executed("BEGIN IMMEDIATE")
            try:
                for run, one in zip(runs, gone, strict=True):
                    for (events,) in self._db.execute("SELECT events FROM batches WHERE run = ?", (run,)):
                        self._note_unreferenced(payload.digests_in(events), one.closed)
                    self._db.execute("DELETE FROM batches WHERE run = ?", (run,))
                    self._db.execute("DELETE FROM runs WHERE number = ?", (run,))
                self._db.executemany(
                    "INSERT OR REPLACE INTO gone (domain, workflow_id, run_id, name, closed, status) VALUES (?, ?, ?, ?, ?, ?)",
                    gone,
                )
                self._db.execute(
                    "DELETE FROM gone WHERE closed < (SELECT closed FROM gone ORDER BY closed DESC LIMIT 1 OFFSET ?)",
                    (MOST_GONE,),
                )
                self._db.execute(
                    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = value + excluded.value",
                    (REMOVED, str(len(runs))),
                )
                self._db.execute("COMMIT")
            except (sqlite3.Error, JournalError) as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, JournalError):
                    raise
                raise JournalError(f"{self.path} cannot be written: {cause_of(error)}") from error

    def give_back_space(self) -> None:
        """Make the file smaller by what is free in it. One of a former version is written anew for that, once.

        Raises:
            JournalError: it could not be done, and nothing is lost.
        """
        with self.journal.writing():
            free: int = self._executed("PRAGMA freelist_count").fetchone()[0]
            if free and self._executed("PRAGMA auto_vacuum").fetchone()[0] != 2:
                self._executed("PRAGMA auto_vacuum=INCREMENTAL")
                self._executed("VACUUM")
                free = 0
        while free:
            with self.journal.writing():
                self._executed(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
                left: int = self._executed("PRAGMA freelist_count").fetchone()[0]
            if left == free:
                break
            free = left
        with self.journal.writing():
            self._executed("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # less if somebody reads; the next one does it then

    def unreferenced(self) -> dict[str, float]:
        """Payloads that removed executions referred to, and until when: they may go where nothing else refers to them."""
        with self.journal.writing():
            return dict(self._executed("SELECT digest, since FROM unreferenced").fetchall())

    def note_unreferenced(self, digests: Iterable[str], since: float) -> None:
        """The same for those that a payload refers to which is gone itself."""
        with self.journal.writing():
            self._note_unreferenced(digests, since)

    def settle_unreferenced(self, digests: Iterable[str]) -> None:
        """These are gone, or are somebody else's."""
        with self.journal.writing():
            for digest in digests:
                self._executed("DELETE FROM unreferenced WHERE digest = ?", (digest,))

    def _note_unreferenced(self, digests: Iterable[str], since: float) -> None:
        text = "INSERT INTO unreferenced VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET since = max(since, excluded.since)"
        for digest in digests:
            self._executed(text, (digest, since))

    def _executed(self, text: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(text, values)
        except sqlite3.Error as error:
            raise JournalError(f"{self.path} cannot be written: {cause_of(error)}") from error


def referenced_payloads(path: Path) -> set[str]:
    """The digests that histories and requests of a journal refer to.

    Raises:
        JournalError: it cannot be read.
    """
    found: set[str] = set()
    try:
        db = sqlite3.connect(read_only_uri(path), uri=True, timeout=10)
        try:
            for table, column in (("batches", "events"), ("requests", "arguments")):
                for (text,) in db.execute(f"SELECT {column} FROM {table}"):
                    found.update(payload.digests_in(text))
        finally:
            db.close()
    except sqlite3.Error as error:
        raise unusable(path, error) from None
    return found


def journals_in(folder: Path) -> list[Path]:
    """The files of a folder that are journals, sorted.

    Raises:
        JournalError: a database there cannot be read.
    """
    found = []
    for path in sorted(folder.iterdir()):
        try:
            with open(path, "rb") as file:
                is_database = file.read(len(_MAGIC)) == _MAGIC
        except OSError:
            continue  # a folder, a socket
        if not is_database:
            continue
        try:
            db = sqlite3.connect(read_only_uri(path), uri=True, timeout=10)
            try:
                if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'batches'").fetchone():
                    found.append(path)
            finally:
                db.close()
        except sqlite3.Error as error:
            raise unusable(path, error) from None
    return found
