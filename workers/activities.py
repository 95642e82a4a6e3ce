"""The bodies of the notebook application's activities."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from deciders import activities as declared
from deciders.due_runs import Run, due_runs
from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import Specification
from simpleflow_nb.activity_context import context
from simpleflow_nb.exceptions import ActivityCanceled
from simpleflow_nb.processes.faults import ALREADY_STARTED, fault_code
from simpleflow_nb.processes.payload_directory import Payloads, kept
from simpleflow_nb.workflow import execution_input

from .artefacts import Artefacts
from .available_dates import read_available_dates
from .kernels.supply import open_shared
from .lights import Light
from .notebooks import Cancellation, NotebookFailed, run_notebook
from .run_records import RunRecord, RunRecords
from .secrets import masked


@declared.already_succeeded.implemented_by
def already_succeeded(*, workflow: str, identity: str, outputs: str) -> dict[str, str] | None:
    """The artefacts of an instance that has succeeded before; None when it has not."""
    with closing(RunRecords.open(Path(outputs))) as records:
        found = records.succeeded(workflow, identity)
    return found.artefacts if found is not None else None


@declared.execute_notebook.implemented_by
def execute_notebook(
    *,
    workflow: str,
    instance: str,
    outputs: str,
    label: str,
    filename: str,
    inputs_dir: str,
    parameters: dict[str, Any],
    upstream: dict[str, dict[str, Any]],
    flowapi_url_as: list[str],
    timeout_seconds: float | None = None,
    cell_timeout_seconds: float | None = None,
    memory_limit_bytes: int | None = None,
    kernel: str | None = None,
    environment: dict[str, str] | None = None,
) -> dict[str, object]:
    """Run one notebook in a kernel of its own, in its own folder.

    When the task is cancelled the cell is interrupted, and all that the kernel has started is killed two seconds later.

    Raises:
        NotebookRefused, NotebookFailed: see :func:`workers.notebooks.run_notebook`.
        ActivityCanceled: the run was cancelled meanwhile.
    """
    task = context()
    artefacts = Artefacts(Path(outputs))
    attempt = artefacts.begin_attempt(workflow, instance, label)
    values = {name: value["path"] for name, value in upstream.items()} | parameters
    values |= {name: os.environ.get("FLOWAPI_URL", "") for name in flowapi_url_as}
    kernels: list[int] = []

    def on_kernel_started(pid: int) -> None:
        kernels.append(pid)
        task.process_groups.record(pid)
        task.heartbeat()  # a kernel can outlive this process: the start of the task must be on record

    def on_progress(cell: int, cells: int, heading: str) -> None:
        task.heartbeat(f"cell {cell} of {cells}" + (f": {heading}" if heading else ""))

    cancellation = Cancellation()
    task.on_cancel.append(cancellation.cancel)
    if task.cancel_requested():  # since the task began
        cancellation.cancel()
    try:
        done = run_notebook(
            Path(inputs_dir) / filename,
            values,
            artefacts.notebook_folder(workflow, instance, label),
            label=label,
            attempt=attempt,
            kernel=kernel,
            timeout_seconds=timeout_seconds,
            cell_timeout_seconds=cell_timeout_seconds,
            memory_limit_bytes=memory_limit_bytes,
            environment=environment,
            cancellation=cancellation,
            kernels=open_shared(),
            on_kernel_started=on_kernel_started,
            on_progress=on_progress,
        )
    except NotebookFailed:
        if task.cancel_requested():
            raise ActivityCanceled(f"{label} was cancelled") from None
        raise
    finally:
        for pid in kernels:
            task.process_groups.forget(pid)
    return {"path": str(done.path), "light": str(done.light), "warnings": list(done.warnings)}


@declared.convert_report.implemented_by
def convert_report(
    *,
    workflow: str,
    instance: str,
    outputs: str,
    label: str,
    executed: dict[str, Any],
    template: str | None,
    reference_date: str | None,
) -> dict[str, object]:
    """Make the PDF of an executed notebook.

    Raises:
        ReportError: the notebook cannot be read or nothing could be typeset.
    """
    from .reports import ReportOptions
    from .reports import convert_report as convert

    target = Artefacts(Path(outputs)).report(workflow, instance, label)
    report = convert(Path(executed["path"]), target, ReportOptions(reference_date=reference_date))
    warnings = list(report.warnings)
    if template is not None:
        warnings.append(f"template {template} is not used: this version has one look for all reports")
    light = Light.ORANGE if warnings else Light.GREEN
    return {"path": str(report.path), "light": str(light), "warnings": warnings, "pages": report.pages}


@declared.record_run.implemented_by
def record_run(
    *,
    workflow: str,
    instance: str,
    outputs: str,
    identity: str,
    parameters: dict[str, Any],
    state: str,
    light: str,
    started: str,
    ended: str,
    error: str | None,
    artefacts: dict[str, str],
) -> None:
    """Record the end of this run; idempotent, because the record is found by its run id."""
    task = context()
    with closing(RunRecords.open(Path(outputs))) as records:
        records.record(
            RunRecord(
                workflow_name=workflow,
                identity=identity,
                instance=instance,
                reference_date=parameters.get("reference_date"),
                parameters=parameters,
                state="succeeded" if state == "succeeded" else "failed",
                light=light,
                started=datetime.fromisoformat(started),
                ended=datetime.fromisoformat(ended),
                attempt=records.attempts(workflow, identity) + 1,
                workflow_id=task.workflow_id,
                run_id=task.run_id,
                error=masked(error) if error is not None else None,
                artefacts=artefacts,
            )
        )


@declared.feed_new_dates.implemented_by
def feed_new_dates(*, specification: dict[str, Any], outputs: str) -> dict[str, object]:
    """Start every run that is due, in AutoFlow's order.

    The open executions are listed first and the records read second: an end is recorded before its execution closes, so
    a run that ends in between is seen at least once.

    Raises:
        SourceError: the available dates cannot be read.
        RecordsError: the run records cannot be read.
    """
    task = context()
    whole = Specification.model_validate(specification)
    available = read_available_dates(whole)
    states = open_runs(task.service, task.domain)
    with closing(RunRecords.open(Path(outputs))) as records:
        states = records.states() | states
    plan = due_runs(whole, available, states)
    started: list[str] = []
    for run in plan.due:
        task.check()
        if start_run(task.service, task.domain, whole, run, outputs, task.payloads) is not None:
            started.append(run.workflow_id)
    return {"started": started, "not_due": len(plan.not_due), "warnings": list(plan.warnings)}


def open_runs(service: Any, domain: str) -> dict[tuple[str, str], str]:
    """The instances that run now, as the service knows them: (workflow name, identity) -> "running"."""
    states: dict[tuple[str, str], str] = {}
    request: dict[str, Any] = {
        "domain": domain,
        "startTimeFilter": {"oldestDate": 0},
        "typeFilter": {"name": NotebookWorkflow.type_name()},
    }
    while True:
        page = service.list_open_workflow_executions(**request)
        for info in page["executionInfos"]:
            tags = info.get("tagList") or [""]
            states[tags[0], info["execution"]["workflowId"][-32:]] = "running"
        if not page.get("nextPageToken"):
            return states
        request["nextPageToken"] = page["nextPageToken"]


def start_run(
    service: Any,
    domain: str,
    specification: Specification,
    run: Run,
    outputs: str,
    payloads: Payloads,
    *,
    rerun: bool = False,
) -> str | None:
    """Start one run; returns its run id, None when one of this instance is open already.

    ``rerun`` runs the instance even if it has succeeded before.
    """
    arguments = {**run_arguments(specification, run, outputs), "rerun": rerun}
    try:
        started = service.start_workflow_execution(
            domain=domain,
            workflowId=run.workflow_id,
            workflowType={"name": NotebookWorkflow.type_name(), "version": NotebookWorkflow.version},
            taskList={"name": declared.DECISIONS},
            tagList=[run.workflow_name, run.reference_date.isoformat()],
            input=kept(execution_input(NotebookWorkflow, {"kwargs": arguments}), payloads),
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            return None
        raise
    run_id: str = started["runId"]
    return run_id


def run_arguments(specification: Specification, run: Run, outputs: str) -> dict[str, Any]:
    """What :class:`~deciders.notebook_workflow.NotebookWorkflow` is started with."""
    return {
        "workflow": specification.workflow(run.workflow_name).model_dump(mode="json"),
        "instance": run.instance,
        "identity": run.identity,
        "parameters": run.parameters,
        "inputs_dir": str(specification.inputs_dir),
        "outputs": outputs,
    }
