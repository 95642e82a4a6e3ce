"""``decider.start`` and ``worker.start``: the processes that carry out workflows on a service."""

from __future__ import annotations

import logging
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import click

from ...application.workflow_files import has_ending, outputs_folder
from ...constants import STATE_FOLDER
from ...exceptions import DefinitionError
from ...processes.connection import connected, explaining, payload_directory
from ...processes.decider import Decider
from ...processes.decider_process import STICKY_SECONDS, DeciderProcess, collect_rarely
from ...processes.process_groups import own_process_groups
from ...processes.supervisor import QUICK, Supervisor, is_child, is_orphan, this_command
from ...processes.worker import Worker, usable_cores
from ...processes.worker_process import WorkerProcess
from ...processes.workflow_classes import workflow_class
from ...workflow import Workflow
from ..connection import CREATION_HINT, domain_options, payloads_option
from ..file_words import refuse_workflow_of_file
from ..options import heartbeat_option, outputs_option
from ..process_title import name_process
from ..unused_options import refuse_options

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
_STOPPING = (
    "stopping: polls under way are waited for, up to a minute, and what they bring is finished; Ctrl-C again ends at once"
)


class Stoppable(Protocol):
    def run(self) -> None: ...
    def stop(self) -> None: ...


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
    task_list = task_list or _common_task_list(classes)
    with connected(domain, region, create=create_domain, retention_days=retention_days, hint=CREATION_HINT) as service:
        if not is_child() and nb_processes > 1:
            _supervise(nb_processes, f"deciders({task_list})", domain)
        store = payload_directory(payloads, folder)
        store.prepare()
        decider = Decider(
            service,
            domain or "",
            task_list,
            classes,
            payloads=store,
            activity_task_list=activity_task_list,
        )
        with explaining():
            decider.register_types()
            name_process(title := f"decider({task_list})")
            collect_rarely()
            _run(DeciderProcess(decider, sticky_seconds=sticky_timeout), title, domain)


def _decided(workflows: tuple[str, ...], outputs: Path | None) -> tuple[list[type[Workflow]], Path | None]:
    if workflows and has_ending(workflows[0]):
        if len(workflows) > 1:
            raise DefinitionError("give one FILE.yml, or any number of workflow classes")
        from ..notebooks.definition import read_specification

        specification = read_specification(Path(workflows[0]))
        from deciders.workflow_types import application_workflows

        return application_workflows(), outputs_folder(outputs, specification.path)
    for path in workflows:
        refuse_workflow_of_file(path, "give FILE.yml alone for all workflows of notebooks")
    return [workflow_class(path) for path in workflows], None


def _common_task_list(classes: list[type[Workflow]]) -> str:
    lists = {cls.task_list for cls in classes if cls.task_list}
    if len(lists) == 1:
        return lists.pop()
    if not lists:
        raise DefinitionError("name the task list with --task-list: no workflow says one")
    raise DefinitionError(f"the workflows have different task lists ({', '.join(sorted(lists))}); choose with --task-list")


@click.command("worker.start")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@domain_options
@click.option("--task-list", "-t", "task_lists", multiple=True, help="A list to work on; may be given several times.")
@click.option("--nb-processes", "-N", type=click.IntRange(min=1), default=1, show_default=True, help="Worker processes.")
@click.option("--nb-slots", type=click.IntRange(min=1), help="Tasks of a list that a process runs at once. [default: cores]")
@heartbeat_option
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
    heartbeat: float,
    payloads: Path | None,
    outputs: Path | None,
) -> None:
    """Carry out activities, or the notebooks, reports and checks of FILE.yml, until SIGTERM."""
    slots = nb_slots or usable_cores()
    lists: Mapping[str, int]
    folder = None
    if file is not None:
        lists, folder = _notebook_lists(file, slots, outputs, task_lists)
    elif task_lists:
        lists = dict.fromkeys(task_lists, slots)
        refuse_options(ctx, "without FILE.yml", ("outputs",))
    else:
        raise DefinitionError("name the list to work on with --task-list, or give the FILE.yml of notebook workflows")
    pollers = sum(lists.values())
    with connected(
        domain, region, create=create_domain, retention_days=retention_days, pollers=pollers + 4, hint=CREATION_HINT
    ) as service:
        if not is_child() and nb_processes > 1:
            _supervise(nb_processes, f"workers({', '.join(lists)})", domain)
        state = (folder or Path.cwd()) / STATE_FOLDER
        if file is not None:
            _get_kernels_ready(lists)
        with explaining(), own_process_groups(state / "processes") as groups:
            worker = Worker(
                service,
                domain or "",
                lists,
                payloads=payload_directory(payloads, folder),
                beat_seconds=heartbeat,
                process_groups=groups,
                imports=file is None,
            )
            name_process(title := f"worker({', '.join(lists)})")
            _run(WorkerProcess(worker), title, domain)


def _notebook_lists(file: Path, slots: int, outputs: Path | None, chosen: tuple[str, ...]) -> tuple[dict[str, int], Path]:
    """The lists of notebook workflows with their slots (all three, or those chosen), and the outputs folder."""
    from ..notebooks.definition import read_specification

    specification = read_specification(file)
    from deciders import activities
    from workers import activities as bodies  # noqa: F401  (importing registers them)

    lists = {activities.NOTEBOOKS: slots, activities.REPORTS: max(1, slots // 2), activities.SENSOR: 2}
    if unknown := set(chosen) - set(lists):
        raise DefinitionError(f"{sorted(unknown)[0]!r} is no list of notebook workflows; there are {', '.join(lists)}")
    return {name: number for name, number in lists.items() if not chosen or name in chosen}, outputs_folder(
        outputs, specification.path
    )


def _get_kernels_ready(lists: Mapping[str, int]) -> None:
    """Begin with what the first notebook would have to wait for."""
    from deciders.activities import NOTEBOOKS
    from workers.kernels.supply import open_shared

    if NOTEBOOKS in lists:
        open_shared().start()


def _supervise(number: int, title: str, domain: str | None) -> None:
    """Run that many processes of this command instead of one; never returns."""
    supervisor = Supervisor(
        this_command(),
        number,
        on_start=lambda: _tell(f"{number} {title} at work in domain {domain}"),
        on_stop=lambda: _tell(_STOPPING),
    )
    name_process(title)
    raise click.exceptions.Exit(supervisor.run())


def _run(process: Stoppable, title: str, domain: str | None) -> None:
    asked: queue.SimpleQueue[None] = queue.SimpleQueue()  # an Event may be in use by the very thread that is interrupted
    for number in QUICK:
        signal.signal(number, lambda *_: asked.put(None))
    threading.Thread(target=_listen, args=(process, asked), name="signals", daemon=True).start()
    _tell(f"{title} at work in domain {domain}")
    process.run()


def _listen(process: Stoppable, asked: queue.SimpleQueue[None]) -> None:
    """Stop the process when it is asked to, and when nobody is left who could ask: its supervisor was killed."""
    is_stopping = False
    while True:
        try:
            asked.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            if is_stopping or not is_orphan():
                continue
            logger.warning("the process that looked after this one is gone; stopping")
        if not is_stopping:
            _tell(_STOPPING)
        is_stopping = True
        process.stop()


def _tell(sentence: str) -> None:
    """For the person who has typed the command; in the log, where nobody has."""
    if sys.stderr.isatty() and not is_child():
        click.echo(f"simpleflow-nb: {sentence}", err=True)
    else:
        logger.info(sentence)
