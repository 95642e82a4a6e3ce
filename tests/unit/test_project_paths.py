"""A project that was opened by relative paths, once the working directory has changed, and paths of no project at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deciders.activities import DECISIONS
from deciders.sensor_workflow import SensorWorkflow
from simpleflow_nb.application.states.sensors import sensor_id
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.notebooks import Local, Project, Swf
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.workflow import execution_input
from tests.acceptance.samples import inputs


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Opened in its folder, of which the other one has a namesake that no program could read."""
    monkeypatch.delenv("SWF_DOMAIN", raising=False)
    inputs(tmp_path / "project")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "workflows.yml").write_text("workflows: 5\n")
    monkeypatch.chdir(tmp_path / "project")
    return Project.open("workflows.yml", outputs="out", service=Local(db="kept/journal.sqlite3"))


@pytest.fixture
def owner(project: Project) -> Iterator[LocalService]:
    """The owner of its journal, with a sensor of the file that is open."""
    journal = project.service.journal(project.outputs)
    assert journal is not None
    journal.parent.mkdir(parents=True)
    with closing(LocalService.open(journal)) as service:
        Decider(service, DOMAIN, DECISIONS, [SensorWorkflow]).register_types()
        given = {"specification": project.specification.model_dump(mode="json"), "outputs": str(project.outputs), "once": False}
        service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=sensor_id(project.specification.file),
            workflowType={"name": SensorWorkflow.type_name(), "version": SensorWorkflow.version},
            taskList={"name": DECISIONS},
            input=execution_input(SensorWorkflow, {"kwargs": given}),
        )
        yield service


def test_the_file_is_shown_as_it_was_typed_while_that_leads_to_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (project.validate().is_good, project.validate().file) == (True, Path("workflows.yml"))
    with pytest.raises(DefinitionError, match=r"^no sensor of workflows\.yml runs on .*; sensor\.start starts one$"):
        project.sensor.pause()
    monkeypatch.chdir(tmp_path / "other")
    file = tmp_path / "project" / "workflows.yml"
    assert (project.validate().is_good, project.validate().file) == (True, file)
    with pytest.raises(DefinitionError) as refused:
        project.sensor.pause()
    journal = tmp_path / "project" / "kept" / "journal.sqlite3"
    assert str(refused.value) == f"no sensor of {file} runs on {journal}; sensor.start starts one"


def test_a_folder_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as refused:
        Project.open(tmp_path)
    assert str(refused.value) == f"{tmp_path / 'workflows.yml'}: there is no such file"


def test_another_working_directory_hides_neither_outputs_nor_journal(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "other")
    assert project.outputs == tmp_path / "project" / "out"
    assert project.service == Local(db=tmp_path / "project" / "kept" / "journal.sqlite3")
    assert Swf("d", payloads="long") == Swf("d", payloads=tmp_path / "other" / "long")


def test_a_sensor_is_found_from_every_working_directory(
    project: Project, owner: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control, found = project.sensor, sensor_id(project.specification.file)
    monkeypatch.chdir(tmp_path / "other")
    for asked in (control.check(), project.sensor.pause(), control.resume(), project.sensor.stop()):
        assert asked.workflow_id == found


def test_a_sensor_goes_on_with_the_file_that_was_opened(
    project: Project, owner: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control, file = project.sensor, project.specification.file
    monkeypatch.chdir(tmp_path / "other")
    file.write_text(file.read_text().replace("0 6 * * *", "0 7 * * *"))
    assert (control.reload().schedule, project.sensor.reload().schedule) == ("0 7 * * *", "0 7 * * *")
