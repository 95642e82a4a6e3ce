"""Runs that ended without a record: the next check makes one, and until then their histories stay."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow, NotebookSpecification, WorkflowSpecification
from deciders.values.run_state import RunState
from simpleflow_nb.application.histories.unrecorded_ends import unrecorded_ends
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from simpleflow_nb.workflow import execution_input
from tests.unit.recorded_runs import success_of
from workers.records.run_database import RecordsError
from workers.records.run_records import RunRecord, RunRecords
from workers.runs.outputs_location import note_place
from workers.runs.recovered_ends import recovered_ends
from workers.runs.sensor_check import add_recovered_ends

DAYS = WorkflowSpecification(name="days", notebooks=(NotebookSpecification(label="count", filename="count.ipynb"),))
_LATER = 60.0
_STATUSES = ("FAILED", "TERMINATED", "CANCELED", "COMPLETED")


class Place:
    """A journal that several outputs folders share."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.payloads = folder, PayloadDirectory(folder / "payloads")
        self.service = LocalService.open(folder / "journal.sqlite3", poll_seconds=0)
        self.service.register_workflow_type(
            domain=DOMAIN,
            name=NotebookWorkflow.type_name(),
            version=NotebookWorkflow.version,
            defaultTaskStartToCloseTimeout="60",
            defaultExecutionStartToCloseTimeout="3600",
            defaultChildPolicy="TERMINATE",
            defaultTaskList={"name": "deciders"},
        )

    def ended(self, outputs: str, status: str, *, reason: str = "enough", **more: Any) -> str:
        """The run id of a run that ended so."""
        run = run_for(ConfiguredWorkflow(workflow_name="days"), date(2024, 1, 1))
        given = {"workflow": DAYS.model_dump(mode="json"), "instance": run.instance, "identity": run.identity}
        given |= {"parameters": run.parameters, "inputs_dir": "/in", "outputs": str(self.folder / outputs), **more}
        started = self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=run.workflow_id,
            workflowType={"name": NotebookWorkflow.type_name(), "version": NotebookWorkflow.version},
            tagList=["days", "2024-01-01"],
            input=execution_input(NotebookWorkflow, {"kwargs": given}),
        )
        if status == "TERMINATED":
            self.service.terminate_workflow_execution(domain=DOMAIN, workflowId=run.workflow_id, reason=reason)
        else:
            kind = {"FAILED": "Fail", "CANCELED": "Cancel", "COMPLETED": "Complete"}[status] + "WorkflowExecution"
            body = {"reason": reason} if status == "FAILED" else {}
            task = self.service.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
            decision = {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": body}
            self.service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[decision])
        found: str = started["runId"]
        return found

    def record(self, outputs: str, run_id: str, *, later: float = 0) -> None:
        run, began = run_for(ConfiguredWorkflow(workflow_name="days"), date(2024, 1, 1)), datetime.now(UTC)
        made = RunRecord(
            workflow_name="days",
            identity=run.identity,
            instance=run.instance,
            reference_date="2024-01-01",
            parameters=run.parameters,
            state="failed",
            light="red",
            started=began + timedelta(seconds=later),
            ended=began + timedelta(seconds=later),
            attempt=1,
            workflow_id=run.workflow_id,
            run_id=run_id,
            error=None,
            artefacts={},
        )
        with RunRecords.open(self.folder / outputs) as records:
            records.record(made)

    def unrecorded(self, outputs: str | None) -> set[str]:
        folder = self.folder / outputs if outputs is not None else None
        return unrecorded_ends(self.service, folder, self.payloads, closed_before=time.time() + _LATER)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    for name in ("mine", "theirs"):
        made.record(name, "another")
    yield made
    made.service.close()


@pytest.mark.parametrize("asked", ["mine", "theirs", None])
@pytest.mark.parametrize("outputs", ["mine", "theirs", "gone"])
@pytest.mark.parametrize("status", _STATUSES)
def test_an_end_is_unrecorded_where_the_records_of_its_own_outputs_do_not_have_it(
    status: str, outputs: str, asked: str | None, place: Place
) -> None:
    run_id = place.ended(outputs, status)
    assert place.unrecorded(asked) == ({run_id} if status != "COMPLETED" else set())
    if outputs != "gone":
        place.record(outputs, run_id)
        assert place.unrecorded(asked) == set()


def test_an_end_that_is_younger_is_not_asked_for(place: Place) -> None:
    place.ended("mine", "FAILED")
    folder = place.folder / "mine"
    assert unrecorded_ends(place.service, folder, place.payloads, closed_before=time.time() - _LATER) == set()


def test_an_end_since_which_the_instance_was_run_and_recorded_anew_will_never_be_recorded(place: Place) -> None:
    place.ended("mine", "TERMINATED")
    place.record("mine", "later", later=_LATER)
    assert place.unrecorded("mine") == set()


def test_runs_of_a_former_place_are_looked_for_in_the_records_where_they_are_now(place: Place) -> None:
    run_id = place.ended("mine", "FAILED")
    place.record("mine", run_id)
    note_place(place.folder / "mine")
    (place.folder / "mine").rename(place.folder / "moved")
    assert place.unrecorded("moved") == set()
    shutil.copytree(place.folder / "theirs", place.folder / "mine")
    assert place.unrecorded("moved") == set()


def test_an_end_whose_records_cannot_be_asked_counts_as_unrecorded_and_one_s_own_must_be_there(place: Place) -> None:
    run_id = place.ended("theirs", "FAILED")
    file = place.folder / "theirs" / ".simpleflow-nb" / "runs.sqlite3"
    for old in file.parent.glob("runs.sqlite3*"):
        old.unlink()
    assert place.unrecorded("mine") == {run_id}
    file.mkdir()
    assert place.unrecorded("mine") == {run_id}
    with pytest.raises(RecordsError, match=r"^run records in .* cannot be used: "):
        place.unrecorded("theirs")


def test_a_run_that_failed_and_could_not_record_it_is_recovered_like_one_that_was_terminated(place: Place) -> None:
    run_id = place.ended("mine", "FAILED", reason="the run records were away")
    outputs = place.folder / "mine"
    with RunRecords.open(outputs) as records:
        (lost,) = recovered_ends(place.service, DOMAIN, records, names={"days"}, outputs=str(outputs), payloads=place.payloads)
        assert (lost.run_id, lost.state, lost.error) == (run_id, "failed", "the run records were away")
        assert lost.labels == {"count": "not run"}
        records.record(lost)
        assert records.states() == {("days", lost.identity): "failed"}
    assert place.unrecorded("mine") == set()


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.TIMED_OUT, RunState.TERMINATED, RunState.CANCELLED])
def test_a_recovered_end_counts_before_it_is_recorded_as_it_does_afterwards(tmp_path: Path, state: RunState) -> None:
    run = run_for(ConfiguredWorkflow(workflow_name="days"), date(2024, 1, 1))
    with RunRecords.open(tmp_path) as records:
        for number in range(2):
            records.record(success_of(run, state=RunState.FAILED, light="red", run_id=f"failed-{number}"))
        states, ends = records.states(), records.ends()
        recovered = success_of(run, state=state, light="red", run_id="recovered")
        add_recovered_ends(states, ends, [recovered])
        records.record(recovered)
        assert (states, ends) == (records.states(), records.ends())
