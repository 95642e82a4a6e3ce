"""Waiting for a run that another process carries out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deciders.activities import DECISIONS
from deciders.runs.planned_run import PlannedRun, run_for
from deciders.specification import ConfiguredWorkflow
from deciders.values.run_state import RunState
from deciders.workflow_types import application_workflows
from simpleflow_nb import payload
from simpleflow_nb.application.events import Look, RunChanged, Watching
from simpleflow_nb.application.project import Project
from simpleflow_nb.application.services import Local
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.unit.workflow_files import notebook
from workers.runs.run_starts import start_run

FILE = """\
workflows:
- name: days
  notebooks:
    count: {filename: count.ipynb}
available_dates_sensor: null
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "workflows.yml").write_text(FILE, encoding="utf-8")
    (tmp_path / "count.ipynb").write_text(notebook(None), encoding="utf-8")
    return Project.open(tmp_path, service=Local())


@pytest.fixture
def owner(project: Project) -> Iterator[LocalService]:
    journal = Local().journal(project.outputs)
    journal.parent.mkdir(parents=True)
    with closing(LocalService.open(journal)) as service:
        Decider(service, DOMAIN, DECISIONS, application_workflows()).register_types()
        yield service


def started(project: Project, owner: LocalService) -> PlannedRun:
    run = run_for(ConfiguredWorkflow(workflow_name="days"), None)
    payloads = PayloadDirectory(Local().journal(project.outputs).parent / "payloads")
    assert start_run(owner, DOMAIN, project.specification, run, str(project.outputs), payloads) is not None
    return run


def decide(owner: LocalService, **decision: Any) -> None:
    task = owner.poll_for_decision_task(domain=DOMAIN, taskList={"name": DECISIONS})
    owner.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[decision])


def test_a_run_that_leaves_no_record_ends_as_its_history_says(project: Project, owner: LocalService) -> None:
    run = started(project, owner)
    call = project.wait(run.workflow_id)
    assert next(event for event in call if not isinstance(event, Watching | RunChanged)) == Look()
    result = {"state": "already done", "light": "green", "artefacts": {"report:count": "/out/count.pdf"}}
    end = {"result": payload.encode(result)}
    decide(owner, decisionType="CompleteWorkflowExecution", completeWorkflowExecutionDecisionAttributes=end)
    outcome = call.result()
    [ended] = outcome.runs
    assert (ended.title, ended.workflow_id, ended.state) == (f"days/{run.instance}", run.workflow_id, RunState.SUCCEEDED)
    assert (ended.reports, outcome.is_success) == (("/out/count.pdf",), True)
