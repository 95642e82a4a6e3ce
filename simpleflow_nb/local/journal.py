"""The journal: every history in one SQLite file, a row for each call that added events.

WAL with synchronous=NORMAL: what was committed survives the death of the process at any instant; a power cut may take the
last transactions. With ``durable`` (synchronous=FULL) it does not.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..exceptions import JournalError

if TYPE_CHECKING:
    from ..replay.protocol.events import HistoryEvent

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY, workflow_id TEXT NOT NULL, run_id TEXT NOT NULL, started REAL NOT NULL,
    info TEXT NOT NULL, closed REAL, close_status TEXT
);
CREATE INDEX IF NOT EXISTS runs_by_workflow_id ON runs (workflow_id);
CREATE TABLE IF NOT EXISTS batches (
    run INTEGER NOT NULL, first INTEGER NOT NULL, events TEXT NOT NULL, PRIMARY KEY (run, first)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS types (
    kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY AUTOINCREMENT, operation TEXT NOT NULL, arguments TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (request INTEGER PRIMARY KEY, code TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gone (
    workflow_id TEXT NOT NULL, run_id TEXT NOT NULL, domain TEXT NOT NULL, name TEXT NOT NULL, closed REAL NOT NULL,
    status TEXT NOT NULL, PRIMARY KEY (workflow_id, run_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS gone_by_moment ON gone (closed);
CREATE TABLE IF NOT EXISTS unreferenced (digest TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID;
"""
TABLES_TO_READ = {"meta", "runs", "batches", "types"}  #: a file without them is not a journal yet
_TABLES = {"meta", "runs", "batches", "types", "requests", "answers", "gone", "unreferenced"}
#: Key of a note of the journal as a whole: old histories are removed automatically, since when.
MAY_PRUNE = "old histories are removed"
REMOVED = "executions removed"  #: key of their total number: when it grows, a reader forgets those that are gone

_LOCKED_MS = 100  #: a waiting connection blocks its readers; the service retries by itself

_MOST_ANSWERS = 1_000  #: refused requests that are remembered

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

ExecutionRow = tuple[int, str, str, float, dict[str, Any], float | None, str | None]
Batch = tuple[int, int, "list[HistoryEvent]"]  #: number of the execution, index of the first event, events

TypeKey = tuple[str, str, str]  #: kind of the row, name and version of a type; a domain has no version
TypeRow = tuple[str, str, str, dict[str, Any]]  #: with its values
Refusal = tuple[int, str, str]  #: number of the request, code of the fault, its message


class PrunedExecution(NamedTuple):
    """A closed execution whose history was removed."""

    domain: str
    workflow_id: str
    run_id: str
    name: str  #: its first two tags, joined by a slash: ``NAME/DATE`` of a notebook run
    closed: float  #: epoch seconds
    status: str  #: SWF's close status


