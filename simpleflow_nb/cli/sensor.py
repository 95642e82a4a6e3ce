"""``sensor.start``: look for new dates on schedule, or once, and run what is due."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .. import payload
from ..exceptions import DefinitionError, JournalInUse, ServiceError
from ..inspection.executions import executions
from ..local.service import DOMAIN
from ..processes.payload_directory import kept
from ..workflow import execution_input
from .connection import connected, domain_options, payload_directory, payloads_option
from .definition import counted_warnings, read_with_warnings
from .file_words import file_and_words
from .local_run import LocalRun, default_workers, say
from .notebook_run import checked_outputs, held_outputs, opened_run, work_on_notebooks
from .options import db_option, local_option, outputs_option
from .progress import Progress
from .run_states import BACKFILL_TYPE, NOTEBOOK_TYPE, SENSOR_TYPE, Watch, last_attributes, status_word, type_filter
from .sensor_places import RunPlace, failure_message, open_sensor, opened_run_place, sensor_id, sensor_state
from .summary import nothing_due, show_summary
from .unused_options import ONLY_WITH_DOMAIN, ONLY_WITH_LOCAL, refuse_options

_ASKED = {
    "pause": "the sensor is paused; sensor.resume lets it go on",
    "resume": "the sensor goes on",
    "reload": "reloaded",
    "check": "a check was asked for",
}


@click.command("sensor.start")
@file_and_words()
@local_option
@domain_options
@payloads_option
@click.option("--once", is_flag=True, help="One check now; wait for its runs; exit 1 if one failed.")
@click.option("--nb-workers", type=click.IntRange(min=1), help="Notebooks that run at once. [default: number of cores]")
@click.option("--durable", is_flag=True, help="Survive a power cut as well, at the price of a disk flush for each step.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@outputs_option
@db_option
@click.pass_context
def sensor_start(
    ctx: click.Context,
    file: Path | None,
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
) -> None:
    """Run the workflows of FILE.yml for every date that is due, on its schedule.

    With --local everything happens in this process: sensor, decider, notebooks and reports. Interrupted runs go on first.
    With --domain the sensor is started on SWF, and decider.start FILE.yml and worker.start FILE.yml carry it out; its id is
    printed, and with --once the command waits for the runs that the check has started.
    """
    if local and domain is not None and ctx.get_parameter_source("domain") is ParameterSource.COMMANDLINE:
        raise DefinitionError("--local and --domain exclude each other; give one")
    if local:
        refuse_options(ctx, "with --local", ONLY_WITH_DOMAIN)
    elif ctx.params["domain"] is not None:
        refuse_options(ctx, "with --domain", ONLY_WITH_LOCAL)
    specification, warnings = read_with_warnings(file)
    counted_warnings(specification, warnings)
    folder = checked_outputs(outputs, specification)
    schedule, zone = specification.sensor.schedule, specification.sensor.timezone
    if not local:
        from .remote_sensor import await_check, start_remote_sensor

        store = payload_directory(payloads, folder)
        with connected(domain, region, create=create_domain, retention_days=retention_days) as service:
            assert domain is not None
            workflow_id, run_id = start_remote_sensor(service, domain, specification, str(folder), store, once=once)
            click.echo(f"{workflow_id} {run_id}")
            code = await_check(service, domain, {"workflowId": workflow_id, "runId": run_id}, store) if once else 0
        ctx.exit(code)
    once = once or schedule is None
    with _own_run(folder, db, specification.path, durable=durable) as run:
        watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
        work_on_notebooks(run, nb_workers or default_workers())
        sensor = Sensor(run, specification.model_dump(mode="json"), specification.path, str(folder), once=once)
        if not once:
            click.echo(f"looking for new dates at {schedule!r} ({zone}); Ctrl-C stops", err=True)

        def is_over() -> bool:
            sensor.show_checks()
            return not sensor.is_open() and not run.open_runs(NOTEBOOK_TYPE, BACKFILL_TYPE)

        ended = run.wait(
            is_over,
            Progress(watch, quiet=quiet, color=ctx.obj["color"]),
            mine=lambda: run.open_runs(NOTEBOOK_TYPE, SENSOR_TYPE, BACKFILL_TYPE),
        )
        states = watch.states()
        code = show_summary(run, states, specification.path, ended=ended)
        if not sensor.is_open():
            code = max(code, sensor.show_end(nothing_ran=not states, once=once))
        elif once:
            say("interrupted before the check for new dates had ended; the same command makes it anew")
            code = 1
    ctx.exit(code)


@contextmanager
def _own_run(outputs: Path, db: Path | None, path: Path, *, durable: bool) -> Iterator[LocalRun]:
    """
    Raises:
        DefinitionError: another command uses the outputs with another journal.
        ServiceError: a sensor of the file runs already, or the journal is in use by something else or cannot be used.
    """
    with held_outputs(outputs, db):
        try:
            opened = opened_run(outputs, db, durable=durable)
        except JournalInUse as error:
            with opened_run_place(outputs, local=True, db=db, domain=None, region=None) as there:
                if open_sensor(there, path) is None:
                    raise
            who = f"process {error.pid}" if error.pid else "another process"
            raise ServiceError(
                f"a sensor of {path.name} runs here already, in {who}; "
                "sensor.reload lets it go on with the file as it is now, sensor.stop ends it"
            ) from None
        with opened as run:
            yield run


class Sensor:
    """The sensor's execution, started with the file as it is now. Of a former one, which a process that has ended left open,
    only the time of its last check is kept: a time of the schedule that has passed since is made up for at once."""

    def __init__(self, run: LocalRun, specification: dict[str, Any], path: Path, outputs: str, *, once: bool) -> None:
        from deciders.sensor_workflow import SensorWorkflow

        self.run, self.workflow_id = run, sensor_id(path)
        last_look = None
        for info in executions(run.service, DOMAIN, is_open=True, typeFilter=type_filter(SENSOR_TYPE)):
            if info["execution"]["workflowId"] == self.workflow_id:
                last_look = self._last_look(info)
            run.service.terminate_workflow_execution(domain=DOMAIN, **info["execution"], reason="started again")
        arguments = {"specification": specification, "outputs": outputs, "once": once}
        if last_look is not None and not once:
            arguments["last_look"] = last_look.isoformat()
        text = execution_input(SensorWorkflow, {"kwargs": arguments})
        started = run.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=self.workflow_id,
            workflowType={"name": SensorWorkflow.type_name(), "version": SensorWorkflow.version},
            input=kept(text, run.payloads),
        )
        self._run_id, self._seen, self._said = started["runId"], 0, ""

    def _last_look(self, info: dict[str, Any]) -> datetime:
        """When the former sensor looked last, or else began to."""
        execution = {key: info["execution"][key] for key in ("workflowId", "runId")}
        found = sensor_state(RunPlace(self.run.service, DOMAIN, self.run.payloads), execution)
        return found.last_check or datetime.fromtimestamp(info["startTimestamp"], UTC)

    def is_open(self) -> bool:
        """Also when it was continued as a new run."""
        service = self.run.service
        return service.home.latest_by_id[self.workflow_id] not in service.closed

    def show_checks(self) -> None:
        """Say what went wrong at a check, once for each change: the next one may find it right again."""
        service = self.run.service
        with service.lock:
            current = service.home.open_by_id.get(self.workflow_id)
            if current is None:
                return
            if current.run_id != self._run_id:
                self._run_id, self._seen = current.run_id, 0
            events = current.events[self._seen :]
            self._seen += len(events)
        for event in events:
            if event["eventType"] == "ActivityTaskFailed":
                trouble = f"the check for new dates failed: {failure_message(event['activityTaskFailedEventAttributes'])}"
            elif event["eventType"] == "ActivityTaskCompleted":
                found = payload.decode(event["activityTaskCompletedEventAttributes"].get("result"), self.run.payloads.load)
                if not isinstance(found, dict) or "warnings" not in found:
                    continue  # runs that somebody asked for
                trouble = "\n".join(f"warning: {warning}" for warning in found["warnings"])
            elif event["eventType"] == "WorkflowExecutionSignaled":
                asked = _ASKED.get(event["workflowExecutionSignaledEventAttributes"]["signalName"])
                if asked is not None:
                    say(asked)
                continue
            else:
                continue
            self._tell(trouble)

    def show_end(self, *, nothing_ran: bool, once: bool) -> int:
        """What the one check found, or how the sensor was ended; 1 if it failed."""
        service = self.run.service
        with service.lock:
            whole = service.whole_run(DOMAIN, self.workflow_id, None)
            status, last = whole.close_status or "", last_attributes(whole.events)
            failed = [e for e in whole.events if e["eventType"] == "ActivityTaskFailed"]
        if status == "CANCELED" and not self.run.interrupts:
            say("the sensor was stopped")
            return 0
        if status != "COMPLETED":
            if status == "FAILED" and failed:
                cause = f"the check for new dates failed: {failure_message(failed[-1]['activityTaskFailedEventAttributes'])}"
            else:
                cause = f"the sensor was {status_word(status)}" + (f": {last['reason']}" if last.get("reason") else "")
            self._tell(cause)
            return 1
        if once:
            found = payload.decode(last.get("result"), self.run.payloads.load)
            self._tell("\n".join(f"warning: {warning}" for warning in found["warnings"]))
            if nothing_ran:
                click.echo(nothing_due(found["not_due"]))
        return 0

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self._said:
            for line in trouble.splitlines():
                say(line)
        self._said = trouble
