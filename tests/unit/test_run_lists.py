"""The choice of the runs of a workflow file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from deciders.runs.due_runs import run_for
from deciders.specification import ConfiguredWorkflow
from deciders.values.run_state import RunState
from simpleflow_nb.application.project import Project
from simpleflow_nb.application.services import Local
from tests.unit.recorded_runs import success_of
from tests.unit.workflow_files import notebook
from workers.records.run_records import RunRecords

FILE = """\
workflows:
- name: days
  notebooks:
    count: {filename: count.ipynb, parameters: {day: reference_date}}
available_dates_sensor: null
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "workflows.yml").write_text(FILE, encoding="utf-8")
    (tmp_path / "count.ipynb").write_text(notebook("day = None"), encoding="utf-8")
    found = Project.open(tmp_path, service=Local())
    runs = [run_for(ConfiguredWorkflow(workflow_name="days"), date(2016, 1, day)) for day in (1, 2)]
    with RunRecords.open(found.outputs) as records:
        records.record(success_of(runs[0]))
        records.record(success_of(runs[1], state=RunState.TIMED_OUT, light="red"))
    return found


@pytest.mark.parametrize(
    ("state", "days"),
    [
        (None, ["2016-01-01", "2016-01-02"]),
        ("succeeded", ["2016-01-01"]),
        ("timed out", ["2016-01-02"]),
        ("timed_out", ["2016-01-02"]),
        (RunState.TIMED_OUT, ["2016-01-02"]),
        ("failed", []),
    ],
)
def test_runs_are_chosen_by_any_word_for_their_state(project: Project, state: str | None, days: list[str]) -> None:
    assert [row.reference_date for row in project.runs(state=state).runs] == days
