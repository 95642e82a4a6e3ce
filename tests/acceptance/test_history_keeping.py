"""Old histories, as those meet them who type commands: what is said, what is removed, what is still known."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.samples import WORKFLOWS, inputs, typed
from workers.run_records import RunRecords

RUN, IDENTITY = "days/2016-01-01", "1e6bbce8"
_DAY = 86_400
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


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--keep", "90"], 2, "--keep must be a length of time such as 90d, or forever, not '90'"),
        ([], 2, "say how long histories are kept, for example --keep 90d, or name a FILE.yml"),
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
    done = typed("journal.prune", file, "--keep", "90d", cwd=file.parent)
    assert done.stdout.startswith("removed the histories of 1 execution ("), done.stdout + done.stderr
    assert done.stdout.endswith("\n1 run that no run records have stays\n")


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
