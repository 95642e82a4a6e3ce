"""``workflow.start``: one run of a workflow class, or of a workflow of notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ...application.class_executions import WantedExecution, begun_here
from ...application.workflow_files import has_ending, whole_workflow_name
from ...exceptions import DefinitionError, ExitCode
from ...inspection.documents import document_of
from ...local.journal_files import journal_path
from ...processes.connection import connected
from ...processes.interrupts import Interrupts
from ...processes.worker import usable_cores
from ...processes.workflow_classes import workflow_class
from ..arguments import arguments_options, checked_id, given_arguments, given_tags
from ..connection import CREATION_HINT, domain_options, payloads_option
from ..options import adopt_option, db_option, local_option, outputs_option
from ..printing import documents_alone, json_option, print_document
from ..unused_options import ONLY_FOR_CLASSES, ONLY_WITH_DOMAIN, ONLY_WITH_LOCAL, refuse_options
from .ends import followed, show_end


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
@json_option
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
    as_json: bool,
) -> None:
    """Run WORKFLOW: a class such as examples.basic.BasicWorkflow, or FILE.yml:NAME, or NAME of the workflows.yml here.

    With --local it is carried out here and waited for; an interrupted run of the same workflow and input goes on where it
    was, unless --new. With --domain it is started on SWF, and its workflow id and run id are printed.
    """
    if local and domain is not None and ctx.get_parameter_source("domain") is ParameterSource.COMMANDLINE:
        raise DefinitionError("--local and --domain exclude each other; give one")
    workflow = whole_workflow_name(workflow)
    file, colon, name = workflow.rpartition(":")
    is_of_notebooks = bool(colon) and has_ending(file)
    _refuse_unused(ctx, local=local, is_of_notebooks=is_of_notebooks)
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
        if as_json:
            print_document(document_of("execution", dict(zip(("workflow_id", "run_id"), started, strict=True))))
        else:
            click.echo(" ".join(started))
        ctx.exit(ExitCode.DONE)
    if is_of_notebooks:
        refuse_options(ctx, "for FILE.yml:NAME with --local", {"as_json": "runs.show --json has everything about a run"})
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
    wanted = WantedExecution(workflow_class(workflow), arguments, workflow_id, tag_list, execution_timeout)
    with Interrupts() as interrupts, documents_alone(as_json):
        execution = begun_here(wanted, journal_path(db), new=new, durable=durable, workers=workers, interrupts=interrupts)
        end = followed(execution, quiet=quiet, color=ctx.obj["color"])
    ctx.exit(show_end(end, as_json=as_json))


def _refuse_unused(ctx: click.Context, *, local: bool, is_of_notebooks: bool) -> None:
    """
    Raises:
        DefinitionError: an option was typed that does nothing for such a workflow in such a place.
    """
    if local:
        refuse_options(ctx, "with --local", ONLY_WITH_DOMAIN)
    elif ctx.params["domain"] is not None:
        refuse_options(ctx, "with --domain", ONLY_WITH_LOCAL)
    if is_of_notebooks:
        refuse_options(ctx, "for FILE.yml:NAME", ONLY_FOR_CLASSES)
    else:
        refuse_options(ctx, "for a workflow class", {"outputs": "outputs are those of workflow files"})
