"""Requests to a sensor whose process ends while they are made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deciders.activities import DECISIONS
from deciders.sensor_workflow import SensorWorkflow
from deciders.workflow_types import application_workflows
from simpleflow_nb.application.asking.sensor_requests import SensorControl, SensorRequest
from simpleflow_nb.application.project import Project
from simpleflow_nb.application.services import Local
from simpleflow_nb.application.states.sensors import sensor_id
from simpleflow_nb.application.wording.sensors import request_sentence
from simpleflow_nb.local.requests import leave_request
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from tests.unit.workflow_files import notebook, one

LATER = "asked; it takes effect when the next local run begins: nobody owns the journal now"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "workflows.yml").write_text(one(tmp_path), encoding="utf-8")
    (tmp_path / "other.ipynb").write_text(notebook(None), encoding="utf-8")
    return Project.open(tmp_path, service=Local())


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(
    "ask",
    [
        lambda it, _: it.stop(),
        lambda it, _: it.check(),
        lambda it, _: it.pause(),
        lambda it, _: it.resume(),
        lambda it, project: it.reload(project.specification),
    ],
    ids=["stop", "check", "pause", "resume", "reload"],
)
def test_a_request_says_whether_it_takes_effect_now(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[SensorControl, Project], SensorRequest],
    ends: bool,
) -> None:
    journal = Local().journal(project.outputs)
    journal.parent.mkdir(parents=True)
    with closing(LocalService.open(journal)) as owner:
        Decider(owner, DOMAIN, DECISIONS, application_workflows()).register_types()
        kind = {"name": SensorWorkflow.type_name(), "version": SensorWorkflow.version}
        workflow_id = sensor_id(project.specification.path)
        owner.start_workflow_execution(domain=DOMAIN, workflowId=workflow_id, workflowType=kind, input="{}")

        def left(*arguments: Any) -> None:
            leave_request(*arguments)
            if ends:
                owner.close()

        monkeypatch.setattr("simpleflow_nb.application.places.leave_request", left)
        request = ask(project.sensor, project)
    assert request.to_dict()["request"]["takes_effect_now"] is not ends
    assert (request_sentence(request) == f"{workflow_id}: {LATER}") is ends
    assert request_sentence(request).startswith(f"{workflow_id}: ")
