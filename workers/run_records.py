"""What became of each run, in a database: the memory of the sensor and the source of status pages.

SQLite in the outputs folder by default; any database that SQLAlchemy knows through ``AUTOFLOW_DB_URI``. Only ends are
recorded: what is running is asked of the service. A database that AutoFlow made may be used; its table is read, never
altered.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from simpleflow_nb.exceptions import SimpleflowError
from workers.autoflow_records import AutoflowEnd, read_autoflow_ends

if TYPE_CHECKING:
    import sqlalchemy as sa

SCHEMA_VERSION = 1
BUSY_SECONDS = 60  #: how long SQLite waits for another process's transaction


class RecordsError(SimpleflowError):
    """The run records cannot be used: not there, not readable, not writable, or of a newer version."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The end of one run."""

    workflow_name: str
    identity: str  #: of the instance: md5 of its parameters (AutoFlow's rule)
    instance: str  #: the name in paths: ``<reference date>_<8 hex of the identity>``, or a scenario's
    reference_date: str | None  #: ISO date; None for a run without one
    parameters: dict[str, Any]  #: what has no JSON form is kept as text
    state: Literal["succeeded", "failed", "cancelled"]
    light: str  #: green, orange or red
    started: datetime  #: with a time zone
    ended: datetime  #: with a time zone
    attempt: int  #: 1 for the first
    workflow_id: str
    run_id: str
    error: str | None
    artefacts: dict[str, str]  #: label, or ``report:<label>``, to its path


class RunRecords:
    """Run records in one database. One object serves all threads of a process; several processes may use one database.

    Raises:
        RecordsError: one sentence: the database cannot be opened, is no database, cannot be written to, or was made by
            a newer version. Every method may raise it.
    """

    def __init__(self, uri: str) -> None:
        """``uri`` is SQLAlchemy's (``sqlite:////absolute/path``, ``postgresql://user:password@host/name``).

        Missing tables are made. ``postgresql://`` without a driver's name takes psycopg 3 unless psycopg2 is installed.
        """
        import sqlalchemy as sa

        self._lock = threading.RLock()
        try:
            url = _with_installed_driver(sa.make_url(uri))
        except sa.exc.ArgumentError:
            # The text may hold a password, so it is not shown.
            raise RecordsError("AUTOFLOW_DB_URI is not a database URI such as sqlite:////outputs/runs.sqlite3") from None
        self._is_sqlite = url.get_backend_name() == "sqlite"
        self.location = str(url.database) if self._is_sqlite else url.render_as_string(hide_password=True)
        try:
            self._engine = sa.create_engine(url, **self._connection_options(url))
        except ImportError as error:
            hint = "; pip install 'simpleflow_nb[postgres]'" if url.get_backend_name() == "postgresql" else ""
            raise RecordsError(f"run records in {self.location} need the package {error.name}{hint}") from None
        except sa.exc.SQLAlchemyError as error:
            raise RecordsError(f"run records in {self.location} cannot be used: {_first_line(error)}") from None
        metadata = sa.MetaData()
        self._runs, self._schema = _runs_table(metadata), _schema_table(metadata)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, outputs: Path) -> RunRecords:
        """The records that belong to an outputs folder.

        ``AUTOFLOW_DB_URI`` from the environment if it is set, its ``{}`` standing for the URL-quoted secret
        ``AUTOFLOW_DB_PASSWORD`` (``/run/secrets`` first, then the environment, else empty); the file
        ``<outputs>/.simpleflow-nb/runs.sqlite3``, made if it is missing, otherwise.
        """
        from workers.secrets import read_secret

        uri = os.environ.get("AUTOFLOW_DB_URI", "").strip()
        if uri:
            return cls(uri.replace("{}", quote(read_secret("AUTOFLOW_DB_PASSWORD", ""), safe="")))
        path = outputs.absolute() / ".simpleflow-nb" / "runs.sqlite3"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RecordsError(f"folder {path.parent} of the run records cannot be made: {reason}") from None
        import sqlalchemy as sa

        # Not an f-string: a path may hold `?` and other characters that mean something in a URI.
        return cls(sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False))

    def record(self, record: RunRecord) -> None:
        """Keep the end of a run, in one transaction. A run id that is known is overwritten, so it may be done again.

        Raises:
            ValueError: a time without a time zone.
        """
        import sqlalchemy as sa

        values = _row(record)
        runs = self._runs
        with self._transaction() as connection:
            known = connection.execute(sa.update(runs).where(runs.c.run_id == record.run_id).values(**values))
            if not known.rowcount:
                connection.execute(sa.insert(runs).values(**values))

    def states(self) -> dict[tuple[str, str], str]:
        """(workflow name, identity) -> how its latest run ended, ``succeeded`` or ``failed``.

        A cancelled run changes nothing: what was there before it stands. Where only AutoFlow has rows, its latest
        ``success`` or ``failed`` counts and ``running`` says nothing, as it stays for ever after a crash.
        """
        import sqlalchemy as sa

        runs = self._runs
        latest = (
            sa.select(sa.func.max(runs.c.id)).where(runs.c.state != "cancelled").group_by(runs.c.workflow_name, runs.c.identity)
        )
        with self._transaction() as connection:
            ends = read_autoflow_ends(connection)
            states: dict[tuple[str, str], str] = {(end.workflow_name, end.identity): end.state for end in ends}
            rows = connection.execute(
                sa.select(runs.c.workflow_name, runs.c.identity, runs.c.state).where(runs.c.id.in_(latest))
            )
            states.update({(name, identity): state for name, identity, state in rows})
        return states

    def succeeded(self, workflow_name: str, identity: str) -> RunRecord | None:
        """The run that makes this instance done: its latest that was not cancelled, if that succeeded, else None.

        An instance that only AutoFlow has run comes with what AutoFlow kept: no instance, parameters or artefacts.
        """
        import sqlalchemy as sa

        runs = self._runs
        with self._transaction() as connection:
            row = connection.execute(
                sa.select(runs)
                .where(runs.c.workflow_name == workflow_name, runs.c.identity == identity, runs.c.state != "cancelled")
                .order_by(runs.c.id.desc())
                .limit(1)
            ).first()
            if row is not None:
                record = _record(row)
                return record if record.state == "succeeded" else None
            ends = read_autoflow_ends(connection, (workflow_name, identity))
        return next((_autoflow_record(end) for end in ends if end.state == "succeeded"), None)

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

        Instances without a reference date come first within their workflow. AutoFlow's rows are not among them.
        """
        import sqlalchemy as sa

        runs = self._runs
        newest = sa.select(sa.func.max(runs.c.id)).group_by(runs.c.workflow_name, runs.c.instance)
        query = sa.select(runs).where(runs.c.id.in_(newest))
        if workflow_name is not None:
            query = query.where(runs.c.workflow_name == workflow_name)
        with self._transaction() as connection:
            records = [_record(row) for row in connection.execute(query)]
        return sorted(records, key=lambda record: (record.workflow_name, record.reference_date or "", record.instance))

    def close(self) -> None:
        """Close all connections. May be called twice; the object may not be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> RunRecords:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

        with self._transaction(exclusive=True) as connection:
            inspector = sa.inspect(connection)
            if inspector.has_table(self._schema.name):
                version = connection.execute(sa.select(sa.func.max(self._schema.c.version))).scalar() or 0
                if version > SCHEMA_VERSION:
                    raise RecordsError(
                        f"run records in {self.location} were made by a newer simpleflow_nb "
                        f"(schema {version}, this one knows {SCHEMA_VERSION}); upgrade simpleflow_nb"
                    )
                if version == SCHEMA_VERSION:
                    # Changes nothing, and fails now if the database is read-only rather than at the end of a run.
                    connection.execute(sa.update(self._schema).where(sa.false()).values(version=version))
                    return
            for table in (self._schema, self._runs):
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
                for index in table.indexes:
                    connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
            connection.execute(sa.insert(self._schema).values(version=SCHEMA_VERSION))
        if self._is_sqlite:
            with self._transaction() as connection:
                # Readers do not wait for writers then. Kept by the file; a file system that cannot do it keeps the
                # rollback journal, which is as safe.
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")

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
            raise RecordsError(f"run records in {self.location} cannot be used: {_first_line(error)}") from None


