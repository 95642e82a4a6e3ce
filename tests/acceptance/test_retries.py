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

from tests.acceptance.samples import DATES, WORKFLOWS, command, environment, inputs, notebook, typed

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
    file = noting(tmp_path, report="1 / 0")
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 1
    assert noted(tmp_path) == ["count 2016-01-01"]
    assert [run["reason"] for run in planned(file)["due"]] == ["failed before (attempt 2)"]

    notebook(file.parent / "report.ipynb", "counted = ''", "print(counted)")
    again = typed("sensor.start", file, "--local", "--once", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert re.findall(r"^days/\S+  (count .*)$", again.stderr, re.MULTILINE) == ["count cached"]
    assert noted(tmp_path) == ["count 2016-01-01"]
    assert records(file, "attempt", "state", "reason", "labels") == [
        (1, "failed", "first run", '{"count": "done", "report": "failed"}'),
        (2, "succeeded", "failed before (attempt 2)", '{"count": "cached", "report": "done"}'),
    ]
    [(artefacts,)] = records(file, "artefacts")[1:]
    paths = json.loads(artefacts)
    assert sorted(paths) == ["count", "report", "report:report"]
    assert all(Path(path).is_file() for path in paths.values())


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


def test_a_database_of_autoflows_is_explained_date_by_date(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES)
    due = planned(file)["due"]
    database = tmp_path / "autoflow.sqlite3"
    with closing(sqlite3.connect(database)) as made:
        made.execute(
            "CREATE TABLE workflow_runs (id INTEGER PRIMARY KEY, workflow_name VARCHAR, parameters_hash VARCHAR, "
            "state VARCHAR(7), timestamp DATETIME)"
        )
        ends = [(0, "running"), (0, "success"), (1, "running"), (1, "failed"), (2, "running")]  # nobody ran the last date
        for second, (number, state) in enumerate(ends):
            row = ("days", due[number]["identity"], state, f"2016-01-05 00:00:{second:02}.000000")
            made.execute(
                "INSERT INTO workflow_runs (workflow_name, parameters_hash, state, timestamp) VALUES (?, ?, ?, ?)", row
            )
        made.commit()
    done = typed("plan", file, "--json", cwd=tmp_path, AUTOFLOW_DB_URI=f"sqlite:///{database}")
    found = json.loads(done.stdout)
    assert {one["reference_date"]: one["reason"] for one in (*found["due"], *found["not_due"])} == {
        DATES[0]: "already succeeded",
        DATES[1]: "failed before",
        DATES[2]: "not run yet",
        DATES[3]: "not run yet",
    }
    with closing(sqlite3.connect(database)) as held:
        assert held.execute("SELECT count(*) FROM workflow_runs").fetchone() == (len(ends),)


def test_a_run_that_was_terminated_is_recorded_and_due_again_with_what_it_had(tmp_path: Path) -> None:
    waits = tmp_path / "goes_on"
    file = noting(tmp_path, report=f"import pathlib, time\nwhile not pathlib.Path({str(waits)!r}).exists(): time.sleep(0.1)")
    journal = file.parent / "outputs" / ".simpleflow-nb" / "journal.sqlite3"
    words = command("sensor.start", file, "--local", "--once")
    with subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.endswith("report running\n"):
                break
        asked = typed("workflow.terminate", "--local", "--db", journal, "days/2016-01-01", "--reason", "enough", cwd=tmp_path)
        assert asked.returncode == 0, asked.stderr
        rest = process.stderr.read()
        assert process.wait(60) == 1
    assert "terminated" in rest
    waits.touch()
    assert [run["reason"] for run in planned(file)["due"]] == ["its last run was terminated"]
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    assert records(file, "attempt", "state", "error", "reason", "labels") == [
        (1, "terminated", "the run was terminated: enough", "first run", '{"count": "done", "report": "failed"}'),
        (2, "succeeded", None, "its last run was terminated", '{"count": "cached", "report": "done"}'),
    ]
    assert noted(tmp_path) == ["count 2016-01-01", "report "]
