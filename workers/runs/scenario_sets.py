"""Starting a set of scenarios, and what its execution asks of workers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from deciders import activities as declared
from deciders.runs.run_requests import WantedRun, requested_runs
from deciders.runs.scenario_runs import ScenarioSet
from deciders.scenarios_workflow import CHILDREN_PER_SECOND, ScenariosWorkflow
from deciders.specification import Specification, WorkflowSpecification
from deciders.tasks.results import StartedRuns
from deciders.workflow_types import executions_of_type
from simpleflow_nb import payload
from simpleflow_nb.activity_context import ActivityContext
from simpleflow_nb.constants import NOTEBOOK_TYPE, SCENARIOS_TYPE
from simpleflow_nb.inspection.executions import started_with
from simpleflow_nb.local.service import LocalService
from simpleflow_nb.processes.payload_directory import Payloads, kept
from simpleflow_nb.replay.protocol.events import ExecutionIds
from simpleflow_nb.service_faults import ALREADY_STARTED, fault_code
from simpleflow_nb.swf_service import LookingService, SwfService
from simpleflow_nb.workflow import execution_input

from ..records.run_records import RunRecords
from .kept_specification import by_reference as referring
from .recovered_ends import record_recovered_ends
from .run_starts import LONGEST_WAIT_SECONDS, REMOTE_STARTS_PER_SECOND, Starter, open_runs, run_arguments
from .scenario_results import VALUES, results_of, write_results
from .sensor_check import claim

_LOOK_SECONDS = 0.2
_REMOTE_LOOK_SECONDS = 5.0


def scenarios_id(set_name: str, outputs: str) -> str:
    """Return the workflow id of the execution of a set: of the same outputs, one is open at a time."""
    return f"scenarios-{set_name}-{hashlib.sha256(outputs.encode()).hexdigest()[:12]}"


def open_sets(service: LookingService, domain: str, set_name: str, outputs: str, load: payload.Load) -> list[ExecutionIds]:
    """Return the open executions of a set with these outputs; one of a folder that was moved may have its former id."""
    found = []
    for info in executions_of_type(service, domain, SCENARIOS_TYPE, is_open=True):
        execution = info["execution"]
        if execution["workflowId"] == scenarios_id(set_name, outputs):
            found.append(execution)
        elif execution["workflowId"].startswith(f"scenarios-{set_name}-"):
            given = started_with(service, domain, execution, load)
            if (given.get("scenario_set") or {}).get("name") == set_name and given.get("outputs") == outputs:
                found.append(execution)
    return found


def start_scenario_set(
    service: SwfService,
    domain: str,
    specification: Specification,
    outputs: str,
    payloads: Payloads,
    wanted: ScenarioSet,
    requests: Sequence[dict[str, Any]],
    *,
    open_ids: Sequence[str] = (),
    by_reference: bool = False,
    has_children: bool = True,
    is_remote: bool = False,
) -> str | None:
    """Start the execution of a set; return its run id, or None if the set is under way already.

    ``requests`` are those of `deciders.runs.run_requests`, one for each scenario to start; ``open_ids`` are runs of the set
    that are open. ``by_reference`` is as in `workers.runs.backfills`.
    """
    rate = (CHILDREN_PER_SECOND if has_children else REMOTE_STARTS_PER_SECOND) if is_remote else None
    arguments = {
        "specification": referring(specification, payloads) if by_reference else specification.model_dump(mode="json"),
        "outputs": outputs,
        "scenario_set": wanted.as_json(),
        "requests": list(requests),
        "open_ids": list(open_ids),
        "max_parallel": wanted.max_parallel,
        "stop_on_failure": wanted.stop_on_failure,
        "starts_per_second": rate,
        "has_children": has_children,
    }
    try:
        started = service.start_workflow_execution(
            domain=domain,
            workflowId=scenarios_id(wanted.name, outputs),
            workflowType={"name": ScenariosWorkflow.type_name(), "version": ScenariosWorkflow.version},
            taskList={"name": declared.DECISIONS},
            childPolicy=ScenariosWorkflow.child_policy,
            input=kept(execution_input(ScenariosWorkflow, {"kwargs": arguments}), payloads),
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            return None
        raise
    run_id: str = started["runId"]
    return run_id


def prepared_scenarios(
    task: ActivityContext, specification: Specification, outputs: str, requests: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return workflow id, priority and arguments of each of these runs, whether or not they have succeeded before.

    Raises:
        WorkflowTaken, RecordsError: see `workers.runs.sensor_check.claim`.
    """
    _claim(task, specification, outputs)
    found = []
    for one in requested_runs(requests):
        arguments = run_arguments(specification, one.run, outputs, forced=one.forced, started_by=one.started_by)
        arguments["rerun"] = True
        priority = specification.workflow(one.run.workflow_name).priority
        found.append({"workflow_id": one.run.workflow_id, "priority": priority or None, "arguments": arguments})
        task.heartbeat()
    return found


