"""Run records in PostgreSQL: the same as in SQLite, from many processes at once, beside AutoFlow's table."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.acceptance.samples import WORKFLOWS, command, environment, inputs
from tests.acceptance.test_on_swf import ended, local_service
from tests.launched import Launched
from tests.launcher import outcome
from tests.service.moto_server import CREDENTIALS
from tests.service.postgresql import PASSWORD, postgresql
from tests.settings import count
from tests.unit.first_version_records import ENDS, LATEST, STATES, fill, make_tables, work_as_first_version
from workers.records import run_database
from workers.records.migrations import MIGRATIONS, SCHEMA_VERSION, Migration
from workers.records.run_records import ItemRecord, RunRecord, RunRecords

NOON = datetime(2016, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as address:
        yield address


@pytest.fixture
def address(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The server with nothing in it, as the environment names it."""
    monkeypatch.setenv("AUTOFLOW_DB_URI", server)
    monkeypatch.setenv("AUTOFLOW_DB_PASSWORD", PASSWORD)
    yield server
    with RunRecords.open(tmp_path) as records, records._engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def record(number: int, state: Any = "failed", **more: Any) -> RunRecord:
    values: dict[str, Any] = {
        "workflow_name": "days",
        "identity": "a" * 32,
        "instance": "2016-01-01_aaaaaaaa",
        "reference_date": "2016-01-01",
        "parameters": {"text": "nul \0 and ü"},
        "state": state,
        "light": "red",
        "started": NOON + timedelta(minutes=number),
        "ended": NOON + timedelta(minutes=number, seconds=30),
        "attempt": number,
        "workflow_id": "days-2016-01-01",
        "run_id": f"run-{number}",
        "error": "no rows",
        "artefacts": {"count": "/out/count.ipynb"},
        "labels": {"count": "done"},
        "notebooks": {"count.ipynb": "0123"},
    }
    return RunRecord(**{**values, **more})


def test_records_are_kept_and_read_as_in_sqlite(address: str, tmp_path: Path) -> None:
    with RunRecords.open(tmp_path) as records:
        for number, state in enumerate(
            ("failed", "succeeded", "failed", "timed out", "failed", "cancelled", "partial"), start=1
        ):
            records.record(record(number, state))
            records.record(record(number, state))  # once more, as after a crash
        assert PASSWORD not in records.location
        assert records.states() == {("days", "a" * 32): "failed"}
        end = records.ends()["days", "a" * 32]
        assert (end.state, end.failures, end.notebooks) == ("failed", 2, {"count.ipynb": "0123"})
        assert end.ended == NOON + timedelta(minutes=5, seconds=30)
        assert records.successes() == {("days", "2016-01-01"): {"a" * 32}}
        assert [one.run_id for one in records.runs("days")] == [f"run-{number}" for number in range(1, 8)]
        assert records.unrecorded(["run-7", "run-8"]) == {"run-8"}
        [latest] = records.latest()
        assert (latest.state, latest.parameters) == ("cancelled", {"text": "nul \0 and ü"})
        records.amend("run-6", lambda record: replace(record, light="green"))
        assert [one.light for one in records.latest()] == ["green"]
        assert records.unhashed() == {}
        records.record(record(8, notebooks=None))
        assert records.unhashed() == {("days", "a" * 32): "2016-01-01_aaaaaaaa"}


def test_an_enumeration_of_autoflows_is_understood_and_its_table_left_alone(address: str, tmp_path: Path) -> None:
    with RunRecords.open(tmp_path) as records:
        with records._engine.begin() as connection:
            connection.exec_driver_sql("CREATE TYPE runstate AS ENUM ('running', 'success', 'failed')")
            connection.exec_driver_sql(
                "CREATE TABLE workflow_runs (id SERIAL PRIMARY KEY, workflow_name VARCHAR, parameters_hash VARCHAR, "
                "state runstate, timestamp TIMESTAMPTZ)"
            )
            rows = [("a", "success"), ("b", "failed"), ("c", "running"), ("d", "success"), ("d", "running")]
            for number, (identity, state) in enumerate(rows):
                values = {"i": identity, "s": state, "t": NOON + timedelta(minutes=number)}
                connection.execute(sa.text(INSERT), values)
        assert records.states() == {("days", "a"): "succeeded", ("days", "b"): "failed", ("days", "d"): "succeeded"}
        assert records.autoflow_instances() == {("days", identity) for identity, _ in rows}
        with records._engine.begin() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM workflow_runs").scalar() == len(rows)


