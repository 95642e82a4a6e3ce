"""``workflow.start``: one run of a workflow class, or of a workflow of notebooks."""

from __future__ import annotations

import datetime
import sys
import time
from pathlib import Path
from typing import Any

import click

from .. import payload
from ..exceptions import DefinitionError, TaskFailed
from ..inspection.executions import executions, history
from ..local.service import DOMAIN
from ..processes.decider import WorkflowNotFound, workflow_class
from ..workflow import Workflow, execution_input
from .local_run import LocalRun, default_workers
from .options import db_option, journal_path, local_option, outputs_option, parsed_settings, require_local
from .progress import Progress, RunState, Watch

_LIST = "local"


@click.command("workflow.start")
@click.argument("workflow")
@local_option
@click.option("--input", "-i", "text", help="Arguments as JSON: a list, a value, or {'args': [...], 'kwargs': {...}}.")
@click.option("--input-file", type=click.File(), help="The same from a file; - reads standard input.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="One keyword argument; the value is read as YAML.")
@click.option("--workflow-id", help="Id of the execution. [default: name, version and time]")
@click.option("--tags", help="Up to five, separated by commas.")
@click.option("--execution-timeout", type=int, help="Seconds after which the run is ended.")
@click.option("--new", is_flag=True, help="Start another run even if an interrupted one with this input could go on.")
@click.option("--nb-workers", type=click.IntRange(min=1), help="Tasks that run at once. [default: number of cores]")
@click.option("--durable", is_flag=True, help="Survive a power cut as well, at the price of a disk flush for each step.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@db_option
@outputs_option
@click.pass_context
def workflow_start(
    ctx: click.Context,
    workflow: str,
    local: bool,
    text: str | None,
    input_file: Any,
    settings: tuple[str, ...],
    workflow_id: str | None,
    tags: str | None,
    execution_timeout: int | None,
    new: bool,
    nb_workers: int | None,
    durable: bool,
    quiet: bool,
    db: Path | None,
    outputs: Path | None,
) -> None:
    """Run WORKFLOW: a class such as examples.basic.BasicWorkflow, or FILE.yml:NAME.

    An interrupted run of the same workflow and input goes on where it was; --new starts another one.
    """
    require_local(local)
    if input_file is not None:
        if text is not None:
            raise DefinitionError("--input and --input-file exclude each other; give one")
        text = input_file.read()
    try:
        arguments = payload.parse_input(text)
    except ValueError as error:
        raise DefinitionError(f"--input: {error}") from None
    arguments["kwargs"] = {**arguments.get("kwargs", {}), **parsed_settings(settings)}
    if not arguments["kwargs"]:
        del arguments["kwargs"]
    tag_list = [tag.strip() for tag in tags.split(",") if tag.strip()] if tags else []
    workers = nb_workers or default_workers()
    file, colon, name = workflow.rpartition(":")
    if colon and Path(file).suffix in (".yml", ".yaml"):
        from .notebook_run import start_notebook_workflow

        code = start_notebook_workflow(
            Path(file),
            name,
            arguments,
            outputs=outputs,
            db=db,
            slots=workers,
            new=new,
            durable=durable,
            color=ctx.obj["color"],
            quiet=quiet,
        )
        ctx.exit(code)
    try:
        cls = workflow_class(workflow)
    except WorkflowNotFound as error:
        raise DefinitionError(str(error)) from None
    run = LocalRun(
        journal_path(db),
        decision_list=_LIST,
        task_lists={_LIST: workers},
        activity_task_list=_LIST,
        workflows=[cls],
        durable=durable,
    )
    with run:
        code = _carry_out(
            run, cls, arguments, workflow_id, tag_list, execution_timeout, new=new, quiet=quiet, color=ctx.obj["color"]
        )
    ctx.exit(code)


def _carry_out(
    run: LocalRun,
    cls: type[Workflow],
    arguments: dict[str, Any],
    workflow_id: str | None,
    tags: list[str],
    execution_timeout: int | None,
    *,
    new: bool,
    quiet: bool,
    color: str,
) -> int:
    text = execution_input(cls, arguments)
    watch = Watch(run.service, [cls.type_name()])
    execution = None if new else interrupted_run(run, cls.type_name(), text, workflow_id)
    if execution is not None:
        click.echo(f"simpleflow-nb: going on with {execution['workflowId']} (--new starts another run)", err=True)
    else:
        workflow_id = workflow_id or f"{cls.type_name()}-{cls.version}-{int(time.time() * 1000)}"
        try:
            started = run.service.start_workflow_execution(
                domain=DOMAIN,
                workflowId=workflow_id,
                workflowType={"name": cls.type_name(), "version": cls.version},
                taskList={"name": _LIST},
                tagList=tags or list(cls.tag_list or []),
                input=stored(run, text),
                **({"executionStartToCloseTimeout": str(execution_timeout)} if execution_timeout else {}),
            )
        except Exception as error:
            raise _start_error(error, workflow_id) from error
        execution = {"workflowId": workflow_id, "runId": started["runId"]}
    number = run.service.numbers[execution["workflowId"], execution["runId"]]
    finished = run.wait(
        lambda: number in run.service.closed or execution["runId"] in run.parked, Progress(watch, quiet=quiet, color=color)
    )
    if parked := run.parked.get(execution["runId"]):
        message = f"{parked.workflow_id} cannot go on: {parked.error}"
        click.echo(f"simpleflow-nb: {message}\nfix the code and type the same command again: it goes on where it was", err=True)
        return 1
    if not finished and number not in run.service.closed:
        click.echo(f"simpleflow-nb: {execution['workflowId']} is interrupted; the same command goes on with it", err=True)
        return 1
    return report_end(run, execution, next(state for state in watch.look() if state.run_id == execution["runId"]))


def interrupted_run(run: LocalRun, type_name: str, text: str, workflow_id: str | None) -> dict[str, str] | None:
    """The open execution of that type and input, if there is one."""
    wanted = stored(run, text)
    for info in executions(run.service, DOMAIN, is_open=True, typeFilter={"name": type_name}):
        execution: dict[str, str] = info["execution"]
        if workflow_id is not None and execution["workflowId"] != workflow_id:
            continue
        first = run.service.open_by_id[execution["workflowId"]].started_attributes
        if first.get("input") == wanted:
            return execution
    return None


def stored(run: LocalRun, text: str) -> str:
    """The input as it stands in a history: the text, or a reference when it is too long."""
    from ..processes.payload_directory import kept

    return kept(text, run.engine.payloads) or ""


def report_end(run: LocalRun, execution: dict[str, str], state: RunState) -> int:
    """Say how a run has ended; returns the exit code."""
    seconds = (state.ended or 0) - state.started
    spent = str(datetime.timedelta(seconds=round(seconds))) if seconds >= 60 else f"{seconds:.1f} s"
    if state.status == "COMPLETED":
        result = payload.decode(state.result, run.engine.payloads.load)
        shown = "" if result is None else f": {payload.encode(result)[:200]}"
        if sys.stderr.isatty():
            click.echo(f"{execution['workflowId']} completed in {spent}{shown}", err=True)
        return 0
    if state.status == "CONTINUED_AS_NEW":
        click.echo(
            f"{execution['workflowId']} was continued as a new run; the same command with --workflow-id goes on", err=True
        )
        return 0
    word = (state.status or "").lower().replace("_", " ")
    click.echo(
        f"simpleflow-nb: {execution['workflowId']} {word} after {spent}" + (f": {state.reason}" if state.reason else ""),
        err=True,
    )
    last = history(run.service, DOMAIN, execution)[-1]
    details = next(value for key, value in last.items() if key.endswith("EventAttributes")).get("details")
    if trace := traceback_of(details):
        click.echo(trace.rstrip(), err=True)
    return 1


def traceback_of(details: str | None) -> str:
    """The traceback of the user's code in the details of a failure; empty when there is none."""
    body = payload.decode(details, lambda digest: "null") if details else None
    if not isinstance(body, dict):
        return ""
    lines = body.get("traceback") or ""
    return "".join(lines) if isinstance(lines, list) else str(lines)


def _start_error(error: Exception, workflow_id: str) -> Exception:
    from ..processes.faults import ALREADY_STARTED, fault_code

    if fault_code(error) == ALREADY_STARTED:
        return DefinitionError(f"a run with the id {workflow_id!r} is open with another input; choose another --workflow-id")
    if fault_code(error):
        return DefinitionError(f"the run cannot be started: {getattr(error, 'message', error)}")
    return error if not isinstance(error, TaskFailed) else DefinitionError(str(error))
