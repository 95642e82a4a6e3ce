"""Runs of workflow classes with notebooks in the run records: also of those that could not record their ends."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deciders.python_notebooks import activities as declared
from deciders.values.light import Light
from deciders.values.run_state import RunState
from simpleflow_nb import Workflow
from simpleflow_nb.activity_context import context
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.notebooks import notebook
from simpleflow_nb.testing import Harness, RunFailed, harness
from workers.artefacts import Artefacts
from workers.notebooks.notebook_errors import NotebookRefused
from workers.python_notebooks import execute_notebook
from workers.records.run_records import RunRecord, RunRecords
from workers.runs.item_ends import ItemPlace, recorded_item
from workers.runs.python_runs import PythonRun, note_begin, record_end, record_left_ends

NOTES = Path(".simpleflow-nb", "python_runs")


class Waits(Workflow):
    name = "waits"

    def run(self, goes: bool = False) -> Any:
        self.submit(notebook("a.py")).result
        return None if goes else self.next_signal("go").result


def made(*, outputs: str, workflow: str, instance: str, label: str, **_: Any) -> dict[str, Any]:
    """Do what a worker does to the records, without a kernel."""
    place = ItemPlace(Artefacts(Path(outputs)), workflow, instance, label)
    place.folder.mkdir(parents=True, exist_ok=True)
    with recorded_item(context().run_id, place, 1):
        (place.folder / f"{label}.ipynb").write_text("{}")
    return {"path": str(place.folder / f"{label}.ipynb"), "light": "green", "warnings": []}


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUTOFLOW_OUTPUTS_DIR", str(tmp_path / "outputs"))
    return tmp_path / "outputs"


@contextmanager
def working(execute: Callable[..., Any] = made) -> Iterator[Harness]:
    with harness(Waits, activities={declared.execute_notebook: execute}) as service:
        yield service


def records(outputs: Path) -> dict[str, RunRecord]:
    with closing(RunRecords.open(outputs)) as found:
        return {record.workflow_id: record for record in found.runs()}


def end_of(service: Harness, ids: tuple[str, str], how: str) -> None:
    """Wait until the notebook is made, and end the run from outside."""
    wanted = "ActivityTaskCompleted"
    while [event["eventType"] for event in service.history(*ids)].count(wanted) < 2:
        time.sleep(0.01)
    arguments = {"domain": DOMAIN, "workflowId": ids[0]}
    if how == "cancelled":
        service.service.request_cancel_workflow_execution(**arguments)
    else:
        service.service.terminate_workflow_execution(**arguments, reason="enough")
    with pytest.raises(RunFailed):
        service.result(*ids)


@pytest.mark.parametrize(
    ("how", "error"), [("cancelled", "the run was cancelled"), ("terminated", "the run was terminated: enough")]
)
def test_the_end_of_a_run_that_could_not_record_it_is_recorded_by_the_next_run(outputs: Path, how: str, error: str) -> None:
    with working() as service:
        end_of(service, service.start(Waits, workflow_id="stopped"), how)
        assert records(outputs) == {}
        [note] = (outputs / NOTES).iterdir()
        assert json.loads(note.read_text())["workflow_id"] == "stopped"
        service.result(*service.start(Waits, workflow_id="next", goes=True))
    found = records(outputs)
    ends = {name: (str(one.state), str(one.light), one.error, one.labels) for name, one in found.items()}
    assert ends == {
        "stopped": (how, "red", error, {"a": "done"}),
        "next": ("succeeded", "green", None, {"a": "done"}),
    }
    assert found["stopped"].artefacts == {"a": str(outputs / "notebooks/waits/stopped/a/a.ipynb")}
    assert found["stopped"].started < found["stopped"].ended
    assert list((outputs / NOTES).iterdir()) == []


def test_runs_of_one_workflow_id_are_attempts_at_the_same(outputs: Path) -> None:
    with working() as service:
        for _ in range(2):
            service.result(*service.start(Waits, workflow_id="again", goes=True))
    with closing(RunRecords.open(outputs)) as found:
        runs = found.runs()
    assert [(one.attempt, one.kind, one.instance, one.identity == runs[0].identity) for one in runs] == [
        (1, "python", "again", True),
        (2, "python", "again", True),
    ]


def run(**more: Any) -> PythonRun:
    values: dict[str, Any] = {
        "domain": DOMAIN,
        "workflow_id": "w",
        "run_id": "r",
        "workflow": "waits",
        "instance": "w",
        "parameters": {},
        "started": datetime(2016, 1, 1, tzinfo=UTC),
        "started_by": "ann",
    }
    return PythonRun(**values | more)


def test_a_note_holds_a_run_as_it_was() -> None:
    assert PythonRun.of_json(json.loads(json.dumps(run(parameters={"n": 1}).as_json()))) == run(parameters={"n": 1})


def test_notes_of_other_domains_of_unknown_runs_and_of_the_run_itself_are_left(outputs: Path) -> None:
    with working() as service:
        for one in (run(run_id="elsewhere", domain="other"), run(run_id="unknown"), run(run_id="own")):
            note_begin(one, outputs)
        assert record_left_ends(service.service, DOMAIN, outputs, but="own") == 0  # type: ignore[arg-type]
    assert len(list((outputs / NOTES).iterdir())) == 3


def test_a_run_that_is_recorded_already_loses_its_note(outputs: Path) -> None:
    with working() as service:
        ids = service.start(Waits, workflow_id="w", goes=True)
        service.result(*ids)
        note_begin(run(run_id=ids[1]), outputs)
        assert record_left_ends(service.service, DOMAIN, outputs) == 0  # type: ignore[arg-type]
    assert list((outputs / NOTES).iterdir()) == []


def test_a_note_that_cannot_be_read_is_told_and_left(outputs: Path, caplog: pytest.LogCaptureFixture) -> None:
    (outputs / NOTES).mkdir(parents=True)
    (outputs / NOTES / "a.json").write_text("{}")
    with working() as service, caplog.at_level(logging.WARNING):
        assert record_left_ends(service.service, DOMAIN, outputs) == 0  # type: ignore[arg-type]
    told = f"{outputs / NOTES / 'a.json'} cannot be read, so that the end of its run may stay unrecorded"
    assert told in caplog.messages


def test_an_end_that_is_recorded_twice_is_one_record(outputs: Path) -> None:
    note_begin(run(), outputs)
    for light in (Light.GREEN, Light.ORANGE):
        record_end(
            run(),
            outputs,
            state=RunState.SUCCEEDED,
            light=light,
            ended=datetime(2016, 1, 2, tzinfo=UTC),
            error=None,
            artefacts={},
            labels={},
            notes={},
            causes={},
        )
    assert {name: str(one.light) for name, one in records(outputs).items()} == {"w": "orange"}


# ---- refusals ----------------------------------------------------------------------------------------------------------------


def executed(folder: Path, outputs: Path, **more: Any) -> Any:
    return execute_notebook(
        workflow="waits",
        instance="w",
        outputs=str(outputs),
        label="a",
        filename="a.py",
        inputs_dir=str(folder),
        parameters={},
        **more,
    )


def test_a_task_is_refused_where_the_outputs_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# %%\n")
    with pytest.raises(NotebookRefused) as refused:
        executed(tmp_path, tmp_path / "outputs")
    assert str(refused.value) == (
        f"the outputs of waits are in {tmp_path / 'outputs'}, which is not on this machine; share the folder under one path, "
        "and name it in AUTOFLOW_OUTPUTS_DIR for all workers"
    )


def test_a_task_is_refused_where_the_folder_of_the_notebook_is_not(tmp_path: Path) -> None:
    with pytest.raises(NotebookRefused) as refused:
        executed(tmp_path / "gone", tmp_path)
    assert str(refused.value) == (
        f"notebook 'a' of waits is not on this machine as {tmp_path / 'gone' / 'a.py'}; paths are relative to the file of the "
        "workflow class, and its folder has to have the same path on all machines"
    )
