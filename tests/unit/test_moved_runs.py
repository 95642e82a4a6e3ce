"""What is known of an outputs folder that was moved, and what is to be done of what was open then."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deciders.backfill_workflow import BackfillWorkflow
from deciders.due_runs import run_for
from deciders.notebook_workflow import NotebookWorkflow
from deciders.run_requests import run_request
from deciders.sensor_workflow import SensorWorkflow
from deciders.specification import ConfiguredWorkflow, NotebookSpecification, WorkflowSpecification
from simpleflow_nb import payload
from simpleflow_nb.cli.sensor import _started
from simpleflow_nb.cli.sensor_places import sensor_id
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from simpleflow_nb.workflow import execution_input
from tests.unit.workflow_files import specification
from workers.moved_runs import begin_moved_runs_anew, present_inputs, present_outputs
from workers.outputs_place import former_places, note_place

ENTRY = ConfiguredWorkflow(workflow_name="days", parameters={"how": "fast"})
DAYS = WorkflowSpecification(name="days", notebooks=(NotebookSpecification(label="count", filename="count.ipynb"),))


def test_a_folder_knows_all_its_former_places(tmp_path: Path) -> None:
    place = tmp_path / "first"
    (place / ".simpleflow-nb").mkdir(parents=True)
    assert former_places(place) == []
    for name in ("second", "third", "first"):
        note_place(place)
        assert str(place) not in former_places(place)
        place = place.rename(tmp_path / name)
    note_place(place, "/told")
    assert former_places(place) == [str(tmp_path / "second"), str(tmp_path / "third"), "/told"]


@pytest.mark.parametrize("text", ["", "[]", '{"outputs": 5, "former": null}', '{"former": [1, null]}'])
def test_a_note_that_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".simpleflow-nb").mkdir()
    (tmp_path / ".simpleflow-nb/place.json").write_text(text)
    assert former_places(tmp_path) == []


@pytest.mark.parametrize(
    ("inputs", "then", "found"),
    [("/old", "/old/out", "new"), ("/old/in", "/old/out", "new/in"), ("/in", "/old/out", "/in"), ("/old", "/far/out", "/old")],
)
def test_the_inputs_are_where_they_would_be_had_they_been_moved_together(
    tmp_path: Path, inputs: str, then: str, found: str
) -> None:
    for folder in ("new", "new/in"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "count.ipynb").touch()
    assert present_inputs(inputs, then, tmp_path / "new" / "out", ["count.ipynb"]) == tmp_path / found


def test_the_outputs_of_a_run_are_those_of_its_journal_once_they_were_moved(tmp_path: Path) -> None:
    journal = tmp_path / "new" / ".simpleflow-nb" / "journal.sqlite3"
    journal.parent.mkdir(parents=True)
    old = tmp_path / "old"
    assert present_outputs({"outputs": str(old)}, journal) == tmp_path / "new"
    old.mkdir()
    assert present_outputs({"outputs": str(old)}, journal) == old
    note_place(tmp_path / "new", str(old))
    assert present_outputs({"outputs": str(old)}, journal) == tmp_path / "new"
    assert present_outputs({"outputs": str(old)}, None) == present_outputs({"outputs": str(old)}, tmp_path / "j.sqlite3") == old


class Folder:
    """An outputs folder whose journal has open executions that name a former place of it."""

    def __init__(self, outputs: Path) -> None:
        self.outputs, self.payloads = outputs, PayloadDirectory(outputs / "payloads")
        (outputs / ".simpleflow-nb").mkdir(parents=True)
        self.service = LocalService.open(outputs / ".simpleflow-nb" / "journal.sqlite3")
        for kind in (NotebookWorkflow, BackfillWorkflow, SensorWorkflow):
            self.service.register_workflow_type(
                domain=DOMAIN,
                name=kind.type_name(),
                version=kind.version,
                defaultTaskStartToCloseTimeout="60",
                defaultExecutionStartToCloseTimeout="3600",
                defaultChildPolicy="TERMINATE",
                defaultTaskList={"name": "deciders"},
            )

    def start(self, kind: type, workflow_id: str, arguments: dict[str, Any], **more: Any) -> None:
        self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": kind.type_name(), "version": kind.version},  # type: ignore[attr-defined]
            taskList={"name": "deciders"},
            input=execution_input(kind, {"kwargs": arguments}),
            **more,
        )

    def open(self) -> dict[str, dict[str, Any]]:
        """What the open executions were started with, by workflow id."""
        with self.service.lock:
            runs = [run for number, run in self.service.runs.items() if number not in self.service.closed]
        return {run.workflow_id: payload.decode(run.started_attributes["input"])["kwargs"] for run in runs}


@pytest.fixture
def folder(tmp_path: Path):
    made = Folder(tmp_path / "project" / "out")
    yield made
    made.service.close()


def run_arguments(day: date, outputs: str, **more: Any) -> tuple[str, dict[str, Any]]:
    run = run_for(ENTRY, day)
    given = {"workflow": DAYS.model_dump(mode="json"), "instance": run.instance, "identity": run.identity}
    return run.workflow_id, given | {"parameters": run.parameters, "inputs_dir": "/old", "outputs": outputs} | more


def test_open_runs_of_a_former_place_begin_anew_and_others_are_left_alone(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "project" / "count.ipynb").touch()
    (tmp_path / "others").mkdir()
    moved, ours = run_arguments(date(2024, 1, 1), "/old/out", rerun=True, kept={"count": {"path": "/old/out/x"}})
    theirs, given = run_arguments(date(2024, 1, 2), str(tmp_path / "others"))
    folder.start(NotebookWorkflow, moved, ours, tagList=["days", "2024-01-01"], taskPriority="3")
    folder.start(NotebookWorkflow, theirs, given)
    found = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert (found.begun_anew, found.former, found.elsewhere) == ([moved], {"/old/out"}, {str(tmp_path / "others"): 1})
    place = {"outputs": str(folder.outputs), "inputs_dir": str(tmp_path / "project"), "kept": {}, "kept_reports": {}}
    assert folder.open() == {theirs: given, moved: json.loads(json.dumps(ours | place))}
    run = folder.service.home.open_by_id[moved]
    assert (run.started_attributes["tagList"], run.started_attributes["taskPriority"]) == (["days", "2024-01-01"], "3")
    again = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert (again.begun_anew, again.former) == ([], set())


def test_a_folder_that_a_link_gives_another_name_was_not_moved(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder.outputs.parent)
    note_place(folder.outputs, str(tmp_path / "link" / "out"))
    name, given = run_arguments(date(2024, 1, 1), str(tmp_path / "link" / "out"))
    folder.start(NotebookWorkflow, name, given)
    found = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert (found.begun_anew, found.elsewhere, folder.open()) == ([], {}, {name: given})


def test_a_journal_elsewhere_says_nothing_of_where_the_outputs_were(folder: Folder) -> None:
    name, given = run_arguments(date(2024, 1, 1), "/old/out")
    folder.start(NotebookWorkflow, name, given)
    found = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=False)
    assert (found.begun_anew, found.elsewhere, folder.open()) == ([], {"/old/out": 1}, {name: given})


def test_a_backfill_goes_on_with_the_dates_that_it_had_not_started(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "project" / "workflows.yml").touch()
    days = [date(2024, 1, day) for day in (1, 2, 3)]
    whole = specification(Path("/old")).model_copy(update={"path": Path("/old/workflows.yml")}).model_dump(mode="json")
    requests = [
        run_request(ENTRY, days[:2], "backfill: missing", keeps_labels=True),
        run_request(ENTRY, days[2:], "backfill: failed", keeps_labels=True),
    ]
    given = {"specification": whole, "outputs": "/old/out", "requests": requests, "most_at_once": 1}
    folder.start(BackfillWorkflow, "backfill-days-1", given)
    folder.start(NotebookWorkflow, *run_arguments(days[0], "/old/out"))
    folder.start(NotebookWorkflow, *run_arguments(days[2], "/old/out"))
    found = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert len(found.begun_anew) == 3
    left = folder.open()["backfill-days-1"]
    assert (left["outputs"], left["most_at_once"]) == (str(folder.outputs), 1)
    assert left["specification"]["path"] == str(tmp_path / "project" / "workflows.yml")
    assert left["specification"]["inputs_dir"] == str(tmp_path / "project")
    assert left["requests"] == [{**requests[0], "dates": ["2024-01-02"]}]


def test_a_backfill_that_had_started_everything_ends(folder: Folder) -> None:
    requests = [run_request(ENTRY, [date(2024, 1, 1)], "backfill: missing", keeps_labels=True)]
    whole = specification(Path("/old")).model_dump(mode="json")
    folder.start(BackfillWorkflow, "backfill-days-1", {"specification": whole, "outputs": "/old/out", "requests": requests})
    folder.start(NotebookWorkflow, *run_arguments(date(2024, 1, 1), "/old/out"))
    begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert list(folder.open()) == [run_for(ENTRY, date(2024, 1, 1)).workflow_id]


@pytest.mark.parametrize(("then", "looked"), [("/old/out", True), ("/others/out", False)])
def test_the_sensor_of_a_moved_file_knows_when_it_looked_last(folder: Folder, then: str, looked: bool) -> None:
    note_place(folder.outputs, "/old/out")
    moment = "2024-01-01T06:00:00+00:00"
    whole = specification(Path("/old")).model_copy(update={"path": Path("/old/workflows.yml")}).model_dump(mode="json")
    given = {"specification": whole, "outputs": then, "last_look": moment}
    folder.start(SensorWorkflow, sensor_id(Path("/old/workflows.yml")), given)
    run: Any = SimpleNamespace(service=folder.service, payloads=folder.payloads)
    path = folder.outputs.parent / "workflows.yml"
    now = specification(path.parent, schedule="0 6 * * *").model_copy(update={"path": path})
    _started(run, [now], str(folder.outputs), once=False)
    [(workflow_id, started)] = folder.open().items()
    assert (workflow_id, started.get("last_look")) == (sensor_id(path), moment if looked else None)
