"""``sensor.start``: look for new dates on schedule, or once, and run what is due."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import click

from .. import payload
from ..inspection.executions import executions
from ..local.service import DOMAIN
from ..workflow import execution_input
from .definition import read_specification
from .local_run import LocalRun, default_workers
from .notebook_run import NOTEBOOK_TYPE, SENSOR_TYPE, checked_outputs, opened_run, summary
from .options import db_option, local_option, outputs_option, require_local
from .progress import Progress, Watch


@click.command("sensor.start")
@click.argument("file", type=click.Path(path_type=Path))
@local_option
@click.option("--once", is_flag=True, help="One check now; wait for its runs; exit 1 if one failed.")
@click.option("--nb-workers", type=click.IntRange(min=1), help="Notebooks that run at once. [default: number of cores]")
@click.option("--durable", is_flag=True, help="Survive a power cut as well, at the price of a disk flush for each step.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@outputs_option
@db_option
@click.pass_context
def sensor_start(
    ctx: click.Context,
    file: Path,
    local: bool,
    once: bool,
    nb_workers: int | None,
    durable: bool,
    quiet: bool,
    outputs: Path | None,
    db: Path | None,
) -> None:
    """Run the workflows of FILE.yml for every date that is due, on its schedule.

    With --local everything happens in this process: sensor, decider, notebooks and reports. Interrupted runs go on first.
    """
    require_local(local)
    specification = read_specification(file)
    folder = checked_outputs(outputs, specification)
    once = once or specification.sensor.schedule is None
    with opened_run(folder, db, nb_workers or default_workers(), durable=durable) as run:
        going_on = run.open_runs(NOTEBOOK_TYPE)
        if going_on:
            click.echo(f"simpleflow-nb: going on with {len(going_on)} interrupted run(s)", err=True)
        watch = Watch(run.service, [NOTEBOOK_TYPE])
        sensor = _start_sensor(run, specification.model_dump_json(), specification.path, str(folder), once=once)
        if not once and specification.sensor.schedule is not None:
            schedule, zone = specification.sensor.schedule, specification.sensor.timezone
            click.echo(f"looking for new dates at {schedule!r} ({zone}); Ctrl-C stops", err=True)

        def is_over() -> bool:
            return sensor in run.service.closed and not run.open_runs(NOTEBOOK_TYPE)

        ended = run.wait(is_over, Progress(watch, quiet=quiet, color=ctx.obj["color"]))
        states = watch.look()
        code = summary(run, states, ended=ended, command_again="the same command goes on with them")
        if once and ended:
            code = max(code, _show_check(run, sensor, nothing_ran=not states))
    ctx.exit(code)


def _start_sensor(run: LocalRun, specification: str, path: Path, outputs: str, *, once: bool) -> int:
    """Start the sensor's execution with the file as it is now; a former one keeps nothing worth going on with."""
    from deciders.sensor_workflow import SensorWorkflow

    for info in executions(run.service, DOMAIN, is_open=True, typeFilter={"name": SENSOR_TYPE}):
        run.service.terminate_workflow_execution(domain=DOMAIN, **info["execution"], reason="started again")
    name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:8]
    workflow_id = f"sensor-{path.absolute().parent.name[:100]}-{name}"
    arguments = {"kwargs": {"specification": json.loads(specification), "outputs": outputs, "once": once}}
    text = execution_input(SensorWorkflow, arguments)
    from ..processes.payload_directory import kept

    started = run.service.start_workflow_execution(
        domain=DOMAIN,
        workflowId=workflow_id,
        workflowType={"name": SensorWorkflow.type_name(), "version": SensorWorkflow.version},
        input=kept(text, run.engine.payloads),
    )
    return run.service.numbers[workflow_id, started["runId"]]


def _show_check(run: LocalRun, number: int, *, nothing_ran: bool) -> int:
    """What the one check found; 1 if it failed."""
    execution = run.service.infos[number]["execution"]
    with run.service.lock:
        last = run.service.whole_run(execution["workflowId"], execution["runId"]).events[-1]
    end = next(value for key, value in last.items() if key.endswith("EventAttributes"))
    if run.service.closed[number][1] != "COMPLETED":
        reason = end.get("reason") or run.service.closed[number][1].lower()
        click.echo(f"simpleflow-nb: the check for new dates failed: {_cause(reason)}", err=True)
        return 1
    found = payload.decode(end.get("result"), run.engine.payloads.load)
    for warning in found["warnings"]:
        click.echo(f"warning: {warning}", err=True)
    if nothing_ran:
        click.echo(f"nothing is due ({found['not_due']} dates are not; plan --why says why)")
    return 0


def _cause(reason: str) -> str:
    """The sentence inside ``Workflow execution error in <task>: "<Class>: <sentence>"``."""
    _, quote, text = reason.partition('"')
    text = text.removesuffix('"') if quote else reason
    head, colon, sentence = text.partition(": ")
    return sentence if colon and head.isidentifier() else text
