"""``workflow.start``: one run of a workflow class, or of a workflow of notebooks."""

from __future__ import annotations

import inspect
import secrets
import time
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ... import payload
from ...application.run_states import ShownRun, Watch, shown_seconds, status_word, traceback_of
from ...application.workflow_files import default_file, has_ending, specification_path
from ...exceptions import DefinitionError, ExitCode
from ...local.journal_files import journal_path
from ...local.service import DOMAIN
from ...processes.connection import connected
from ...processes.interrupts import Interrupts
from ...processes.local_run import LocalRun
from ...processes.payload_directory import kept
from ...processes.worker import usable_cores
from ...processes.workflow_classes import workflow_class
from ...service_faults import ALREADY_STARTED, fault_code
from ...workflow import Workflow, execution_input
from ..arguments import arguments_options, checked_id, given_arguments, given_tags
from ..connection import CREATION_HINT, domain_options, payloads_option
from ..options import adopt_option, db_option, local_option, outputs_option
from ..progress import Progress, follow, say
from ..unused_options import ONLY_WITH_DOMAIN, ONLY_WITH_LOCAL, refuse_options

_FROM_PARAMETERS = "its id and its tags come from its parameters"
_ONLY_FOR_CLASSES = {
    "workflow_id": _FROM_PARAMETERS,
    "tags": _FROM_PARAMETERS,
    "execution_timeout": "'timeout' in the file is that of a notebook",
    "task_list": "",
}


@click.command("workflow.start")
@click.argument("workflow")
@local_option
@domain_options
@click.option("--task-list", help="Where its decision tasks wait on SWF. [default: the workflow's own]")
@payloads_option
@arguments_options
@click.option("--workflow-id", help="Id of the execution. [default: name, version and time]")
@click.option("--new", is_flag=True, help="Start another run even if an interrupted one with this input could go on.")
@click.option("--nb-workers", type=click.IntRange(min=1), help="Tasks that run at once. [default: number of cores]")
@click.option("--durable", is_flag=True, help="Survive a power cut as well, at the price of a disk flush for each step.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@db_option
@outputs_option
@adopt_option
@click.pass_context
def workflow_start(
    ctx: click.Context,
    workflow: str,
    local: bool,
    domain: str | None,
    region: str | None,
    create_domain: bool,
    retention_days: int,
    task_list: str | None,
    payloads: Path | None,
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
    adopt: bool,
) -> None:
    """Run WORKFLOW: a class such as examples.basic.BasicWorkflow, or FILE.yml:NAME, or NAME of the workflows.yml here.

    With --local it is carried out here and waited for; an interrupted run of the same workflow and input goes on where it
    was, unless --new. With --domain it is started on SWF, and its workflow id and run id are printed.
    """
    if local and domain is not None and ctx.get_parameter_source("domain") is ParameterSource.COMMANDLINE:
        raise DefinitionError("--local and --domain exclude each other; give one")
    workflow = _with_file(workflow)
    file, colon, name = workflow.rpartition(":")
    is_of_notebooks = bool(colon) and has_ending(file)
    refuse_unused(ctx, local=local, is_of_notebooks=is_of_notebooks)
    arguments = given_arguments(text, input_file, settings)
    tag_list, workflow_id = given_tags(tags), checked_id(workflow_id)
    workers = nb_workers or usable_cores()
    if not local:
        from .remote_start import start_remotely

        with connected(domain, region, create=create_domain, retention_days=retention_days, hint=CREATION_HINT) as service:
            assert domain is not None
            started = start_remotely(
                service,
                domain,
                workflow,
                arguments,
                outputs=outputs,
                payloads=payloads,
                task_list=task_list,
                workflow_id=workflow_id,
                tags=tag_list,
                execution_timeout=execution_timeout,
                adopt=adopt,
            )
        click.echo(" ".join(started))
        ctx.exit(ExitCode.DONE)
    if is_of_notebooks:
        from ..notebooks.notebook_run import start_notebook_workflow

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
            adopt=adopt,
        )
        ctx.exit(code)
    if has_ending(workflow):
        raise DefinitionError(f"{workflow} has workflows by name; write {workflow}:NAME")
    cls = workflow_class(workflow)
    try:
        inspect.signature(cls.run).bind(None, *arguments.get("args", ()), **arguments.get("kwargs", {}))
    except TypeError as error:
        raise DefinitionError(f"{cls.class_path()}.run() does not take this input: {error}") from None
    text = execution_input(cls, arguments)
    chosen_tags = tag_list or cls.tags(arguments)
    with Interrupts() as interrupts, LocalRun(journal_path(db), durable=durable, interrupts=interrupts) as run:
        execution = None if new else interrupted_run(run, cls.type_name(), text, workflow_id)
        if execution is not None:
            say(f"going on with {execution['workflowId']} (--new starts another run)")
            workflow_id = execution["workflowId"]
            task_list = run.service.started_attributes(workflow_id, execution["runId"])["taskList"]["name"]
        else:
            workflow_id = workflow_id or f"{cls.type_name()}-{cls.version}-{int(time.time() * 1000)}"
            task_list = f"local-{secrets.token_hex(6)}"  # its own: other interrupted runs of this journal stay as they are
        watch = Watch(run.service, load=run.payloads.load, workflow_id=workflow_id)
        run.work(decision_list=task_list, task_lists={task_list: workers}, activity_task_list=task_list, workflows=[cls])
        if execution is None:
            _start(run, cls, text, workflow_id, chosen_tags, execution_timeout, task_list)
        code = _carry_out(run, workflow_id, Progress(watch, quiet=quiet, color=ctx.obj["color"]))
    ctx.exit(code)


