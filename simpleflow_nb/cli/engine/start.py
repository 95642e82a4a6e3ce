"""``workflow.start``: one run of a workflow class, or of a workflow of notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...application.conditions import Conditions
from ...application.events import UnderWay
from ...application.executions.class_runs import ClassRun, start_class_here, start_class_there
from ...application.files.workflow_files import has_ending, outputs_folder, whole_workflow_name
from ...application.services import Local, Service
from ...exceptions import DefinitionError, ExitCode
from ...local.journal_files import journal_path
from ...processes.connection import connected, named_domain, payload_directory
from ...processes.middlewares import Middlewares
from ...processes.workflow_classes import workflow_class
from ..arguments import arguments_options, checked_id, given_arguments, given_tags
from ..connection import CREATION_HINT, domain_options, payloads_option, service_to_start_on
from ..options import (
    adopt_option,
    conditions_of,
    db_option,
    durable_option,
    force_option,
    local_option,
    middleware_options,
    outputs_option,
    quiet_option,
)
from ..printing import documents_alone, json_option
from ..progress import shown
from ..unused_options import ONLY_FOR_CLASSES, ONLY_WITH_DOMAIN, ONLY_WITH_LOCAL, is_typed, refuse_options
from .ends import show_end, show_started


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
@middleware_options
@durable_option
@quiet_option
@db_option
@outputs_option
@adopt_option
@force_option
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
    middlewares_pre: tuple[str, ...],
    middlewares_post: tuple[str, ...],
    durable: bool,
    quiet: bool,
    db: Path | None,
    outputs: Path | None,
    adopt: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Run WORKFLOW: a class such as examples.basic.BasicWorkflow, or FILE.yml:NAME, or NAME of the workflows.yml here.

    With --local it is carried out here, or in the process that has the journal, and waited for; an interrupted run of the
    same workflow and input goes on where it was, unless --new. With --domain it is started on SWF, and its workflow id and
    run id are printed.
    """
    if local and is_typed(ctx, "domain"):
        raise DefinitionError("--local and --domain exclude each other; give one")
    workflow = whole_workflow_name(workflow)
    file, colon, name = workflow.rpartition(":")
    is_of_notebooks = bool(colon) and has_ending(file)
    refuse_unused(ctx, local=local, is_of_notebooks=is_of_notebooks)
    is_class = not colon and not has_ending(workflow)
    arguments = given_arguments(text, input_file, settings, lambda: is_class and workflow_class(workflow).takes_names)
    wanted = ClassRun(workflow, arguments, checked_id(workflow_id), tuple(given_tags(tags)), execution_timeout)
    how = conditions_of(nb_workers, adopt=adopt, force=force)
    if is_of_notebooks:
        service = service_to_start_on(ctx, Local(db, durable))
        ctx.exit(_start_notebooks(ctx, Path(file), name, arguments, outputs, service, how, new, quiet, as_json))
    if not local:
        domain = named_domain(domain)
        with connected(domain, region, create=create_domain, retention_days=retention_days, hint=CREATION_HINT) as remote:
            ids = start_class_there(remote, domain, wanted, payload_directory(payloads), task_list)
        show_started(*ids, as_json=as_json)
        return
    if has_ending(workflow):
        raise DefinitionError(f"{workflow} has workflows by name; write {workflow}:NAME")
    call = start_class_here(
        wanted,
        journal_path(db),
        durable=durable,
        new=new,
        workers=how.workers,
        interrupts=how.interrupts,
        middlewares=Middlewares(middlewares_pre, middlewares_post),
    )
    with documents_alone(as_json):
        end = shown(UnderWay(call), quiet=quiet, color=ctx.obj["color"])
    ctx.exit(show_end(end, as_json=as_json))


def _start_notebooks(
    ctx: click.Context,
    file: Path,
    name: str,
    arguments: dict[str, Any],
    outputs: Path | None,
    service: Service,
    how: Conditions,
    new: bool,
    quiet: bool,
    as_json: bool,
) -> ExitCode:
    from ...application.asking.requested_runs import start
    from ...application.files.specifications import read_specification
    from ..notebooks.summary import show_call

    specification = read_specification(file)
    if arguments.get("args"):
        raise DefinitionError(f"{name} takes its parameters by name: --set name=value, or --input with 'kwargs'")
    folder = outputs_folder(outputs, specification.path)
    call = start(specification, folder, service, name, arguments.get("kwargs", {}), new=new, conditions=how)
    return show_call(ctx, UnderWay(call), quiet=quiet, as_json=as_json)


_ONLY_FOR_FILES = {
    "outputs": "outputs are those of workflow files",
    "force": "nothing is kept of former runs of a class",
}


def refuse_unused(ctx: click.Context, *, local: bool, is_of_notebooks: bool) -> None:
    """Refuse options that do nothing here.

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
        refuse_options(ctx, "for a workflow class", _ONLY_FOR_FILES)
