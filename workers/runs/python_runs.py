"""Runs of workflows in Python that have notebooks: their outputs folder, their records, and ends that they could not record.

While such a run is open, ``<outputs>/.simpleflow-nb/python_runs/<run id>.json`` says what it is. A run that was cancelled,
terminated or timed out cannot record its end; the next one that begins there finds the note, asks the service and records it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders.values.label_state import LabelState
from deciders.values.light import Light
from deciders.values.run_error import RunError
from deciders.values.run_state import RunState
from simpleflow_nb.constants import STATE_FOLDER
from simpleflow_nb.environment import value_of
from simpleflow_nb.inspection.executions import history
from simpleflow_nb.inspection.task_rows import epoch
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.service_faults import UNKNOWN_RESOURCE, fault_code
from simpleflow_nb.swf_service import SwfService
from simpleflow_nb.variables import AUTOFLOW_OUTPUTS_DIR

from ..artefacts import Artefacts, read_record, write_record
from ..records.run_items import ItemState
from ..records.run_records import RecordsError, RunRecord, RunRecords
from ..records.run_tables import Kind
from ..records.workflow_owners import WorkflowOwners, WorkflowTaken
from .item_ends import ends_of_items
from .run_origin import present_user

logger = logging.getLogger(__name__)

KIND: Kind = "python"
_STATES = {
    "COMPLETED": RunState.SUCCEEDED,
    "CONTINUED_AS_NEW": RunState.SUCCEEDED,
    "FAILED": RunState.FAILED,
    "CANCELED": RunState.CANCELLED,
    "TERMINATED": RunState.TERMINATED,
    "TIMED_OUT": RunState.TIMED_OUT,
}
_LABEL_STATES: Mapping[ItemState, LabelState] = {
    "succeeded": LabelState.SUCCEEDED,
    "cached": LabelState.CACHED,
    "failed": LabelState.FAILED,
    "skipped": LabelState.SKIPPED,
    "cancelled": LabelState.CANCELLED,
    "timed_out": LabelState.TIMED_OUT,
}


@dataclass(frozen=True, kw_only=True)
class PythonRun:
    """A run of a workflow class, as its notes and its record have it."""

    domain: str
    workflow_id: str
    run_id: str
    workflow: str  #: name of its type
    instance: str  #: name of its folder: the workflow id, unless it was continued as new
    parameters: Mapping[str, Any]
    started: datetime
    started_by: str | None  #: None where that is not known, as of a run on a service
    parent_run_id: str | None = None  #: of a child

    @property
    def identity(self) -> str:
        """Identity of what was asked for: runs with the same folder are attempts at the same."""
        text = f"python {self.workflow} {self.instance}"
        return hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "started": self.started.isoformat(), "parameters": dict(self.parameters)}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> PythonRun:
        """Read a note.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        return cls(
            domain=str(value["domain"]),
            workflow_id=str(value["workflow_id"]),
            run_id=str(value["run_id"]),
            workflow=str(value["workflow"]),
            instance=str(value["instance"]),
            parameters=dict(value["parameters"]),
            started=datetime.fromisoformat(value["started"]),
            started_by=value["started_by"],
            parent_run_id=value["parent_run_id"],
        )


def outputs_of_python() -> Path:
    """Return the absolute path of the outputs folder of workflows in Python: ``AUTOFLOW_OUTPUTS_DIR``, or ``outputs`` of the
    working directory."""
    return Path(value_of(AUTOFLOW_OUTPUTS_DIR) or "outputs").absolute()


def note_begin(run: PythonRun, outputs: Path) -> None:
    """Note that a run is open.

    Raises:
        WorkflowTaken: a workflow file has a workflow of that name and these outputs.
        RecordsError: the run records cannot be read.
        OSError: the note cannot be written.
    """
    with closing(RunRecords.open(outputs)) as records:
        owner = WorkflowOwners.of_name(records, run.workflow, outputs)
    if owner is not None:
        raise WorkflowTaken(
            f"workflow {run.workflow!r} belongs to {owner} (outputs in {outputs}), and a class has that name too; give it "
            f"another name, or set {AUTOFLOW_OUTPUTS_DIR.name} to other outputs"
        )
    note = _note(outputs, run.run_id)
    note.parent.mkdir(parents=True, exist_ok=True)
    write_record(note, run.as_json())


