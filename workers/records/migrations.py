"""Numbered steps that bring the tables of run records from any state that a version has left to the present one.

All steps that a database lacks run in one transaction under a lock: processes that open it at once run them once, and a
step that fails leaves nothing. A step only adds, since processes of older versions may go on working in the same database.
Tables are described here as they were when the step was written; `workers.records.run_tables` and
`workers.records.run_items` describe them as they are.

``sfnb_schema`` has one row:

``migration``
    the number of the last step that was run
``oldest_reader``
    the oldest version of the schema whose processes may work here; only those below it refuse
``version``
    the same for version 0.1, which has no other column, and refuses if the greatest ``version`` is above its own, 2

Without a ``migration`` the tables are those of 0.1 (``version`` 2, or 1 before it), or of a development version after it, which
said 3 as well, and may lack any of the columns that came after. So every step is run then, and skips what is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from deciders.parameter_set import written
from deciders.values.reason import ReasonKind, sentences_of

if TYPE_CHECKING:
    import sqlalchemy as sa

_SCHEMA, _RUNS, _ITEMS, _OWNERS = "sfnb_schema", "sfnb_runs", "sfnb_items", "sfnb_workflow_files"


@dataclass(frozen=True)
class Migration:
    """One step. Versions below ``oldest_reader`` could not go on after it."""

    number: int
    oldest_reader: int
    run: Callable[[sa.Connection], None]


class SchemaState(NamedTuple):
    """What a database says of its tables."""

    migration: int  #: 0 if no numbered step was run, whatever is there
    oldest_reader: int  #: 0 in an empty database


def schema_state(connection: sa.Connection) -> SchemaState:
    """Read what the database says; changes nothing."""
    import sqlalchemy as sa

    if not sa.inspect(connection).has_table(_SCHEMA):
        return SchemaState(0, 0)
    rows = connection.exec_driver_sql(f"SELECT * FROM {_SCHEMA}").mappings().all()
    if rows and "migration" not in rows[0]:
        return SchemaState(0, max(row["version"] for row in rows))
    # a development version may have put a row of its own beside ours, with nothing but its version
    ours = [row for row in rows if row["migration"] is not None]
    return SchemaState(
        max((row["migration"] for row in ours), default=0), max((row["oldest_reader"] for row in ours), default=0)
    )


def migrate(connection: sa.Connection, migrations: Sequence[Migration]) -> None:
    """Run the steps that the database lacks, in a transaction that no other process is in at the same time."""
    import sqlalchemy as sa

    done = schema_state(connection).migration
    lacking = [step for step in migrations if step.number > done]
    for step in lacking:
        step.run(connection)
    if lacking:
        _add_columns(connection, _SCHEMA, {"oldest_reader": sa.Integer(), "migration": sa.Integer()})
        last = lacking[-1]
        values = {"version": last.oldest_reader, "oldest_reader": last.oldest_reader, "migration": last.number}
        connection.execute(sa.text(f"DELETE FROM {_SCHEMA}"))
        connection.execute(
            sa.text(f"INSERT INTO {_SCHEMA} (version, oldest_reader, migration) VALUES (:version, :oldest_reader, :migration)"),
            values,
        )


def complete_rows(connection: sa.Connection) -> None:
    """Fill in what a process of 0.1 leaves out: the parameter set and the kind of the runs that it has recorded."""
    import sqlalchemy as sa

    lacking = sa.text(f"SELECT id, parameters, reference_date, reason FROM {_RUNS} WHERE parameter_set IS NULL")
    found = [
        {"id": row.id, "parameter_set": parameter_set_text(row.parameters), "kind": _kind(row.reference_date, row.reason)}
        for row in connection.execute(lacking)
    ]
    if found:
        update = f"UPDATE {_RUNS} SET parameter_set = :parameter_set, kind = COALESCE(kind, :kind) WHERE id = :id"
        connection.execute(sa.text(update), found)


def parameter_set_text(parameters: str) -> str:
    """The parameter set of a run whose ``parameters`` are kept as this JSON: those without its dates, as text."""
    return written(json.loads(parameters)).replace("\0", "")  # PostgreSQL has no NUL in texts


def _kind(reference_date: str | None, reason: str | None) -> str:
    is_for_no_entry = reason in sentences_of(ReasonKind.BY_HAND_FOR_NO_ENTRY)
    return "by hand" if reference_date is None or is_for_no_entry else "dated"


def _first_tables(connection: sa.Connection) -> None:
    """The runs, and the version of the schema."""
    import sqlalchemy as sa

    metadata = sa.MetaData()
    sa.Table(_SCHEMA, metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False))
    sa.Table(
        _RUNS,
        metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
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
    _create(connection, metadata)


def _reasons_and_reruns(connection: sa.Connection) -> None:
    """Why a run was started, and what tells that it is to be run again: version 2, that of 0.1."""
    import sqlalchemy as sa

    _add_columns(connection, _RUNS, dict.fromkeys(("reason", "labels", "notebooks", "data"), sa.Text()))


def _items_and_origins(connection: sa.Connection) -> None:
    """What orange says, where a run comes from, one row for each item, the owners of workflows, and indexes for listings."""
    import sqlalchemy as sa

    names = ("notes", "date_stencil", "missing_dates", "kind", "workflow_file", "started_by", "parameter_set")
    texts = dict.fromkeys((*names, "parent_run_id", "parent_label"), sa.Text())
    _add_columns(connection, _RUNS, {**texts, "parent_index": sa.Integer()})
    metadata = sa.MetaData()
    sa.Table(
        _ITEMS,
        metadata,
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("label", sa.Text, primary_key=True),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text) for name in ("slug", "kind")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("light", sa.Text),
        sa.Column("attempt", sa.Integer),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        *(sa.Column(name, sa.Text) for name in ("key", "taken_from", "folder", "reason", "error")),
        sa.Index("sfnb_items_key", "key"),
    )
    sa.Table(
        _OWNERS,
        metadata,
        sa.Column("workflow_name", sa.Text, primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("outputs", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("claimed", sa.DateTime(timezone=True), nullable=False),
    )
    _create(connection, metadata)
    # No free text is in an index: PostgreSQL refuses a row of which a page holds less than three.
    columns = ("id", "workflow_name", "identity", "instance", "state", "reference_date", "light", "parameter_set")
    runs = sa.Table(_RUNS, sa.MetaData(), *(sa.Column(name, sa.Text) for name in columns)).c
    has_no_set = runs.parameter_set.is_(None)
    for index in (
        sa.Index("sfnb_runs_latest", runs.workflow_name, runs.identity, runs.state, runs.id, runs.reference_date, runs.light),
        sa.Index("sfnb_runs_listing", runs.workflow_name, runs.instance, runs.state, runs.id),
        sa.Index("sfnb_runs_date", runs.reference_date, runs.workflow_name),
        sa.Index("sfnb_runs_without_set", runs.id, sqlite_where=has_no_set, postgresql_where=has_no_set),
    ):
        connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
    complete_rows(connection)


MIGRATIONS = (
    Migration(1, oldest_reader=1, run=_first_tables),
    Migration(2, oldest_reader=1, run=_reasons_and_reruns),
    Migration(3, oldest_reader=2, run=_items_and_origins),
)
SCHEMA_VERSION = MIGRATIONS[-1].number  #: the schema that this version works with


def _create(connection: sa.Connection, metadata: sa.MetaData) -> None:
    import sqlalchemy as sa

    for table in metadata.tables.values():
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _add_columns(connection: sa.Connection, name: str, columns: dict[str, sa.types.TypeEngine[Any]]) -> None:
    """Add those that the table lacks; rows that are there have nothing in them."""
    import sqlalchemy as sa

    there = {column["name"] for column in sa.inspect(connection).get_columns(name)}
    for column, kind in columns.items():
        if column not in there:
            described = sa.schema.CreateColumn(sa.Column(column, kind)).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {described}")