def start_scenario_runs(
    task: ActivityContext,
    specification: Specification,
    outputs: str,
    requests: Sequence[dict[str, Any]],
    *,
    starts_per_second: float | None,
) -> StartedRuns:
    """Start these runs; those that are open already are passed over.

    Raises:
        WorkflowTaken, RecordsError: see `workers.runs.sensor_check.claim`.
    """
    _claim(task, specification, outputs)
    wanted: list[WantedRun] = list(requested_runs(requests))
    # the set counts its own open runs
    unbounded = specification.model_copy(
        update={"workflows": tuple(_unbounded(workflow) for workflow in specification.workflows)}
    )
    starter = Starter(task, unbounded, outputs, names=(), most_at_once=None, starts_per_second=starts_per_second)
    started = starter.start(wanted)
    return StartedRuns(started=started.workflow_ids, held_back=started.held_back)


def _unbounded(workflow: WorkflowSpecification) -> WorkflowSpecification:
    return workflow.model_copy(update={"max_parallel_runs": None})


def _claim(task: ActivityContext, specification: Specification, outputs: str) -> None:
    with closing(RunRecords.open(Path(outputs))) as records:
        claim(task, specification, outputs, records)


def ended_runs(task: ActivityContext, workflow_ids: Collection[str]) -> list[str]:
    """Wait until at least one of these runs is not open; return those that are not, none after a quarter of an hour or when the
    worker stops.

    Raises:
        ActivityCanceled: this task was cancelled.
    """
    is_local = isinstance(task.service, LocalService)
    patience = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        still_open = _open_ids(task)
        ended = [one for one in workflow_ids if one not in still_open]
        if ended or task.is_stopping or time.monotonic() > patience:
            return ended
        task.check()
        task.let_others_work()  # the runs need this list too
        task.heartbeat()
        time.sleep(_LOOK_SECONDS if is_local else _REMOTE_LOOK_SECONDS)


def _open_ids(task: ActivityContext) -> set[str]:
    infos = executions_of_type(task.service, task.domain, NOTEBOOK_TYPE, is_open=True)
    return {info["execution"]["workflowId"] for info in infos}


def written_results(
    task: ActivityContext, specification: Specification, outputs: str, wanted: ScenarioSet, *, is_last: bool
) -> list[str]:
    """Write the results of a set as they are now; return the instances that have failed.

    ``is_last`` also records the ends of runs that could not record them themselves, which takes looking at all that are closed.

    Raises:
        RecordsError: the records cannot be read.
        OSError: the results cannot be written.
    """
    running = open_runs(task.service, task.domain)  # before the records: an end is recorded before its execution closes
    with closing(RunRecords.open(Path(outputs))) as records:
        if is_last:
            names = {wanted.workflow}
            record_recovered_ends(task.service, task.domain, records, names=names, outputs=outputs, payloads=task.payloads)
        latest = records.latest(wanted.workflow, values=VALUES)
    rows = results_of(wanted, specification.workflow(wanted.workflow), latest, running, Path(outputs))
    write_results(wanted, rows, Path(outputs))
    return [wanted.run(one).instance for one, row in zip(wanted.scenarios, rows, strict=True) if row.is_red]
