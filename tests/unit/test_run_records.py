import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from workers.records.run_records import RecordsError, RunRecord, RunRecords

NOON = datetime(2016, 1, 2, 12, tzinfo=UTC)
FIRST = RunRecord(
    workflow_name="flows",
    identity="1e6bbce81a0df1efeb11278ff440f3de",
    instance="2016-01-01_1e6bbce8",
    reference_date="2016-01-01",
    parameters={"u": "admin2", "date_ranges": [["2016-01-01", "2016-01-02"]]},
    state="succeeded",
    light="orange",
    started=NOON,
    ended=NOON + timedelta(seconds=90),
    attempt=1,
    workflow_id="flows-2016-01-01-1e6bbce8",
    run_id="run-1",
    error=None,
    artefacts={"report": "/out/report.ipynb", "report:report": "/out/report.pdf"},
)
KEY = (FIRST.workflow_name, FIRST.identity)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.sqlite3"


@pytest.fixture
def records(path):
    with RunRecords(f"sqlite:///{path}") as records:
        yield records


def run(number, state="succeeded", **changes):
    return replace(FIRST, run_id=f"run-{number}", state=state, **changes)


def test_a_record_comes_back_as_it_went_in(records):
    records.record(FIRST)
    assert records.succeeded(*KEY) == FIRST
    assert records.latest() == [FIRST]


@pytest.mark.parametrize("missing", [None, [], ["2015-12-31"]])
def test_whether_dates_lacked_comes_back_as_it_went_in(records, missing):
    records.record(replace(FIRST, missing_dates=missing))
    assert records.latest()[0].missing_dates == missing


def test_times_come_back_in_utc(records):
    records.record(replace(FIRST, started=NOON.astimezone(timezone(timedelta(hours=5)))))
    assert records.latest()[0].started.isoformat() == "2016-01-02T12:00:00+00:00"


def test_a_time_without_a_zone_is_a_mistake(records):
    with pytest.raises(ValueError, match=r"^a run record needs times with a time zone, not 2016-01-02 12:00:00$"):
        records.record(replace(FIRST, started=NOON.replace(tzinfo=None)))


def test_recording_a_run_twice_keeps_it_once(records):
    records.record(run(1, "failed"))
    records.record(run(2))
    records.record(run(1, "failed", error="said again"))
    assert records.attempts(*KEY) == 2
    assert records.states() == {KEY: "succeeded"}


@pytest.mark.parametrize(
    ("states", "known"),
    [
        ([], None),
        (["succeeded"], "succeeded"),
        (["failed"], "failed"),
        (["failed", "succeeded"], "succeeded"),
        (["succeeded", "failed"], "failed"),
        (["cancelled"], None),
        (["succeeded", "cancelled"], "succeeded"),
        (["failed", "cancelled"], "failed"),
        (["partial"], None),
        (["succeeded", "partial"], "succeeded"),
        (["failed", "partial"], "failed"),
        (["failed", "partial", "cancelled", "partial"], "failed"),
    ],
)
def test_the_latest_end_that_was_of_the_whole_and_no_cancellation_counts(records, states, known):
    for number, state in enumerate(states):
        records.record(run(number, state))
    assert records.states().get(KEY) == known
    assert (records.succeeded(*KEY) is not None) == (known == "succeeded")
    assert records.attempts(*KEY) == len(states)


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_a_partial_run_hides_no_whole_one_from_the_listing(records, state):
    records.record(run(1, state))
    records.record(run(2, "partial"))
    assert records.latest() == records.latest("flows") == [run(1, state)]
    records.record(run(3, "partial", instance="other", identity="f9aae0a404519fe845c00a7367aa9947"))
    assert [record.run_id for record in records.latest()] == ["run-1"]


def test_instances_are_told_apart_by_workflow_and_identity(records):
    records.record(run(1))
    records.record(run(2, "failed", workflow_name="other"))
    records.record(run(3, "failed", identity="f9aae0a404519fe845c00a7367aa9947"))
    assert records.states() == {
        KEY: "succeeded",
        ("other", KEY[1]): "failed",
        ("flows", "f9aae0a404519fe845c00a7367aa9947"): "failed",
    }
    assert records.attempts(*KEY) == records.attempts("other", KEY[1]) == 1
    assert records.attempts("other", "f9aae0a404519fe845c00a7367aa9947") == 0
    assert [record.run_id for record in records.runs(*KEY)] == ["run-1"]


def test_failures_are_counted_since_the_last_success_of_the_same_instance(records):
    ends = [("flows", "a", "failed"), ("other", "a", "failed"), ("flows", "b", "failed"), ("flows", "a", "succeeded")]
    for number, (name, identity, state) in enumerate([*ends, ("flows", "b", "failed"), ("other", "b", "failed")]):
        records.record(run(number, state, workflow_name=name, identity=identity))
    counted = {key: end.failures for key, end in records.ends().items()}
    assert counted == {("flows", "a"): 0, ("other", "a"): 1, ("flows", "b"): 2, ("other", "b"): 1}


