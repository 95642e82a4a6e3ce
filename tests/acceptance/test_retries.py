"""What is done again after a failure, a change or a crash, what is not, and how that is said."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.samples import DATES, WORKFLOWS, command, environment, inputs, notebook, typed
from tests.launched import Launched

FILES = "source: {files: {calls: 'data/{date}.csv'}}"
ONCE = ("--local", "--once", "--quiet")
NOTES_ITS_RUN = "open({place!r}, 'a').write({name!r} + ' ' + {value} + '\\n')"


def noted(tmp_path: Path) -> list[str]:
    """The runs that the notebooks of `noting` have noted, in order."""
    place = tmp_path / "ran.txt"
    return place.read_text().split("\n")[:-1] if place.exists() else []


def noting(tmp_path: Path, *, workflows: str = WORKFLOWS, dates: tuple[str, ...] = DATES[:1], report: str = "") -> Path:
    """Inputs whose notebooks note each of their runs; ``report`` is what the second does before."""
    place = str(tmp_path / "ran.txt")
    return inputs(
        tmp_path / "in",
        dates=dates,
        workflows=workflows,
        count=NOTES_ITS_RUN.format(place=place, name="count", value="day"),
        report=report + "\n" + NOTES_ITS_RUN.format(place=place, name="report", value="''"),
    )


def with_policy(text: str) -> str:
    return WORKFLOWS.replace("  - name: days\n", f"  - name: days\n    {text}\n")


def planned(file: Path) -> dict[str, Any]:
    return json.loads(typed("plan", file, "--json", cwd=file.parent).stdout)


def records(file: Path, *columns: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file.parent / "outputs" / ".simpleflow-nb" / "runs.sqlite3")) as found:
        return found.execute(f"SELECT {', '.join(columns)} FROM sfnb_runs ORDER BY id").fetchall()


def test_what_succeeded_is_cached_when_a_later_notebook_failed(tmp_path: Path) -> None:
    workflows = WORKFLOWS.replace("{day: reference_date}", "{day: reference_date}\n        output: {format: html}")
    file = noting(tmp_path, workflows=workflows, report="1 / 0")
    failed = typed("sensor.start", file, *ONCE, cwd=tmp_path)
    assert failed.returncode == 1
    [report] = (file.parent / "outputs").glob("reports/days/*/*")
    assert failed.stdout == f"1 report:\n  {report}\n0 of 1 run succeeded\n"
    assert noted(tmp_path) == ["count 2016-01-01"]
    assert [run["reason"] for run in planned(file)["due"]] == ["failed before (attempt 2)"]

    notebook(file.parent / "report.ipynb", "counted = ''", "print(counted)")
    again = typed("sensor.start", file, "--local", "--once", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert re.findall(r"^days/\S+  (count.*)$", again.stderr, re.MULTILINE) == ["count cached", "count.html cached"]
    assert noted(tmp_path) == ["count 2016-01-01"]
    assert records(file, "attempt", "state", "reason", "labels") == [
        (1, "failed", "first run", '{"count": "done", "report": "failed"}'),
        (2, "succeeded", "failed before (attempt 2)", '{"count": "cached", "report": "done", "report:count.html": "cached"}'),
    ]
    [(artefacts,)] = records(file, "artefacts")[1:]
    paths = json.loads(artefacts)
    assert sorted(paths) == ["count", "report", "report:count.html", "report:report"]
    assert all((file.parent / "outputs" / path).is_file() for path in paths.values())


def test_a_date_is_given_up_until_something_changes(tmp_path: Path) -> None:
    file = noting(tmp_path, workflows=with_policy("attempts: 1\n    rerun_when: [notebook_changed]"), report="1 / 0")
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 1
    given_up = "failed once, and attempts is 1; runs.retry tries again"
    assert [one["reason"] for one in planned(file)["not_due"]] == [given_up]

    notebook(file.parent / "report.ipynb", "counted = ''", "print(counted)")
    assert [one["reason"] for one in planned(file)["due"]] == ["failed before; notebook_changed: report.ipynb"]
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    assert noted(tmp_path) == ["count 2016-01-01"]  # nothing has changed for it
    assert planned(file)["due"] == []
    notebook(file.parent / "report.ipynb", "counted = ''", "print('new', counted)")
    why = typed("plan", file, "--why", cwd=tmp_path).stdout
    assert why.splitlines()[1].endswith("count -> report  notebook_changed: report.ipynb")


def test_changed_data_make_a_date_due_again_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    one_notebook = with_policy("rerun_when: [data_changed, parameters_changed]")
    one_notebook = one_notebook.partition("      report:")[0] + one_notebook[one_notebook.index("available_dates_sensor") :]
    file = noting(tmp_path, workflows=one_notebook, dates=DATES[1:2])
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    data = file.parent / "data" / "2016-01-02.csv"
    os.utime(data)  # a copy has another time, and the same content
    assert planned(file)["due"] == []
    data.write_text("a,b\n3,4\n")
    assert [(run["reference_date"], run["reason"]) for run in planned(file)["due"]] == [
        ("2016-01-02", "data_changed: data/2016-01-02.csv")
    ]
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    assert noted(tmp_path) == ["count 2016-01-02"] * 2
    assert planned(file)["due"] == []


RETRY = ("runs.retry", "days/2016-01-01")


@pytest.mark.parametrize(
    ("words", "counts", "kept"),
    [
        (RETRY, True, "done"),
        (("backfill", "days", "--from", DATES[0], "--to", DATES[0], "--rerun", "failed"), True, "done"),
        (RETRY, False, "cached"),
    ],
)
def test_a_retry_by_hand_keeps_nothing_of_a_run_whose_data_have_changed(
    tmp_path: Path, words: tuple[str, ...], counts: bool, kept: str
) -> None:
    watched = WORKFLOWS.replace("  - name: days\n", "  - name: days\n    rerun_when: [data_changed]\n") if counts else WORKFLOWS
    file = inputs(tmp_path / "in", dates=DATES[:1], workflows=watched, report="raise ValueError('no')")
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 1
    (file.parent / "data" / f"{DATES[0]}.csv").write_text("a,b\n1,2\n3,4\n")
    assert typed(words[0], file, *words[1:], "--quiet", cwd=tmp_path).returncode == 1
    labels = json.loads(typed("runs.show", file, "days/2016-01-01", "--json", cwd=tmp_path).stdout)["run"]["labels"]
    assert labels == {"count": kept, "report": "failed"}


def test_another_version_of_a_dates_data_in_a_database_makes_it_due_again(tmp_path: Path) -> None:
    database = tmp_path / "days.sqlite3"

    def load(version: int) -> None:
        with closing(sqlite3.connect(database)) as made:
            made.execute("CREATE TABLE IF NOT EXISTS days (kind, day, version)")
            made.execute("DELETE FROM days")
            made.execute("INSERT INTO days VALUES ('calls', '2016-01-02', ?)", (version,))
            made.commit()

    workflows = with_policy("rerun_when: [data_changed]").partition("      report:")[0]
    workflows += WORKFLOWS[WORKFLOWS.index("available_dates_sensor") :].replace(
        FILES, f"source: {{sql: {{uri: 'sqlite:///{database}', query: 'SELECT kind, day, version FROM days'}}}}"
    )
    load(1)
    file = noting(tmp_path, workflows=workflows)
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    assert planned(file)["due"] == []
    load(2)
    assert [run["reason"] for run in planned(file)["due"]] == ["data_changed: calls 2016-01-02"]
    file.write_text(file.read_text().replace(", version FROM", " FROM"))
    for words in (("plan", file), ("workflow.start", f"{file}:days", "--local", "--set", "reference_date=2016-01-02")):
        told = typed(*words, cwd=tmp_path)
        assert (told.returncode, told.stderr) == (
            2,
            "simpleflow-nb: rerun_when: data_changed needs a third column from the query of the sql source: a version of each "
            "date's data, such as the time of their last change\n",
        )
    assert (
        "FAILED   source   the query: rerun_when: data_changed needs a third column"
        in typed("doctor", file, cwd=tmp_path).stdout
    )
    file.write_text(file.read_text().replace("day FROM", "day, version FROM"))
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    assert noted(tmp_path) == ["count 2016-01-02"] * 2
    assert planned(file)["due"] == []


#: What AutoFlow's own tables look like in SQLite.
AUTOFLOW_TABLE = """\
CREATE TABLE workflow_runs (
    id INTEGER NOT NULL,
    workflow_name VARCHAR,
    parameters_hash VARCHAR,
    state VARCHAR(7),
    timestamp DATETIME,
    PRIMARY KEY (id),
    CONSTRAINT runstate CHECK (state IN ('running', 'success', 'failed'))
)
"""


def test_a_database_of_autoflows_is_explained_date_by_date(tmp_path: Path) -> None:
    days = [f"2016-01-0{number}" for number in range(1, 8)]
    file = inputs(tmp_path / "in", dates=tuple(days), workflows=WORKFLOWS + "      date_stencil: [[-1, 1]]\n")
    due = {run["reference_date"]: run["identity"] for run in planned(file)["due"]}
    rows = [
        (days[1], "running"),
        (days[1], "success"),
        (days[2], "running"),
        (days[2], "failed"),
        (days[3], "running"),  # killed, and so left for ever
        (days[4], "running"),
        (days[4], "failed"),
        (days[4], "running"),
        (days[5], "running"),
        (days[5], "success"),
        (days[5], "running"),
    ]
    database = tmp_path / "autoflow.sqlite3"
    insert = "INSERT INTO workflow_runs (workflow_name, parameters_hash, state, timestamp) VALUES (?, ?, ?, ?)"
    with closing(sqlite3.connect(database)) as made:
        made.execute(AUTOFLOW_TABLE)
        for second, (day, state) in enumerate(rows):
            made.execute(insert, ("days", due[day], state, f"2016-01-08 00:00:{second:02}.000000"))
        made.commit()
        before = made.execute("SELECT * FROM workflow_runs").fetchall()
    done = typed("plan", file, "--why", cwd=tmp_path, AUTOFLOW_DB_URI=f"sqlite:///{database}")
    assert done.stdout == (
        "workflow  date        parameters  notebooks        why\n"
        "days      2016-01-03              count -> report  failed before in AutoFlow\n"
        "days      2016-01-04              count -> report  AutoFlow began it, and recorded no end\n"
        "days      2016-01-05              count -> report  failed before in AutoFlow\n"
        "days      2016-01-07              count -> report  not run yet\n"
        "4 runs due, 3 not due\n"
        "workflow  date        why not\n"
        "days      2016-01-01  needs 2015-12-31 which is not available\n"
        "days      2016-01-02  already succeeded in AutoFlow\n"
        "days      2016-01-06  already succeeded in AutoFlow\n"
    )
    assert typed("status", file, cwd=tmp_path, AUTOFLOW_DB_URI=f"sqlite:///{database}").stdout == (
        f"nothing has run yet with outputs in {file.parent}/outputs\n"
        "2 runs succeeded in AutoFlow\n"
        "4 runs due (plan --why says why)\n"
    )
    with closing(sqlite3.connect(database)) as held:
        assert held.execute("SELECT * FROM workflow_runs").fetchall() == before
        [(table,)] = held.execute("SELECT sql FROM sqlite_master WHERE name = 'workflow_runs'")
        assert table == AUTOFLOW_TABLE.strip()


def test_a_date_that_several_entries_refuse_is_told_with_their_parameters(tmp_path: Path) -> None:
    workflows = WORKFLOWS.replace("day: reference_date", "day: mode").replace(
        "    - workflow_name: days\n",
        "    - {workflow_name: days, parameters: {mode: a}, earliest_date: 2016-01-02}\n"
        "    - {workflow_name: days, parameters: {mode: b}, date_stencil: [[2016-01-01, 0]]}\n",
    )
    file = inputs(tmp_path / "in", dates=DATES[:1], workflows=workflows)
    nothing = "date_stencil element 1, [2016-01-01, 0], holds no date for reference date 2016-01-01"
    assert typed("plan", file, "--why", cwd=tmp_path).stdout == (
        "0 runs due, 2 not due\n"
        "workflow  date        parameters  why not\n"
        "days      2016-01-01  mode=a      before earliest_date 2016-01-02\n"
        f"days      2016-01-01  mode=b      {nothing}\n"
    )


def test_a_run_that_was_terminated_is_recorded_and_due_again_with_what_it_had(tmp_path: Path) -> None:
    waits = tmp_path / "goes_on"
    file = noting(tmp_path, report=f"import pathlib, time\nwhile not pathlib.Path({str(waits)!r}).exists(): time.sleep(0.1)")
    journal = file.parent / "outputs" / ".simpleflow-nb" / "journal.sqlite3"
    words = command("sensor.start", file, "--local", "--once")
    with Launched(words, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.endswith("report running\n"):
                break
        asked = typed("workflow.terminate", "--local", "--db", journal, "days/2016-01-01", "--reason", "enough", cwd=tmp_path)
        assert asked.returncode == 0, asked.stderr
        rest = process.stderr.read()
        assert process.wait(180) == 1
    assert "terminated" in rest
    waits.touch()
    assert [run["reason"] for run in planned(file)["due"]] == ["its last run was terminated"]
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    assert records(file, "attempt", "state", "error", "reason", "labels") == [
        (1, "terminated", "the run was terminated: enough", "first run", '{"count": "done", "report": "failed"}'),
        (2, "succeeded", None, "its last run was terminated", '{"count": "cached", "report": "done"}'),
    ]
    assert noted(tmp_path) == ["count 2016-01-01", "report "]


def test_what_may_not_be_kept_is_run_again_with_what_needs_it_and_its_report(tmp_path: Path) -> None:
    """``never`` for the first notebook: when the third has failed, the second, which succeeded, is run again as well."""
    third = (
        "      third:\n        filename: third.ipynb\n        parameters: {made: report}\n"
        "      alone:\n        filename: count.ipynb\n        parameters: {day: reference_date}\n"
    )
    workflows = WORKFLOWS.replace("count.ipynb\n", "count.ipynb\n        cache: never\n").replace("pdf}\n", "html}\n" + third)
    place = str(tmp_path / "ran.txt")
    file = noting(tmp_path, workflows=workflows)
    notebook(file.parent / "third.ipynb", "made = None", "1 / 0")
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 1
    assert sorted(noted(tmp_path)) == ["count 2016-01-01", "count 2016-01-01", "report "]  # twice: `alone` has the same file

    notebook(file.parent / "third.ipynb", "made = None", NOTES_ITS_RUN.format(place=place, name="third", value="''"))
    assert typed("runs.retry", file, "days/2016-01-01", "--quiet", cwd=tmp_path).returncode == 0
    assert noted(tmp_path)[3:] == ["count 2016-01-01", "report ", "third "]
    [_, (labels,)] = records(file, "labels")
    assert json.loads(labels) == {"count": "done", "report": "done", "third": "done", "alone": "cached"}

    backfill = ("backfill", file, "days", "--from", DATES[0], "--to", DATES[0], "--rerun", "all", "--only", "report", "--quiet")
    assert typed(*backfill, cwd=tmp_path).returncode == 0
    assert noted(tmp_path)[6:] == ["count 2016-01-01", "report "]
