"""``standalone``: a decider, workers and one run, on a task list of their own, until the run has ended."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from ...application.executions.class_runs import ClassRun
from ...application.executions.standalone_executions import StandaloneSetting, begun_standalone
from ...environment import usable_cores
from ...processes.interrupts import Interrupts
from ...processes.middlewares import Middlewares
from ...processes.workflow_classes import workflow_class
from ..arguments import arguments_options, checked_id, given_arguments, given_tags
from ..connection import CREATION_HINT, domain_options, payloads_option
from ..file_words import refuse_workflow_of_file
from ..options import heartbeat_option, middleware_options
from ..printing import documents_alone, json_option
from ..progress import say
from .ends import show_end


@click.command("standalone")
@click.argument("workflow")
@domain_options
@arguments_options
@click.option("--workflow-id", help="Id of the execution. [default: the workflow's name]")
@click.option("--nb-workers", "-W", type=click.IntRange(min=1), help="Tasks that run at once. [default: number of cores]")
@click.option("--nb-deciders", "-D", type=click.IntRange(min=1), default=1, show_default=True, help="Decider processes.")
@heartbeat_option
@middleware_options
@payloads_option
@json_option
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
    middlewares_pre: tuple[str, ...],
    middlewares_post: tuple[str, ...],
    payloads: Path | None,
    as_json: bool,
) -> None:
    """Run WORKFLOW on SWF with processes of its own; prints the result, and exits with 1 if the run failed."""
    refuse_workflow_of_file(workflow, "workflow.start FILE.yml:NAME runs a workflow of notebooks")
    arguments = given_arguments(text, input_file, settings, lambda: workflow_class(workflow).takes_names)
    wanted = ClassRun(workflow, arguments, checked_id(workflow_id), tuple(given_tags(tags)), execution_timeout)
    setting = StandaloneSetting(
        domain,
        region,
        create_domain,
        retention_days,
        CREATION_HINT,
        payloads,
        deciders=nb_deciders,
        slots=nb_workers or usable_cores(),
        heartbeat_seconds=heartbeat,
        middlewares=Middlewares(middlewares_pre, middlewares_post),
    )
    # until the processes have ended an interrupt is counted; before the execution is started it ends us as it would anybody
    with documents_alone(as_json), ExitStack() as handlers, begun_standalone(wanted, setting) as execution:
        click.echo(f"{execution.workflow_id} {execution.run_id}", err=True)
        for sentence in execution.follow(handlers.enter_context(Interrupts())):
            if sentence is not None:
                say(sentence)
        end = execution.end()
    ctx.exit(show_end(end, as_json=as_json, times=False))
