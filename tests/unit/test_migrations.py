"""Databases that every version has left are brought up to date, and old and new processes may share one."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.settings import count
from workers.records import run_database
from workers.records.migrations import MIGRATIONS, SCHEMA_VERSION, Migration, migrate, schema_state
from workers.records.run_items import items_table
from workers.records.run_records import RecordsError, RunRecord, RunRecords
from workers.records.run_tables import runs_table
from workers.records.workflow_owners import owners_table

from .first_version_records import ENDS, LATEST, STATES, fill, make_tables, row, work_as_first_version
from .test_run_records import FIRST

_RUNS = count(200, 10_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite3"


@pytest.fixture
def engine(path: Path) -> Iterator[sa.Engine]:
    made = sa.create_engine(f"sqlite:///{path}")
    yield made
    made.dispose()


@pytest.fixture
def old(path: Path, engine: sa.Engine) -> Path:
    """A database of 0.1."""
    with engine.begin() as connection:
        make_tables(connection)
        fill(connection, range(_RUNS))
    return path


def opened(path: Path) -> RunRecords:
    return RunRecords(f"sqlite:///{path}")


def schema_of(path: Path) -> list[tuple[str, str]]:
    """Every table and index by name, with its columns in any order."""
    with closing(sqlite3.connect(path)) as database:
        names = database.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        found = []
        for kind, name in names:
            columns = database.execute(f"PRAGMA {kind}_info({name})").fetchall()
            found.append((name, str(sorted((one[1], one[2], one[3]) if kind == "table" else one[2] for one in columns))))
    return sorted(found)


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_records_of_the_first_version_are_read_as_they_were(old: Path) -> None:
    with opened(old) as records:
        assert len(records.runs()) == len(records.latest()) == len(records.states()) == _RUNS
        record = records.runs()[24]
    assert (record.run_id, record.state, record.error, record.labels) == (
        "run-24",
        "failed",
        "ValueError: no rows",
        {"count": "failed"},
    )
    assert (record.kind, record.workflow_file, record.started_by, record.notes) == ("dated", None, None, {})
    assert asked(old, "SELECT DISTINCT parameter_set, kind FROM sfnb_runs") == [("limit=10, region=north", "dated")]
    assert asked(old, "SELECT * FROM sfnb_schema") == [(2, 2, SCHEMA_VERSION)]


_LEFT_BY = {
    "0.1": (),
    "0.1, brought up from what was before it": ("INSERT INTO sfnb_schema VALUES (1)",),
    "before 0.1": (
        *(f"ALTER TABLE sfnb_runs DROP COLUMN {name}" for name in ("reason", "labels", "notebooks", "data")),
        "UPDATE sfnb_schema SET version = 1",
    ),
    "development with notes": ("ALTER TABLE sfnb_runs ADD COLUMN notes TEXT", "INSERT INTO sfnb_schema VALUES (3)"),
    "development with stencils and owners": (
        *(f"ALTER TABLE sfnb_runs ADD COLUMN {name} TEXT" for name in ("notes", "date_stencil", "missing_dates")),
        "CREATE TABLE sfnb_workflow_files (workflow_name TEXT NOT NULL, file TEXT NOT NULL, outputs TEXT NOT NULL, "
        "service TEXT NOT NULL, claimed DATETIME NOT NULL, PRIMARY KEY (workflow_name))",
        "UPDATE sfnb_schema SET version = 3",
    ),
}


@pytest.mark.parametrize("left_by", _LEFT_BY)
def test_whatever_a_version_has_left_becomes_the_same_tables(left_by: str, old: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(old)) as database:
        for statement in _LEFT_BY[left_by]:
            database.execute(statement)
        database.commit()
    for _ in range(2):
        with opened(old) as records:
            assert len(records.latest()) == _RUNS
    with opened(tmp_path / "new"):
        pass
    assert schema_of(old) == schema_of(tmp_path / "new")
    assert asked(old, "SELECT * FROM sfnb_schema") == asked(tmp_path / "new", "SELECT * FROM sfnb_schema")


def test_the_tables_are_those_that_queries_are_written_for(path: Path, engine: sa.Engine) -> None:
    with opened(path):
        pass
    for table in (runs_table(), items_table(), owners_table()):
        there = {one["name"]: str(one["type"]) for one in sa.inspect(engine).get_columns(table.name)}
        assert there == {one.name: str(one.type.compile(engine.dialect)) for one in table.columns}, table.name


def test_a_process_of_the_first_version_goes_on_in_a_database_that_was_brought_up(old: Path, engine: sa.Engine) -> None:
    with opened(old) as records:
        records.record(replace(FIRST, run_id="ours"))
        with engine.begin() as connection:
            found = work_as_first_version(connection, _RUNS)
        assert [len(found[statement]) for statement in (STATES, ENDS, LATEST)] == [_RUNS + 2] * 3
        record = records.runs("workflow_0")[-1]
        assert (record.run_id, record.kind) == (f"run-{_RUNS}", None)
        assert len(records.states()) == len(records.latest()) == _RUNS + 2
    with opened(old) as records:  # completes what it has left out
        assert records.runs("workflow_0")[-1].kind == "dated"
    assert asked(old, f"SELECT parameter_set FROM sfnb_runs WHERE run_id = 'run-{_RUNS}'") == [("limit=10, region=north",)]


def test_a_process_of_the_first_version_works_in_a_database_that_this_one_made(path: Path, engine: sa.Engine) -> None:
    with opened(path) as records:
        records.record(FIRST)
        with engine.begin() as connection:
            found = work_as_first_version(connection, 24)
        assert sorted(map(len, found.values())) == [1, 1, 2, 2, 2]
        assert records.states()[row(24)["workflow_name"], row(24)["identity"]] == "failed"


def test_the_row_of_a_development_version_beside_ours_changes_nothing(path: Path) -> None:
    with opened(path):
        pass
    asked_for = sqlite3.connect(path)
    asked_for.execute("INSERT INTO sfnb_schema (version) VALUES (3)")
    asked_for.commit()
    asked_for.close()
    with opened(path) as records:
        records.record(FIRST)
        assert records.latest() == [FIRST]


@pytest.mark.parametrize(("oldest", "refused"), [(SCHEMA_VERSION, False), (SCHEMA_VERSION + 1, True)])
def test_a_newer_database_is_refused_only_if_this_version_cannot_work_there(oldest: int, refused: bool, path: Path) -> None:
    with opened(path) as records, records.transaction(exclusive=True) as connection:
        migrate(connection, [*MIGRATIONS, Migration(SCHEMA_VERSION + 7, oldest_reader=oldest, run=_add_a_column)])
    if not refused:
        with opened(path) as records:
            records.record(FIRST)
            assert records.latest() == [FIRST]
        assert asked(path, "SELECT migration FROM sfnb_schema") == [(SCHEMA_VERSION + 7,)]
        return
    with pytest.raises(RecordsError) as error:
        opened(path)
    assert str(error.value) == (
        f"run records in {path} were made by a newer simpleflow_nb "
        f"(schema {oldest}, this one knows {SCHEMA_VERSION}); upgrade simpleflow_nb"
    )


def _add_a_column(connection: sa.Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE sfnb_runs ADD COLUMN half TEXT")


def test_a_step_that_fails_leaves_nothing_of_those_before_it(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(connection: sa.Connection) -> None:
        _add_a_column(connection)
        connection.exec_driver_sql("CREATE TABLE sfnb_half (id INTEGER)")
        raise RuntimeError("power cut")

    before = schema_of(old)
    monkeypatch.setattr(run_database, "MIGRATIONS", [*MIGRATIONS, Migration(4, oldest_reader=2, run=broken)])
    with pytest.raises(RuntimeError, match=r"^power cut$"):
        opened(old)
    assert schema_of(old) == before
    monkeypatch.undo()
    with opened(old) as records:
        assert len(records.latest()) == _RUNS


_OPENING = "import sys; from workers.records.run_records import RunRecords; RunRecords(sys.argv[1]).close()"


def test_ten_processes_at_once_run_the_steps_once(old: Path) -> None:
    words = [sys.executable, "-c", _OPENING, f"sqlite:///{old}"]
    opening = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(10)]
    assert [process.communicate()[1] for process in opening] == [""] * 10
    assert asked(old, "SELECT * FROM sfnb_schema") == [(2, 2, SCHEMA_VERSION)]
    assert asked(old, "SELECT count(*), count(parameter_set) FROM sfnb_runs") == [(_RUNS, _RUNS)]


def test_autoflow_s_table_is_not_altered(old: Path) -> None:
    with closing(sqlite3.connect(old)) as database:
        database.execute("CREATE TABLE workflow_runs (id INTEGER, workflow_name VARCHAR, odd BLOB)")
    table = "SELECT sql FROM sqlite_master WHERE name = 'workflow_runs'"
    before = asked(old, table)
    with opened(old):
        pass
    assert asked(old, table) == before


def test_an_empty_database_has_no_steps_behind_it(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        assert schema_state(connection) == (0, 0)


def test_where_a_run_comes_from_is_kept(path: Path) -> None:
    record: RunRecord = replace(
        FIRST,
        kind="child",
        workflow_file="../workflows.yml",
        started_by="parent",
        parent_run_id="run-0",
        parent_label="regions",
        parent_index=3,
    )
    with opened(path) as records:
        records.record(record)
        assert records.latest() == [record]
    assert asked(path, "SELECT parameter_set FROM sfnb_runs") == [("u=admin2",)]