INSERT = "INSERT INTO workflow_runs (workflow_name, parameters_hash, state, timestamp) VALUES ('days', :i, :s, :t)"
OPENING = """
import sys
from pathlib import Path
from workers.records.run_records import RunRecords
RunRecords.open(Path(sys.argv[1])).close()
"""


def test_processes_make_the_tables_at_once(address: str, tmp_path: Path) -> None:
    opening = [subprocess.Popen([sys.executable, "-c", OPENING, tmp_path], stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1] for process in opening]
    assert errors == [b""] * 3
    assert [process.returncode for process in opening] == [0] * 3


CLAIMS = """
import sys
from pathlib import Path
from workers.records.run_records import RunRecords
from workers.records.workflow_owners import LOCAL, WorkflowOwners, WorkflowTaken

file = Path(sys.argv[1])
for number in range(20):
    with RunRecords.open(file.parent) as records:
        try:
            WorkflowOwners(records, file, file.parent).claim([f"w{number}"], LOCAL)
        except WorkflowTaken:
            continue
        print(number)
"""


def test_of_two_processes_that_claim_a_workflow_at_once_one_has_it(address: str, tmp_path: Path) -> None:
    files = [tmp_path / "a.yml", tmp_path / "b.yml"]
    for file in files:
        file.touch()
    environ = environment(**_settings(address))
    words = [sys.executable, "-c", CLAIMS]
    claims = [subprocess.Popen([*words, file], env=environ, stdout=subprocess.PIPE, text=True) for file in files]
    said = [claim.communicate(timeout=120)[0].split() for claim in claims]
    assert [claim.returncode for claim in claims] == [0, 0]
    assert sorted(map(int, said[0] + said[1])) == list(range(20))


def test_a_wrong_password_is_one_sentence_without_it(address: str, tmp_path: Path) -> None:
    environ = environment(**_settings(address, "wrong-password"))
    words = command("status", inputs(tmp_path / "in"))
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("simpleflow-nb: run records in postgresql+psycopg://sfnb:***@/postgres?host=")
    assert "password authentication failed" in done.stderr
    assert "wrong-password" not in done.stderr


def _settings(address: str, password: str = PASSWORD) -> dict[str, str]:
    return {"AUTOFLOW_DB_URI": address, "AUTOFLOW_DB_PASSWORD": password}


ONE_NOTEBOOK = WORKFLOWS.partition("      report:")[0] + WORKFLOWS[WORKFLOWS.index("available_dates_sensor") :]