def _runs_table(metadata: sa.MetaData) -> sa.Table:
    import sqlalchemy as sa

    # The number orders the records: one database counts for all machines, whose clocks may differ.
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Table(
        "sfnb_runs",
        metadata,
        sa.Column("id", number, primary_key=True, autoincrement=True),
        sa.Column("workflow_name", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("reference_date", sa.Text),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("light", sa.Text, nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("workflow_id", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("artefacts", sa.Text, nullable=False),
        sa.Index("sfnb_runs_run_id", "run_id", unique=True),
        sa.Index("sfnb_runs_identity", "workflow_name", "identity", "id"),
        sa.Index("sfnb_runs_instance", "workflow_name", "instance", "id"),
    )


def _schema_table(metadata: sa.MetaData) -> sa.Table:
    import sqlalchemy as sa

    return sa.Table("sfnb_schema", metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False))


def _row(record: RunRecord) -> dict[str, Any]:
    from workers.secrets import masked

    def text(value: str) -> str:
        return masked(value).replace("\0", "")  # PostgreSQL has no NUL in texts

    return {
        "workflow_name": record.workflow_name,
        "identity": record.identity,
        "instance": record.instance,
        "reference_date": record.reference_date,
        "parameters": text(json.dumps(record.parameters, default=str)),
        "state": record.state,
        "light": str(record.light),
        "started": _utc(record.started),
        "ended": _utc(record.ended),
        "attempt": record.attempt,
        "workflow_id": record.workflow_id,
        "run_id": record.run_id,
        "error": None if record.error is None else text(record.error),
        "artefacts": json.dumps(record.artefacts, default=str),
    }


def _record(row: sa.Row[Any]) -> RunRecord:
    values = dict(row._mapping)
    del values["id"]
    for name in ("parameters", "artefacts"):
        values[name] = json.loads(values[name])
    for name in ("started", "ended"):
        values[name] = _aware(values[name])
    return RunRecord(**values)


def _autoflow_record(end: AutoflowEnd) -> RunRecord:
    return RunRecord(
        workflow_name=end.workflow_name,
        identity=end.identity,
        instance="",
        reference_date=None,
        parameters={},
        state=end.state,
        light="green" if end.state == "succeeded" else "red",
        started=_aware(end.moment),
        ended=_aware(end.moment),
        attempt=1,
        workflow_id="",
        run_id=f"autoflow-{end.number}",
        error=None,
        artefacts={},
    )


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a run record needs times with a time zone, not {moment}")
    return moment.astimezone(UTC)


def _aware(moment: datetime) -> datetime:
    """SQLite keeps no time zone; what was put in was UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _with_installed_driver(url: sa.URL) -> sa.URL:
    from importlib.util import find_spec

    if url.drivername in ("postgres", "postgresql") and find_spec("psycopg2") is None:
        return url.set(drivername="postgresql+psycopg")
    return url


def _first_line(error: Exception) -> str:
    """What the database said, without SQLAlchemy's statement and link below it."""
    cause = getattr(error, "orig", None) or error
    line = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    return line[:1].lower() + line[1:]
