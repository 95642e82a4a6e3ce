"""The choice of the runs of a workflow file."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from deciders.activities import DECISIONS
from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow
from deciders.values.run_state import RunState
from deciders.workflow_types import application_workflows
from simpleflow_nb.application.project import Project
from simpleflow_nb.application.services import Local
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.unit.recorded_runs import success_of
from tests.unit.workflow_files import without_sensor
from workers.records.run_records import RunRecords
from workers.runs.run_starts import start_run


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project.open(without_sensor(tmp_path), service=Local())
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


@pytest.mark.parametrize("every_run", [False, True])
@pytest.mark.parametrize("is_recorded", [False, True])
def test_a_run_whose_end_is_recorded_is_ended_though_its_execution_is_still_open(
    project: Project, every_run: bool, is_recorded: bool
) -> None:
    run = run_for(ConfiguredWorkflow(workflow_name="days"), date(2016, 1, 3))
    journal = Local().journal(project.outputs)
    with closing(LocalService.open(journal)) as owner:
        Decider(owner, DOMAIN, DECISIONS, application_workflows()).register_types()
        payloads = PayloadDirectory(journal.parent / "payloads")
        run_id = start_run(owner, DOMAIN, project.specification, run, str(project.outputs), payloads)
        if is_recorded:
            with RunRecords.open(project.outputs) as records:
                records.record(success_of(run, run_id=run_id))
        found = project.runs(first=date(2016, 1, 3), every_run=every_run).runs
    assert [(one.run_id, one.state) for one in found] == [(run_id, "succeeded" if is_recorded else "running")]
