"""Ends that a run could not record itself: it timed out, was terminated or cancelled, or the records were away."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders import activities as declared
from deciders.values.artefact_key import ArtefactKey
from deciders.values.label_state import LabelState
from deciders.values.light import Light
from deciders.values.run_state import RunState
from deciders.workflow_types import NOTEBOOK
from simpleflow_nb import payload
from simpleflow_nb.exceptions import PayloadError, TaskFailed
from simpleflow_nb.inspection.executions import arguments_in, executions, history
from simpleflow_nb.inspection.task_rows import epoch, task_rows
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.payload_directory import Payloads
from simpleflow_nb.swf_service import ExecutionInfo, SwfService

from ..artefacts import Artefacts
from ..records.run_records import RunRecord, RunRecords
from .item_ends import ends_of_items
from .outputs_place import former_places
from .run_origin import recorded_origin

_STATES = {
    "TIMED_OUT": RunState.TIMED_OUT,
    "TERMINATED": RunState.TERMINATED,
    "CANCELED": RunState.CANCELLED,
    "FAILED": RunState.FAILED,
}
_SENTENCES = {
    RunState.TIMED_OUT: "the run timed out",
    RunState.TERMINATED: "the run was terminated",
    RunState.CANCELLED: "the run was cancelled",
    RunState.FAILED: "the run failed",
}


def record_lost_ends(
    service: SwfService, domain: str, records: RunRecords, *, names: Collection[str], outputs: str, payloads: Payloads
) -> int:
    """Record the `lost_ends`; returns how many there were.

    Raises:
        RecordsError: the records cannot be read or written.
    """
    lost = lost_ends(service, domain, records, names=names, outputs=outputs, payloads=payloads)
    for record in lost:
        former = records.runs(record.workflow_name, record.identity)
        records.record(record, ends_of_items(record, Artefacts(Path(outputs)), former))
    return len(lost)


def lost_ends(
    service: SwfService, domain: str, records: RunRecords, *, names: Collection[str], outputs: str, payloads: Payloads
) -> list[RunRecord]:
    """How runs of these workflows ended that had no chance to record it, in the order in which they ended.

    Only runs with this outputs folder count, also in a place where it was before: a domain may hold others'. An end before
    which the instance has been started anew is left out, as it would pass for the latest.

    Raises:
        RecordsError: the records cannot be read.
    """
    lost = []
    places = {
        os.path.realpath(outputs),
        *(place for place in former_places(Path(outputs)) if domain == DOMAIN or not Path(place).is_dir()),
    }
    for close_status in _STATES:
        for info in executions(service, domain, is_open=False, closeStatusFilter={"status": close_status}):
            tags = info.get("tagList") or [""]
            if info["workflowType"]["name"] == NOTEBOOK and tags[0] in names:
                lost.append(info)
    missing = records.unrecorded(info["execution"]["runId"] for info in lost) if lost else set()
    found = []
    # moto leaves out when an execution that was terminated was closed
    for info in sorted(lost, key=lambda info: epoch(info.get("closeTimestamp") or info["startTimestamp"])):
        if info["execution"]["runId"] in missing:
            record = _record_of(service, domain, info, records, places, payloads)
            if record is not None and _is_latest(records, record):
                found.append(record)
    return found


def _record_of(
    service: SwfService, domain: str, info: ExecutionInfo, records: RunRecords, places: Collection[str], payloads: Payloads
) -> RunRecord | None:
    """None when the run is another folder's, or its input cannot be read any more."""
    execution = {key: info["execution"][key] for key in ("workflowId", "runId")}
    events = history(service, domain, execution)
    try:
        given = arguments_in(events, payloads.load)
        if given["outputs"] not in places and os.path.realpath(given["outputs"]) not in places:  # under whatever name
            return None
        instance, identity, parameters = given["instance"], given["identity"], given["parameters"]
        workflow: str = given["workflow"]["name"]
    except (KeyError, TypeError, PayloadError):
        return None
    labels = dict.fromkeys(given.get("kept") or {}, LabelState.CACHED)
    artefacts = {name: str(value["path"]) for name, value in (given.get("kept") or {}).items()}
    for name, value in (given.get("kept_reports") or {}).items():
        artefacts[str(ArtefactKey.of_file_name(name))] = str(value["path"])
    for row in task_rows(events):
        if row.name == declared.convert_report.name and row.state == "completed":
            asked = payload.decode(row.input, payloads.load)["kwargs"]
            path = payload.decode(row.result, payloads.load)["path"]
            artefacts[str(ArtefactKey(asked["label"], asked.get("format", "pdf")))] = str(path)
        if row.name != declared.execute_notebook.name:
            continue
        label = payload.decode(row.input, payloads.load)["kwargs"]["label"]
        is_skipped = TaskFailed(label, row.reason).error_type == declared.NOTEBOOK_SKIPPED
        otherwise = LabelState.SKIPPED if is_skipped else LabelState.FAILED
        labels[label] = LabelState.SUCCEEDED if row.state == "completed" else otherwise
        if row.state == "completed":
            artefacts[label] = str(payload.decode(row.result, payloads.load)["path"])
    for notebook in given["workflow"]["notebooks"]:
        labels.setdefault(notebook["label"], LabelState.NOT_RUN)
    state = _STATES[info["closeStatus"]]
    origin = given.get("origin") or {}
    last: Any = next(value for key, value in events[-1].items() if key.endswith("EventAttributes"))
    because = f": {last['reason']}" if last.get("reason") else ""
    return RunRecord(
        workflow_name=workflow,
        identity=identity,
        instance=instance,
        reference_date=parameters.get("reference_date"),
        parameters=parameters,
        state=state,
        light=Light.of_end(state),
        started=datetime.fromtimestamp(epoch(info["startTimestamp"]), UTC),
        ended=datetime.fromtimestamp(epoch(events[-1]["eventTimestamp"]), UTC),
        attempt=records.attempts(workflow, identity) + 1,
        workflow_id=execution["workflowId"],
        run_id=execution["runId"],
        error=f"{_SENTENCES[state]}{because}",
        artefacts=artefacts,
        reason=origin.get("reason"),
        labels=labels,
        notebooks=origin.get("notebooks"),
        data=origin.get("data"),
        date_stencil=origin.get("date_stencil"),
        missing_dates=origin.get("missing_dates"),
        **recorded_origin(origin, records.runs(workflow, identity)),
    )


def _is_latest(records: RunRecords, record: RunRecord) -> bool:
    return all(one.started < record.started for one in records.runs(record.workflow_name, record.identity))