BY_HAND, RETRY = "started by hand, for no entry of the sensor", "runs.retry: failed before"


@pytest.mark.parametrize(
    ("runs", "counts"),
    [
        ([("succeeded", BY_HAND)], False),
        ([("failed", BY_HAND), ("succeeded", RETRY)], False),
        ([("failed", BY_HAND), ("failed", RETRY), ("succeeded", BY_HAND)], False),
        ([("succeeded", "started by hand")], True),  # it was an entry's
        ([("succeeded", None)], True),  # an early version has said nothing of its reason
        ([("failed", "first run"), ("succeeded", RETRY)], True),
        ([("succeeded", RETRY)], True),
        ([("succeeded", BY_HAND), ("succeeded", "backfill: all")], True),
        ([("succeeded", "first run"), ("succeeded", BY_HAND)], True),
        ([("failed", "first run")], False),
    ],
)
def test_a_success_that_somebody_started_for_no_entry_is_that_of_no_date(records, runs, counts):
    for number, (state, reason) in enumerate(runs):
        records.record(run(number, state, reason=reason))
    records.record(run("other", "succeeded", identity="b" * 32, reason="first run"))
    assert records.successes() == {("flows", "2016-01-01"): {"b" * 32, *([FIRST.identity] if counts else [])}}


def test_latest_gives_the_newest_record_of_each_instance_in_order(records):
    records.record(run(1, "failed", instance="b", reference_date="2016-01-02"))
    records.record(run(2, instance="a", reference_date="2016-01-01"))
    records.record(run(3, "cancelled", instance="b", reference_date="2016-01-02"))
    records.record(run(4, instance="sweep", reference_date=None))
    records.record(run(5, workflow_name="another", instance="b"))
    ids = [record.run_id for record in records.latest()]
    assert ids == ["run-5", "run-4", "run-2", "run-3"]
    assert [record.run_id for record in records.latest("flows")] == ["run-4", "run-2", "run-3"]
    assert records.latest("unknown") == []
    cells = {(one.workflow_name, one.instance, one.reference_date, one.state, one.light) for one in records.latest_cells()}
    assert cells == {(one.workflow_name, one.instance, one.reference_date, one.state, one.light) for one in records.latest()}
    assert {one.parameter_set for one in records.latest_cells()} == {"u=admin2"}


def test_secrets_do_not_get_into_the_database(records, monkeypatch):
    monkeypatch.setenv("FLOWAPI_TOKEN", "tok-1234567890")
    records.record(replace(FIRST, error="refused: tok-1234567890\0", parameters={"t": "tok-1234567890"}))
    kept = records.latest()[0]
    assert (kept.error, kept.parameters) == ("refused: ***", {"t": "***"})


def make_autoflow_table(path, rows):
    database = sqlite3.connect(path)
    database.execute(
        "CREATE TABLE workflow_runs (id INTEGER NOT NULL, workflow_name VARCHAR, parameters_hash VARCHAR, "
        "state VARCHAR(7), timestamp DATETIME, PRIMARY KEY (id), "
        "CONSTRAINT runstate CHECK (state IN ('running', 'success', 'failed')))"
    )
    for number, (identity, state, minute) in enumerate(rows, 1):
        values = (number, "flows", identity, state, f"2016-01-01 00:{minute:02}:00.000000")
        database.execute("INSERT INTO workflow_runs VALUES (?, ?, ?, ?, ?)", values)
    database.commit()
    database.close()


def test_what_autoflow_did_counts_and_its_table_is_not_touched(path):
    rows = [
        ("done", "running", 1),
        ("done", "success", 2),
        ("failed", "running", 1),
        ("failed", "failed", 2),
        ("crashed", "running", 1),
        ("crashed after a failure", "failed", 1),
        ("crashed after a failure", "running", 2),
        ("done after a failure", "success", 9),
        ("done after a failure", "failed", 3),
        ("done in the same moment", "failed", 4),
        ("done in the same moment", "success", 4),
        ("done again by us", "failed", 1),
    ]
    make_autoflow_table(path, rows)
    before = dump(path)
    with RunRecords(f"sqlite:///{path}") as records:
        records.record(run(1, identity="done again by us"))
        assert records.states() == {
            ("flows", "done"): "succeeded",
            ("flows", "failed"): "failed",
            ("flows", "crashed after a failure"): "failed",
            ("flows", "done after a failure"): "succeeded",
            ("flows", "done in the same moment"): "succeeded",
            ("flows", "done again by us"): "succeeded",
        }
        done = records.succeeded("flows", "done")
        assert done is not None
        assert (done.run_id, done.state, done.ended) == ("autoflow-2", "succeeded", datetime(2016, 1, 1, 0, 2, tzinfo=UTC))
        assert records.succeeded("flows", "failed") is None
        assert records.succeeded("flows", "crashed") is None
        assert records.attempts("flows", "done") == 0
        assert records.autoflow_instances() == {("flows", identity) for identity, _, _ in rows}
        assert [record.run_id for record in records.latest()] == ["run-1"]
    assert dump(path) == before