def test_two_sensors_and_four_workers_do_everything_once(address: str, tmp_path: Path) -> None:
    days = tuple(f"2016-01-0{day}" for day in range(1, 5))
    place = tmp_path / "ran.txt"
    count = f"import os\nwith open({str(place)!r}, 'a') as file: file.write(f'{{day}}\\n')"
    first = inputs(tmp_path / "in", dates=days, workflows=ONE_NOTEBOOK, count=count)
    second = first.with_name("second.yml")
    second.symlink_to(first)  # one file, whose sensor is found under either path
    with local_service(tmp_path) as endpoint:
        environ = environment(
            **CREDENTIALS,
            **_settings(address),
            AWS_ENDPOINT_URL=endpoint,
            SWF_DOMAIN="TestDomain",
            AUTOFLOW_OUTPUTS_DIR=str(tmp_path / "out"),
        )
        fleet = [("decider.start", first), *[("worker.start", first, "--nb-slots", "1")] * 4]
        processes = [Launched(command(*words), env=environ, cwd=tmp_path) for words in fleet]
        sensors = [
            Launched(command("sensor.start", file, "--once"), env=environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
            for file in (first, second)
        ]
        try:
            said = [sensor.communicate(timeout=240)[0] for sensor in sensors]
            status = outcome(("runs.list", first, "--all"), tmp_path, environ)
        finally:
            for _ in range(2):
                for process in (*processes, *sensors):
                    if process.poll() is None:
                        process.send_signal(signal.SIGTERM)
                time.sleep(0.5)
            ends = [ended(process) for process in processes]
    assert ([sensor.returncode for sensor in sensors], ends) == ([0, 0], [0] * 5), said
    assert Counter(place.read_text().split()) == dict.fromkeys(days, 1)
    assert Counter(line.split()[1] for line in status.stdout.splitlines()[1:]) == {"succeeded": len(days)}, status.stderr
    with RunRecords.open(tmp_path) as records:
        assert sorted(one.reference_date or "" for one in records.runs()) == list(days)
        assert set(records.states().values()) == {"succeeded"}
    assert not (tmp_path / "out" / ".simpleflow-nb" / "runs.sqlite3").exists()


def _engine(address: str) -> sa.Engine:
    return sa.create_engine(address.replace("{}", quote(PASSWORD, safe="")).replace("postgresql:", "postgresql+psycopg:", 1))


def test_a_database_of_the_first_version_is_brought_up_by_ten_processes_at_once_and_0_1_goes_on_in_it(
    address: str, tmp_path: Path
) -> None:
    runs, engine = count(200, 10_000), _engine(address)
    with engine.begin() as connection:
        make_tables(connection)
        fill(connection, range(runs))
    opening = [subprocess.Popen([sys.executable, "-c", OPENING, tmp_path], stderr=subprocess.PIPE) for _ in range(10)]
    assert [process.communicate(timeout=300)[1] for process in opening] == [b""] * 10
    with engine.begin() as connection:
        found = work_as_first_version(connection, runs)
        assert [len(found[statement]) for statement in (STATES, ENDS, LATEST)] == [runs + 1] * 3
        assert connection.exec_driver_sql("SELECT * FROM sfnb_schema").one() == (2, 2, SCHEMA_VERSION)
    for _ in range(2):
        with RunRecords.open(tmp_path) as records:
            records.record(record(1, run_id="ours", parameters={"text": "nul \0 and ü", "long": "x" * 20_000}))
            assert len(records.latest()) == len(records.states()) == runs + 2
            assert {one.kind for one in records.runs("workflow_0")} == {"dated"}
    with engine.begin() as connection:
        sets = connection.exec_driver_sql("SELECT DISTINCT parameter_set FROM sfnb_runs WHERE workflow_name != 'days'")
        assert sets.scalars().all() == ["limit=10, region=north"]
    engine.dispose()


def test_a_step_that_fails_leaves_nothing_behind(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(connection: sa.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE sfnb_half (id INTEGER)")
        raise RuntimeError("power cut")

    engine = _engine(address)
    with engine.begin() as connection:
        make_tables(connection)
    with monkeypatch.context() as patch:
        patch.setattr(run_database, "MIGRATIONS", [*MIGRATIONS, Migration(4, oldest_reader=2, run=broken)])
        with pytest.raises(RuntimeError, match=r"^power cut$"):
            RunRecords.open(tmp_path)
    assert sorted(sa.inspect(engine).get_table_names()) == ["sfnb_runs", "sfnb_schema"]
    assert [one["name"] for one in sa.inspect(engine).get_columns("sfnb_schema")] == ["version"]
    engine.dispose()


def test_items_are_kept_and_settled_as_in_sqlite(address: str, tmp_path: Path) -> None:
    first = ItemRecord(run_id="run-1", label="count", state="failed", light="red", attempt=1, started=NOON, error="no \0 rows")
    with RunRecords.open(tmp_path) as records:
        records.record_item(first)
        records.record_item(replace(first, attempt=2, state="succeeded", error=None))
        records.record_item(first)
        rest = [replace(first, state="succeeded"), ItemRecord(run_id="run-1", label="report", state="skipped", reason="why")]
        records.record(record(1), rest)
        records.record(record(1), rest)
        found = [(one.label, one.state, one.attempt, one.started, one.reason) for one in records.items("run-1")]
    assert found == [("count", "succeeded", 2, NOON, None), ("report", "skipped", None, None, "why")]