def _with_file(workflow: str) -> str:
    """WORKFLOW as it is, or ``FILE.yml:NAME`` where it is a name alone, which no class has: those of modules have a dot.

    Raises:
        DefinitionError: it is such a name, and there is no file.
    """
    if "." in workflow or ":" in workflow or not workflow:
        return workflow
    if default_file() is None:
        raise DefinitionError(
            f"{workflow!r} is not a dotted path to a class, such as examples.basic.BasicWorkflow, and no workflows.yml is here "
            "that could have it; write FILE.yml:NAME"
        )
    return f"{specification_path(None)}:{workflow}"


def refuse_unused(ctx: click.Context, *, local: bool, is_of_notebooks: bool) -> None:
    """
    Raises:
        DefinitionError: an option was typed that does nothing for such a workflow in such a place.
    """
    if local:
        refuse_options(ctx, "with --local", ONLY_WITH_DOMAIN)
    elif ctx.params["domain"] is not None:
        refuse_options(ctx, "with --domain", ONLY_WITH_LOCAL)
    if is_of_notebooks:
        refuse_options(ctx, "for FILE.yml:NAME", _ONLY_FOR_CLASSES)
    else:
        refuse_options(ctx, "for a workflow class", {"outputs": "outputs are those of workflow files"})


def _start(
    run: LocalRun,
    cls: type[Workflow],
    text: str,
    workflow_id: str,
    tags: list[str],
    execution_timeout: int | None,
    task_list: str,
) -> None:
    try:
        run.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": cls.type_name(), "version": cls.version},
            taskList={"name": task_list},
            tagList=tags,
            input=kept(text, run.payloads),
            **({"executionStartToCloseTimeout": str(execution_timeout)} if execution_timeout else {}),
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            raise DefinitionError(
                f"a run with the id {workflow_id!r} is open with another input; choose another --workflow-id"
            ) from None
        if fault_code(error):
            raise DefinitionError(f"the run cannot be started: {getattr(error, 'message', error)}") from None
        raise


def _carry_out(run: LocalRun, workflow_id: str, progress: Progress) -> int:
    service = run.service

    def current() -> dict[str, str] | None:
        """The open execution of that id: a run continued as new goes on under it."""
        found = service.execution(DOMAIN, workflow_id)
        return found.ids if found is not None and found.is_open else None

    def is_over() -> bool:
        found = current()
        return found is None or found["runId"] in run.parked

    follow(run, is_over, progress, mine=lambda: [found] if (found := current()) else [])
    for parked in run.parked.values():
        say(f"{parked.workflow_id} cannot go on: {parked.error}")
        say("fix the code and type the same command again: it goes on where it was")
        return ExitCode.RUN_FAILED
    if current() is not None:
        say(f"{workflow_id} is interrupted; the same command goes on with it")
        return ExitCode.RUN_FAILED
    return report_end(run, progress.watch.look_again())


def interrupted_run(run: LocalRun, type_name: str, text: str, workflow_id: str | None) -> dict[str, str] | None:
    """The open execution of that type and input, the newest if there are several."""
    wanted = kept(text, run.payloads)
    for execution in reversed(run.open_runs(type_name)):
        if workflow_id is not None and execution["workflowId"] != workflow_id:
            continue
        if run.service.started_attributes(execution["workflowId"], execution["runId"]).get("input") == wanted:
            return execution
    return None


def report_end(run: LocalRun, state: ShownRun) -> int:
    """Say how a run has ended; its result goes to standard output. Returns the exit code."""
    spent = shown_seconds((state.ended or 0) - state.started)
    if state.status == "COMPLETED":
        click.echo(f"{state.workflow_id} completed in {spent}", err=True)
        result = payload.decode(state.result, run.payloads.load)
        if result is not None:
            click.echo(payload.encode(result))
        return ExitCode.DONE
    because = f": {state.reason}" if state.reason else ""
    say(f"{state.workflow_id} {status_word(state.status or '')} after {spent}{because}")
    if trace := traceback_of(state.details):
        click.echo(trace.rstrip(), err=True)
    return ExitCode.RUN_FAILED
