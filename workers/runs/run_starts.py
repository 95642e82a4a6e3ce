"""Starting runs on a service, one or many in turn, and listing the open ones."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deciders import activities as declared
from deciders.dates.date_stencil import DEFAULT_STENCIL
from deciders.notebook_runs.slices import FAN_CHUNK
from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.identity import identity_of_run
from deciders.runs.planned_run import PlannedRun
from deciders.runs.run_requests import WantedRun
from deciders.specification import FilesSource, Specification, SqlSource
from deciders.specification.workflow_file import MISSING_DATES, OF_THE_DATE
from deciders.tasks.results import FileResult
from deciders.values.run_state import RunState
from deciders.workflow_types import executions_of_type
from simpleflow_nb.activity_context import ActivityContext
from simpleflow_nb.constants import NOTEBOOK_TYPE
from simpleflow_nb.environment import value_of
from simpleflow_nb.processes.payload_directory import Payloads, kept
from simpleflow_nb.service_faults import ALREADY_STARTED, fault_code, is_throttled
from simpleflow_nb.swf_service import SwfService
from simpleflow_nb.variables import SIMPLEFLOW_NB_FAN_CHUNK
from simpleflow_nb.workflow import execution_input

from ..artefacts import Artefacts
from ..sources.data_stamps import DataStamps
from ..sources.known_dates import KnownDates, wants_missing_dates
from .kept_items import kept_items
from .kept_labels import kept_labels, notebook_hashes
from .kept_reports import kept_item_reports, kept_reports
from .latest_links import link_names
from .notebook_versions import at_start
from .room import Room
from .run_origin import run_origin
from .service_children import has_children

logger = logging.getLogger(__name__)

#: The longest that one activity waits for room for the runs that it holds back, before its workflow asks again.
LONGEST_WAIT_SECONDS = 900.0
#: AWS limits StartWorkflowExecution to a few calls a second, and the deciders of all machines need calls as well.
REMOTE_STARTS_PER_SECOND = 5.0

#: Parameters by which a notebook knows of which days it is to use the data.
_OF_DAYS = (*OF_THE_DATE, MISSING_DATES)
_LOOK_SECONDS = 0.2
_REMOTE_LOOK_SECONDS = 5.0


@dataclass
class Started:
    """The result of starting runs in turn."""

    workflow_ids: list[str] = field(default_factory=list)
    held_back: int = 0  #: there was no room for them


def open_runs(service: SwfService, domain: str) -> dict[tuple[str, str], RunState]:
    """Return the open instances of the service: (workflow name, identity) -> running."""
    states: dict[tuple[str, str], RunState] = {}
    for info in executions_of_type(service, domain, NOTEBOOK_TYPE, is_open=True):
        tags = info.get("tagList") or [""]
        states[tags[0], identity_of_run(info["execution"]["workflowId"])] = RunState.RUNNING
    return states


def start_run(
    service: SwfService,
    domain: str,
    specification: Specification,
    run: PlannedRun,
    outputs: str,
    payloads: Payloads,
    *,
    rerun: bool = False,
    only: str | None = None,
    gives_way: bool = False,
    forced: bool = False,
    started_by: str | None = None,
    stamps: DataStamps | None = None,
    known: KnownDates | None = None,
) -> str | None:
    """Start one run; return its run id, or None if a run of this instance is open already.

    ``rerun`` runs the instance even if it has succeeded before. With ``only`` the notebook of that label is run again, and the
    results that it needs are taken from former runs if they can be kept. ``gives_way`` lowers the priority of the workflow by
    one. ``forced`` is ``rerun``, and nothing is kept or taken over. ``started_by`` is for its record: a constant of
    `deciders.runs.run_requests`, or a person. ``stamps`` and ``known`` are those of the check under way, if there is one.

    Raises:
        SourceError: the run takes stamps of its data, or its missing dates, and they cannot be read.
    """
    rerun = rerun or run.is_rerun or only is not None or forced
    arguments = run_arguments(
        specification, run, outputs, only=only, forced=forced, started_by=started_by, stamps=stamps, known=known
    )
    arguments["rerun"] = rerun
    if "sharing" in arguments and not has_children(service, domain):
        arguments["sharing"]["has_children"] = False
    priority = specification.workflow(run.workflow_name).priority - gives_way
    arguments["workflow"]["priority"] = priority
    try:
        started = service.start_workflow_execution(
            domain=domain,
            workflowId=run.workflow_id,
            workflowType={"name": NotebookWorkflow.type_name(), "version": NotebookWorkflow.version},
            taskList={"name": declared.DECISIONS},
            tagList=run.tags.written(),
            **({"taskPriority": str(priority)} if priority else {}),
            input=kept(execution_input(NotebookWorkflow, {"kwargs": arguments}), payloads),
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            return None
        raise
    run_id: str = started["runId"]
    return run_id


def run_arguments(
    specification: Specification,
    run: PlannedRun,
    outputs: str,
    *,
    only: str | None = None,
    forced: bool = False,
    started_by: str | None = None,
    stamps: DataStamps | None = None,
    known: KnownDates | None = None,
) -> dict[str, Any]:
    """Return the arguments of :class:`~deciders.notebook_workflow.NotebookWorkflow` for a run."""
    workflow = specification.workflow(run.workflow_name)
    hashes = notebook_hashes(workflow, specification.inputs_dir)
    keeps = (run.keeps_labels or only is not None) and not forced
    known, is_asked_for = known or KnownDates(specification), wants_missing_dates(workflow, run)
    missing = known.missing(run) if is_asked_for else None
    artefacts = Artefacts(Path(outputs))
    standing = kept_labels(workflow, run, specification.inputs_dir, artefacts, hashes, missing) if keeps else {}
    items = kept_items(workflow, run, artefacts) if keeps and workflow.known_by_key else {}
    if only is not None:
        standing.pop(only, None)
        items.pop(only, None)
    reports = kept_reports(workflow, run, specification.inputs_dir, artefacts, standing)
    of_items = kept_item_reports(workflow, run, specification.inputs_dir, artefacts, items)
    stamps = stamps or DataStamps(specification)
    data: dict[str, Any] | None = None
    seen: dict[str, Any] | None = None
    source = specification.sensor.source if specification.sensor is not None else None
    if run.reference_date is None:
        data = {} if "data_changed" in workflow.rerun_when else None  # it uses the data of no date
    elif isinstance(source, FilesSource | SqlSource):
        if "data_changed" in workflow.rerun_when:
            data = stamps.of(run.needed_days)
        else:  # in case the run is skipped; hashing the data of all runs would cost too much
            seen = stamps.seen(run.needed_days)
    arguments: dict[str, Any] = {
        "workflow": workflow.model_dump(mode="json"),
        "instance": run.instance,
        "identity": run.identity,
        "parameters": run.parameters,
        "inputs_dir": str(specification.inputs_dir),
        "outputs": outputs,
        "origin": {
            "reason": run.reason.recorded,
            "notebooks": at_start(workflow, hashes),
            "data": data,
            **run_origin(run, specification.file, outputs, started_by),
        },
    }
    if seen is not None:
        arguments["origin"]["seen_data"] = seen
    if run.reference_date is not None:
        stencil = run.entry.model_dump(mode="json")["date_stencil"]
        arguments["origin"]["date_stencil"] = stencil if stencil is not None else DEFAULT_STENCIL
    arguments["origin"]["latest_links"] = link_names(specification, run.entry, has_date=run.reference_date is not None)
    if run.date_stencil.is_tolerant:
        arguments["origin"]["missing_dates"] = missing if is_asked_for else known.missing_for_the_record(run)
    if missing is not None:
        arguments["missing_dates"] = missing
    given = {
        "kept": as_arguments(standing),
        "kept_items": {label: as_arguments(results) for label, results in items.items()},
        "kept_reports": as_arguments(reports),
        "kept_item_reports": reports_as_arguments(of_items),
        "sources": dict(hashes) if workflow.known_by_key else {},
        "only": only,
        "fan_chunk": chunk if (chunk := value_of(SIMPLEFLOW_NB_FAN_CHUNK)) != FAN_CHUNK else None,
        "sharing": _sharing(specification, run, stamps) if any(one.is_shared for one in workflow.notebooks) else None,
        "forced": forced,
    }
    return arguments | {name: value for name, value in given.items() if value}


def _sharing(specification: Specification, run: PlannedRun, stamps: DataStamps) -> dict[str, Any]:
    """Return what the run has to know to share items with others: a `deciders.notebook_runs.notebook_run.Sharing`.

    Raises:
        SourceError: data of its days cannot be read.
    """
    names = sorted({notebook.filename for flow in specification.workflows for notebook in flow.notebooks})
    found: dict[str, Any] = {"named_files": names}
    source = specification.sensor.source if specification.sensor is not None else None
    is_dated = any(
        name in _OF_DAYS
        for one in specification.workflow(run.workflow_name).notebooks
        for name in one.parameters.values()
        if one.is_shared and isinstance(name, str)
    )
    if is_dated and run.reference_date is not None and isinstance(source, FilesSource | SqlSource):
        is_sql = isinstance(source, SqlSource)  # which may give no versions; then nobody can tell
        data = stamps.seen(run.needed_days) if is_sql else stamps.of(run.needed_days)
        if data:  # the time of a file's last change is no content
            found["stamps"] = {name: stamp[2] or stamp for name, stamp in data.items()}
    return found


def as_arguments(results: Mapping[str, FileResult]) -> dict[str, dict[str, Any]]:
    """Return results of former runs by name, ready for the arguments of a run that keeps them."""
    return {name: result.as_json() for name, result in results.items()}


def reports_as_arguments(
    reports: Mapping[str, Mapping[str, Mapping[str, FileResult]]],
) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """Return reports of items by label, key and format, ready for the arguments of a run that keeps them."""
    return {label: {key: as_arguments(made) for key, made in items.items()} for label, items in reports.items()}


class Starter:
    """Starts runs in turn, a limited number at once and at a limited rate.

    Args:
        names: the workflows whose open runs count for ``most_at_once``; ``max_parallel_runs`` of a workflow counts as well.
        starts_per_second: None means no limit, which suits a service in this process.
    """

    def __init__(
        self,
        task: ActivityContext,
        specification: Specification,
        outputs: str,
        *,
        names: Collection[str],
        most_at_once: int | None,
        starts_per_second: float | None,
        stamps: DataStamps | None = None,
        known: KnownDates | None = None,
    ) -> None:
        self.task, self.specification, self.outputs = task, specification, outputs
        own = {flow.name: flow.max_parallel_runs for flow in specification.workflows if flow.max_parallel_runs is not None}
        self._room = Room(names, most_at_once, own)
        self._pause_seconds = 1 / starts_per_second if starts_per_second else 0.0
        self._look_seconds = _LOOK_SECONDS if starts_per_second is None else _REMOTE_LOOK_SECONDS
        self._has_waited = False
        self._stamps = stamps or DataStamps(specification, task.heartbeat)
        self._known = known or KnownDates(specification)

    def start(
        self, wanted: Sequence[WantedRun], *, ended: Callable[[], Collection[tuple[str, str]]] = frozenset[tuple[str, str]]
    ) -> Started:
        """Start the runs in that order. Runs of a workflow without room wait, but do not delay others.

        Runs for which there is no room within a quarter of an hour are held back, and all that are left once the worker stops.
        ``ended`` is called after each wait: instances, by workflow name and identity, that need no run any more.

        Raises:
            ActivityCanceled: this task was cancelled; runs that were started go on.
        """
        done = Started()
        patience = time.monotonic() + LONGEST_WAIT_SECONDS
        waiting: dict[str, deque[tuple[int, WantedRun]]] = {}  # by workflow, with their positions
        for place, one in enumerate(wanted):
            waiting.setdefault(one.run.workflow_name, deque()).append((place, one))
        while any(waiting.values()):
            self.task.check()
            name = self._first_with_room(waiting, patience) if not self.task.is_stopping else None
            if name is None:
                done.held_back = sum(map(len, waiting.values()))
                break
            if self._has_waited:
                self._has_waited, keys = False, ended()
                for runs in waiting.values():
                    kept = [pair for pair in runs if (pair[1].run.workflow_name, pair[1].run.identity) not in keys]
                    runs.clear()
                    runs.extend(kept)
                continue
            _, one = waiting[name].popleft()
            if self._start_one(one) is not None:
                self._room.take(name)
                done.workflow_ids.append(one.run.workflow_id)
                if self._pause_seconds:
                    time.sleep(self._pause_seconds)
                    self.task.heartbeat(f"{len(done.workflow_ids)} of {len(wanted)} runs started")
        return done

    def _first_with_room(self, waiting: dict[str, deque[tuple[int, WantedRun]]], patience: float) -> str | None:
        """Return the workflow whose first run is to be started next; wait for room. None if there is none in time, or before
        the worker stops."""
        while True:
            if self._room.is_known:
                ready = [name for name, runs in waiting.items() if runs and self._room.is_there_for(name)]
                if ready:
                    return min(ready, key=lambda name: waiting[name][0][0])
                self.task.let_others_work()  # the runs whose ends make room need this list too
                if time.monotonic() > patience or self.task.is_stopping:
                    return None
                self.task.heartbeat()
                time.sleep(self._look_seconds)
                self._has_waited = True
            self._room.look_at(open_runs(self.task.service, self.task.domain))

    def _start_one(self, one: WantedRun) -> str | None:
        task = self.task
        while True:
            try:
                return start_run(
                    task.service,
                    task.domain,
                    self.specification,
                    one.run,
                    self.outputs,
                    task.payloads,
                    only=one.only,
                    gives_way=one.gives_way,
                    forced=one.forced,
                    started_by=one.started_by,
                    stamps=self._stamps,
                    known=self._known,
                )
            except Exception as error:
                if not is_throttled(error):
                    raise
                logger.info("the service has had too many starts; going on in %g s", _REMOTE_LOOK_SECONDS)
            task.heartbeat()
            time.sleep(_REMOTE_LOOK_SECONDS)
