"""A workflow with several parameter sets and stencils: how its runs are named, shown, linked, tried again and cleaned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.samples import inputs, notebook, typed
from workers.run_records import RunRecord, RunRecords

DAYS = ("2024-01-01", "2024-01-02")
WORKFLOWS = """\
workflows:
  - name: sales
    notebooks:
      count:
        filename: count.ipynb
        parameters: {day: reference_date, region: region, date_ranges: date_ranges}
        output: {format: html}
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - {workflow_name: sales, parameters: {region: north}}
    - {workflow_name: sales, parameters: {region: 'a, b'}}
    - {workflow_name: sales, parameters: {region: 'a, b'}, date_stencil: [[-1, 1]]}
"""
COUNT = "assert (region, day) != ('north', '2024-01-02'), 'no ' + 'rows ' * 40"
PARAMETERS = "day = region = date_ranges = None"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = inputs(tmp_path_factory.mktemp("sets") / "in", dates=DAYS, workflows=WORKFLOWS)
    notebook(made.parent / "count.ipynb", PARAMETERS, COUNT)
    backfill = ("backfill", made, "sales", "--from", DAYS[0], "--to", DAYS[1], "--quiet")
    assert typed(*backfill, cwd=made.parent).returncode == 1
    return made


def said(file: Path, *words: object, code: int = 0) -> str:
    done = typed(*words, cwd=file.parent)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def records(file: Path) -> dict[tuple[str, str, str], RunRecord]:
    """By date, region and stencil."""
    with RunRecords.open(file.parent / "outputs", to_look=True) as opened:
        return {
            (str(one.reference_date), one.parameters["region"], json.dumps(one.date_stencil)): one for one in opened.latest()
        }


def test_a_backfill_of_entries_that_differ_in_their_stencil_alone_runs_each(ran: Path) -> None:
    ends = {name: (one.state, one.parameters["date_ranges"]) for name, one in records(ran).items()}
    assert ends == {
        ("2024-01-01", "north", "[0]"): ("succeeded", [["2024-01-01", "2024-01-02"]]),
        ("2024-01-01", "a, b", "[0]"): ("succeeded", [["2024-01-01", "2024-01-02"]]),
        ("2024-01-02", "north", "[0]"): ("failed", [["2024-01-02", "2024-01-03"]]),
        ("2024-01-02", "a, b", "[0]"): ("succeeded", [["2024-01-02", "2024-01-03"]]),
        ("2024-01-02", "a, b", "[[-1, 1]]"): ("succeeded", [["2024-01-01", "2024-01-03"]]),
    }
