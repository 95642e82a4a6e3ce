"""``runs.diff``: two runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.project import Project
from simpleflow_nb.application.services import Local
from tests.acceptance.samples import inputs, notebook, typed

WORKFLOWS = """\
workflows:
  - name: days
    rerun_when: [parameters_changed, data_changed]
    notebooks:
      count: {filename: count.ipynb, parameters: {day: reference_date, limit: limit}}
      each: {filename: each.ipynb, for_each: {n: {scrap: count.numbers}}, parameters: {n: n}}
      report: {filename: report.ipynb, parameters: {counted: count}}
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - {workflow_name: days, parameters: {limit: 2}}
"""
COUNT = """\
import scrapbook
scrapbook.glue("numbers", list(range(limit)))
scrapbook.glue("kept", "the same")
assert not day.endswith("02"), "a bad day"
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs: a good one, one that failed, and one with another parameter and an edited notebook."""
    file = inputs(tmp_path_factory.mktemp("diff") / "in", dates=("2016-01-01", "2016-01-02"), workflows=WORKFLOWS)
    notebook(file.with_name("count.ipynb"), "day = limit = None", COUNT)
    notebook(file.with_name("each.ipynb"), "n = None", "print(n)")
    assert typed("sensor.start", file.name, "--local", "--once", "--quiet", cwd=file.parent).returncode == 1
    notebook(file.with_name("report.ipynb"), "counted = None", "print('another text')")
    given = ("--set", "reference_date=2016-01-01", "--set", "limit=3")
    assert typed("workflow.start", f"{file.name}:days", "--local", "--quiet", *given, cwd=file.parent).returncode == 0
    return file


def differences(file: Path, *runs: str) -> list[tuple[str, str, Any, Any]]:
    """What differs but for durations, which differ from machine to machine."""
    done = typed("runs.diff", file.name, *runs, "--json", cwd=file.parent)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["differences"]
    return [(one["kind"], one["name"], one["first"], one["second"]) for one in found if one["kind"] != "seconds"]


def test_parameters_scraps_items_and_notebooks_that_differ_are_told(ran: Path) -> None:
    found = differences(ran, "days/2016-01-01,limit=2", "days/2016-01-01,limit=3")
    *others, file, label = found
    assert others == [
        ("parameter", "limit", 2, 3),
        ("items", "each", 2, 3),
        ("scrap", "count.numbers", [0, 1], [0, 1, 2]),
    ]
    assert [one[:2] for one in (file, label)] == [("notebook", "report.ipynb"), ("notebook", "report/")]
    assert file[2] != file[3]


def test_states_that_differ_are_told(ran: Path) -> None:
    found = differences(ran, "days/2016-01-01,limit=2", "days/2016-01-02")
    assert [one for one in found if one[0] in ("state", "light")] == [
        ("state", "run", "succeeded", "failed"),
        ("light", "run", "green", "red"),
        ("state", "count", "done", "failed"),
        ("state", "each", "done", "not run"),
        ("state", "report", "done", "not run"),
    ]
    [data] = [one for one in found if one[0] == "data" and one[3] is None]
    assert data[1] == "data/2016-01-01.csv"


def test_a_run_differs_in_nothing_from_itself(ran: Path) -> None:
    done = typed("runs.diff", ran.name, "days/2016-01-02", "days/2016-01-02", cwd=ran.parent)
    assert done.stdout.endswith(" differ in nothing\n")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_table_for_people_cuts_long_values_and_a_project_gives_the_same(ran: Path) -> None:
    done = typed("runs.diff", ran.name, "days/2016-01-01,limit=2", "days/2016-01-01,limit=3", cwd=ran.parent)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][:2] == ["kind", "name"]
    assert ["parameter", "limit", "2", "3"] in lines
    project = Project.open(ran, service=Local())
    given = project.diff("days/2016-01-01,limit=2", "days/2016-01-01,limit=3").to_dict()
    printed = typed("runs.diff", ran.name, "days/2016-01-01,limit=2", "days/2016-01-01,limit=3", "--json", cwd=ran.parent)
    assert json.loads(printed.stdout) == given


def test_a_run_that_there_is_not_is_refused(ran: Path) -> None:
    done = typed("runs.diff", ran.name, "days/2016-01-01,limit=2", "days/1999-01-01", cwd=ran.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'days/1999-01-01'" in done.stderr
