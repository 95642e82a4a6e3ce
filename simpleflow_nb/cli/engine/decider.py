"""``decider.start``: processes that decide for workflows on a service."""

from __future__ import annotations

from pathlib import Path

import click

from ...application.files.workflow_files import has_ending, outputs_folder
from ...exceptions import DefinitionError
from ...processes.connection import connected, explaining, payload_directory
from ...processes.decider import Decider
from ...processes.decider_process import STICKY_SECONDS, DeciderProcess, collect_rarely
from ...processes.supervisor import is_child
from ...processes.workflow_classes import common_task_list, workflow_class
from ...workflow import Workflow
from ..connection import CREATION_HINT, domain_options, payloads_option
from ..file_words import refuse_workflow_of_file
from ..options import outputs_option
from ..unused_options import refuse_options
from .at_work import run, supervise


@click.command("decider.start")
@click.argument("workflows", nargs=-1, metavar="[WORKFLOW... | FILE.yml]")
@domain_options
@click.option("--task-list", "-t", help="Where decision tasks wait. [default: the workflows' own]")
@click.option("--nb-processes", "-N", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that decide.")
@click.option("--activity-task-list", help="Send all activities to this list instead of their own.")
@click.option(
    "--sticky-timeout",
    type=click.IntRange(min=0),
    default=STICKY_SECONDS,
    show_default=True,
    help="How long a run's next task waits for the process that remembers it, s; 0: any process takes it.",
)
@payloads_option
@outputs_option
@click.pass_context
def decider_start(
    ctx: click.Context,
    workflows: tuple[str, ...],
    domain: str | None,
    region: str | None,
    create_domain: bool,
    retention_days: int,
    task_list: str | None,
    nb_processes: int,
    activity_task_list: str | None,
    sticky_timeout: int,
    payloads: Path | None,
    outputs: Path | None,
) -> None:
    """Decide for WORKFLOWs, or for the notebook workflows of FILE.yml, until SIGTERM."""
    if not (workflows and has_ending(workflows[0])):
        refuse_options(ctx, "without FILE.yml", ("outputs",))
    classes, folder = _decided(workflows, outputs)
    task_list = task_list or common_task_list(classes)
    with connected(domain, region, create=create_domain, retention_days=retention_days, hint=CREATION_HINT) as service:
        if not is_child() and nb_processes > 1:
            supervise(nb_processes, f"deciders({task_list})", domain)
        store = payload_directory(payloads, folder)
        store.prepare()
        decider = Decider(
            service,
            domain or "",
            task_list,
            classes,
            payloads=store,
            activity_task_list=activity_task_list,
            child_task_list=task_list if activity_task_list else None,
        )
        with explaining():
            decider.register_types()
            collect_rarely()
            run(DeciderProcess(decider, sticky_seconds=sticky_timeout), f"decider({task_list})", domain)


def _decided(workflows: tuple[str, ...], outputs: Path | None) -> tuple[list[type[Workflow]], Path | None]:
    if workflows and has_ending(workflows[0]):
        if len(workflows) > 1:
            raise DefinitionError("give one FILE.yml, or any number of workflow classes")
        from ...application.files.specifications import read_specification

        specification = read_specification(Path(workflows[0]))
        from deciders.workflow_types import application_workflows

        return application_workflows(), outputs_folder(outputs, specification.path)
    for path in workflows:
        refuse_workflow_of_file(path, "give FILE.yml alone for all workflows of notebooks")
    return [workflow_class(path) for path in workflows], None