class Journal:
    """The journal's file, opened by its owner.

    Raises:
        JournalError: it cannot be opened, is not a journal, or was written by a newer version.
    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self.path = path
        self.commits = 0
        self._writing = threading.Lock()  # a type must not become part of a transaction under way, and be rolled back with it
        refuse_no_file(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=32)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"{path} cannot be opened: {cause_of(error)}") from None
        try:
            self._db.execute("PRAGMA busy_timeout=10000")
            refuse_foreign(self._db, path)
            self._db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # takes effect in a new file only
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            is_new = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None
            if not is_new:
                check_schema(self._db, path)
            self._db.executescript(_SCHEMA)
            if is_new:
                self._db.execute("INSERT OR IGNORE INTO meta VALUES (?, 'from the beginning')", (MAY_PRUNE,))
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
            self._db.execute(f"PRAGMA busy_timeout={_LOCKED_MS}")
            # Python takes a statement's result from its connection: a read in between can hide a failed write.
            self._looking = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            self._db.close()
            raise unusable(path, error) from None
        except JournalError:
            self._db.close()
            raise

    def close(self) -> None:
        self._looking.close()
        self._db.close()

    def write(
        self,
        batches: list[Batch],
        started: list[tuple[int, str, str, float, dict[str, Any]]],
        closed: list[tuple[float, str, int]],
        taken_request: int = 0,
        refused: Sequence[Refusal] = (),
    ) -> None:
        """Write events in one transaction. When this returns, they survive the death of this process.

        ``taken_request`` is the number of the last of the :mod:`.requests` carried out by these events, or ``refused``.

        Raises:
            JournalError: nothing was written.
        """
        rows = [(run, first, _encode(events)) for run, first, events in batches]
        with self._writing:
            self._write(rows, started, closed, taken_request, refused)
        self.commits += 1

    def _write(
        self,
        rows: list[tuple[int, int, str]],
        started: list[tuple[int, str, str, float, dict[str, Any]]],
        closed: list[tuple[float, str, int]],
        taken_request: int,
        refused: Sequence[Refusal],
    ) -> None:
        db = self._db
        try:
            if db.in_transaction:  # it failed, and the rollback failed too
                db.execute("ROLLBACK")
            if len(rows) == 1 and not started and not closed and not taken_request:
                db.execute("INSERT INTO batches VALUES (?, ?, ?)", rows[0])
            else:
                db.execute("BEGIN IMMEDIATE")
                db.executemany(
                    "INSERT INTO runs (number, workflow_id, run_id, started, info) VALUES (?, ?, ?, ?, ?)",
                    [(*row[:4], _encode(row[4])) for row in started],
                )
                db.executemany("INSERT INTO batches VALUES (?, ?, ?)", rows)
                db.executemany("UPDATE runs SET closed = ?, close_status = ? WHERE number = ?", closed)
                if taken_request:
                    db.execute("DELETE FROM requests WHERE id <= ?", (taken_request,))
                    if refused:
                        db.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", refused)
                        db.execute("DELETE FROM answers WHERE request <= ?", (taken_request - _MOST_ANSWERS,))
                db.execute("COMMIT")
        except sqlite3.Error as error:
            failure = error
            try:
                if db.in_transaction:
                    db.execute("ROLLBACK")
            except sqlite3.Error as worse:
                failure = worse
            raise JournalError(f"{self.path} cannot be written: {cause_of(failure)}") from failure

    def write_types(self, rows: Sequence[TypeRow], removed: Sequence[TypeKey] = ()) -> None:
        """Write registered types and domains, and remove others, in a transaction of their own.

        Raises:
            JournalError: nothing was written.
        """
        db = self._db
        try:
            with self._writing:
                if db.in_transaction:  # it failed, and the rollback failed too
                    db.execute("ROLLBACK")
                db.execute("BEGIN IMMEDIATE")
                try:
                    texts = [(*row[:3], _encode(row[3])) for row in rows]
                    db.executemany("INSERT OR REPLACE INTO types VALUES (?, ?, ?, ?)", texts)
                    db.executemany("DELETE FROM types WHERE kind = ? AND name = ? AND version = ?", removed)
                    db.execute("COMMIT")
                except sqlite3.Error:
                    db.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise JournalError(f"{self.path} cannot be written: {cause_of(error)}") from error

    def types(self) -> Iterator[TypeRow]:
        """Yield the registered types and domains: kind, name, version, body.

        Raises:
            JournalError: they cannot be read.
        """
        try:
            for kind, name, version, body in self._db.execute("SELECT kind, name, version, body FROM types"):
                yield kind, name, version, json.loads(body)
        except (sqlite3.Error, ValueError) as error:
            raise unusable(self.path, error) from None

    def execution_rows(self) -> list[ExecutionRow]:
        """Read every execution, oldest first, without its events."""
        return execution_rows(self._db, self.path)

    def events(self, run: int, since: int = 0, end: int | None = None) -> list[HistoryEvent]:
        """Read the events of one execution after the first ``since``, up to the number ``end``.

        Other threads may write meanwhile.
        """
        return execution_events(self._looking, self.path, run, since, end)

    def open_events(self) -> dict[int, list[HistoryEvent]]:
        """Read the histories of the open executions, by their numbers."""
        histories: dict[int, list[HistoryEvent]] = {}
        query = (
            "SELECT run, events FROM batches WHERE run IN (SELECT number FROM runs WHERE closed IS NULL) ORDER BY run, first"
        )
        try:
            for run, events in self._db.execute(query):
                histories.setdefault(run, []).extend(json.loads(events))
        except (sqlite3.Error, ValueError) as error:
            raise unusable(self.path, error) from None
        return histories

    def shrink_memory(self) -> None:
        """Drop the cached pages; they are read from the file again."""
        with self._writing:
            self._db.execute("PRAGMA shrink_memory")

    # ---- what is forgotten: `.journal_pruning` -------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep this process from writing anything else meanwhile."""
        with self._writing:
            yield

    def note(self, key: str, value: str) -> None:
        """Store a note of the journal as a whole."""
        try:
            with self._writing:
                self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
        except sqlite3.Error as error:
            raise JournalError(f"{self.path} cannot be written: {cause_of(error)}") from error

    def noted(self, key: str) -> str | None:
        """Return the note stored under a key, None without one."""
        try:
            with self._writing:
                row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise unusable(self.path, error) from None
        return row[0] if row is not None else None

    def pruned(self, workflow_id: str) -> list[PrunedExecution]:
        """Find pruned executions whose id begins with ``workflow_id``, or whose name it is, newest first.

        Other threads may write meanwhile.
        """
        return pruned_executions(self._looking, self.path, workflow_id)


