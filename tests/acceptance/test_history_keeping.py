"""Old histories, as those meet them who type commands: what is said, what is removed, what is still known."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from simpleflow_nb.application.histories import history_removal
from simpleflow_nb.cli.main import main
from simpleflow_nb.exceptions import JournalError
from simpleflow_nb.local.journal_pruning import JournalPruning
from tests.acceptance.samples import WORKFLOWS, inputs, notebook, typed
from workers.records.run_records import RunRecords

RUN, IDENTITY = "days/2016-01-01", "1e6bbce8"
_DAY = 86_400
SAY_HOW_LONG = "say how long histories are kept, for example --keep 90d, or name a FILE.yml"
NOTHING = "does not exist; nothing has run here yet (name another journal with --db)"


def state(file: Path) -> Path:
    return file.parent / "outputs" / ".simpleflow-nb"


def age(file: Path, days: float, *, former: bool = False) -> None:
    """Let everything in the journal be older; ``former``: as a version has left it that removed nothing."""
    db = sqlite3.connect(state(file) / "journal.sqlite3")
    db.execute("UPDATE runs SET closed = closed - ?", (days * _DAY,))
    db.execute("DELETE FROM meta WHERE key = 'keep_history looked'")
    if former:
        db.execute("DELETE FROM meta WHERE key = 'old histories are removed'")
    db.commit()
    db.close()


def checked(file: Path) -> str:
    """What one check says on standard error."""
    done = typed("sensor.start", file, "--local", "--once", "--quiet", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file one date of which has run, and whose sensor has looked once: two closed executions."""
    found = inputs(tmp_path / "in", dates=("2016-01-01",), workflows=WORKFLOWS.replace("        output: {format: pdf}\n", ""))
    assert "histories" not in checked(found)
    return found


def test_the_sensor_of_a_former_journal_says_what_goes_and_the_next_start_removes_it(file: Path) -> None:
    age(file, 91, former=True)
    said = re.sub(r"\d\.\d MB", "N MB", checked(file))
    assert said == (
        "simpleflow-nb: 2 executions (N MB of history) ended more than 90 d ago; from the next start on such histories are "
        "removed (keep_history of the file; 'forever' keeps them)\n"
    )
    age(file, 0)
    said = re.sub(r"\d\.\d MB", "N MB", checked(file))
    assert said == "simpleflow-nb: removed the histories of 2 executions (N MB of history): older than 90 d (keep_history)\n"
    age(file, 0)
    assert checked(file) == ""


def test_a_journal_of_this_version_is_pruned_from_the_beginning_unless_the_file_says_forever(file: Path) -> None:
    age(file, 91)
    text = file.read_text()
    file.write_text("keep_history: forever\n" + text)
    assert checked(file) == ""
    file.write_text(text)
    assert "removed the histories of 2 executions" in checked(file)
    age(file, 91)
    assert "removed the histories" in checked(file)


def test_journal_prune_takes_the_file_of_the_working_directory(file: Path) -> None:
    """And not where another journal is named: how long that is kept is not this file's business."""
    age(file, 91)
    for words in ([], ["--keep", "90d"]):
        would = typed("journal.prune", "--dry-run", *words, cwd=file.parent)
        assert would.stdout.startswith("would remove the histories of 2 executions ("), would.stderr
    other = file.parent / "other.sqlite3"
    shutil.copy(state(file) / "journal.sqlite3", other)
    named = typed("journal.prune", "--dry-run", "--db", other, cwd=file.parent)
    assert (named.returncode, named.stderr) == (2, f"simpleflow-nb: {SAY_HOW_LONG}\n")
    would = typed("journal.prune", "--dry-run", "--db", other, "--keep", "90d", cwd=file.parent)
    assert would.stdout.startswith("would remove the histories of 2 executions ("), would.stderr
    for typed_first in ([file.parent], [file]):
        would = typed("journal.prune", *typed_first, "--dry-run", cwd=file.parent.parent)
        assert would.stdout.startswith("would remove the histories of 2 executions ("), would.stderr


def test_a_run_whose_history_is_gone_is_known_to_the_records(file: Path) -> None:
    age(file, 91)
    words = ("journal.prune", file, "--keep", "90d")
    would = typed(*words, "--dry-run", cwd=file.parent)
    size = r"\(0\.\d MB of history\)"
    assert re.fullmatch(rf"would remove the histories of 2 executions {size} that ended before .* UTC\n", would.stdout)
    done = typed(*words, cwd=file.parent)
    assert re.fullmatch(rf"removed the histories of 2 executions {size}: ended before .* UTC\n", done.stdout)
    assert typed(*words, cwd=file.parent).stdout.startswith("removed the histories of 0 executions")
    shown = typed("runs.show", file, RUN, cwd=file.parent)
    assert "succeeded" in shown.stdout
    assert typed("plan", file, cwd=file.parent).stdout.startswith("0 runs due, 1 not due")
    for command in ("info", "tasks", "profile", "history"):
        asked = typed(f"workflow.{command}", "--local", RUN, cwd=file.parent)
        assert asked.returncode == 2
        assert re.fullmatch(
            rf"simpleflow-nb: days-2016-01-01-{IDENTITY}\w+ ended on \d{{4}}-\d\d-\d\d \d\d:\d\d UTC \(COMPLETED\) and its "
            "history is gone, removed by keep_history or journal.prune; of a run of notebooks runs.show tells what the records "
            "have\n",
            asked.stderr,
        ), asked.stderr


REGIONS = """\
workflows:
  - name: days
    notebooks:
      count: {filename: count.ipynb, parameters: {day: reference_date, region: region}}
available_dates_sensor:
  schedule: null
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - {workflow_name: days, parameters: {region: north}}
    - {workflow_name: days, parameters: {region: south}}
"""


