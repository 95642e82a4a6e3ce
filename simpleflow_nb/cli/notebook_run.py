"""Notebook workflows carried out in this process: what ``sensor.start --local`` and ``workflow.start FILE.yml:NAME`` share."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import payload
from ..exceptions import DefinitionError
from ..inspection.executions import executions
from ..local.service import DOMAIN
from .definition import read_specification
from .local_run import LocalRun
from .options import journal_path, outputs_folder
from .packages import require_application
from .progress import Progress, RunState, Watch

if TYPE_CHECKING:
    from deciders.due_runs import Run
    from deciders.specification import Specification

NOTEBOOK_TYPE = "notebook_workflow"
SENSOR_TYPE = "sensor_workflow"


def checked_outputs(given: Path | None, specification: Specification) -> Path:
    """The outputs folder, made and writable.

    Raises:
        DefinitionError: it cannot be.
    """
    from workers.artefacts import Artefacts, OutputsError

    outputs = outputs_folder(given, specification.path)
    try:
        Artefacts(outputs).check_writable()
    except OutputsError as error:
        raise DefinitionError(str(error)) from None
    return outputs


def opened_run(outputs: Path, db: Path | None, slots: int, *, durable: bool) -> LocalRun:
    """A decider and workers for notebook workflows, on the journal of these outputs."""
    require_application()
    from deciders import activities
    from deciders.notebook_workflow import NotebookWorkflow
    from deciders.sensor_workflow import SensorWorkflow
    from workers import activities as bodies  # noqa: F401  (importing registers them)
    from workers.run_records import RecordsError, RunRecords

    try:
        RunRecords.open(outputs).close()
    except RecordsError as error:
        raise DefinitionError(str(error)) from None
    return LocalRun(
        journal_path(db, outputs),
        decision_list=activities.DECISIONS,
        task_lists={activities.NOTEBOOKS: slots, activities.REPORTS: max(1, slots // 2), activities.SENSOR: 2},
        workflows=[NotebookWorkflow, SensorWorkflow],
        durable=durable,
    )


def start_notebook_workflow(
    file: Path,
    name: str,
    arguments: dict[str, Any],
    *,
    outputs: Path | None,
    db: Path | None,
    slots: int,
    new: bool,
    durable: bool,
    color: str,
    quiet: bool,
) -> int:
    """One run of a workflow of notebooks with the parameters given; returns the exit code.

    Raises:
        DefinitionError: no such workflow, or parameters that are missing or not its own.
    """
    specification = read_specification(file)
    from deciders.specification import UnknownWorkflowError

    if arguments.get("args"):
        raise DefinitionError(f"{name} takes its parameters by name: --set name=value, or --input with 'kwargs'")
    try:
        specification.workflow(name)
    except UnknownWorkflowError as error:
        raise DefinitionError(str(error)) from None
    instance = requested_run(specification, name, arguments.get("kwargs", {}))
    folder = checked_outputs(outputs, specification)
    with opened_run(folder, db, slots, durable=durable) as run:
        from workers.activities import start_run

        watch = Watch(run.service, [NOTEBOOK_TYPE])
        if new:
            for info in executions(run.service, DOMAIN, is_open=True, executionFilter={"workflowId": instance.workflow_id}):
                run.service.terminate_workflow_execution(domain=DOMAIN, **info["execution"], reason="started again with --new")
        run_id = start_run(run.service, DOMAIN, specification, instance, str(folder), rerun=True)
        if run_id is None:
            run_id = run.service.open_by_id[instance.workflow_id].run_id
            click.echo(f"simpleflow-nb: going on with {instance.workflow_id} (--new starts it again)", err=True)
        number = run.service.numbers[instance.workflow_id, run_id]

        def is_over() -> bool:
            return number in run.service.closed or run_id in run.parked

        ended = run.wait(is_over, Progress(watch, quiet=quiet, color=color))
        states = [state for state in watch.look() if state.run_id == run_id]
        return summary(run, states, ended=ended, command_again="the same command goes on")


def requested_run(specification: Specification, name: str, values: dict[str, Any]) -> Run:
    """The run of a workflow for ``reference_date`` and its parameters.

    Parameters that are not given come from the first sensor entry of that workflow; so does the date stencil.

    Raises:
        DefinitionError: one sentence.
    """
    from deciders.date_stencil import DateStencilError
    from deciders.due_runs import run_for
    from deciders.specification import ConfiguredWorkflow

    values = dict(values)
    date = values.pop("reference_date", None)
    if isinstance(date, str):
        try:
            date = datetime.date.fromisoformat(date)
        except ValueError:
            raise DefinitionError(f"reference_date is {date!r}; write it as 2013-02-22") from None
    if not isinstance(date, datetime.date):
        raise DefinitionError("give the date of the run: --set reference_date=2013-02-22")
    entries = [entry for entry in specification.sensor.workflows if entry.workflow_name == name]
    base = next((entry for entry in entries if values.items() <= entry.parameters.items()), entries[0] if entries else None)
    parameters = {**(base.parameters if base else {}), **values}
    wanted = set(specification.workflow(name).parameters)
    if missing := sorted(wanted - set(parameters)):
        raise DefinitionError(f"{name} needs the parameter {missing[0]!r}: --set {missing[0]}=...")
    if unknown := sorted(set(parameters) - wanted):
        from deciders.problems import did_you_mean

        raise DefinitionError(f"{name} has no parameter {unknown[0]!r}{did_you_mean(unknown[0], sorted(wanted))}")
    entry = ConfiguredWorkflow(workflow_name=name, parameters=parameters, date_stencil=base.date_stencil if base else None)
    try:
        return run_for(entry, date)
    except DateStencilError as error:
        raise DefinitionError(f"{name} for {date}: {error}") from None


def summary(run: LocalRun, states: list[RunState], *, ended: bool, command_again: str) -> int:
    """Say what has run, where the reports are and what failed; returns the exit code."""
    results = {state.run_id: _result(run, state) for state in states}
    reports: list[str] = []
    orange = 0
    for state in states:
        result = results[state.run_id]
        orange += result.get("light") == "orange"
        reports += [path for name, path in (result.get("artefacts") or {}).items() if name.startswith("report:")]
    done = [state for state in states if state.status == "COMPLETED"]
    failed = [state for state in states if state.status not in (None, "COMPLETED")]
    still_open = [state for state in states if state.status is None]
    seconds = max((s.ended or 0 for s in states), default=0) - min((s.started for s in states), default=0)
    if reports:
        click.echo(f"{len(reports)} report{'s' if len(reports) > 1 else ''}:")
        for path in reports:
            click.echo(f"  {path}")
    counts = f"{len(done)} of {len(states)} run{'s' if len(states) != 1 else ''} succeeded"
    if done:
        counts += f" in {seconds:.0f} s" if not still_open else ""
        counts += f", {orange} with warnings" if orange else ""
    if states:
        click.echo(counts)
    if failed:
        click.echo("failed:", err=True)
        for state in failed:
            word = (state.status or "").lower().replace("_", " ")
            click.echo(f"  {state.title}: {state.reason or word}", err=True)
    for parked in run.parked.values():
        click.echo(f"  {parked.workflow_id} cannot go on: {parked.error}", err=True)
    if still_open and not ended:
        number = len(run.service.open_by_id)
        click.echo(
            f"simpleflow-nb: interrupted with {number} execution{'s' if number > 1 else ''} open; {command_again}", err=True
        )
    return 1 if failed or still_open or run.parked else 0


def _result(run: LocalRun, state: RunState) -> dict[str, Any]:
    value = payload.decode(state.result, run.engine.payloads.load) if state.result else None
    return value if isinstance(value, dict) else {}
