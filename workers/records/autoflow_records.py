"""Runs that AutoFlow has recorded in the same database. Its table is read, never altered.

AutoFlow appends a row to ``workflow_runs`` when a run begins (``running``) and one when it ends (``success`` or
``failed``). A ``running`` row says nothing of what became of the run: after a crash it stays for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from deciders.values.run_state import RunState

if TYPE_CHECKING:
    import sqlalchemy as sa

TABLE = "workflow_runs"
_ENDS = ("success", "failed")  #: the other word is ``running``
_COLUMNS = {"id", "workflow_name", "parameters_hash", "state", "timestamp"}


@dataclass(frozen=True, kw_only=True)
class AutoflowEnd:
    """How AutoFlow's latest run of an instance ended."""

    workflow_name: str
    identity: str  #: AutoFlow's ``parameters_hash``
    state: RunState  #: succeeded or failed
    moment: datetime  #: UTC; without a time zone from SQLite
    number: int  #: of the row


def read_autoflow_ends(connection: sa.Connection, instance: tuple[str, str] | None = None) -> list[AutoflowEnd]:
    """The latest end of each instance, or of the one (workflow name, identity).

    Empty if the database has no table of AutoFlow's; another program's table of that name is left alone.
    """
    import sqlalchemy as sa

    if not _is_there(connection):
        return []
    number, name = sa.column("id", sa.Integer), sa.column("workflow_name", sa.Text)
    identity, moment = sa.column("parameters_hash", sa.Text), sa.column("timestamp", sa.DateTime(timezone=True))
    state = sa.cast(sa.column("state"), sa.Text)  # an enumeration of the database in PostgreSQL
    query = (
        sa.select(name, identity, state, moment, number)
        .select_from(sa.table(TABLE))
        .where(state.in_(_ENDS))
        .order_by(moment, number)
    )
    if instance is not None:
        query = query.where(name == instance[0], identity == instance[1])
    latest = {(row[0], row[1]): row for row in connection.execute(query)}
    return [
        AutoflowEnd(
            workflow_name=row[0],
            identity=row[1],
            state=RunState.read(row[2]),
            moment=row[3],
            number=row[4],
        )
        for row in latest.values()
    ]


def read_autoflow_instances(connection: sa.Connection) -> set[tuple[str, str]]:
    """(workflow name, identity) of each instance that AutoFlow has recorded anything of, if only that it began."""
    import sqlalchemy as sa

    if not _is_there(connection):
        return set()
    name, identity = sa.column("workflow_name", sa.Text), sa.column("parameters_hash", sa.Text)
    query = sa.select(name, identity).select_from(sa.table(TABLE)).distinct()
    return {(row[0], row[1]) for row in connection.execute(query)}


def _is_there(connection: sa.Connection) -> bool:
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    return inspector.has_table(TABLE) and {column["name"] for column in inspector.get_columns(TABLE)} >= _COLUMNS
