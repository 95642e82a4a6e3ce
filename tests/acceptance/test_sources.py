"""Dates from S3, from a query, from somebody's own source; and what doctor says of them."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest

from deciders.problems import SpecificationError
from deciders.specification import load_specification
from tests.acceptance.samples import WORKFLOWS, inputs, typed
from tests.service.moto_server import CREDENTIALS, moto_endpoint
from workers.sources import sql_dates
from workers.sources.available_dates import read_available_dates
from workers.sources.data_stamps import DataStamps
from workers.sources.source_errors import SourceError

FILES = "source: {files: {calls: 'data/{date}.csv'}}"
FIRST, SECOND = date(2016, 1, 1), date(2016, 1, 2)


def with_source(tmp_path: Path, source: str) -> Path:
    return inputs(tmp_path / "in", dates=(), workflows=WORKFLOWS.replace(FILES, f"source: {source}"))


def asked(tmp_path: Path, source: str, **how: Any) -> dict[str, list[date]]:
    return read_available_dates(load_specification(with_source(tmp_path, source)), **how)


# ---- S3 ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with moto_endpoint() as endpoint:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="my-days")
        for key in (
            "cdr/a/2016-01-01.csv",
            "cdr/b/2016-01-02.csv",
            "cdr/b/2016-02-30.csv",
            "cdr/2016-01-03.csv",
            "x/2016-01-04.csv",
        ):
            client.put_object(Bucket="my-days", Key=key, Body=b"a,b\n")
        yield client


def test_objects_in_s3_with_a_date_in_their_name_are_dates(bucket: Any, tmp_path: Path) -> None:
    file = with_source(tmp_path, "{files: {calls: 's3://my-days/cdr/*/{date}.csv'}}")
    specification = load_specification(file)
    assert read_available_dates(specification) == {"calls": [FIRST, SECOND]}
    days = [(FIRST.toordinal(), SECOND.toordinal())]
    kept = DataStamps(specification).of(days)
    assert list(kept) == ["s3://my-days/cdr/a/2016-01-01.csv"]
    assert DataStamps(specification).changed(kept, days) == []
    bucket.put_object(Bucket="my-days", Key="cdr/a/2016-01-01.csv", Body=b"c,d\n")
    assert DataStamps(specification).changed(kept, days) == ["s3://my-days/cdr/a/2016-01-01.csv"]
    missing = load_specification(with_source(tmp_path / "other", "{files: {calls: 's3://no-such-bucket/{date}.csv'}}"))
    with pytest.raises(SourceError) as refused:
        read_available_dates(missing)
    assert str(refused.value) == "the bucket of s3://no-such-bucket/{date}.csv cannot be listed: there is no such bucket"


def test_a_data_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    specification = load_specification(with_source(tmp_path, "{files: {calls: 'data/{date}.csv'}}"))
    data = tmp_path / "in" / "data"
    data.mkdir(exist_ok=True)
    (data / "2016-01-01.csv").symlink_to("/proc/self/mem")  # there, and reading from its beginning is an error for anybody
    with pytest.raises(SourceError) as refused:
        DataStamps(specification).of([(FIRST.toordinal(), SECOND.toordinal())])
    assert str(refused.value) == "the data file data/2016-01-01.csv cannot be read: input/output error"


# ---- a query -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "days.sqlite3"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE days (kind TEXT, day TEXT)")
        rows = [("calls", "2016-01-02"), ("calls", "2016-01-01"), ("calls", "2016-01-01"), ("sms", "2016-01-01 05:00:00")]
        made.executemany("INSERT INTO days VALUES (?, ?)", rows)
        made.commit()
    return path


def test_a_query_gives_types_and_dates(database: Path, tmp_path: Path) -> None:
    source = f"{{sql: {{uri: 'sqlite:///{database}', query: 'SELECT kind, day FROM days'}}}}"
    assert asked(tmp_path, source) == {"calls": [FIRST, SECOND], "sms": [FIRST]}


def test_a_query_tells_changed_data_by_their_version(database: Path, tmp_path: Path) -> None:
    query = "SELECT kind, day, rowid FROM days WHERE kind = 'calls' AND rowid < {}"
    file = with_source(tmp_path, f"{{sql: {{uri: 'sqlite:///{database}', query: \"{query}\"}}}}")
    whole = load_specification(file)

    def stamps(rows: int) -> DataStamps:
        source = whole.sensor.source.model_copy(update={"query": query.format(rows)})
        return DataStamps(whole.model_copy(update={"sensor": whole.sensor.model_copy(update={"source": source})}))

    days = [(FIRST.toordinal(), SECOND.toordinal() + 1)]
    kept = stamps(3).of(days)
    assert kept == {"calls 2016-01-01": [0, 0, "2"], "calls 2016-01-02": [0, 0, "1"]}
    assert stamps(3).changed(kept, days) == []
    assert stamps(4).changed(kept, days) == ["calls 2016-01-01"]  # its second row makes it another version
    assert stamps(2).changed(kept, days) == ["calls 2016-01-01"]  # it is gone
    assert stamps(4).changed(kept, [(SECOND.toordinal(), SECOND.toordinal() + 1)]) == ["calls 2016-01-01"]


def test_a_query_without_versions_cannot_tell_changed_data(database: Path, tmp_path: Path) -> None:
    source = f"{{sql: {{uri: 'sqlite:///{database}', query: 'SELECT kind, day FROM days'}}}}"
    with pytest.raises(SourceError) as refused:
        DataStamps(load_specification(with_source(tmp_path, source))).of([(FIRST.toordinal(), SECOND.toordinal())])
    assert str(refused.value) == (
        "rerun_when: data_changed needs a third column from the query of the sql source: a version of each date's data, "
        "such as the time of their last change"
    )


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "SELECT day FROM days",
            "the query of the sql source must give a type of data, a date, and perhaps a version of the data, in two or three "
            "columns (sqlite:///{database})",
        ),
        (
            "SELECT kind, kind FROM days",
            "the query of the sql source gives 'calls', which is not a date (sqlite:///{database})",
        ),
        ("SELECT kind, day FROM dayz", "the sql source sqlite:///{database} cannot be asked: no such table: dayz"),
        (
            "DELETE FROM days WHERE kind = ''",
            "the query of the sql source must give a type of data, a date, and perhaps a version of the data, in two or three "
            "columns (sqlite:///{database})",
        ),
    ],
)
def test_a_query_that_is_no_good_is_one_sentence(query: str, sentence: str, database: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        asked(tmp_path, f'{{sql: {{uri: "sqlite:///{database}", query: "{query}"}}}}')
    assert str(refused.value) == sentence.replace("{database}", str(database))


def test_a_database_that_does_not_answer_is_not_waited_for(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT 'a', '2016-01-01' FROM n"
    )
    monkeypatch.setattr(sql_dates, "MOST_ROWS", 10**9)
    with pytest.raises(SourceError) as refused:
        asked(tmp_path, f'{{sql: {{uri: "sqlite:///{database}", query: "{endless}"}}}}', timeout_seconds=0.05)
    assert str(refused.value) == "the database of the source did not answer within 0.05 s"


def test_the_password_of_a_query_is_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "{sql: {uri: 'postgresql://me:{}@127.0.0.1:9/x', password: MY_PASSWORD, query: SELECT 1}}"
    monkeypatch.delenv("MY_PASSWORD", raising=False)
    with pytest.raises(SourceError, match=r"^MY_PASSWORD is not set"):
        asked(tmp_path, source)
    monkeypatch.setenv("MY_PASSWORD", "p@ss/word:12345")
    specification = load_specification(tmp_path / "in" / "workflows.yml")
    with pytest.raises(SourceError) as refused:
        read_available_dates(specification)
    assert str(refused.value).startswith("the sql source postgresql+psycopg://me:***@127.0.0.1:9/x cannot be asked: ")
    assert "12345" not in str(refused.value) + json.dumps(specification.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{sql: {query: SELECT 1}}", "'sql' of the source lacks 'uri'"),
        ("{sql: postgresql}", "'sql' of the source must be a mapping with 'uri' and 'query'"),
        ("{sql: {uri: 'sqlite://', query: q, pasword: X}}", "'pasword' is not a setting of 'sql' (did you mean 'password'?)"),
        (
            "{sql: {uri: 'postgresql://me:geheim@db/x', query: q}}",
            "'uri' of 'sql' holds a password; write {} in its place, and the name of a secret as 'password'",
        ),
        (
            "{sql: {uri: 'postgresql://me:{}@db/x', query: q}}",
            "'uri' of 'sql' has {} for a password, and 'password' names no secret",
        ),
        (
            "{sql: {uri: 'postgresql://me:{}@db/x', query: q, password: 'my word'}}",
            "'password' of 'sql' must be the name of a secret such as MY_DB_PASSWORD, never the password",
        ),
        ("{files: {a: 's3://{date}'}}", "the files of 'a': 's3://{date}' must be like s3://bucket/folder/{date}.csv"),
        (
            "{files: {a: '{date}'}, sql: {uri: 'sqlite://', query: q}}",
            "the source has both 'files' and 'sql'; a sensor has one source",
        ),
    ],
)
def test_a_source_that_cannot_be_is_refused(source: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as refused:
        asked(tmp_path, source)
    assert [problem.message for problem in refused.value.problems] == [message]


# ---- a source of one's own -----------------------------------------------------------------------------------------------

SOURCE = """\
from datetime import date