def dump(path):
    database = sqlite3.connect(path)
    schema = database.execute("SELECT sql FROM sqlite_master WHERE name = 'workflow_runs'").fetchall()
    rows = database.execute("SELECT * FROM workflow_runs").fetchall()
    database.close()
    return schema, rows


def test_another_programs_table_of_that_name_is_left_alone(path):
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE workflow_runs (id INTEGER, nothing_else TEXT)")
    database.close()
    with RunRecords(f"sqlite:///{path}") as records:
        assert records.states() == {}
        assert records.autoflow_instances() == set()


def test_the_database_is_a_file_in_the_outputs_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOFLOW_DB_URI", raising=False)
    outputs = tmp_path / "a ?&%é" / "outputs"
    for _ in range(2):
        with RunRecords.open(outputs) as records:
            records.record(FIRST)
    assert (outputs / ".simpleflow-nb" / "runs.sqlite3").is_file()
    with RunRecords.open(outputs) as records:
        assert records.states() == {KEY: "succeeded"}


def test_the_database_may_be_named_with_a_placeholder_for_the_password(tmp_path, monkeypatch):
    # A file name stands in for a server: what counts is that the password arrives quoted and is unquoted once.
    monkeypatch.setenv("AUTOFLOW_DB_URI", f"sqlite:///file:{tmp_path}/{{x}}{{0}}{{}}?uri=true")
    monkeypatch.setenv("AUTOFLOW_DB_PASSWORD", "a b")
    with RunRecords.open(tmp_path / "unused") as records:
        records.record(FIRST)
    assert [entry.name for entry in tmp_path.iterdir()] == ["{x}{0}a b"]  # other braces are left alone


@pytest.mark.parametrize(
    ("uri", "where", "reason"),
    [
        ("sqlite:///{folder}/missing/runs", "{folder}/missing/runs", "unable to open database file"),
        ("sqlite:///{folder}/text", "{folder}/text", "file is not a database"),
        ("sqlite:///file:{folder}/good?mode=ro&uri=true", "file:{folder}/good", "attempt to write a readonly database"),
        ("nosuch://u:secret@host/x", "nosuch://u:***@host/x", "can't load plugin: sqlalchemy.dialects:nosuch"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_in_one_sentence(tmp_path, uri, where, reason):
    (tmp_path / "text").write_text("not a database " * 100)
    with RunRecords(f"sqlite:///{tmp_path}/good"):
        pass
    with pytest.raises(RecordsError) as refused:
        RunRecords(uri.format(folder=tmp_path))
    assert str(refused.value) == f"run records in {where.format(folder=tmp_path)} cannot be used: {reason}"


def test_a_uri_that_is_none_is_not_repeated_as_it_may_hold_a_password():
    with pytest.raises(RecordsError) as refused:
        RunRecords("secret")
    assert str(refused.value) == "AUTOFLOW_DB_URI is not a database URI such as sqlite:////outputs/runs.sqlite3"


def test_damage_that_shows_later_is_said_in_one_sentence(path):
    with RunRecords(f"sqlite:///{path}") as records:
        for number in range(200):
            records.record(run(number))
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\xff" * (len(content) - 4096 * 3)
    path.write_bytes(content)
    with pytest.raises(RecordsError) as damaged, RunRecords(f"sqlite:///{path}") as records:
        records.latest()
    assert str(damaged.value) == f"run records in {path} cannot be used: database disk image is malformed"


def test_threads_share_one_object(records):
    def record(first):
        for number in range(first, first + 25):
            records.record(run(number))
            records.states()

    threads = [threading.Thread(target=record, args=(25 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert records.attempts(*KEY) == 100


def test_threads_share_a_database_in_memory():
    with RunRecords("sqlite://") as records:
        thread = threading.Thread(target=records.record, args=(FIRST,))
        thread.start()
        thread.join()
        assert records.states() == {KEY: "succeeded"}


def test_lookups_use_the_indexes(records, path):
    database = sqlite3.connect(path)
    plan = database.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM sfnb_runs WHERE workflow_name = 'a' AND identity = 'b' ORDER BY id DESC LIMIT 1"
    ).fetchall()
    database.close()
    assert [row[3] for row in plan] == ["SEARCH sfnb_runs USING INDEX sfnb_runs_identity (workflow_name=? AND identity=?)"]


def test_importing_the_module_does_not_import_sqlalchemy():
    script = "import sys, workers.records.run_records; print('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout == "False\n"


def test_a_record_is_amended_where_it_is(records):
    records.record(run(1, "failed"))
    records.record(run(2))
    amended = records.amend("run-1", lambda record: replace(record, light="green", labels={"report": "done"}))
    assert amended == run(1, "failed", light="green", labels={"report": "done"})
    assert records.runs() == [amended, run(2)]
    assert records.states() == {KEY: "succeeded"}
    assert records.amend("run-3", lambda record: record) is None
