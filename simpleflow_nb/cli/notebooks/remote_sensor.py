"""The sensor on a service: its execution is started there, and deciders and workers anywhere carry it out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ... import payload
from ...application.run_states import last_attributes, plain_cause, status_word
from ...exceptions import DefinitionError, ExitCode
from ...inspection.executions import executions, history
from ...processes.decider import Decider
from ...processes.payload_directory import PayloadDirectory, kept
from ...service_faults import ALREADY_STARTED, fault_code
from ...workflow import execution_input
from .summary import nothing_due

if TYPE_CHECKING:
    from deciders.specification import Specification

_LOOK_SECONDS = 2.0


def start_remote_sensors(
    service: Any, domain: str, specifications: Sequence[Specification], outputs: str, store: PayloadDirectory, *, once: bool
) -> list[dict[str, str]]:
    """Start the execution of each file's sensor and print its workflow id and run id.

    Raises:
        DefinitionError: sensors of some of the files are open already; those of the others were started.
    """
    executions, refused = [], []
    for specification in specifications:
        try:
            workflow_id, run_id = start_remote_sensor(service, domain, specification, outputs, store, once=once)
        except DefinitionError as error:
            refused.append(str(error))
            continue
        click.echo(f"{workflow_id} {run_id}")
        executions.append({"workflowId": workflow_id, "runId": run_id})
    if refused:
        raise DefinitionError("\n".join(refused))
    return executions


def start_remote_sensor(
    service: Any, domain: str, specification: Specification, outputs: str, store: PayloadDirectory, *, once: bool
) -> tuple[str, str]:
    """Start the sensor's execution; returns its workflow id and run id.

    Raises:
        DefinitionError: a sensor of this file is open already.
    """
    from deciders.activities import DECISIONS
    from deciders.sensor_workflow import SensorWorkflow
    from deciders.workflow_types import application_workflows
    from workers.runs.run_starts import REMOTE_STARTS_PER_SECOND

    from ...application.sensors import sensor_id

    Decider(service, domain, DECISIONS, application_workflows()).register_types()
    workflow_id = sensor_id(specification.path) + ("-once" if once else "")
    arguments = {
        "specification": specification.model_dump(mode="json"),
        "outputs": outputs,
        "once": once,
        "starts_per_second": REMOTE_STARTS_PER_SECOND,
    }
    try:
        started = service.start_workflow_execution(
            domain=domain,
            workflowId=workflow_id,
            workflowType={"name": SensorWorkflow.type_name(), "version": SensorWorkflow.version},
            taskList={"name": DECISIONS},
            input=kept(execution_input(SensorWorkflow, {"kwargs": arguments}), store) or "",
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            raise DefinitionError(
                f"a sensor of {specification.path} is open as {workflow_id} in domain {domain}; sensor.reload lets it go on "
                "with the file as it is now, sensor.stop ends it"
            ) from None
        raise
    return workflow_id, started["runId"]


def await_check(service: Any, domain: str, execution: dict[str, str], store: PayloadDirectory) -> int:
    """Wait for the one check and for the runs that it started; says what came of them. Returns the exit code."""
    status, end = _end_of(service, domain, execution)
    if status != "COMPLETED":
        reason = plain_cause(end["reason"]) if end.get("reason") else status_word(status)
        click.echo(f"simpleflow-nb: the check for new dates failed: {reason}", err=True)
        return ExitCode.RUN_FAILED
    found = payload.decode(end.get("result"), store.load)
    for warning in found["warnings"]:
        click.echo(f"simpleflow-nb: warning: {warning}", err=True)
    started: list[str] = found["started"]
    if not started:
        click.echo(nothing_due(found["not_due"]))
        return ExitCode.DONE
    click.echo(f"{len(started)} run{'s' if len(started) != 1 else ''} started", err=True)
    from deciders.values.artefact_key import ArtefactKey

    wanted, failed, done = set(started), 0, 0
    while wanted:
        running = {info["execution"]["workflowId"] for info in executions(service, domain, is_open=True)}
        for workflow_id in sorted(wanted - running):
            wanted.discard(workflow_id)
            closed = _latest_closed(service, domain, workflow_id)
            status, end = _end_of(service, domain, closed)
            if status == "COMPLETED":
                done += 1
                result = payload.decode(end.get("result"), store.load)
                for name, path in (result.get("artefacts") or {}).items():
                    if ArtefactKey.parse(name).is_report:
                        click.echo(f"  {path}")
            else:
                failed += 1
                because = f": {end['reason']}" if end.get("reason") else ""
                click.echo(f"  {workflow_id} {status_word(status)}{because}", err=True)
        if wanted:
            time.sleep(_LOOK_SECONDS)
    click.echo(f"{done} of {len(started)} run{'s' if len(started) != 1 else ''} succeeded")
    return ExitCode.RUN_FAILED if failed else ExitCode.DONE


def _latest_closed(service: Any, domain: str, workflow_id: str) -> dict[str, str]:
    """The newest closed execution of that id."""
    for info in executions(service, domain, is_open=False, executionFilter={"workflowId": workflow_id}):
        if info["execution"]["workflowId"] == workflow_id:
            return {"workflowId": workflow_id, "runId": info["execution"]["runId"]}
    raise DefinitionError(f"{workflow_id} is neither open nor closed in domain {domain}")


def _end_of(service: Any, domain: str, execution: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Wait for the end of an execution: its close status and the attributes of its last event."""
    while True:
        info = service.describe_workflow_execution(domain=domain, execution=execution)["executionInfo"]
        if info["executionStatus"] == "CLOSED":
            return info.get("closeStatus", ""), last_attributes(history(service, domain, execution))
        time.sleep(_LOOK_SECONDS)