def test_runs_whose_histories_are_gone_are_told_apart_by_the_records(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=("2016-01-01",), workflows=REGIONS)
    notebook(file.parent / "count.ipynb", "day = region = None", "print(day, region)")
    checked(file)
    age(file, 91)
    assert typed("journal.prune", file, "--keep", "90d", cwd=file.parent).returncode == 0
    instances = sorted(path.name for path in (file.parent / "outputs" / "notebooks" / "days").glob("2016*"))
    assert len(instances) == 2
    for reference in ("days/2016-01-01,region=north", *(f"days/{instance}" for instance in instances)):
        asked = typed("workflow.info", "--local", reference, cwd=file.parent)
        assert (asked.returncode, "and its history is gone" in asked.stderr) == (2, True), asked.stderr
    north, south = (
        typed("workflow.info", "--local", f"days/2016-01-01,region={region}", cwd=file.parent).stderr.split()[1]
        for region in ("north", "south")
    )
    assert north != south
    several = typed("workflow.info", "--local", "days/2016-01-01", cwd=file.parent)
    assert (several.returncode, "fits 2 runs" in several.stderr) == (2, True), several.stderr


def test_a_name_alone_is_a_workflow_of_the_file_that_is_here(file: Path) -> None:
    words = ("workflow.start", "days", "--local", "--quiet", "--set", "reference_date=2016-01-01")
    started = typed(*words, cwd=file.parent)
    assert started.returncode == 0, started.stderr
    elsewhere = typed(*words, cwd=file.parent.parent, AUTOFLOW_INPUTS_DIR=str(file.parent))
    assert elsewhere.returncode == 0, elsewhere.stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--keep", "90"], 2, "--keep must be a length of time such as 90d, or forever, not '90'"),
        ([], 2, SAY_HOW_LONG),
        (
            ["--keep", "1d", "--db", "none"],
            3,
            "{here}/none does not exist; nothing has run here yet (name another journal with --db)",
        ),
    ],
)
def test_what_journal_prune_refuses(words: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    done = typed("journal.prune", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == f"simpleflow-nb: {sentence.format(here=tmp_path)}\n"


def test_an_end_that_is_not_recorded_yet_is_kept(file: Path) -> None:
    age(file, 91)
    db = sqlite3.connect(state(file) / "journal.sqlite3")
    db.execute("UPDATE runs SET close_status = 'TIMED_OUT' WHERE workflow_id LIKE 'days-%'")
    db.commit()
    db.close()
    records = sqlite3.connect(state(file) / "runs.sqlite3")
    tables = [
        name for (name,) in records.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%run_id%'")
    ]
    for table in tables:
        records.execute(f"DELETE FROM {table}")
    records.commit()
    records.close()
    (file.parent.parent / "link").symlink_to(file.parent)
    (state(file) / "place.json").unlink()  # early versions noted no place
    for folder in ("outputs", "../in/outputs", "../link/outputs", file.parent / "outputs"):
        would = typed("journal.prune", "--outputs", folder, "--keep", "90d", "--dry-run", cwd=file.parent)
        assert would.stdout.startswith("would remove the histories of 1 execution ("), f"{folder}: {would.stdout}{would.stderr}"
    done = typed("journal.prune", file, "--keep", "90d", cwd=file.parent)
    assert done.stdout.startswith("removed the histories of 1 execution ("), done.stdout + done.stderr
    assert done.stdout.endswith("\n1 run that no run records have stays\n")


FULL = "cannot be written: database or disk is full"
NOT_SMALLER = "the journal's file does not get smaller for now: {journal} " + FULL
NO_PAYLOADS = "payloads of removed histories are kept for now: [Errno 30] Read-only file system"


@pytest.mark.parametrize("is_sensor", [False, True])
def test_what_is_removed_is_said_and_what_could_not_be(
    file: Path, is_sensor: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(pruning: JournalPruning) -> None:
        raise JournalError(f"{pruning.path} {FULL}")

    def read_only(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    age(file, 91)
    monkeypatch.setattr(JournalPruning, "give_back_space", fails)
    monkeypatch.setattr(history_removal, "remove_unreferenced", read_only)
    words = ("sensor.start", file, "--local", "--once", "--quiet") if is_sensor else ("journal.prune", file, "--keep", "90d")
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    out, err = (re.sub(r"\d\.\d MB|\d{4}-\d\d-\d\d \d\d:\d\d", "N", text) for text in capsys.readouterr())
    sentences = [NOT_SMALLER.format(journal=state(file) / "journal.sqlite3"), NO_PAYLOADS]
    removed = "removed the histories of 2 executions (N of history)"
    if is_sensor:
        told = [f"{removed}: older than 90 d (keep_history)", *sentences]
        assert (ended.value.code, err) == (0, "".join(f"simpleflow-nb: {sentence}\n" for sentence in told))
    else:
        assert (ended.value.code, out) == (3, f"{removed}: ended before N UTC\n")
        assert err == f"simpleflow-nb: {'; '.join(sentences)}\n"


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_the_run_records_are_no_journal_to_prune(more: tuple[str, ...], tmp_path: Path) -> None:
    with RunRecords.open(tmp_path):
        pass
    records = tmp_path / ".simpleflow-nb" / "runs.sqlite3"
    before = records.read_bytes()
    done = typed("journal.prune", "--db", records, "--keep", "1m", *more, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"simpleflow-nb: {records} is not a journal: it is a database of something else, with table ")
    assert records.read_bytes() == before
    assert not records.with_name("runs.sqlite3.lock").exists()
