"""What became of each run, in a database: the memory of the sensor and the source of status pages.

SQLite in the outputs folder by default; any database that SQLAlchemy knows through ``AUTOFLOW_DB_URI``. Only ends are
recorded: what is running is asked of the service. A database that AutoFlow made may be used; its table is read, never
altered.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from deciders.reruns import LastEnd
from simpleflow_nb.environment import setting
from simpleflow_nb.exceptions import SimpleflowError
from simpleflow_nb.local.journal import read_only_uri
from workers.autoflow_records import read_autoflow_ends, read_autoflow_instances
from workers.databases import database_complaint, installed_driver
from workers.kept_paths import kept_path, kept_text
from workers.run_queries import failures_since_success, latest_ends, latest_states, latest_unhashed
from workers.run_tables import (
    SAYS_NOTHING,
    SCHEMA_VERSION,
    RunRecord,
    added_columns,
    autoflow_record,
    aware,
    record_of,
    row_of,
    tables,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["RecordsError", "RunRecord", "RunRecords"]

BUSY_SECONDS = 60  #: how long SQLite waits for another process's transaction


_engines: dict[tuple[int, str], sa.Engine] = {}
_engines_lock = threading.Lock()


class RecordsError(SimpleflowError):
    """The run records cannot be used: not there, not readable, not writable, or of a newer version."""


class RunRecords:
    """Run records in one database. One object serves all threads of a process; several processes may use one database.

    Raises:
        RecordsError: one sentence: the database cannot be opened, is no database, cannot be written to, or was made by
            a newer version. Every method may raise it.
    """

    def __init__(self, uri: str, *, to_look: bool = False) -> None:
        """``uri`` is SQLAlchemy's (``sqlite:////absolute/path``, ``postgresql://user:password@host/name``).

        Missing tables are made. PostgreSQL is reached by psycopg 3 unless psycopg2 is installed, see `installed_driver`.
        With ``to_look`` nothing will be recorded, and a SQLite file that this user may only read will do.
        """
        import sqlalchemy as sa

        self._lock = threading.RLock()
        self._outputs: Path | None = None  # that of the runs; their paths are kept relative to it
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
        self._runs, self._schema = tables()
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, outputs: Path, *, to_look: bool = False) -> RunRecords:
        """The records that belong to an outputs folder; ``to_look`` as above.

        Paths below that folder are kept relative to it, and come back absolute: a folder that was moved finds its files.

        ``AUTOFLOW_DB_URI`` if it is set, its ``{}`` standing for the URL-quoted secret ``AUTOFLOW_DB_PASSWORD`` (both from
        ``/run/secrets`` first, then the environment; no password is an empty one); the file
        ``<outputs>/.simpleflow-nb/runs.sqlite3``, made if it is missing, otherwise.
        """
        from workers.secrets import read_secret

        outputs = outputs.absolute()
        uri = setting("AUTOFLOW_DB_URI")
        if uri:
            found = cls(uri.replace("{}", quote(read_secret("AUTOFLOW_DB_PASSWORD", ""), safe="")), to_look=to_look)
            found._outputs = outputs
            return found
        path = outputs / ".simpleflow-nb" / "runs.sqlite3"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RecordsError(f"folder {path.parent} of the run records cannot be made: {reason}") from None
        import sqlalchemy as sa

        # Not an f-string: a path may hold `?` and other characters that mean something in a URI.
        found = cls(sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False), to_look=to_look)
        found._outputs = outputs
        return found

    def is_in(self, outputs: Path) -> bool:
        """Whether the records lie in this outputs folder, rather than in a database that several may share."""
        place = outputs.absolute() / ".simpleflow-nb"
        return self._is_sqlite and Path(os.path.abspath(self.location)).parent == Path(os.path.normpath(place))

    def record(self, record: RunRecord) -> None:
        """Keep the end of a run, in one transaction. A run id that is known is overwritten, so it may be done again.

        Raises:
            ValueError: a time without a time zone.
        """
        import sqlalchemy as sa

        values = row_of(self._kept(record))
        runs = self._runs
        with self._transaction() as connection:
            known = connection.execute(sa.update(runs).where(runs.c.run_id == record.run_id).values(**values))
            if not known.rowcount:
                connection.execute(sa.insert(runs).values(**values))

    def states(self) -> dict[tuple[str, str], str]:
        """(workflow name, identity) -> how its latest run ended, ``succeeded``, ``skipped`` or ``failed`` (which it also is
        when it timed out or was terminated).

        A cancelled or partial run changes nothing: what was there before it stands. Where only AutoFlow has rows, its latest
        ``success`` or ``failed`` counts and ``running`` says nothing, as it stays for ever after a crash.
        """
        with self._transaction() as connection:
            ends = read_autoflow_ends(connection)
            states: dict[tuple[str, str], str] = {(end.workflow_name, end.identity): end.state for end in ends}
            for name, identity, state in connection.execute(latest_states()):
                states[name, identity] = state if state in ("succeeded", "skipped") else "failed"
        return states

    def autoflow_instances(self) -> set[tuple[str, str]]:
        """(workflow name, identity) of each instance of which AutoFlow has recorded anything, if only that it began."""
        with self._transaction() as connection:
            return read_autoflow_instances(connection)

    def ends(self) -> dict[tuple[str, str], LastEnd]:
        """(workflow name, identity) -> what is known of its latest run that was neither cancelled nor partial.

        AutoFlow's rows are not among them: they say nothing beyond the state.
        """
        with self._transaction() as connection:
            counts = {(name, identity): count for name, identity, count in connection.execute(failures_since_success())}
            rows = connection.execute(latest_ends()).all()
        return {
            (row.workflow_name, row.identity): LastEnd(
                state=row.state,
                ended=aware(row.ended),
                failures=counts.get((row.workflow_name, row.identity), 0),
                notebooks=_hashes(row.notebooks) if row.notebooks is not None else None,
                data=json.loads(row.data) if row.data is not None else None,
            )
            for row in rows
        }

    def unhashed(self) -> dict[tuple[str, str], str]:
        """(workflow name, identity) -> instance, of those whose latest end (see `ends`) says nothing of its notebooks.

        An early version recorded them.
        """
        with self._transaction() as connection:
            rows = connection.execute(latest_unhashed())
            return {(row.workflow_name, row.identity): row.instance for row in rows}

    def amend(self, run_id: str, change: Callable[[RunRecord], RunRecord]) -> RunRecord | None:
        """Replace a record by what ``change`` makes of it, in one transaction, and return that; None without such a run."""
        import sqlalchemy as sa

        runs = self._runs
        with self._transaction(exclusive=True) as connection:
            row = connection.execute(sa.select(runs).where(runs.c.run_id == run_id)).first()
            if row is None:
                return None
            record = change(self._found(row))
            connection.execute(sa.update(runs).where(runs.c.run_id == run_id).values(**row_of(self._kept(record))))
            return record

    def successes(self) -> dict[tuple[str, str], set[str]]:
        """(workflow name, ISO reference date) -> the identities of its instances that have ever succeeded."""
        import sqlalchemy as sa

        runs, found = self._runs, dict[tuple[str, str], set[str]]()
        query = (
            sa.select(runs.c.workflow_name, runs.c.reference_date, runs.c.identity)
            .where(runs.c.state == "succeeded", runs.c.reference_date.is_not(None))
            .distinct()
        )
        with self._transaction() as connection:
            for name, day, identity in connection.execute(query):
                found.setdefault((name, day), set()).add(identity)
        return found

    def unrecorded(self, run_ids: Iterable[str]) -> set[str]:
        """Those of the run ids that have no record."""
        import sqlalchemy as sa

        left = sorted(set(run_ids))
        missing = set(left)
        with self._transaction() as connection:
            for at in range(0, len(left), 500):
                chosen = self._runs.c.run_id.in_(left[at : at + 500])
                missing -= set(connection.execute(sa.select(self._runs.c.run_id).where(chosen)).scalars())
        return missing

    def runs(self, workflow_name: str | None = None, identity: str | None = None) -> list[RunRecord]:
        """Every record, of one workflow or one of its instances, in the order in which they were made."""
        import sqlalchemy as sa

        runs = self._runs
        query = sa.select(runs).order_by(runs.c.id)
        if workflow_name is not None:
            query = query.where(runs.c.workflow_name == workflow_name)
        if identity is not None:
            query = query.where(runs.c.identity == identity)
        with self._transaction() as connection:
            return [self._found(row) for row in connection.execute(query)]

    def succeeded(self, workflow_name: str, identity: str) -> RunRecord | None:
        """The run that makes this instance done: its latest that was neither cancelled nor partial, if that succeeded.

        An instance that only AutoFlow has run comes with what AutoFlow kept: no instance, parameters or artefacts.
        """
        import sqlalchemy as sa

        runs = self._runs
        with self._transaction() as connection:
            row = connection.execute(
                sa.select(runs)
                .where(
                    runs.c.workflow_name == workflow_name,
                    runs.c.identity == identity,
                    runs.c.state.not_in(SAYS_NOTHING),
                )
                .order_by(runs.c.id.desc())
                .limit(1)
            ).first()
            if row is not None:
                record = self._found(row)
                return record if record.state == "succeeded" else None
            ends = read_autoflow_ends(connection, (workflow_name, identity))
        return next((autoflow_record(end) for end in ends if end.state == "succeeded"), None)

    def attempts(self, workflow_name: str, identity: str) -> int:
        """How many runs of the instance are recorded, however they ended. AutoFlow's are not counted."""
        import sqlalchemy as sa

        runs = self._runs
        with self._transaction() as connection:
            return connection.execute(
                sa.select(sa.func.count())
                .select_from(runs)
                .where(runs.c.workflow_name == workflow_name, runs.c.identity == identity)
            ).scalar_one()

    def latest(self, workflow_name: str | None = None) -> list[RunRecord]:
        """Newest record of each instance, of one workflow or of all, by workflow, reference date and instance.

        Partial runs do not count.
        Instances without a reference date come first within their workflow. AutoFlow's rows are not among them.
        """
        import sqlalchemy as sa

        runs = self._runs
        whole = runs.c.state != "partial"
        newest = sa.select(sa.func.max(runs.c.id)).where(whole).group_by(runs.c.workflow_name, runs.c.instance)
        query = sa.select(runs).where(runs.c.id.in_(newest))
        if workflow_name is not None:
            query = query.where(runs.c.workflow_name == workflow_name)
        with self._transaction() as connection:
            records = [self._found(row) for row in connection.execute(query)]
        return sorted(records, key=lambda record: (record.workflow_name, record.reference_date or "", record.instance))

    def transaction(self, *, exclusive: bool = False) -> AbstractContextManager[sa.Connection]:
        """For tables of other modules; with ``exclusive`` no other process is in such a transaction meanwhile."""
        return self._transaction(exclusive=exclusive)

    def _kept(self, record: RunRecord) -> RunRecord:
        if self._outputs is None:
            return record
        outputs = self._outputs
        return dataclasses.replace(
            record,
            artefacts={name: kept_path(path, outputs) for name, path in record.artefacts.items()},
            error=kept_text(record.error, outputs) if record.error is not None else None,
            notes={name: [kept_text(note, outputs) for note in notes] for name, notes in record.notes.items()},
        )

    def _found(self, row: sa.Row[Any]) -> RunRecord:
        return record_of(row, self._outputs)

    def close(self) -> None:
        """Close all connections. May be called twice; the object may not be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> RunRecords:
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

        with self._transaction(exclusive=not self._is_read_only) as connection:
            inspector = sa.inspect(connection)
            if inspector.has_table(self._schema.name):
                version = connection.execute(sa.select(sa.func.max(self._schema.c.version))).scalar() or 0
                if version > SCHEMA_VERSION:
                    raise RecordsError(
                        f"run records in {self.location} were made by a newer simpleflow_nb "
                        f"(schema {version}, this one knows {SCHEMA_VERSION}); upgrade simpleflow_nb"
                    )
                if self._is_read_only and version == SCHEMA_VERSION:
                    return
                if version == SCHEMA_VERSION:
                    self._add_columns(connection, inspector)
                    # Changes nothing, and fails now if the database is read-only rather than at the end of a run.
                    connection.execute(sa.update(self._schema).where(sa.false()).values(version=version))
                    return
                self._add_columns(connection, inspector)
            for table in (self._schema, self._runs):
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
            connection.execute(sa.insert(self._schema).values(version=SCHEMA_VERSION))
        if self._is_sqlite:
            self._keep_write_ahead_log()

    def _keep_write_ahead_log(self) -> None:
        """Readers do not wait for writers then. Kept by the file; a file system that cannot do it keeps the rollback journal,
        which is as safe."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                with self._transaction() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                return
            except RecordsError as error:
                # SQLite does not wait here for others that use the file: https://www.sqlite.org/wal.html
                if "database is locked" not in str(error) or time.monotonic() >= until:
                    raise
            time.sleep(0.02)

    def _add_columns(self, connection: sa.Connection, inspector: sa.Inspector) -> None:
        """What an older version of the table lacks."""
        import sqlalchemy as sa

        if not inspector.has_table(self._runs.name):
            return
        there = {column["name"] for column in inspector.get_columns(self._runs.name)}
        table = connection.dialect.identifier_preparer.quote(self._runs.name)
        for column in added_columns():
            if column.name not in there:
                described = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {described}")

    @contextmanager
    def _transaction(self, *, exclusive: bool = False) -> Iterator[sa.Connection]:
        """A transaction; with ``exclusive`` no other process prepares the tables meanwhile."""
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


@lru_cache(maxsize=1_000)
def _hashes(text: str) -> Mapping[str, str]:
    """Of thousands of runs most were made with the same notebooks; they share one mapping."""
    found: dict[str, str] = json.loads(text)
    return found


def _may_only_read(database: str | None) -> bool:
    """Whether a file is there, and this user cannot write it or, which SQLite needs as well, into its folder."""
    if database in (None, "", ":memory:"):
        return False
    path = Path(str(database))
    return path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _read_only_connection(database: str) -> sqlite3.Connection:
    return sqlite3.connect(read_only_uri(Path(database)), uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