def pruned_executions(db: sqlite3.Connection, path: Path, wanted: str) -> list[PrunedExecution]:
    query = (
        "SELECT domain, workflow_id, run_id, name, closed, status FROM gone "
        "WHERE substr(workflow_id, 1, length(?)) = ? OR name = ? ORDER BY closed DESC"
    )
    try:
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'gone'").fetchone() is None:
            return []  # a journal of an earlier version
        return [PrunedExecution(*row) for row in db.execute(query, (wanted, wanted, wanted))]
    except sqlite3.Error as error:
        raise unusable(path, error) from None


def execution_rows(db: sqlite3.Connection, path: Path, after: int = 0) -> list[ExecutionRow]:
    query = "SELECT number, workflow_id, run_id, started, info, closed, close_status FROM runs WHERE number > ? ORDER BY number"
    try:
        return [(*row[:4], json.loads(row[4]), *row[5:]) for row in db.execute(query, (after,))]
    except (sqlite3.Error, ValueError) as error:
        raise unusable(path, error) from None


def execution_events(
    db: sqlite3.Connection, path: Path, run: int, since: int = 0, end: int | None = None
) -> list[HistoryEvent]:
    query = (
        "SELECT first, events FROM batches WHERE run = :run AND first >= "
        "coalesce((SELECT max(first) FROM batches WHERE run = :run AND first <= :since), 0) "
        "AND first < coalesce(:end, 9e18) ORDER BY first"
    )
    events: list[HistoryEvent] = []
    try:
        for first, text in db.execute(query, {"run": run, "since": since, "end": end}):
            batch = json.loads(text)
            events.extend(batch[since - first :] if first < since else batch)
    except (sqlite3.Error, ValueError) as error:
        raise unusable(path, error) from None
    return events if end is None else events[: max(0, end - since)]


def check_schema(db: sqlite3.Connection, path: Path) -> None:
    row = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if row is not None and not (row[0].isdecimal() and int(row[0]) <= SCHEMA_VERSION):
        raise JournalError(
            f"{path} was written by a newer version (schema {row[0]}, this is {SCHEMA_VERSION}); upgrade, or use --db"
        )


def check_is_journal(path: Path) -> None:
    """Refuse a file that is no journal, before anything is written to it or beside it.

    An empty or missing file may become one. A file that cannot be read now fails when it is opened.

    Raises:
        JournalError: it is a database of something else, or no file.
    """
    if not path.exists():
        return
    refuse_no_file(path)
    try:
        with closing(sqlite3.connect(read_only_uri(path), uri=True, timeout=0)) as db:
            refuse_foreign(db, path)
    except sqlite3.Error:
        pass


def refuse_no_file(path: Path) -> None:
    """Refuse a folder, and what SQLite would wait for without end, such as a named pipe.

    Raises:
        JournalError: there is something at the path that is not a file.
    """
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no file"
        raise JournalError(f"{path} is not a journal: it is {kind}; move it away, or name another with --db")


def refuse_foreign(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a database with tables other than a journal's.

    Raises:
        JournalError: it is a database of something else.
    """
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
    tables = [name for (name,) in db.execute(query)]
    foreign = [name for name in tables if name not in _TABLES]
    if tables and ("meta" not in tables or (foreign and "batches" not in tables)):
        raise JournalError(
            f"{path} is not a journal: it is a database of something else, with table {(foreign or tables)[0]!r}; name another "
            "with --db"
        )


def read_only_uri(path: Path) -> str:
    """Return SQLite's URI to read a database in WAL mode, also in a folder where this user may not write."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    if os.access(path.parent, os.W_OK) or path.with_name(path.name + "-wal").exists():
        return uri
    # A reader of such a database creates files beside it, and cannot here. An open database has them: so none is open.
    return uri + "&immutable=1"


def unusable(path: Path, error: Exception) -> JournalError:
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return JournalError(f"{path} cannot be opened: {cause_of(error)}; may this user read and write it?")
    if isinstance(error, sqlite3.OperationalError) and _of_the_moment(error):  # its contents are fine
        return JournalError(f"{path} cannot be used: {cause_of(error)}")
    return JournalError(
        f"{path} is not a readable journal: {cause_of(error)}; move it away to start afresh, or name another with --db"
    )


def _of_the_moment(error: sqlite3.Error) -> bool:
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_NOMEM"))


def cause_of(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
