"""``sensor.start``: look for new dates on schedule, or once, and run what is due."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ...application.owners import claim
from ...application.run_states import BACKFILL_TYPE, NOTEBOOK_TYPE, SENSOR_TYPE, Watch
from ...application.sensors import open_sensor, sensor_files
from ...application.workflow_files import outputs_folder
from ...exceptions import DefinitionError, ExitCode, JournalInUse, ServiceError
from ...processes.allocator import share_one_arena
from ...processes.connection import connected, payload_directory
from ...processes.local_run import LocalRun
from ...processes.worker import usable_cores
from ..connection import CREATION_HINT, domain_options, payloads_option
from ..options import adopt_option, db_option, local_option, outputs_option
from ..progress import Progress, follow, say
from ..unused_options import ONLY_WITH_DOMAIN, ONLY_WITH_LOCAL, refuse_options
from .backfill_ends import BackfillEnds
from .definition import counted_warnings, read_with_warnings
from .history_keeping import HistoryKeeping
from .local_sensors import started_sensors
from .notebook_run import checked_outputs, opened_run, work_on_notebooks
from .run_place import opened_run_place
from .summary import nothing_due, show_summary

if TYPE_CHECKING:
    from deciders.specification import Specification


@click.command("sensor.start")
@click.argument("files", type=click.Path(path_type=Path, dir_okay=True), nargs=-1, metavar="[FILE.yml]...")
@local_option
@domain_options
@payloads_option
@click.option("--once", is_flag=True, help="One check now; wait for its runs; exit 1 if one failed.")
@click.option("--nb-workers", type=click.IntRange(min=1), help="Notebooks that run at once. [default: number of cores]")
@click.option("--durable", is_flag=True, help="Survive a power cut as well, at the price of a disk flush for each step.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@outputs_option
@db_option
@adopt_option
@click.pass_context
def sensor_start(
    ctx: click.Context,
    files: tuple[Path, ...],
    local: bool,
    domain: str | None,
    region: str | None,
    create_domain: bool,
    retention_days: int,
    payloads: Path | None,
    once: bool,
    nb_workers: int | None,
    durable: bool,
    quiet: bool,
    outputs: Path | None,
    db: Path | None,
    adopt: bool,
) -> None:
    """Run the workflows of FILE.yml for every date that is due, on its schedule.

    With --local everything happens in this process: sensor, decider, notebooks and reports. Interrupted runs go on first.
    With --domain the sensor is started on SWF, and decider.start FILE.yml and worker.start FILE.yml carry it out; its id is
    printed, and with --once the command waits for the runs that the check has started. Several files with one outputs folder
    may be named: each has a sensor of its own, with --local all of them in this process.
    """
    if local and domain is not None and ctx.get_parameter_source("domain") is ParameterSource.COMMANDLINE:
        raise DefinitionError("--local and --domain exclude each other; give one")
    if local:
        refuse_options(ctx, "with --local", ONLY_WITH_DOMAIN)
    elif ctx.params["domain"] is not None:
        refuse_options(ctx, "with --domain", ONLY_WITH_LOCAL)
    specifications = _read_files(files)
    folder = _one_outputs_folder(outputs, specifications)
    if not local:
        from .remote_sensor import await_check, start_remote_sensors

        store = payload_directory(payloads, folder)
        with connected(domain, region, create=create_domain, retention_days=retention_days, hint=CREATION_HINT) as service:
            assert domain is not None
            for sentence in claim(specifications, folder, domain=domain, adopt=adopt):
                say(sentence)
            code: int = ExitCode.DONE
            for execution in start_remote_sensors(service, domain, specifications, str(folder), store, once=once):
                code = max(code, await_check(service, domain, execution, store) if once else ExitCode.DONE)
        ctx.exit(code)
    share_one_arena()
    with _own_run(folder, db, specifications, durable=durable, adopt=adopt) as run:
        backfills = BackfillEnds(run)
        watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
        work_on_notebooks(run, nb_workers or usable_cores())
        sensors = started_sensors(run, specifications, str(folder), once=once)
        keeping = HistoryKeeping(run, folder)
        for one in specifications:
            if not once and one.sensor is not None and one.sensor.schedule is not None:
                of_file = f" of {one.path.name}" if len(specifications) > 1 else ""
                looks = f"looking for new dates{of_file} at {one.sensor.schedule!r} ({one.sensor.timezone}); Ctrl-C stops"
                click.echo(looks, err=True)
        code = ExitCode.DONE

        def is_over() -> bool:
            nonlocal code
            for sensor in sensors:
                sensor.show_checks()
                if not sensor.is_open() and len(sensors) > 1 and not sensor.once:
                    code = max(code, sensor.show_end())  # others go on, perhaps for long
            backfills.show_ends()
            # every end that is told of is known by now, or spared
            keeping.look([sensor.specification for sensor in sensors], unread=watch.unread)
            return not any(sensor.is_open() for sensor in sensors) and not run.open_runs(NOTEBOOK_TYPE, BACKFILL_TYPE)

        ended = follow(
            run,
            is_over,
            Progress(watch, quiet=quiet, color=ctx.obj["color"]),
            mine=lambda: run.open_runs(NOTEBOOK_TYPE, SENSOR_TYPE, BACKFILL_TYPE),
        )
        code = max(code, show_summary(run, watch, specifications[0].path, ended=ended), backfills.show_ends())
        closed = [sensor for sensor in sensors if not sensor.is_open()]
        code = max([code, *(sensor.show_end() for sensor in closed)])
        if closed and not watch.runs and all(sensor.once for sensor in closed):
            not_due = [sensor.not_due for sensor in closed if sensor.not_due is not None]
            if len(not_due) == len(closed):
                click.echo(nothing_due(sum(not_due)))
        if any(sensor.once and sensor.is_open() for sensor in sensors):
            say("interrupted before the check for new dates had ended; the same command makes it anew")
            code = ExitCode.RUN_FAILED
    ctx.exit(code)


def _read_files(files: Sequence[Path]) -> list[Specification]:
    """The files that are named, each once, or that of ``AUTOFLOW_INPUTS_DIR``.

    Raises:
        SpecificationError, DefinitionError: see `read_with_warnings`, or two of them name the same workflow.
    """
    found: list[Specification] = []
    owners: dict[str, Path] = {}
    for file in files or (None,):
        specification, warnings = read_with_warnings(file)
        if any(specification.path.samefile(known.path) for known in found):
            continue
        if specification.sensor is None:
            from deciders.specification import NO_SENSOR

            started = f"workflow.start {shlex.quote(str(specification.path))}:NAME"
            raise DefinitionError(f"{specification.path} has no sensor to start: {NO_SENSOR}; {started} runs a workflow")
        counted_warnings(specification, warnings)
        for workflow in specification.workflows:
            if workflow.name in owners:
                raise DefinitionError(
                    f"{owners[workflow.name]} and {specification.file} both name workflow {workflow.name!r}; "
                    "files that share an outputs folder need different names"
                )
        owners |= {workflow.name: specification.file for workflow in specification.workflows}
        found.append(specification)
    return found


def _one_outputs_folder(given: Path | None, specifications: Sequence[Specification]) -> Path:
    """
    Raises:
        DefinitionError: the files have different ones, or it cannot be written to.
    """
    folders = {specification.file: outputs_folder(given, specification.path) for specification in specifications}
    (first, folder), *others = folders.items()
    for path, other in others:
        if other != folder:
            raise DefinitionError(
                f"{first} has its outputs in {folder}, {path} in {other}; one process serves one outputs folder: "
                "start a sensor for each, or give --outputs"
            )
    return checked_outputs(given, specifications[0])


@contextmanager
def _own_run(
    outputs: Path, db: Path | None, specifications: Sequence[Specification], *, durable: bool, adopt: bool
) -> Iterator[LocalRun]:
    """
    Raises:
        DefinitionError: another command uses the outputs with another journal, or the workflows belong to another file.
        ServiceError: a sensor of the files, or of others, runs already, or the journal is in use by something else or cannot
            be used.
    """
    with ExitStack() as stack:
        try:
            run = stack.enter_context(opened_run(outputs, db, specifications, durable=durable, adopt=adopt))
        except JournalInUse as error:
            with opened_run_place(outputs, local=True, db=db, domain=None, region=None) as there:
                served = sensor_files(there)
                mine = [one.path for one in specifications if open_sensor(there, one.path) is not None]
            if not served:
                raise
            raise ServiceError(_served_already(error.pid, served, specifications, mine)) from None
        yield run


def _served_already(pid: int, served: list[Path], specifications: Sequence[Specification], mine: list[Path]) -> str:
    who = f"process {pid}" if pid else "another process"
    if len(mine) == len(specifications):
        return (
            f"a sensor of {' and of '.join(path.name for path in mine)} runs here already, in {who}; "
            "sensor.reload lets it go on with the file as it is now, sensor.stop ends it"
        )
    own = [specification for specification in specifications if specification.path not in mine]
    served = sorted(served)
    left_out = {file: names for file in served if (names := _names_of_others(file, own))}
    every = dict.fromkeys([*(file for file in served if file not in left_out), *(one.file for one in own)])
    words = shlex.join(["simpleflow-nb", "sensor.start", *map(str, every), *_typed_options()])
    without = [f"; without {file}, whose workflow {names[0]!r} is another file's then" for file, names in left_out.items()]
    return (
        f"{who} has these outputs, as the sensor of {' and '.join(map(str, served))}; one process serves all files of an "
        f"outputs folder: stop it, then type {words}{''.join(without)}"
    )


def _names_of_others(served: Path, own: Sequence[Specification]) -> list[str]:
    """The workflows that a served file and other files name, which cannot be served together; ``--adopt`` was given."""
    from deciders.specification import SpecificationError, load_specification

    if any(served == one.file for one in own):
        return []
    try:
        names = {workflow.name for workflow in load_specification(served).workflows}
    except SpecificationError:
        return []  # the command itself says what is wrong with it
    return [workflow.name for one in own for workflow in one.workflows if workflow.name in names]


def _typed_options() -> list[str]:
    """The options of this command, as they were typed."""
    context, words = click.get_current_context(), list[str]()
    for option in context.command.params:
        name = option.name or ""
        if isinstance(option, click.Option) and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words += [option.opts[0]] if option.is_flag else [option.opts[0], str(context.params[name])]
    return words
