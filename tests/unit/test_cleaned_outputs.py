"""Folders that outputs.clean removes while runs begin beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.activities import DECISIONS
from deciders.runs.planned_run import PlannedRun, run_for
from deciders.specification import ConfiguredWorkflow
from deciders.workflow_types import application_workflows
from simpleflow_nb.application.project import Project
from simpleflow_nb.application.services import Local
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.unit.recorded_runs import success_of
from tests.unit.workflow_files import without_sensor
from workers.artefacts import Artefacts
from workers.records.run_records import RunRecords
from workers.runs import old_outputs
from workers.runs.run_starts import start_run

RUNS = [run_for(ConfiguredWorkflow(workflow_name="days"), date(2016, 1, day)) for day in (1, 2)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the folders and records of two runs of years ago."""
    found = Project.open(without_sensor(tmp_path), service=Local())
    with RunRecords.open(found.outputs) as records:
        for run in RUNS:
            records.record(success_of(run))
            folder_of(found, run).mkdir(parents=True)
    return found


@pytest.fixture
def owner(project: Project) -> Iterator[Callable[[], LocalService]]:
    """Opens the project's journal, which is made then if there is none yet."""
    opened: list[LocalService] = []

    def service() -> LocalService:
        if not opened:
            journal = Local().journal(project.outputs)
            journal.parent.mkdir(parents=True, exist_ok=True)
            opened.append(LocalService.open(journal, poll_seconds=0))
            Decider(opened[0], DOMAIN, DECISIONS, application_workflows()).register_types()
        return opened[0]

    yield service
    for one in opened:
        one.close()


def folder_of(project: Project, run: PlannedRun) -> Path:
    return Artefacts(project.outputs).folders("days", run.instance)[0]


def end(owner: LocalService) -> None:
    task = owner.poll_for_decision_task(domain=DOMAIN, taskList={"name": DECISIONS})
    failed: Any = {
        "decisionType": "FailWorkflowExecution",
        "failWorkflowExecutionDecisionAttributes": {"reason": "count failed"},
    }
    owner.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[failed])


@pytest.mark.parametrize("has_journal", [True, False])
@pytest.mark.parametrize("has_ended", [False, True])
def test_the_folder_of_a_run_that_is_retried_meanwhile_stays(
    project: Project,
    owner: Callable[[], LocalService],
    monkeypatch: pytest.MonkeyPatch,
    has_ended: bool,
    has_journal: bool,
) -> None:
    removed: list[Path] = []

    def remove(folder: Path) -> None:
        removed.append(folder)
        payloads = PayloadDirectory(Local().journal(project.outputs).parent / "payloads")
        started = start_run(owner(), DOMAIN, project.specification, RUNS[1], str(project.outputs), payloads, rerun=True)
        assert started is not None
        if has_ended:
            end(owner())

    if has_journal:
        owner()
    monkeypatch.setattr(old_outputs, "remove_folder", remove)
    cleaned = project.clean_outputs(30)
    assert removed == [folder_of(project, RUNS[0])]
    assert (cleaned.folders, cleaned.runs, cleaned.looked_at) == (tuple(removed), 1, 2)
