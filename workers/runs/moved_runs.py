"""Open runs whose outputs folder was moved or copied, or whose workflow another file took over: they are restarted there, and
keep what they have done.

Their histories name the former folder, where they would go on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from deciders import activities as declared
from deciders.runs.planned_run import PlannedRun, run_for
from deciders.runs.run_requests import requested_runs
from deciders.runs.scenario_runs import scenario_run
from deciders.specification import ConfiguredWorkflow, Specification, WorkflowSpecification
from deciders.tasks.arguments import NotebookTask
from deciders.tasks.results import NotebookResult
from deciders.workflow_types import CLASSES, class_of_type, executions_of_type
from simpleflow_nb import payload
from simpleflow_nb.constants import BACKFILL_TYPE, ITEMS_TYPE, NOTEBOOK_TYPE, SCENARIOS_TYPE, STATE_FOLDER
from simpleflow_nb.inspection.executions import arguments_in, executions, history
from simpleflow_nb.inspection.task_rows import epoch, task_rows
from simpleflow_nb.local.service import LocalService
from simpleflow_nb.processes.payload_directory import Payloads, kept
from simpleflow_nb.replay.protocol.events import HistoryEvent
from simpleflow_nb.swf_service import ExecutionInfo, SwfService
from simpleflow_nb.workflow import execution_input

from ..artefacts import Artefacts, path_in_run
from ..kept_paths import found_path, present_config
from .kept_items import kept_items
from .kept_labels import kept_labels, notebook_hashes
from .kept_reports import kept_item_reports, kept_reports
from .kept_specification import by_reference
from .outputs_location import former_places, note_place
from .run_origin import present_file
from .run_starts import as_arguments, reports_as_arguments

REASON = "its outputs folder was moved; it begins anew there, with what it had done"
TAKEN_OVER = "its workflow file was moved, renamed or taken over by another; it begins anew there, with what it had done"
OVER = "its outputs folder or its workflow file was moved, and it had started every run"


@dataclass
class MovedRuns:
    """Restarted executions of a folder or a workflow file that was moved, and others that were found."""

    begun_anew: list[str] = field(default_factory=list)  #: workflow ids
    former: set[str] = field(default_factory=set)  #: outputs folders of these
    taken_over: dict[str, str] = field(default_factory=dict)  #: the present file, by the former file or its folder
    elsewhere: dict[str, int] = field(default_factory=dict)  #: number of other open executions, by their outputs folder


@dataclass(frozen=True)
class _Anew:
    """The continuation of an execution."""

    arguments: dict[str, Any] | None  #: None: nothing is left to do
    taken_over: tuple[str, str] | None = None  #: the former file or folder, and the file that took over


def begin_moved_runs_anew(
    service: LocalService,
    domain: str,
    outputs: Path,
    payloads: Payloads,
    *,
    is_own_journal: bool,
    specifications: Sequence[Specification] = (),
) -> MovedRuns:
    """End and restart the open runs and backfills that were moved: their outputs folder is a former path of this one, or their
    workflows now belong to another file, one of these ``specifications``.

    A path is a former one if the folder has a note of it, or if ``is_own_journal``, that is, the journal lies in this folder,
    and the path does not exist any more. No decider or worker may run meanwhile. An execution that was ended but not restarted,
    because the process ended in between, is restarted by the next call.

    Raises:
        OSError: the present path or a payload cannot be written; open executions are unchanged.
    """
    found, former = MovedRuns(), set(former_places(outputs))
    kinds = ((NOTEBOOK_TYPE, _anew_run), (BACKFILL_TYPE, _anew_backfill), (SCENARIOS_TYPE, _anew_set))
    for name, anew in kinds:
        infos = list(executions_of_type(service, domain, name, is_open=True))
        for info in [*infos, *_ended_alone(service, domain, name)]:
            is_open = info["executionStatus"] == "OPEN"
            events = history(service, domain, info["execution"])
            begun = events[0]["workflowExecutionStartedEventAttributes"]
            given = arguments_in(events, payloads.load)
            then = given["outputs"]
            # a link may give the same folder another name
            is_moved = not (then == str(outputs) or (Path(then).is_dir() and outputs.samefile(then)))
            if is_moved and then not in former and not (is_own_journal and not Path(then).is_dir()):
                if is_open:
                    found.elsewhere[then] = found.elsewhere.get(then, 0) + 1
                continue
            how = anew(given, outputs, _Past(service, domain, info, events, payloads), specifications)
            if not is_moved and how.taken_over is None:
                continue
            if is_moved:
                found.former.add(then)
                note_place(outputs, then)
            if how.taken_over is not None:
                found.taken_over |= [how.taken_over]
            text = None
            if how.arguments is not None:
                cls = class_of_type(name, info["workflowType"]["version"])  # the arguments are for that version
                text = kept(execution_input(cls, {"kwargs": how.arguments}), payloads)
            if is_open:
                reason = OVER if text is None else REASON if is_moved else TAKEN_OVER
                service.terminate_workflow_execution(domain=domain, **info["execution"], reason=reason)
            if text is None:
                continue
            service.start_workflow_execution(
                domain=domain,
                workflowId=info["execution"]["workflowId"],
                workflowType=info["workflowType"],
                taskList=begun["taskList"],
                tagList=info.get("tagList") or [],
                **({"taskPriority": begun["taskPriority"]} if begun.get("taskPriority") else {}),
                input=text,
            )
            found.begun_anew.append(info["execution"]["workflowId"])
    note_place(outputs)
    return found


def _ended_alone(service: LocalService, domain: str, type_name: str) -> list[ExecutionInfo]:
    """Return executions that this module has ended but not restarted, because the process ended in between."""
    found = []
    for info in list(executions(service, domain, is_open=False, closeStatusFilter={"status": "TERMINATED"})):
        kind = info["workflowType"]
        if kind["name"] != type_name or kind["version"] not in CLASSES[type_name]:
            continue
        workflow_id, run_id = info["execution"]["workflowId"], info["execution"]["runId"]
        # not by the times of their starts, as the clock may have been set back
        latest = service.execution(domain, workflow_id)
        if latest is None or latest.run_id != run_id:
            continue
        last = history(service, domain, info["execution"])[-1]["workflowExecutionTerminatedEventAttributes"]
        if last.get("reason") in (REASON, TAKEN_OVER):
            found.append(info)
    return found


@dataclass(frozen=True)
class _Past:
    """The history of an execution: notebooks that it has finished, and executions started since it was."""

    service: SwfService
    domain: str
    info: ExecutionInfo
    events: list[HistoryEvent]
    payloads: Payloads

    def started_since(self) -> set[str]:
        began = epoch(self.info["startTimestamp"])
        infos = [
            info
            for is_open in (True, False)
            for info in executions_of_type(self.service, self.domain, NOTEBOOK_TYPE, is_open=is_open)
        ]
        return {info["execution"]["workflowId"] for info in infos if epoch(info["startTimestamp"]) >= began}


def _anew_run(given: Mapping[str, Any], outputs: Path, past: _Past, specifications: Sequence[Specification]) -> _Anew:
    """Return the arguments for restarting a run: labels and items that it has finished or kept are kept."""
    workflow = WorkflowSpecification.model_validate(given["workflow"])
    files = [notebook.filename for notebook in workflow.notebooks]
    inputs_dir, taken_over = present_inputs(given["inputs_dir"], given["outputs"], outputs, files), None
    if not _has_files(inputs_dir, files):  # else it goes on with its own files, whichever file has its workflow now
        present = _present_file({workflow.name}, specifications)
        if present is not None and _has_files(present.inputs_dir, files):
            inputs_dir, taken_over = present.inputs_dir, (given["inputs_dir"], str(present.file))
    arguments = {**given, "outputs": str(outputs), "inputs_dir": str(inputs_dir)}
    if taken_over is not None and "workflow_file" in (given.get("origin") or {}):
        arguments["origin"] = {**given["origin"], "workflow_file": present_file(Path(taken_over[1]), outputs)}
    run = _run_of(given)
    histories = with_slices(past.service, past.domain, past.events)
    may_be_kept = {task.label for task in _done(histories, past.payloads.load)} | set(given.get("kept") or ())
    if run is None:
        of_items: dict[str, Any] = {name: {} for name in ("kept_items", "kept_item_reports") if name in given}
        return _Anew({**arguments, "kept": {}, "kept_reports": {}, **of_items}, taken_over)
    artefacts, hashes = Artefacts(outputs), notebook_hashes(workflow, inputs_dir)
    standing = kept_labels(workflow, run, inputs_dir, artefacts, hashes, given.get("missing_dates"))
    standing = {label: result for label, result in standing.items() if label in may_be_kept}
    reports = kept_reports(workflow, run, inputs_dir, artefacts, standing)
    there = kept_items(workflow, run, artefacts) if workflow.known_by_key else {}
    done = items_done(given, histories, past.payloads.load, there)
    items = {label: as_arguments(results) for label, results in done.items()}
    kept_anew = {"kept": as_arguments(standing), "kept_reports": as_arguments(reports)}
    of_items = {"kept_items": items} if items or "kept_items" in given else {}
    reports_of_items = kept_item_reports(workflow, run, inputs_dir, artefacts, done)
    if reports_of_items or "kept_item_reports" in given:
        of_items["kept_item_reports"] = reports_as_arguments(reports_of_items)
    return _Anew({**arguments, **kept_anew, **of_items}, taken_over)


def with_slices(service: SwfService, domain: str, events: Sequence[HistoryEvent]) -> list[Sequence[HistoryEvent]]:
    """Return the history of a run, and those of the executions that have carried out items for it."""
    found = [events]
    for event in events:
        if event["eventType"] == "ChildWorkflowExecutionStarted":
            child: Any = event["childWorkflowExecutionStartedEventAttributes"]
            if child["workflowType"]["name"] == ITEMS_TYPE:
                found.append(history(service, domain, child["workflowExecution"]))
    return found


def items_done(
    given: Mapping[str, Any],
    histories: Sequence[Sequence[HistoryEvent]],
    load: payload.Load,
    there: Mapping[str, Mapping[str, NotebookResult]],
) -> dict[str, dict[str, NotebookResult]]:
    """Return those of the items ``there``, by label and key, that a run with these arguments and histories has done or kept."""
    keys = {task.key for task in _done(histories, load)} | {
        key for of in (given.get("kept_items") or {}).values() for key in of
    }
    return {label: {key: one for key, one in items.items() if key in keys} for label, items in there.items()}


def _done(histories: Sequence[Sequence[HistoryEvent]], load: payload.Load) -> list[NotebookTask]:
    rows = [
        row
        for events in histories
        for row in task_rows(events)
        if row.name == declared.execute_notebook.name and row.state == "completed"
    ]
    return [NotebookTask.of_json(payload.decode(row.input, load)["kwargs"]) for row in rows]


def _anew_backfill(given: Mapping[str, Any], outputs: Path, past: _Past, specifications: Sequence[Specification]) -> _Anew:
    """Return the arguments for restarting a backfill with the dates not started yet; with the present file, if another has its
    workflows.
    """
    names = {request["entry"]["workflow_name"] for request in given["requests"]}
    moved, taken_over = _moved_specification(given, names, outputs, past, specifications)
    requests = _requests_left(given["requests"], past.started_since())
    if not requests:
        return _Anew(None, taken_over)
    return _Anew({**given, "specification": moved, "outputs": str(outputs), "requests": requests}, taken_over)


def _anew_set(given: Mapping[str, Any], outputs: Path, past: _Past, specifications: Sequence[Specification]) -> _Anew:
    """Return the arguments for restarting a set of scenarios with those not started yet; it waits for the others, which were
    restarted before it.
    """
    moved, taken_over = _moved_specification(given, {given["scenario_set"]["workflow"]}, outputs, past, specifications)
    started = past.started_since()
    begun = [one.run.workflow_id for one in requested_runs(given["requests"]) if one.run.workflow_id in started]
    arguments = {
        **given,
        "specification": moved,
        "outputs": str(outputs),
        "requests": _requests_left(given["requests"], started),
        "open_ids": list(dict.fromkeys([*(given.get("open_ids") or ()), *begun])),
    }
    return _Anew(arguments, taken_over)


def _moved_specification(
    given: Mapping[str, Any], names: Set[str], outputs: Path, past: _Past, specifications: Sequence[Specification]
) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """Return the specification of an execution with present paths, or the present file that has its workflows; and then the
    former and the present file.
    """
    specification = given["specification"]
    file = Path(specification["path"]).name
    inputs_dir = present_inputs(specification["inputs_dir"], given["outputs"], outputs, [file])
    present = _present_file(names, specifications)
    if present is not None and not _is_same_file(inputs_dir / file, present.file):
        return by_reference(present, past.payloads), (str(inputs_dir / file), str(present.file))
    return {**specification, "inputs_dir": str(inputs_dir), "path": str(inputs_dir / file)}, None


def _requests_left(requests: Sequence[dict[str, Any]], started: Set[str]) -> list[dict[str, Any]]:
    """Return the requests without the runs that were started."""
    found = []
    for request in requests:
        days = zip(request["dates"], requested_runs([request]), strict=True)
        left = [day for day, wanted in days if wanted.run.workflow_id not in started]
        if left:
            found.append({**request, "dates": left})
    return found


def _present_file(names: Set[str], specifications: Sequence[Specification]) -> Specification | None:
    """Return the file that has all these workflows."""
    return next((one for one in specifications if names <= {workflow.name for workflow in one.workflows}), None)


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one == other or one.samefile(other)
    except OSError:  # one of them is not there
        return False


def _has_files(folder: Path, names: Iterable[str]) -> bool:
    return all((folder / name).is_file() for name in names)


def present_inputs(inputs_dir: str, then: str, outputs: Path, files: Iterable[str]) -> Path:
    """Return the inputs folder of a run whose outputs folder was ``then``: its path if both were moved together, provided that
    those files exist there, else its former path.
    """
    place = Path(os.path.normpath(outputs / os.path.relpath(inputs_dir, then)))
    return place if _has_files(place, files) else Path(inputs_dir)


def present_notebook(given: Mapping[str, Any], label: str, config: Mapping[str, Any], outputs: Path) -> dict[str, Any]:
    """Return the ``config.json``, with present paths, of a notebook of a run that was started with ``given``."""
    filename = next(notebook["filename"] for notebook in given["workflow"]["notebooks"] if notebook["label"] == label)
    inputs_dir = present_inputs(given["inputs_dir"], given["outputs"], outputs, [filename])
    found = present_config(config, outputs)
    if not Path(found["source"]).is_file():
        found["source"] = str(inputs_dir / filename)
    for name, value in found["parameters"].items():
        if value == given["inputs_dir"]:
            found["parameters"][name] = str(inputs_dir)
        elif isinstance(value, str) and path_in_run(value, given["workflow"]["name"], given["instance"]) is not None:
            found["parameters"][name] = found_path(value, outputs, given["workflow"]["name"], given["instance"])
    return found


def present_outputs(given: Mapping[str, Any], journal: Path | None) -> Path:
    """Return the outputs folder of a run that was started with ``given``: the one that contains its journal, if it
    was moved.
    """
    then = Path(given["outputs"])
    if journal is None or journal.parent.name != STATE_FOLDER:
        return then
    here = journal.parent.parent
    return here if str(then) in former_places(here) or not then.is_dir() else then


def _run_of(given: Mapping[str, Any]) -> PlannedRun | None:
    """Return the run of those arguments; None if it cannot be determined any more."""
    parameters = dict(given["parameters"])
    day, ranges = parameters.pop("reference_date", None), parameters.pop("date_ranges", None) or ()
    if day is None:
        entry = ConfiguredWorkflow(workflow_name=given["workflow"]["name"], parameters=parameters)
        run = run_for(entry, None)
        if run.instance != given.get("instance", run.instance):
            run = scenario_run(given["instance"], entry)
        return run if run.identity == given["identity"] else None
    days: list[Any] = [[date.fromisoformat(first), date.fromisoformat(end)] for first, end in ranges]
    entry = ConfiguredWorkflow(workflow_name=given["workflow"]["name"], parameters=parameters, date_stencil=days)
    run = run_for(entry, date.fromisoformat(day))
    return run if run.identity == given["identity"] else None
