"""``standalone``: a decider, workers and one run, on a task list of their own, until the run has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import click

from .. import payload
from ..constants import MAX_ID_CHARACTERS
from ..exceptions import DefinitionError
from ..inspection.executions import history
from ..processes.decider import WorkflowNotFound, workflow_class
from ..processes.faults import ALREADY_STARTED, fault_code
from ..processes.payload_directory import kept
from ..processes.supervisor import CHILD
from ..workflow import execution_input
from .connection import connected, domain_options, payload_directory, payloads_option
from .local_run import default_workers
from .options import parsed_settings
from .start import traceback_of

_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 2.0


@click.command("standalone")
@click.argument("workflow")
@domain_options
@click.option("--input", "-i", "text", help="Arguments as JSON: a list, a value, or {'args': [...], 'kwargs': {...}}.")
@click.option("--input-file", type=click.File(), help="The same from a file; - reads standard input.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="One keyword argument; the value is read as YAML.")
@click.option("--workflow-id", help="Id of the execution. [default: the workflow's name]")
@click.option("--tags", help="Up to five, separated by commas.")
@click.option("--execution-timeout", type=int, help="Seconds after which the run is ended.")
@click.option("--nb-workers", "-W", type=click.IntRange(min=1), help="Tasks that run at once. [default: number of cores]")
@click.option("--nb-deciders", "-D", type=click.IntRange(min=1), default=1, show_default=True, help="Decider processes.")
@click.option("--heartbeat", type=click.FloatRange(min=0), default=30, show_default=True, help="Longest time between beats, s.")
@payloads_option
@click.pass_context
def standalone(
    ctx: click.Context,
    workflow: str,
    domain: str | None,
    region: str | None,
    create_domain: bool,
    retention_days: int,
    text: str | None,
    input_file: Any,
    settings: tuple[str, ...],
    workflow_id: str | None,
    tags: str | None,
    execution_timeout: int | None,
    nb_workers: int | None,
    nb_deciders: int,
    heartbeat: float,
    payloads: Path | None,
) -> None:
    """Run WORKFLOW on SWF with processes of its own; prints the result, and exits with 1 if the run failed."""
    try:
        cls = workflow_class(workflow)
    except WorkflowNotFound as error:
        raise DefinitionError(str(error)) from None
    if input_file is not None:
        text = input_file.read()
    try:
        arguments = payload.parse_input(text)
    except ValueError as error:
        raise DefinitionError(f"--input: {error}") from None
    if settings:
        arguments["kwargs"] = {**arguments.get("kwargs", {}), **parsed_settings(settings)}
    with connected(domain, region, create=create_domain, retention_days=retention_days) as service:
        assert domain is not None
        name = workflow_id or cls.__name__
        task_list = f"{name[: MAX_ID_CHARACTERS - 33]}-{uuid.uuid4().hex}"
        store = payload_directory(payloads)
        common = ["--domain", domain, "--task-list", task_list, "--payloads", str(store.path)]
        common += ["--region", region] if region else []
        slots = str(nb_workers or default_workers())
        crew = Crew()
        try:
            for _ in range(nb_deciders):
                crew.start("decider.start", workflow, *common, "--activity-task-list", task_list)
            crew.start("worker.start", *common, "--nb-slots", slots, "--heartbeat", str(heartbeat))
            _register(service, domain, cls, task_list)
            body = {
                "domain": domain,
                "workflowId": name,
                "workflowType": {"name": cls.type_name(), "version": cls.version},
                "taskList": {"name": task_list},
                "input": kept(execution_input(cls, arguments), store) or "",
                "tagList": [tag.strip() for tag in tags.split(",") if tag.strip()] if tags else list(cls.tag_list or []),
            }
            if execution_timeout:
                body["executionStartToCloseTimeout"] = str(execution_timeout)
            try:
                run_id = service.start_workflow_execution(**body)["runId"]
            except Exception as error:
                if fault_code(error) == ALREADY_STARTED:
                    raise DefinitionError(f"a run with the id {name!r} is open; choose another --workflow-id") from None
                raise
            click.echo(f"{name} {run_id}", err=True)
            code = _await_end(service, domain, {"workflowId": name, "runId": run_id}, crew, store.load)
        finally:
            crew.end()
    ctx.exit(code)


def _register(service: Any, domain: str, cls: Any, task_list: str) -> None:
    """The type must be there when the run is started, whether or not the decider has come so far."""
    from ..processes.decider import Decider

    Decider(service, domain, task_list, [cls]).register_types()


def _await_end(service: Any, domain: str, execution: dict[str, str], crew: Crew, load: payload.Load) -> int:
    while True:
        info = service.describe_workflow_execution(domain=domain, execution=execution)["executionInfo"]
        if info["executionStatus"] == "CLOSED":
            break
        if (code := crew.dead()) is not None:
            click.echo(f"simpleflow-nb: a process of this run ended with {code}; the run is still open", err=True)
            return 1
        time.sleep(_LOOK_SECONDS)
    last = history(service, domain, execution)[-1]
    end = next(value for key, value in last.items() if key.endswith("EventAttributes"))
    status = info.get("closeStatus", "")
    if status == "CONTINUED_AS_NEW":
        return _await_end(service, domain, {**execution, "runId": end["newExecutionRunId"]}, crew, load)
    if status == "COMPLETED":
        result = payload.decode(end.get("result"), load)
        if result is not None:
            click.echo(payload.encode(result))
        return 0
    word = status.lower().replace("_", " ")
    because = f": {end['reason']}" if end.get("reason") else ""
    click.echo(f"simpleflow-nb: {execution['workflowId']} {word}{because}", err=True)
    if trace := traceback_of(end.get("details")):
        click.echo(trace.rstrip(), err=True)
    return 1


class Crew:
    """The processes of one standalone run."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str) -> None:
        environment = {**os.environ, CHILD: "1"}
        command = [sys.executable, "-m", "simpleflow_nb", *words]
        self._processes.append(subprocess.Popen(command, env=environment, start_new_session=True))

    def dead(self) -> int | None:
        """The exit code of a process that has ended, None while all live."""
        return next((code for process in self._processes if (code := process.poll()) is not None), None)

    def end(self) -> None:
        """Ask them to end; polls on a list that nobody uses any more need not be waited for."""
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            for process in self._processes:
                if process.poll() is None:
                    process.send_signal(number)
            until = time.monotonic() + _GRACE_SECONDS / 2
            while time.monotonic() < until and any(process.poll() is None for process in self._processes):
                time.sleep(0.02)
        for process in self._processes:
            process.wait()
