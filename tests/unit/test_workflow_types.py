"""The types of the application in all their versions, and what is listed of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deciders import workflow_types
from deciders.notebook_workflow import NotebookWorkflow
from deciders.sensor_workflow import SensorWorkflow
from deciders.workflow_types import CLASSES, application_workflows, class_of_type, executions_of_type
from simpleflow_nb.application.executions.notebook_executions import notebook_execution
from simpleflow_nb.application.places import Place
from simpleflow_nb.constants import BACKFILL_TYPE, ITEMS_TYPE, NOTEBOOK_TYPE, SCENARIOS_TYPE, SENSOR_TYPE
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.workflow import Workflow, execution_input
from tests.service.manual_client import StillClock
from workers.runs.moved_runs import begin_moved_runs_anew
from workers.runs.run_starts import open_runs

from .test_moved_runs import run_arguments


class LaterNotebookWorkflow(NotebookWorkflow):
    """As if its decisions had changed."""

    version = "2"


class LaterSensorWorkflow(SensorWorkflow):
    version = "2"


LATER = {
    NOTEBOOK_TYPE: CLASSES[NOTEBOOK_TYPE] | {"2": LaterNotebookWorkflow.class_path()},  # type: ignore[operator]
    SENSOR_TYPE: CLASSES[SENSOR_TYPE] | {"2": LaterSensorWorkflow.class_path()},  # type: ignore[operator]
    BACKFILL_TYPE: CLASSES[BACKFILL_TYPE],
    ITEMS_TYPE: CLASSES[ITEMS_TYPE],
    SCENARIOS_TYPE: CLASSES[SCENARIOS_TYPE],
}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalService]:
    """One that knows two versions of two types, with nobody who decides."""
    monkeypatch.setattr(workflow_types, "CLASSES", LATER)
    monkeypatch.setattr("workers.runs.moved_runs.CLASSES", LATER)
    opened = LocalService.open(tmp_path / "out" / ".simpleflow-nb" / "journal.sqlite3", clock=StillClock(), poll_seconds=0)
    Decider(opened, DOMAIN, "deciders", application_workflows()).register_types()
    yield opened
    opened.close()


def start(service: LocalService, workflow_id: str, name: str, version: str, *tags: str, text: str = "{}") -> None:
    service.advance(service.clock.now() + 1)
    service.start_workflow_execution(
        domain=DOMAIN,
        workflowId=workflow_id,
        workflowType={"name": name, "version": version},
        taskList={"name": "deciders"},
        tagList=list(tags),
        input=text,
    )


def test_each_type_version_is_where_the_table_says() -> None:
    for name, versions in CLASSES.items():
        for version, path in versions.items():
            cls = class_of_type(name, version)
            assert (cls.type_name(), cls.version, cls.class_path()) == (name, version, path)


def test_the_last_version_of_a_type_is_the_one_that_new_executions_have() -> None:
    present: list[type[Workflow]] = [NotebookWorkflow, SensorWorkflow]
    assert [list(CLASSES[cls.type_name()])[-1] for cls in present] == [cls.version for cls in present]


def test_a_decider_of_the_application_is_given_every_version(service: LocalService) -> None:
    given = {(cls.type_name(), cls.version) for cls in application_workflows()}
    assert given == {(name, version) for name, versions in LATER.items() for version in versions}
    assert [cls.version for cls in application_workflows(NOTEBOOK_TYPE)] == ["1", "2"]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_listing_of_a_type_has_all_its_versions_newest_first(service: LocalService, is_open: bool) -> None:
    for number, version in enumerate("1221"):
        start(service, f"run-{number}", NOTEBOOK_TYPE, version)
        start(service, f"sensor-{number}", SENSOR_TYPE, version)
        if not is_open:
            service.terminate_workflow_execution(domain=DOMAIN, workflowId=f"run-{number}")
    listed = executions_of_type(service, DOMAIN, NOTEBOOK_TYPE, is_open=is_open)
    found = [(info["execution"]["workflowId"], info["workflowType"]["version"]) for info in listed]
    assert found == [("run-3", "1"), ("run-2", "2"), ("run-1", "2"), ("run-0", "1")]


def test_runs_of_a_former_version_count_as_running(service: LocalService) -> None:
    start(service, "days-2024-01-01-" + "a" * 32, NOTEBOOK_TYPE, "1", "days", "2024-01-01")
    start(service, "days-2024-01-02-" + "b" * 32, NOTEBOOK_TYPE, "2", "days", "2024-01-02")
    assert open_runs(service, DOMAIN) == {("days", "a" * 32): "running", ("days", "b" * 32): "running"}


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_run_is_found_by_its_date_whatever_its_version(service: LocalService, version: str) -> None:
    workflow_id = "days-2024-01-01-" + "a" * 32
    start(service, workflow_id, NOTEBOOK_TYPE, version, "days", "2024-01-01")
    found = notebook_execution(Place(service, DOMAIN, MemoryPayloads()), "2024-01-01")
    assert found is not None
    assert found["workflowId"] == workflow_id


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_run_whose_folder_was_moved_begins_anew_in_its_version(service: LocalService, version: str, tmp_path: Path) -> None:
    from datetime import date

    workflow_id, given = run_arguments(date(2024, 1, 1), "/old/out")
    text = execution_input(NotebookWorkflow, {"kwargs": given})
    start(service, workflow_id, NOTEBOOK_TYPE, version, "days", "2024-01-01", text=text)
    moved = begin_moved_runs_anew(service, DOMAIN, tmp_path / "out", MemoryPayloads(), is_own_journal=True)
    assert moved.begun_anew == [workflow_id]
    started = service.home.open_by_id[workflow_id].started_attributes
    assert started["workflowType"] == {"name": NOTEBOOK_TYPE, "version": version}
    assert class_of_type(NOTEBOOK_TYPE, version).class_path() in started["input"]
