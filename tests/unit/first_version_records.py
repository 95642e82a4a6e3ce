"""The run records of version 0.1, in the very statements that it gives to its database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from typing import Any

import sqlalchemy as sa

#: as SQLAlchemy writes them for SQLite; PostgreSQL has other words for two types
TABLES = (
    "CREATE TABLE sfnb_schema (version INTEGER NOT NULL, PRIMARY KEY (version))",
    "CREATE TABLE sfnb_runs (id INTEGER NOT NULL, workflow_name TEXT NOT NULL, identity TEXT NOT NULL, instance TEXT NOT NULL, "
    "reference_date TEXT, parameters TEXT NOT NULL, state TEXT NOT NULL, light TEXT NOT NULL, started DATETIME NOT NULL, "
    "ended DATETIME NOT NULL, attempt INTEGER NOT NULL, workflow_id TEXT NOT NULL, run_id TEXT NOT NULL, error TEXT, "
    "artefacts TEXT NOT NULL, reason TEXT, labels TEXT, notebooks TEXT, data TEXT, PRIMARY KEY (id))",
    "CREATE INDEX sfnb_runs_identity ON sfnb_runs (workflow_name, identity, id)",
    "CREATE INDEX sfnb_runs_instance ON sfnb_runs (workflow_name, instance, id)",
    "CREATE UNIQUE INDEX sfnb_runs_run_id ON sfnb_runs (run_id)",
    "INSERT INTO sfnb_schema (version) VALUES (2)",
)
VERSION = 2  #: the one that it knows; it refuses a greater one
READ_VERSION = "SELECT max(sfnb_schema.version) AS max_1 FROM sfnb_schema"
OPEN = f"UPDATE sfnb_schema SET version={VERSION} WHERE 0 = 1"
_COLUMNS = (
    "workflow_name, identity, instance, reference_date, parameters, state, light, started, ended, attempt, workflow_id, "
    "run_id, error, artefacts, reason, labels, notebooks, data"
)
_NAMES = _COLUMNS.split(", ")
UPDATE = f"UPDATE sfnb_runs SET {', '.join(f'{name}=:{name}' for name in _NAMES)} WHERE sfnb_runs.run_id = :run_id"
INSERT = f"INSERT INTO sfnb_runs ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in _NAMES)})"
_NUMBERS = (
    "SELECT max(sfnb_runs.id) AS max_1 FROM sfnb_runs WHERE (sfnb_runs.state NOT IN ('cancelled', 'partial')) "
    "GROUP BY sfnb_runs.workflow_name, sfnb_runs.identity"
)
STATES = f"SELECT workflow_name, identity, state FROM sfnb_runs WHERE sfnb_runs.id IN ({_NUMBERS})"
ENDS = f"SELECT workflow_name, identity, state, ended, notebooks, data FROM sfnb_runs WHERE sfnb_runs.id IN ({_NUMBERS})"
FAILURES = (
    "SELECT sfnb_runs.workflow_name, sfnb_runs.identity, count(*) AS count_1 FROM sfnb_runs LEFT OUTER JOIN "
    "(SELECT before.workflow_name AS workflow_name, before.identity AS identity, max(before.id) AS id FROM sfnb_runs AS before "
    "WHERE before.state = 'succeeded' GROUP BY before.workflow_name, before.identity) AS anon_1 ON anon_1.workflow_name = "
    "sfnb_runs.workflow_name AND anon_1.identity = sfnb_runs.identity WHERE sfnb_runs.state = 'failed' AND "
    "sfnb_runs.id > coalesce(anon_1.id, 0) GROUP BY sfnb_runs.workflow_name, sfnb_runs.identity"
)
SUCCESSES = (
    "SELECT DISTINCT sfnb_runs.workflow_name, sfnb_runs.reference_date, sfnb_runs.identity FROM sfnb_runs "
    "WHERE sfnb_runs.state = 'succeeded' AND sfnb_runs.reference_date IS NOT NULL"
)
LATEST = (
    f"SELECT id, {_COLUMNS} FROM sfnb_runs WHERE sfnb_runs.id IN (SELECT max(sfnb_runs.id) AS max_1 FROM sfnb_runs "
    "WHERE sfnb_runs.state != 'partial' GROUP BY sfnb_runs.workflow_name, sfnb_runs.instance)"
)
READING = (STATES, ENDS, FAILURES, SUCCESSES, LATEST)


def make_tables(connection: sa.Connection) -> None:
    """Make the tables, empty."""
    for statement in TABLES:
        if connection.dialect.name == "postgresql":
            statement = statement.replace("id INTEGER NOT NULL", "id BIGSERIAL NOT NULL", 1)
            statement = statement.replace("DATETIME", "TIMESTAMP WITH TIME ZONE")
        connection.exec_driver_sql(statement)


def row(number: int, **more: Any) -> dict[str, Any]:
    """The values of a run: that of a day, of one of ten workflows; every 25th has failed, and so on."""
    day, name = date(2019, 1, 1) + timedelta(number // 10), f"workflow_{number % 10}"
    identity = md5(f"{name}{day}".encode(), usedforsecurity=False).hexdigest()
    began = datetime(2019, 1, 2, 6, tzinfo=UTC) + timedelta(number // 10)
    values = {
        "workflow_name": name,
        "identity": identity,
        "instance": f"{day}_{identity[:8]}",
        "reference_date": str(day),
        "parameters": json.dumps({"region": "north", "limit": 10, "reference_date": str(day), "date_ranges": []}),
        "state": "failed" if number % 25 == 24 else "succeeded",
        "light": "red" if number % 25 == 24 else "green",
        "started": began,
        "ended": began + timedelta(seconds=90),
        "attempt": 1,
        "workflow_id": f"{name}-{day}-{identity}",
        "run_id": f"run-{number}",
        "error": "ValueError: no rows" if number % 25 == 24 else None,
        "artefacts": json.dumps({"count": f"/old/notebooks/{name}/{day}_{identity[:8]}/count/count.ipynb"}),
        "reason": "first run",
        "labels": json.dumps({"count": "failed" if number % 25 == 24 else "done"}),
        "notebooks": json.dumps({"count.ipynb": "0123"}),
        "data": None,
        **more,
    }
    return {name: values[name] for name in _NAMES}


def _prepared(connection: sa.Connection, statement: str) -> sa.TextClause:
    found = sa.text(statement)
    if ":started" in statement:
        moments = [sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("started", "ended")]
        found = found.bindparams(*moments)
    return found


def fill(connection: sa.Connection, numbers: range) -> None:
    """Insert these runs."""
    connection.execute(_prepared(connection, INSERT), [row(number) for number in numbers])


def work_as_first_version(connection: sa.Connection, number: int) -> dict[str, list[tuple[Any, ...]]]:
    """Open the database, record a run and read all that 0.1 reads; returns the rows by statement.

    Raises:
        AssertionError: it would refuse the database.
    """
    version = connection.execute(sa.text(READ_VERSION)).scalar_one()
    assert version <= VERSION, f"0.1 says that schema {version} is newer"
    connection.execute(sa.text(OPEN))
    values = row(number)
    if not connection.execute(_prepared(connection, UPDATE), values).rowcount:
        connection.execute(_prepared(connection, INSERT), values)
    return {statement: [tuple(one) for one in connection.execute(sa.text(statement))] for statement in READING}