def given(options, *, inputs_dir, timeout_seconds):
    if options == "fail":
        raise RuntimeError("the warehouse is shut")
    return {options["kind"]: [date(2016, 1, 2), date(2016, 1, 1)]} if options != "odd" else {"a": ["2016-01-01"]}
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a source, as pip would leave it."""
    home = tmp_path / "site"
    (home / "warehouse-1.0.dist-info").mkdir(parents=True)
    (home / "warehouse_dates.py").write_text(SOURCE)
    (home / "warehouse-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: warehouse\nVersion: 1.0\n")
    points = "[simpleflow_nb.sources]\nwarehouse = warehouse_dates:given\n"
    (home / "warehouse-1.0.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(home))
    return home


def test_an_installed_source_is_called_with_its_options(installed: Path, tmp_path: Path) -> None:
    assert asked(tmp_path, "{warehouse: {kind: flights}}") == {"flights": [FIRST, SECOND]}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("fail", "the source 'warehouse' failed: RuntimeError: the warehouse is shut"),
        ("odd", "the source 'warehouse' gives '2016-01-01', which is not a date"),
    ],
)
def test_an_installed_source_that_fails_is_one_sentence(options: str, sentence: str, installed: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        asked(tmp_path, f"{{warehouse: {options}}}")
    assert str(refused.value) == sentence


def test_a_source_that_is_not_installed_is_refused_with_those_that_are(installed: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as refused:
        asked(tmp_path, "{warehose: {}}")
    messages = [problem.message for problem in refused.value.problems]
    assert messages == ["'warehose' is not a setting of the source (did you mean 'warehouse'?)"]
    with pytest.raises(SpecificationError) as refused:
        asked(tmp_path / "empty", "{}")
    assert [problem.message for problem in refused.value.problems] == [
        "the source lacks 'files' or 'sql'; installed are 'warehouse'"
    ]


# ---- doctor --------------------------------------------------------------------------------------------------------------


def test_doctor_says_what_is_missing(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=("2016-01-01", "2016-01-02"))
    good = typed("doctor", file, cwd=tmp_path, FLOWAPI_TOKEN="short")
    folder = file.parent / "outputs"
    lines = [" ".join(line.split()) for line in good.stdout.splitlines()]
    assert good.returncode == 0, good.stderr
    assert lines[:3] == [
        f"ok file {file}",
        f"ok outputs {folder} can be written to",
        f"ok records {folder}/.simpleflow-nb/runs.sqlite3 has 0 instances",
    ]
    assert lines[3].startswith("ok source files has 2 dates (calls 2), the newest 2016-01-02; it took ")
    assert lines[4].startswith("warning secrets FLOWAPI_TOKEN has fewer than 8 characters")
    os.rename(file.parent / "data", file.parent / "away")
    bad = json.loads(typed("doctor", file, "--json", cwd=tmp_path).stdout)["findings"]
    sentence = f"files: there is no folder {file.parent}/data to look for files in"
    assert [one for one in bad if one["state"] == "FAILED"] == [{"what": "source", "state": "FAILED", "text": sentence}]
    assert typed("doctor", file, cwd=tmp_path).returncode == 1


def test_a_kernel_that_is_not_installed_is_said_by_validate_and_doctor(tmp_path: Path) -> None:
    workflows = WORKFLOWS.replace("filename: count.ipynb\n", "filename: count.ipynb\n        kernel: julia\n")
    file = inputs(tmp_path / "in", dates=("2016-01-01",), workflows=workflows)
    sentence = f"kernel 'julia' for notebook {file.parent}/count.ipynb is not installed (there is "
    checked = typed("validate", file, cwd=tmp_path)
    assert checked.returncode == 0
    assert checked.stderr.startswith(f"warning: {sentence}")
    looked = typed("doctor", file, cwd=tmp_path)
    assert looked.returncode == 1
    assert f"FAILED   kernels  {sentence}" in looked.stdout


def test_the_file_may_be_left_out_where_the_inputs_folder_is_known(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=("2016-01-01",))
    known = {"AUTOFLOW_INPUTS_DIR": str(file.parent), "AUTOFLOW_OUTPUTS_DIR": str(tmp_path / "out")}
    planned = typed("plan", cwd=tmp_path, **known)
    assert planned.stdout.splitlines()[-1] == "1 run due, 0 not due"
    listed = typed("runs.list", cwd=tmp_path, **known)
    assert (listed.returncode, listed.stderr) == (0, "no such runs\n")
    cleaned = typed("outputs.clean", "--keep-days", "9", cwd=tmp_path, **known)
    assert cleaned.stdout == "0 runs removed, 0.0 MB; 0 runs looked at\n"
    missing = typed("plan", cwd=tmp_path)
    sentence = "no workflows.yml here; name the file, or set AUTOFLOW_INPUTS_DIR to its folder"
    assert (missing.returncode, missing.stderr) == (2, f"simpleflow-nb: {sentence}\n")
