"""Reading a journal beside its owner, or without one. Changes nothing."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..exceptions import JournalError, ServiceError
from .change_log import ChangeLog
from .domains import Domain, kept_domains
from .journal import (
    REMOVED,
    TABLES_TO_READ,
    ExecutionRow,
    Journal,
    check_schema,
    execution_rows,
    read_only_uri,
    refuse_foreign,
    refuse_no_file,
    unusable,
)
from .pruning import Prunable
from .reading import Reading

_Grown = tuple[int, int, float | None, str | None]  # number of a watched execution, its last batch, when and how it closed


class _ReadOnlyJournal(Journal):
    """The reading half of a journal, on a read-only connection; it remembers the state at the last look.

    That is kept in a temporary table, so that one statement finds the open executions with new events.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise JournalError(f"{path} does not exist; nothing has run here yet (name another journal with --db)")
        refuse_no_file(path)
        self.path, self._writing = path, threading.Lock()
        uri = read_only_uri(path)
        self._is_immutable = uri.endswith("immutable=1")
        self._file = self._file_now()
        try:
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
        except sqlite3.Error as error:
            raise unusable(path, error) from None
        try:
            refuse_foreign(self._db, path)
            tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            self.is_made = tables >= TABLES_TO_READ
            if self.is_made:
                check_schema(self._db, path)
                self._db.execute("PRAGMA temp_store=MEMORY")
                self._db.execute("CREATE TEMP TABLE watched (run INTEGER PRIMARY KEY, first INTEGER NOT NULL)")
            self._looking = self._db
        except sqlite3.Error as error:
            self._db.close()
            raise unusable(path, error) from None
        except JournalError:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def is_the_file(self) -> bool:
        """Return whether the open file still has its name, and can report changes."""
        return self._file == self._file_now()

    def _file_now(self) -> tuple[int, ...] | None:
        try:
            found = os.stat(self.path)
            if not self._is_immutable:
                return found.st_dev, found.st_ino
            log = self.path.with_name(self.path.name + "-wal")
            return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size, log.exists()
        except FileNotFoundError:
            return None

    def data_version(self) -> int:
        """Return SQLite's version of the data, which changes with each commit of another connection."""
        try:
            version: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise unusable(self.path, error) from None
        return version

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read a consistent snapshot inside; what is noted inside is rolled back if a read fails."""
        try:
            self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except (sqlite3.Error, ValueError) as error:
            raise unusable(self.path, error) from None

    def type_rows(self) -> list[tuple[str, str, str, str]]:
        """Read the rows of types as text, for a comparison."""
        return self._db.execute("SELECT kind, name, version, body FROM types").fetchall()

    def removed_so_far(self) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (REMOVED,)).fetchone()
        return row[0] if row is not None else "0"

    def run_ids(self) -> dict[int, str]:
        return dict(self._db.execute("SELECT number, run_id FROM runs"))

    def executions_after(self, number: int) -> list[ExecutionRow]:
        """Read the executions with higher numbers, oldest first; watch the open ones from now on."""
        rows = execution_rows(self._db, self.path, number)
        self._db.executemany(
            "INSERT INTO watched SELECT ?1, coalesce(max(first), -1) FROM batches WHERE run = ?1",
            [(row[0],) for row in rows if row[6] is None],
        )
        return rows

    def grown(self) -> list[_Grown]:
        """Read the watched executions that have new events; they are watched until they close."""
        rows: list[_Grown] = self._db.execute(
            "SELECT w.run, max(b.first), r.closed, r.close_status FROM watched AS w "
            "CROSS JOIN batches AS b ON b.run = w.run AND b.first > w.first CROSS JOIN runs AS r ON r.number = w.run "
            "GROUP BY w.run"
        ).fetchall()
        self._db.executemany("UPDATE watched SET first = ? WHERE run = ?", [(last, run) for run, last, *_ in rows])
        self.unwatch(run for run, _, _, status in rows if status is not None)
        return rows

    def unwatch(self, runs: Iterable[int]) -> None:
        self._db.executemany("DELETE FROM watched WHERE run = ?", [(run,) for run in runs])


class JournalReader(Reading, Prunable):
    """The reading half of the local service. It shows the journal as of its creation or the last :meth:`refresh`.

    ``changes`` and ``events`` refresh by themselves. That costs some 20 us when nothing is new; else it grows with what is
    new, and by about a microsecond for each open execution. Creating a reader, and a refresh after histories were removed,
    cost in proportion to the journal. A reader outlives owners, and follows a file that replaces the journal. Any thread may
    use it.

    Args:
        may_be_missing: the journal may be created later; until then there are no executions, and `is_begun` is False. An empty
            file is none yet: its process has just created it, or did not come further.

    Raises:
        JournalError: there is no journal, it is empty, or it cannot be read.
    """

    def __init__(self, path: Path, *, may_be_missing: bool = False) -> None:
        self.path = Path(path)
        self.lock, self._reading = threading.Lock(), threading.Lock()
        self.dirty, self.unborn, self.visible, self.executions = {}, set(), {}, {}
        self.broken, self.ended = None, False
        self.log = ChangeLog()
        self.journal = None
        self._version = -1  # data version at the last look
        self._forget_everything()
        if may_be_missing:
            self.refresh()
        else:
            journal = _ReadOnlyJournal(self.path)
            try:
                if not journal.is_made:
                    raise JournalError(f"{path} is empty; nothing has run here yet (name another journal with --db)")
                self._begin(journal)
            except BaseException:
                journal.close()
                raise

    @property
    def is_begun(self) -> bool:
        """Tell whether there was a journal at the last look, and not only an empty file."""
        return self.journal is not None

    def refresh(self) -> None:
        """Load what has been committed until now.

        Raises:
            JournalError: the journal cannot be read just now; the reader is unchanged.
        """
        with self.lock, self._reading:
            self.check_usable()
            journal = self.journal
            if isinstance(journal, _ReadOnlyJournal) and not journal.is_the_file():
                journal.close()
                self.journal = journal = None
                self._forget_everything()
                self.log.begin_anew()
            if journal is None:
                self._look_for_journal()
                return
            assert isinstance(journal, _ReadOnlyJournal)
            version = journal.data_version()
            if version != self._version:
                self._read_news(journal)
                self._version = version

    def count_pending_decision_tasks(self, *, domain: str, taskList: Mapping[str, Any]) -> dict[str, Any]:
        raise ServiceError("only the owner of a journal knows which tasks wait")

    count_pending_activity_tasks = count_pending_decision_tasks

    def close(self) -> None:
        """Close the file; later calls are refused."""
        with self.lock, self._reading:
            self.ended = True
            if self.journal is not None:
                self.journal.close()

    def open_numbers(self) -> Iterable[int]:
        """Return the numbers of the open executions. Called with the lock held."""
        return sorted(self._open)

    # ---- called with both locks held, or by the constructor ------------------------------------------------------------------

    def _forget_everything(self) -> None:
        self.domains: dict[str, Domain] = {}
        self.infos, self.closed, self.numbers = {}, {}, {}
        self._open: set[int] = set()
        self._types: list[tuple[str, str, str, str]] = []
        self._removed_so_far = "0"
        self._version = -1

    def _look_for_journal(self) -> None:
        if not self.path.exists():
            return
        journal = _ReadOnlyJournal(self.path)
        try:
            if journal.is_made:
                self._begin(journal)
                return
        except BaseException:
            journal.close()
            raise
        journal.close()

    def _begin(self, journal: _ReadOnlyJournal) -> None:
        version = journal.data_version()  # before the rest: what is committed meanwhile is seen now or at the next look
        self._read_news(journal)
        self.journal, self._version = journal, version

    def _read_news(self, journal: _ReadOnlyJournal) -> None:
        """Read everything first, and then change the reader."""
        with journal.snapshot():
            removed_so_far, gone = journal.removed_so_far(), []
            types = journal.type_rows()
            domains = kept_domains(journal, self.lock) if types != self._types else None
            if removed_so_far != self._removed_so_far:
                there = journal.run_ids()
                gone = [number for number, info in self.infos.items() if there.get(number) != info["execution"]["runId"]]
                journal.unwatch(gone)
            newest = next(reversed(self.infos), 0)
            if gone:  # their numbers may have been reused
                newest = max(self.infos.keys() - set(gone), default=0)
            grown, started = journal.grown(), journal.executions_after(newest)
        if domains is not None:
            self._take_domains(domains)
        self._types, self._removed_so_far = types, removed_so_far
        for number in gone:
            self._open.discard(number)
            self.forget_one(number)
        for number, _, closed_at, status in grown:
            self._note(number, closed_at, status)
        for number, workflow_id, run_id, _, info, closed_at, status in started:
            domain = info.setdefault("domain", next(iter(self.domains)))  # written when a journal had only one
            self.infos[number] = info
            self.numbers[workflow_id, run_id] = self.domains[domain].latest_by_id[workflow_id] = number
            self._open.add(number)
            self._note(number, closed_at, status)

    def _take_domains(self, domains: dict[str, Domain]) -> None:
        for name, domain in domains.items():
            if (former := self.domains.get(name)) is not None:
                domain.latest_by_id = former.latest_by_id
        self.domains = domains

    def _note(self, number: int, closed_at: float | None, status: str | None) -> None:
        self.log.note(number)
        if closed_at is not None and status is not None:
            self.closed[number] = (closed_at, status)
            self._open.discard(number)
