"""The database of run records: how it is reached, and that its tables are there and up to date."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from simpleflow_nb.exceptions import ExitCode, SimpleflowError
from simpleflow_nb.local.journal import read_only_uri

from ..databases import database_complaint, installed_driver
from .migrations import MIGRATIONS, SCHEMA_VERSION, SchemaState, complete_rows, migrate, schema_state
from .run_tables import runs_table

if TYPE_CHECKING:
    import sqlalchemy as sa

BUSY_SECONDS = 60  #: how long SQLite waits for another process's transaction


_engines: dict[tuple[int, str], sa.Engine] = {}
_engines_lock = threading.Lock()


class RecordsError(SimpleflowError):
    """The run records cannot be used: not there, not readable, not writable, or of a newer version."""

    exit_code = ExitCode.UNREACHABLE


class RunDatabase:
    """One object serves all threads of a process; several processes may use one database.

    Raises:
        RecordsError: one sentence: the database cannot be opened, is no database, cannot be written to, or was made by
            a newer version that this one cannot work beside. Every method may raise it.
    """

    def __init__(self, uri: str, *, to_look: bool = False) -> None:
        """``uri`` is SQLAlchemy's (``sqlite:////absolute/path``, ``postgresql://user:password@host/name``).

        Missing tables are made. PostgreSQL is reached by psycopg 3 unless psycopg2 is installed, see `installed_driver`.
        With ``to_look`` nothing will be recorded, and a SQLite file that this user may only read will do.
        """
        import sqlalchemy as sa

        self._lock = threading.RLock()
        try:
            url = installed_driver(sa.make_url(uri))
        except sa.exc.ArgumentError:
            # The text may hold a password, so it is not shown.
            raise RecordsError("AUTOFLOW_DB_URI is not a database URI such as sqlite:////outputs/runs.sqlite3") from None
        self._is_sqlite = url.get_backend_name() == "sqlite"
        self._is_read_only = to_look and self._is_sqlite and _may_only_read(url.database)
        self.location = str(url.database) if self._is_sqlite else url.render_as_string(hide_password=True)
        try:
            self._engine = self._made_engine(url)
        except ImportError as error:
            hint = "; pip install 'simpleflow_nb[postgres]'" if url.get_backend_name() == "postgresql" else ""
            raise RecordsError(f"run records in {self.location} need the package {error.name}{hint}") from None
        except sa.exc.SQLAlchemyError as error:
            raise RecordsError(f"run records in {self.location} cannot be used: {database_complaint(error)}") from None
        self._runs = runs_table()
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections. May be called twice; the object may not be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _made_engine(self, url: sa.URL) -> sa.Engine:
        """One for each database and process: SQLAlchemy's compiled statements are kept with it, and a sensor opens its
        records at each check."""
        import sqlalchemy as sa

        if self._is_sqlite and url.database in (None, "", ":memory:"):
            return sa.create_engine(url, **self._connection_options(url))
        if self._is_read_only:
            return sa.create_engine(
                "sqlite://", creator=partial(_read_only_connection, str(url.database)), poolclass=sa.NullPool
            )
        key = (os.getpid(), url.render_as_string(hide_password=False))
        with _engines_lock:
            if key not in _engines:
                _engines[key] = sa.create_engine(url, **self._connection_options(url))
            return _engines[key]

    def _connection_options(self, url: sa.URL) -> dict[str, Any]:
        import sqlalchemy as sa

        if not self._is_sqlite:
            return {"pool_pre_ping": True}  # a database server may have dropped a connection that slept
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
        if url.database in (None, "", ":memory:"):
            options["poolclass"] = sa.StaticPool  # one connection: each would be a database of its own
        return options

    def _prepare(self) -> None:
        import sqlalchemy as sa

        if self._is_read_only or not self._is_sqlite:
            # Nobody waits for a lock as long as there is nothing to be done.
            with self.transaction() as connection:
                state = self._checked_state(connection)
                if state.migration >= SCHEMA_VERSION:
                    if not self._is_read_only:
                        complete_rows(connection)
                    return
            if self._is_read_only:
                raise RecordsError(
                    f"run records in {self.location} are of an earlier version, and this user cannot bring them up to date; "
                    "call `simpleflow-nb status` once as a user who may write there"
                )
        with self.transaction(exclusive=True) as connection:
            is_current = self._checked_state(connection).migration >= SCHEMA_VERSION
            if is_current:
                complete_rows(connection)
                # Changes nothing, and fails now if the database is read-only rather than at the end of a run.
                connection.execute(sa.update(self._runs).where(sa.false()).values(attempt=0))
            else:
                migrate(connection, MIGRATIONS)
        if self._is_sqlite and not is_current:
            self._keep_write_ahead_log()

    def _checked_state(self, connection: sa.Connection) -> SchemaState:
        state = schema_state(connection)
        if state.oldest_reader > SCHEMA_VERSION:
            raise RecordsError(
                f"run records in {self.location} were made by a newer simpleflow_nb "
                f"(schema {state.oldest_reader}, this one knows {SCHEMA_VERSION}); upgrade simpleflow_nb"
            )
        return state

    def _keep_write_ahead_log(self) -> None:
        """Readers do not wait for writers then. Kept by the file; a file system that cannot do it keeps the rollback journal,
        which is as safe."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                with self.transaction() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                return
            except RecordsError as error:
                # SQLite does not wait here for others that use the file: https://www.sqlite.org/wal.html
                if "database is locked" not in str(error) or time.monotonic() >= until:
                    raise
            time.sleep(0.02)

    @contextmanager
    def transaction(self, *, exclusive: bool = False) -> Iterator[sa.Connection]:
        """A transaction, also for tables of other modules; with ``exclusive`` no other process is in such a one meanwhile."""
        import sqlalchemy as sa

        try:
            # The lock: SQLite in memory is one connection for all threads, and a file has one writer anyway.
            with self._lock, self._engine.begin() as connection:
                if exclusive and self._is_sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                elif exclusive and connection.dialect.name == "postgresql":
                    # CREATE TABLE IF NOT EXISTS of two sessions at once can fail in PostgreSQL.
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(0x5F6E62)))
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise RecordsError(f"run records in {self.location} cannot be used: {database_complaint(error)}") from None


def _may_only_read(database: str | None) -> bool:
    """Whether a file is there, and this user cannot write it or, which SQLite needs as well, into its folder."""
    if database in (None, "", ":memory:"):
        return False
    path = Path(str(database))
    return path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _read_only_connection(database: str) -> sqlite3.Connection:
    return sqlite3.connect(read_only_uri(Path(database)), uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
