"""Ends that a run could not record itself, recovered from its history: it timed out, was terminated or cancelled, or the
records could not be reached.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders import activities as declared
from deciders.tasks.arguments import NotebookTask, ReportTask
from deciders.tasks.results import NotebookResult, ReportResult, SharedWork
from deciders.values.artefact_key import ArtefactKey
from deciders.values.item_state import ItemState
from deciders.values.label_state import LabelState
from deciders.values.light import Light
from deciders.values.run_error import RunError
from deciders.values.run_state import RunState
from simpleflow_nb import payload
from simpleflow_nb.constants import NOTEBOOK_TYPE
from simpleflow_nb.exceptions import PayloadError, TaskFailed
from simpleflow_nb.inspection.executions import arguments_in, executions, history
from simpleflow_nb.inspection.task_rows import epoch, task_rows
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.payload_directory import Payloads
from simpleflow_nb.replay.protocol.events import HistoryEvent
from simpleflow_nb.swf_service import ExecutionInfo, SwfService

from ..artefacts import Artefacts
from ..records.run_records import RunRecord, RunRecords
from .item_ends import ends_of_items
from .item_executions import item_executions
from .outputs_location import former_places
from .run_origin import recorded_origin

_STATES = {
    "TIMED_OUT": RunState.TIMED_OUT,
    "TERMINATED": RunState.TERMINATED,
    "CANCELED": RunState.CANCELLED,
    "FAILED": RunState.FAILED,
}


def record_recovered_ends(
    service: SwfService, domain: str, records: RunRecords, *, names: Collection[str], outputs: str, payloads: Payloads
) -> int:
    """Record the `recovered_ends`; return their number.

    Raises:
        RecordsError: the records cannot be read or written.
    """
    recovered = _recovered(service, domain, records, names=names, outputs=outputs, payloads=payloads)
    for record, fans in recovered:
        former = records.runs(record.workflow_name, record.identity)
        records.record(record, ends_of_items(record, Artefacts(Path(outputs)), former, fans=fans))
    return len(recovered)


def recovered_ends(
    service: SwfService, domain: str, records: RunRecords, *, names: Collection[str], outputs: str, payloads: Payloads
) -> list[RunRecord]:
    """Return records of the runs of these workflows that ended without one, in the order of their ends.

    Only runs with this outputs folder count, including its former paths: a domain may hold runs of others. An end is left out
    if the instance has been started again and recorded since, as it would pass for the latest.

    Raises:
        RecordsError: the records cannot be read.
    """
    found = _recovered(service, domain, records, names=names, outputs=outputs, payloads=payloads)
    return [record for record, _ in found]


_Recovered = tuple[RunRecord, frozenset[str]]  #: with its labels that have lists of items


def _recovered(
    service: SwfService, domain: str, records: RunRecords, *, names: Collection[str], outputs: str, payloads: Payloads
) -> list[_Recovered]:
    closed = []
    places = {
        os.path.realpath(outputs),
        *(place for place in former_places(Path(outputs)) if domain == DOMAIN or not Path(place).is_dir()),
    }
    for close_status in _STATES:
        for info in executions(service, domain, is_open=False, closeStatusFilter={"status": close_status}):
            tags = info.get("tagList") or [""]
            if info["workflowType"]["name"] == NOTEBOOK_TYPE and tags[0] in names:
                closed.append(info)
    missing = records.unrecorded(info["execution"]["runId"] for info in closed) if closed else set()
    found = []
    # moto omits the close time of a terminated execution
    for info in sorted(closed, key=lambda info: epoch(info.get("closeTimestamp") or info["startTimestamp"])):
        if info["execution"]["runId"] in missing:
            recovered = _record_of(service, domain, info, records, places, payloads)
            if recovered is not None and _is_latest(records, recovered[0]):
                found.append(recovered)
    return found


def _record_of(
    service: SwfService, domain: str, info: ExecutionInfo, records: RunRecords, places: Collection[str], payloads: Payloads
) -> _Recovered | None:
    """Make the record of a run from its history; None if the run belongs to another folder, or its input cannot be read any
    more.
    """
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
    artefacts = {name: NotebookResult.of_json(value).path for name, value in (given.get("kept") or {}).items()}
    for name, value in (given.get("kept_reports") or {}).items():
        artefacts[str(ArtefactKey.of_file_name(name))] = ReportResult.of_json(value).path
    artefacts |= _reports_made(events, payloads)
    of_items: dict[str, dict[int, LabelState]] = {}  # by label and index
    for task, state, path in _ends_of_tasks(events, payloads):
        if task.index is not None:
            of_items.setdefault(task.label, {})[task.index] = state
            continue
        labels[task.label] = state
        if path is not None:
            artefacts[task.label] = path
    # how many items a fan had is not known from here: one that only succeeded may lack some, so it has not succeeded
    labels |= {
        label: LabelState.FAILED if LabelState.FAILED in states.values() else LabelState.NOT_RUN
        for label, states in of_items.items()
    }
    for notebook in given["workflow"]["notebooks"]:
        labels.setdefault(notebook["label"], LabelState.NOT_RUN)
    ended_as = _STATES[info["closeStatus"]]
    origin = given.get("origin") or {}
    last: Any = next(value for key, value in events[-1].items() if key.endswith("EventAttributes"))
    written = given["workflow"]["notebooks"]
    fans = frozenset(one["label"] for one in written if one.get("for_each") is not None or one.get("repeat") is not None)
    record = RunRecord(
        workflow_name=workflow,
        identity=identity,
        instance=instance,
        reference_date=parameters.get("reference_date"),
        parameters=parameters,
        state=ended_as,
        light=Light.of_end(ended_as),
        started=datetime.fromtimestamp(epoch(info["startTimestamp"]), UTC),
        ended=datetime.fromtimestamp(epoch(events[-1]["eventTimestamp"]), UTC),
        attempt=records.attempts(workflow, identity) + 1,
        workflow_id=execution["workflowId"],
        run_id=execution["runId"],
        error=str(RunError.of_end(ended_as, last.get("reason"))),
        artefacts=artefacts,
        reason=origin.get("reason"),
        labels=labels,
        notebooks=origin.get("notebooks"),
        data=origin.get("data"),
        date_stencil=origin.get("date_stencil"),
        missing_dates=origin.get("missing_dates"),
        **recorded_origin(origin, records.runs(workflow, identity)),
    )
    return record, fans


def _reports_made(events: Sequence[HistoryEvent], payloads: Payloads) -> dict[str, str]:
    """Return the paths of the reports that a run itself has made."""
    found = {}
    for row in task_rows(events):
        if row.name == declared.convert_report.name and row.state == "completed":
            asked = ReportTask.of_json(payload.decode(row.input, payloads.load)["kwargs"])
            made = ReportResult.of_json(payload.decode(row.result, payloads.load))
            found[str(ArtefactKey(asked.label, asked.format, asked.index))] = made.path
    return found


def _ends_of_tasks(events: Sequence[HistoryEvent], payloads: Payloads) -> Iterator[tuple[NotebookTask, LabelState, str | None]]:
    """Yield the task of each item that a run has started, how it has ended, and the executed notebook if it ended well.

    What had not ended has failed. Of a shared item, which may have several tasks, the last one says it.
    """
    for row in task_rows(events):
        if row.name != declared.execute_notebook.name:
            continue
        task = NotebookTask.of_json(payload.decode(row.input, payloads.load)["kwargs"])
        result = payload.decode(row.result, payloads.load) if row.state == "completed" else None
        if result is None or SharedWork.of_json(result) is not None:
            is_skipped = TaskFailed(task.label, row.reason).error_type == declared.NOTEBOOK_SKIPPED
            yield task, LabelState.SKIPPED if is_skipped else LabelState.FAILED, None
        else:
            made = NotebookResult.of_json(result)
            yield task, LabelState.CACHED if made.is_taken else LabelState.SUCCEEDED, made.path
    for one in item_executions(events):
        given, end = one.task(payloads.load), one.shared_end(payloads.load)
        if given is None or end is None:
            continue
        if end.result is not None:
            yield given, LabelState.SUCCEEDED, NotebookResult.of_json(end.result).path
        else:
            yield given, LabelState.SKIPPED if end.state is ItemState.SKIPPED else LabelState.FAILED, None


def _is_latest(records: RunRecords, record: RunRecord) -> bool:
    return all(one.started < record.started for one in records.runs(record.workflow_name, record.identity))
