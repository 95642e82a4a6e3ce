"""Files that share a journal: each says how long its own histories are kept, and no other's."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deciders.activities import DECISIONS
from deciders.backfill_workflow import BackfillWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.planned_run import run_for
from deciders.sensor_workflow import SensorWorkflow
from deciders.specification import (
    ConfiguredWorkflow,
    NotebookSpecification,
    SensorSpecification,
    Specification,
    WorkflowSpecification,
)
from simpleflow_nb.application.histories.history_keeping import HistoryKeeping
from simpleflow_nb.application.states.sensors import sensor_id
from simpleflow_nb.cli.progress import say
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from simpleflow_nb.workflow import Workflow, execution_input
from tests.service.manual_client import StillClock
from workers.records.run_records import RunRecords
from workers.records.workflow_owners import LOCAL, WorkflowOwners
from workers.runs.kept_specification import by_reference
from workers.runs.outputs_location import note_place

_DAY = 86_400


class Other(Workflow):
    """Of somebody who uses the engine alone, in the same journal."""

    name, version, task_list = "other", "1", "deciders"

    def run(self) -> None: ...


class Place:
    """A folder with the files of two people, and a journal all of which is two days old."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.outputs = folder, folder / "outputs"
        self.payloads = PayloadDirectory(folder / "payloads")
        clock = StillClock(time.time() - 2 * _DAY)
        self.service = LocalService.open(folder / "journal.sqlite3", poll_seconds=0, clock=clock)
        Decider(self.service, DOMAIN, DECISIONS, [NotebookWorkflow, SensorWorkflow, BackfillWorkflow, Other]).register_types()

    def file(self, name: str, *workflows: str, keep: int | None) -> Specification:
        made = [
            WorkflowSpecification(name=one, notebooks=(NotebookSpecification(label="n", filename="n.ipynb"),))
            for one in workflows
        ]
        path = self.folder / name
        path.touch()
        sensor = SensorSpecification(schedule=None, workflows=())
        return Specification(path=path, inputs_dir=self.folder, workflows=tuple(made), sensor=sensor, keep_history_seconds=keep)

    def claim(self, file: Specification, *names: str, adopt: bool = False) -> None:
        with RunRecords.open(self.outputs) as records:
            WorkflowOwners(records, file.file, self.outputs).claim(names, LOCAL, adopt=adopt)

    def ended(self, kind: type[Workflow], workflow_id: str, tags: Sequence[str] = (), **given: Any) -> str:
        self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": kind.type_name(), "version": kind.version},
            tagList=list(tags),
            input=execution_input(kind, {"kwargs": given}),
        )
        task = self.service.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
        self.service.respond_decision_task_completed(
            taskToken=task["taskToken"],
            decisions=[{"decisionType": "CompleteWorkflowExecution", "completeWorkflowExecutionDecisionAttributes": {}}],
        )
        return workflow_id

    def run(self, workflow: str, outputs: Path | None = None) -> str:
        run = run_for(ConfiguredWorkflow(workflow_name=workflow), date(2024, 1, 1))
        given = {"workflow": {"name": workflow}, "identity": run.identity, "outputs": str(outputs or self.outputs)}
        return self.ended(
            NotebookWorkflow, f"{workflow}{'' if outputs is None else '-there'}", [workflow, "2024-01-01"], **given
        )

    def sensor_and_backfill(self, file: Specification, at: Path | None = None) -> set[str]:
        given = {"specification": by_reference(file, self.payloads), "outputs": str(at or self.outputs)}
        name = file.path.name
        return {
            self.ended(SensorWorkflow, sensor_id(file.path), **given),
            self.ended(BackfillWorkflow, f"backfill-{name}-{at is None}", **given, requests=[]),
        }

    def keep(self, *files: Specification) -> None:
        journal = self.service.journal
        assert journal is not None
        run: Any = SimpleNamespace(service=self.service, payloads=self.payloads)
        HistoryKeeping(run, self.outputs, say).look(files, unread=set)

    def left(self) -> set[str]:
        return {info["execution"]["workflowId"] for info in self.service.infos.values()}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.service.close()


def test_what_another_file_keeps_for_ever_stays(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = place.file("a.yml", "wa", keep=_DAY), place.file("b.yml", "wb", keep=None)
    place.claim(a, "wa")
    place.claim(b, "wb")
    place.sensor_and_backfill(a)
    kept = place.sensor_and_backfill(b) | {place.run("wb"), place.ended(Other, "other")}
    place.run("wa")
    place.keep(a)  # of a process of its own, which knows nothing of the other file
    assert place.left() == kept
    said = re.sub(r"\d\.\d MB", "N MB", capsys.readouterr().err)
    assert said == "simpleflow-nb: removed the histories of 3 executions (N MB of history): older than 1 d (keep_history)\n"


def test_files_of_one_process_have_each_its_own_time(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    a, b, c = (place.file(f"{x}.yml", f"w{x}", keep=keep) for x, keep in (("a", _DAY), ("b", None), ("c", 3 * _DAY)))
    for name in ("wa", "wb", "wc"):
        place.run(name)
    place.keep(a, b, c)
    assert place.left() == {"wb", "wc"}
    said = re.sub(r"\d\.\d MB", "N MB", capsys.readouterr().err)
    assert said == (
        "simpleflow-nb: a.yml: removed the histories of 1 execution (N MB of history): older than 1 d (keep_history)\n"
    )


def test_workflows_are_their_owners_also_where_a_file_lacks_them_now_or_names_another_s(place: Place) -> None:
    former, a, b = (
        place.file("a.yml", "old", keep=_DAY),
        place.file("a.yml", "w", "v", keep=_DAY),
        place.file("b.yml", keep=None),
    )
    place.claim(former, "old", "v")
    place.claim(b, "w")
    place.claim(b, "v", adopt=True)
    for name in ("old", "w", "v"):
        place.run(name)
    place.keep(a)
    assert place.left() == {"w", "v"}


def test_a_workflow_of_the_same_name_with_other_outputs_is_another_s(place: Place) -> None:
    a = place.file("a.yml", "w", keep=_DAY)
    there = place.folder / "elsewhere"
    there.mkdir()
    kept = {place.run("w", there)} | place.sensor_and_backfill(a, there) - {sensor_id(a.path)}
    place.run("w")
    place.keep(a)
    assert place.left() == kept


def test_what_ended_before_the_outputs_were_moved_is_the_file_s(place: Place) -> None:
    a, b = place.file("a.yml", "w", keep=_DAY), place.file("b.yml", keep=None)
    then = place.folder / "then"
    (place.outputs / ".simpleflow-nb").mkdir(parents=True)
    note_place(place.outputs, str(then))
    then.mkdir()
    moved = [one.model_copy(update={"path": then / one.path.name, "inputs_dir": then}) for one in (a, b)]
    place.run("w", then)
    place.sensor_and_backfill(moved[0], then)
    kept = place.sensor_and_backfill(moved[1], then)
    place.keep(a)
    assert place.left() == kept
