"""``validate``, ``plan``, ``status``: what a specification says, what it would do now, and what came of it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..exceptions import DefinitionError, ServiceError
from ..inspection.tables import Table, formatted
from ..local.reader import JournalReader
from ..local.service import DOMAIN
from .main import DONE, SpecificationProblems
from .options import db_option, journal_path, outputs_folder, outputs_option
from .packages import require_application

if TYPE_CHECKING:
    from deciders.due_runs import DueRuns
    from deciders.specification import Specification

_LONGEST_ERROR = 72  #: characters of it in the table of runs; --json has it whole

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=True))


def read_specification(file: Path) -> Specification:
    """The checked specification; a folder stands for its ``workflows.yml``.

    Raises:
        SpecificationProblems: every problem, a line each; the file named as it was given, to be opened from here.
        DefinitionError: something hides our packages.
    """
    require_application()
    from deciders.specification import SpecificationError, load_specification

    try:
        return load_specification(file / "workflows.yml" if file.is_dir() else file)
    except SpecificationError as error:
        places = [f"{problem.path}:{problem.line}" if problem.line else problem.path for problem in error.problems]
        lines = [f"{place}: {problem.message}" for place, problem in zip(places, error.problems, strict=True)]
        raise SpecificationProblems("\n".join(lines)) from None


@click.command("validate")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of workflow files, for editors.")
def validate(file: Path | None, schema: bool) -> None:
    """Check FILE.yml and the notebooks it names: every problem in one go, each with its line."""
    if schema:
        require_application()
        from deciders.specification import specification_schema

        click.echo(json.dumps(specification_schema(), indent=2, ensure_ascii=False))
        return
    if file is None:
        raise click.UsageError("give a workflow file, or --schema")
    specification = read_specification(file)
    notebooks = sum(len(workflow.notebooks) for workflow in specification.workflows)
    configured = len(specification.sensor.workflows)
    click.echo(
        f"{specification.path}: good ({_count(len(specification.workflows), 'workflow')}, "
        f"{_count(notebooks, 'notebook')}, {_count(configured, 'sensor entry', 'sensor entries')})"
    )
    for sentence in _missing_for_templates(specification):
        click.echo(f"warning: {sentence}", err=True)


def _missing_for_templates(specification: Specification) -> list[str]:
    """What the reports of asciidoc templates need and this machine lacks; the workers may be on another one."""
    from deciders.output_rules import is_asciidoc_template
    from workers.reports.asciidoc import missing_programs

    outputs = [output for workflow in specification.workflows for notebook in workflow.notebooks for output in notebook.output]
    templates = sorted({output.template for output in outputs if output.template and is_asciidoc_template(output.template)})
    return [f"template {template} needs {missing}" for template in templates for missing in missing_programs()]


def current_plan(specification: Specification, outputs: Path, db: Path | None) -> DueRuns:
    """What is due now, by the same rules and the same sources as the sensor's; changes nothing.

    Raises:
        DefinitionError: the available dates cannot be read.
        ServiceError: the journal or the run records cannot be read.
    """
    from deciders.due_runs import due_runs
    from workers.available_dates import SourceError, read_available_dates
    from workers.run_records import RecordsError, RunRecords
    from workers.run_starts import open_runs
    from workers.sensor_check import present_history

    try:
        available = read_available_dates(specification)
    except SourceError as error:
        raise DefinitionError(str(error)) from None
    states: dict[tuple[str, str], str] = {}
    journal = journal_path(db, outputs)
    if journal.exists():
        reader = JournalReader(journal)
        try:
            states = open_runs(reader, DOMAIN)
        finally:
            reader.close()
    history = None
    if _has_records(outputs):
        try:
            with RunRecords.open(outputs) as records:
                states = records.states() | states
                history = present_history(specification, records)
        except RecordsError as error:
            raise ServiceError(str(error)) from None
    return due_runs(specification, available, states, history=history)


def _has_records(outputs: Path) -> bool:
    """Whether there may be records: opening the default database would make it, and looking must not."""
    import os

    return bool(os.environ.get("AUTOFLOW_DB_URI")) or (outputs / ".simpleflow-nb" / "runs.sqlite3").exists()


@click.command("plan")
@_FILE
@click.option("--why", is_flag=True, help="Also say why each run is due, and list every date that is not, with the reason.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@outputs_option
@db_option
def plan(file: Path, why: bool, as_json: bool, outputs: Path | None, db: Path | None) -> None:
    """Show which runs are due and which are not; changes nothing."""
    specification = read_specification(file)
    planned = current_plan(specification, outputs_folder(outputs, specification.path), db)
    if as_json:
        click.echo(json.dumps(_plan_json(planned), indent=2, ensure_ascii=False, default=str))
        return
    for warning in planned.warnings:
        click.echo(f"warning: {warning}", err=True)
    if planned.due:
        table = Table(["workflow", "date", "parameters", "notebooks", *(["why"] if why else [])])
        for run in planned.due:
            labels = " -> ".join(notebook.label for notebook in specification.workflow(run.workflow_name).notebooks)
            day, settings = run.reference_date.isoformat(), _settings(run.configured_parameters)
            table.rows.append([run.workflow_name, day, settings, labels, *([run.reason] if why else [])])
        click.echo(formatted(table, with_header=True))
    click.echo(f"{_count(len(planned.due), 'run')} due, {len(planned.not_due)} not due")
    if planned.not_due:
        _show_not_due(planned, why)


def _show_not_due(planned: DueRuns, why: bool) -> None:
    if why:
        table = Table(["workflow", "date", "why not"])
        for one in planned.not_due:
            table.rows.append([one.workflow_name, one.reference_date.isoformat(), one.reason])
        click.echo(formatted(table, with_header=True))
        return
    counts: dict[str, int] = defaultdict(int)
    for one in planned.not_due:
        counts[_kind_of(one.reason)] += 1
    for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
        click.echo(f"  {count} {reason}")
    click.echo("  (--why lists each)")


def _kind_of(reason: str) -> str:
    """A reason without what differs from date to date."""
    if reason.startswith("needs "):
        return "needs dates that are not available"
    return "failed; retry_wait is not over" if reason.startswith("failed; retry_wait") else reason


def _plan_json(planned: DueRuns) -> dict[str, Any]:
    return {
        "due": [
            {
                "workflow": run.workflow_name,
                "reference_date": run.reference_date.isoformat(),
                "instance": run.instance,
                "identity": run.identity,
                "workflow_id": run.workflow_id,
                "parameters": run.parameters,
                "reason": run.reason,
            }
            for run in planned.due
        ],
        "not_due": [
            {
                "workflow": one.workflow_name,
                "reference_date": one.reference_date.isoformat(),
                "identity": one.identity,
                "reason": one.reason,
            }
            for one in planned.not_due
        ],
        "warnings": list(planned.warnings),
    }


@click.command("status")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="One object for each run.")
@outputs_option
@db_option
@click.pass_context
def status(ctx: click.Context, file: Path, as_json: bool, outputs: Path | None, db: Path | None) -> None:
    """Show the last state of every run: dates by workflow and parameters, with their lights."""
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    rows = _state_rows(specification, folder, db)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
        return
    if not rows:
        click.echo(f"nothing has run yet with outputs in {folder}")
        ctx.exit(DONE)
    columns = list(dict.fromkeys((row["workflow"], row["set"]) for row in rows))
    dates = sorted({row["reference_date"] or "" for row in rows})
    cells = {(row["reference_date"] or "", row["workflow"], row["set"]): _cell(row) for row in rows}
    table = Table(["date", *(f"{name} [{settings}]" if settings else name for name, settings in columns)])
    for date in dates:
        table.rows.append([date, *(cells.get((date, *column), "") for column in columns)])
    click.echo(formatted(table, with_header=True))
    succeeded = sum(row["state"] == "succeeded" for row in rows)
    click.echo(f"{succeeded} of {_count(len(rows), 'run')} succeeded")


def _state_rows(specification: Specification, outputs: Path, db: Path | None) -> list[dict[str, Any]]:
    from workers.run_records import RecordsError, RunRecords
    from workers.run_starts import open_runs

    names = {workflow.name for workflow in specification.workflows}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    if _has_records(outputs):
        try:
            with RunRecords.open(outputs) as records:
                latest = records.latest()
        except RecordsError as error:
            raise ServiceError(str(error)) from None
        for record in latest:
            if record.workflow_name not in names:
                continue
            rows[record.workflow_name, record.identity] = {
                "workflow": record.workflow_name,
                "reference_date": record.reference_date,
                "set": _settings(record.parameters),
                "instance": record.instance,
                "state": record.state,
                "light": record.light,
                "started": record.started,
                "ended": record.ended,
                "attempt": record.attempt,
                "error": record.error,
                "artefacts": record.artefacts,
            }
    journal = journal_path(db, outputs)
    if journal.exists():
        reader = JournalReader(journal)
        try:
            for (name, identity), state in open_runs(reader, DOMAIN).items():
                if name in names:
                    known = rows.get((name, identity)) or _unrecorded(specification, reader, name, identity)
                    rows[name, identity] = {**known, "state": state, "light": "", "error": None}
        finally:
            reader.close()
    return sorted(rows.values(), key=lambda row: (row["workflow"], row["reference_date"] or "", row["set"]))


def _unrecorded(specification: Specification, reader: JournalReader, name: str, identity: str) -> dict[str, Any]:
    """A run that is under way for the first time: its parameters stand in its history."""
    from .. import payload
    from ..inspection.executions import executions, history

    for info in executions(reader, DOMAIN, is_open=True, tagFilter={"tag": name}):
        if info["execution"]["workflowId"].endswith(identity):
            started = history(reader, DOMAIN, info["execution"])[0]["workflowExecutionStartedEventAttributes"]
            body = payload.decode(started.get("input"), lambda digest: "{}") or {}
            arguments = body.get("kwargs", {})
            parameters = arguments.get("parameters", {})
            date = parameters.get("reference_date")
            return {
                "workflow": name,
                "reference_date": date,
                "set": _settings(parameters),
                "instance": arguments.get("instance"),
            }
    return {"workflow": name, "reference_date": None, "set": "", "instance": None}


def _cell(row: dict[str, Any]) -> str:
    if row["state"] == "succeeded":
        return str(row["light"])
    if row["state"] == "failed":
        line = (row["error"] or "failed").splitlines()[0]
        return f"red: {line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 3] + '...'}"
    return str(row["state"])


def _settings(parameters: dict[str, Any]) -> str:
    """A set of parameters in a few characters; those that every run has are left out."""
    own = {key: value for key, value in parameters.items() if key not in ("reference_date", "date_ranges")}
    return ", ".join(f"{key}={value}" for key, value in own.items())


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