def record_end(
    run: PythonRun,
    outputs: Path,
    *,
    state: RunState,
    light: Light,
    ended: datetime,
    error: str | None,
    artefacts: Mapping[str, str],
    labels: Mapping[str, LabelState],
    notes: Mapping[str, list[str]],
    causes: Mapping[str, str],
) -> None:
    """Record the end of a run, and remove the note; recording it again changes nothing.

    Raises:
        RecordsError: the records cannot be written.
    """
    with closing(RunRecords.open(outputs)) as records:
        former = [one for one in records.runs(run.workflow, run.identity) if one.run_id != run.run_id]
        record = RunRecord(
            workflow_name=run.workflow,
            identity=run.identity,
            instance=run.instance,
            reference_date=None,
            parameters=dict(run.parameters),
            state=state,
            light=light,
            started=run.started,
            ended=ended,
            attempt=len(former) + 1,
            workflow_id=run.workflow_id,
            run_id=run.run_id,
            error=error,
            artefacts=dict(artefacts),
            labels=dict(labels),
            notes={label: list(said) for label, said in notes.items()},
            kind=KIND,
            started_by=run.started_by,
            parent_run_id=run.parent_run_id,
        )
        records.record(record, ends_of_items(record, Artefacts(outputs), former, causes))
    _note(outputs, run.run_id).unlink(missing_ok=True)


def record_left_ends(service: SwfService, domain: str, outputs: Path, *, but: str | None = None) -> int:
    """Record the ends of runs that are noted as open and are over, except that with the run id ``but``; return their number.

    What cannot be found out or recorded now stays noted, and is logged.
    """
    done = 0
    for run in _noted(outputs):
        if run.domain != domain or run.run_id == but:
            continue
        try:
            done += _record_left(service, run, outputs)
        except RecordsError as trouble:
            logger.warning("the end of %s is not recorded yet: %s", run.workflow_id, trouble)
        except Exception as error:
            if not fault_code(error):
                raise
            if fault_code(error) != UNKNOWN_RESOURCE:  # else it is of another service, or its history is gone
                logger.warning("the end of %s is not known yet: %s", run.workflow_id, error)
    return done


def _record_left(service: SwfService, run: PythonRun, outputs: Path) -> bool:
    execution: Any = {"workflowId": run.workflow_id, "runId": run.run_id}
    described: Any = service.describe_workflow_execution(domain=run.domain, execution=execution)
    info = described["executionInfo"]
    if info["executionStatus"] != "CLOSED":
        return False
    events = history(service, run.domain, execution)
    last: Any = next(value for key, value in events[-1].items() if key.endswith("EventAttributes"))
    state = _STATES[info["closeStatus"]]
    with closing(RunRecords.open(outputs)) as records:
        if run.run_id not in records.unrecorded([run.run_id]):
            _note(outputs, run.run_id).unlink(missing_ok=True)
            return False
        items = records.items(run.run_id)
    well = state is RunState.SUCCEEDED
    made = {item.label: item for item in items if item.state == "succeeded"}
    paths = {label: Artefacts(outputs).notebook(run.workflow, run.instance, label) for label in made}
    record_end(
        run,
        outputs,
        state=state,
        light=Light.worst(item.light or Light.GREEN for item in items if item.state == "succeeded") if well else Light.RED,
        ended=datetime.fromtimestamp(epoch(events[-1]["eventTimestamp"]), UTC),
        error=None if well else str(RunError.of_end(state, last.get("reason"))),
        artefacts={label: os.fspath(path) for label, path in paths.items()},
        labels={item.label: _LABEL_STATES[item.state] for item in items},
        notes={item.label: [item.reason] for item in items if item.reason},
        causes={item.label: item.error for item in items if item.error},
    )
    return True


def run_of_task(
    task: Any, workflow: str, instance: str, parameters: Mapping[str, Any], started: str, parent_run_id: str | None
) -> PythonRun:
    """Return the run that an activity belongs to."""
    return PythonRun(
        domain=task.domain,
        workflow_id=task.workflow_id,
        run_id=task.run_id,
        workflow=workflow,
        instance=instance,
        parameters=parameters,
        started=datetime.fromisoformat(started),
        started_by=present_user() if task.domain == DOMAIN else None,
        parent_run_id=parent_run_id,
    )


def _note(outputs: Path, run_id: str) -> Path:
    name = hashlib.sha256(run_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]  # a run id may have any characters
    return outputs / STATE_FOLDER / "python_runs" / f"{name}.json"


def _noted(outputs: Path) -> Iterator[PythonRun]:
    for file in sorted((outputs / STATE_FOLDER / "python_runs").glob("*.json")):
        try:
            yield PythonRun.of_json(read_record(file))
        except (KeyError, TypeError, ValueError, json.JSONDecodeError):
            logger.warning("%s cannot be read, so that the end of its run may stay unrecorded", file)
