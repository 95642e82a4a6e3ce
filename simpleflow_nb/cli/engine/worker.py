"""``worker.start``: processes that carry out activities on a service."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from ...application.files.packages import has_application
from ...application.files.workflow_files import outputs_folder
from ...application.runners.notebook_processes import get_kernels_ready, notebook_lists
from ...constants import STATE_FOLDER
from ...environment import usable_cores
from ...exceptions import DefinitionError
from ...processes.connection import connected, explaining, payload_directory
from ...processes.middlewares import Middlewares
from ...processes.process_groups import own_process_groups
from ...processes.supervisor import is_child
from ...processes.worker import Worker
from ...processes.worker_process import WorkerProcess, polled_task
from ..connection import CREATION_HINT, domain_options, payloads_option
from ..options import heartbeat_option, middleware_options, outputs_option
from ..unused_options import refuse_options
from .at_work import run, supervise


@click.command("worker.start")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@domain_options
@click.option("--task-list", "-t", "task_lists", multiple=True, help="A list to work on; may be given several times.")
@click.option("--nb-processes", "-N", type=click.IntRange(min=1), default=1, show_default=True, help="Worker processes.")
@click.option("--nb-slots", type=click.IntRange(min=1), help="Tasks of a list that a process runs at once. [default: cores]")
@click.option("--one-task", is_flag=True, help="Carry out one task of the list, and end.")
@click.option("--poll-data", metavar="BASE64", help="Carry out this task, an answer to PollForActivityTask as JSON, and end.")
@heartbeat_option
@middleware_options
@payloads_option
@outputs_option
@click.pass_context
def worker_start(
    ctx: click.Context,
    file: Path | None,
    domain: str | None,
    region: str | None,
    create_domain: bool,
    retention_days: int,
    task_lists: tuple[str, ...],
    nb_processes: int,
    nb_slots: int | None,
    one_task: bool,
    poll_data: str | None,
    heartbeat: float,
    middlewares_pre: tuple[str, ...],
    middlewares_post: tuple[str, ...],
    payloads: Path | None,
    outputs: Path | None,
) -> None:
    """Carry out activities, or the notebooks, reports and checks of FILE.yml, until SIGTERM.

    Without FILE.yml the lists 'notebooks' and 'reports' are those of notebooks that workflows in Python submit.
    """
    task = polled_task(poll_data) if poll_data is not None else None
    is_alone = one_task or task is not None
    if is_alone:
        refuse_options(ctx, "for a single task", ("nb_processes", "nb_slots"))
    slots = nb_slots or usable_cores()
    lists: Mapping[str, int]
    folder = None
    if file is not None:
        from ...application.files.specifications import read_specification

        specification = read_specification(file)
        lists, folder = notebook_lists(slots, task_lists), outputs_folder(outputs, specification.path)
    elif task_lists or task is not None:
        lists = dict.fromkeys(task_lists or ("",), slots)  # of a task that was polled elsewhere nobody knows the list
        refuse_options(ctx, "without FILE.yml", ("outputs",))
    else:
        raise DefinitionError("name the list to work on with --task-list, or give the FILE.yml of notebook workflows")
    if is_alone and len(lists) > 1 and task is None:
        raise DefinitionError(f"--one-task works on one list, and there are {', '.join(lists)}; name one with --task-list")
    middlewares = Middlewares(middlewares_pre, middlewares_post)
    middlewares.check()
    pollers = sum(lists.values())
    with connected(
        domain, region, create=create_domain, retention_days=retention_days, pollers=pollers + 4, hint=CREATION_HINT
    ) as service:
        if not is_child() and nb_processes > 1:
            supervise(nb_processes, f"workers({', '.join(lists)})", domain)
        state = (folder or Path.cwd()) / STATE_FOLDER
        if file is not None or has_application():
            get_kernels_ready(lists)
        with explaining(), own_process_groups(state / "processes") as groups:
            worker = Worker(
                service,
                domain or "",
                lists,
                payloads=payload_directory(payloads, folder),
                beat_seconds=heartbeat,
                process_groups=groups,
                imports=file is None,
                middlewares=middlewares,
            )
            one_of = next(iter(lists)) if is_alone else None
            run(WorkerProcess(worker, one_of=one_of, task=task), f"worker({', '.join(lists)})", domain)
