"""``validate``, ``plan``: what a specification says, and what it would do now."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.not_due import counted_reason, kind_of_reason, not_due_table, stencil_of, telling_stencils
from ...application.owners import check_owner
from ...application.packages import require_application
from ...application.run_rows import counted, has_records, shown_settings
from ...application.services import Place
from ...application.workflow_files import outputs_folder, specification_path
from ...exceptions import DefinitionError, ServiceError, SimpleflowError
from ...inspection.tables import Table, formatted
from ...masking import keep_secret, known_secrets, secret_in
from ..file_words import file_and_words
from ..main import SpecificationProblems
from ..options import outputs_option
from ..printing import show, wants_table
from .older_runs import older_files, older_names, older_text, succeeded_early
from .run_place import opened_run_place, run_place_options

if TYPE_CHECKING:
    from deciders.problems import Problem
    from deciders.runs.due_runs import DueRuns, NotDue, Run
    from deciders.runs.reruns import LastEnd, NotebookChanges
    from deciders.specification import Specification
    from workers.sources.source_errors import SourceError


def read_specification(file: Path | None) -> Specification:
    """The checked specification; a folder stands for its ``workflows.yml``, nothing for ``AUTOFLOW_INPUTS_DIR``.

    Raises:
        SpecificationProblems: every problem, a line each; the file named as it was given, to be opened from here.
        DefinitionError: something hides our packages.
    """
    return read_with_warnings(file)[0]


def read_with_warnings(file: Path | None) -> tuple[Specification, list[str]]:
    """The same, and what is allowed in the file and yet may not be what was meant, a line each.

    Raises:
        SpecificationProblems, DefinitionError: as :func:`read_specification` does.
    """
    require_application()
    from deciders.specification import SpecificationError, load_with_warnings

    try:
        specification, warnings = load_with_warnings(specification_path(file))
    except SpecificationError as error:
        raise SpecificationProblems("\n".join(map(_placed, error.problems))) from None
    _keep_secrets_out(specification)
    return specification, [_placed(warning) for warning in warnings]


def _placed(problem: Problem) -> str:
    return f"{problem.path}:{problem.line}: {problem.message}" if problem.line else f"{problem.path}: {problem.message}"


def _keep_secrets_out(specification: Specification) -> None:
    """
    Raises:
        SpecificationProblems: a secret stands where histories and records would keep it.
    """
    source = specification.sensor.source
    if (password := getattr(source, "password", None)) is not None:
        keep_secret(password)
    secrets = known_secrets()
    places: list[tuple[str, Any]] = [
        (f"the parameters of {entry.workflow_name!r}", entry.parameters) for entry in specification.sensor.workflows
    ]
    places += [
        (f"the environment of {notebook.label!r}", notebook.environment)
        for workflow in specification.workflows
        for notebook in workflow.notebooks
    ]
    places.append(("the options of the source", getattr(source, "options", None)))
    lines = [
        f"{_place(specification.path, secrets[name])}: the secret {name} stands in {where}, which histories keep; "
        "let the notebook read it itself"
        for where, values in places
        if (name := secret_in(values, secrets)) is not None
    ]
    if lines:
        raise SpecificationProblems("\n".join(lines))


def _place(file: Path, text: str) -> str:
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    number = next((number for number, line in enumerate(lines, 1) if text in line), None)
    return f"{file}:{number}" if number is not None else str(file)


def counted_warnings(specification: Specification, warnings: list[str]) -> None:
    """Say that ``validate`` has something to say, for commands that go on all the same."""
    if warnings:
        tells = f"simpleflow-nb validate {shlex.quote(str(specification.path))} tells"
        click.echo(f"warning: {specification.path} has {counted(len(warnings), 'warning')}; {tells}", err=True)


@click.command("validate")
@file_and_words()
@click.option("--schema", is_flag=True, help="Print the JSON Schema of workflow files, for editors.")
def validate(file: Path | None, schema: bool) -> None:
    """Check FILE.yml and the notebooks it names: every problem in one go, each with its line."""
    require_application()
    if schema:
        from deciders.specification import specification_schema

        click.echo(json.dumps(specification_schema(), indent=2, ensure_ascii=False))
        return
    from workers.notebooks.notebook_checks import notebook_findings, unreadable_notebooks

    try:
        specification, warnings = read_with_warnings(file)
    except SpecificationProblems as error:
        more = unreadable_notebooks(specification_path(file))
        raise SpecificationProblems("\n".join([str(error), *map(_placed, more)])) from None
    found = notebook_findings(specification)
    if problems := unreadable_notebooks(specification.path, found):
        raise SpecificationProblems("\n".join(map(_placed, problems)))
    notebooks = sum(len(workflow.notebooks) for workflow in specification.workflows)
    configured = len(specification.sensor.workflows)
    click.echo(
        f"{specification.path}: good ({counted(len(specification.workflows), 'workflow')}, "
        f"{counted(notebooks, 'notebook')}, {counted(configured, 'sensor entry', 'sensor entries')})"
    )
    for sentence in (
        *warnings,
        *found.outdated,
        *_missing_for_templates(specification),
        *found.missing_kernels,
        *found.substituted_kernels,
    ):
        click.echo(f"warning: {sentence}", err=True)


def _missing_for_templates(specification: Specification) -> list[str]:
    notebooks = [notebook for workflow in specification.workflows for notebook in workflow.notebooks]
    if not any(output.template for notebook in notebooks for output in notebook.output):
        return []  # and all that makes reports is not imported
    from workers.reports.asciidoc import missing_for_templates

    return missing_for_templates(specification)


def source_problem(error: SourceError) -> SimpleflowError:
    """What the command line says of a source: whether it is out of reach or wrong makes the exit code."""
    from workers.sources.source_errors import SourceUnreachable

    return ServiceError(str(error)) if isinstance(error, SourceUnreachable) else DefinitionError(str(error))


@dataclass(frozen=True)
class CurrentPlan:
    """What is due now, and what else is known of the runs that have ended."""

    due_runs: DueRuns
    available: Mapping[str, Collection[date]]  #: dates by type of data
    #: how the notebooks of instances that have ended differ from those that they were made with, by workflow name and
    #: identity; None where it is not known
    changes: dict[tuple[str, str], NotebookChanges | None] = field(default_factory=dict)
    #: instances of workflows that changed data count for, and of which it is not known with which data they were made
    unknown_data: Collection[tuple[str, str]] = ()
    ends: Mapping[tuple[str, str], LastEnd] = field(default_factory=dict)  #: by workflow name and identity


def current_plan(specification: Specification, outputs: Path, place: Place) -> CurrentPlan:
    """What is due now, by the same rules and the same sources as the sensor's; changes nothing.

    Raises:
        DefinitionError: the available dates cannot be read, or not whether their data have changed; or a workflow belongs to
            another file.
        ServiceError: the journal or the run records cannot be read, or the source is out of reach.
    """
    from deciders.runs.due_runs import due_runs
    from deciders.runs.reruns import lacks_data
    from workers.records.run_records import RecordsError, RunRecords
    from workers.runs.lost_ends import lost_ends
    from workers.runs.notebook_versions import changes_since, with_hashes_of_folders
    from workers.runs.run_starts import open_runs
    from workers.runs.sensor_check import add_lost_ends, present_history
    from workers.sources.available_dates import SourceError, read_available_dates, undated_files

    try:
        available = read_available_dates(specification)
        undated = undated_files(specification, available)
    except SourceError as error:
        raise source_problem(error) from None
    running = open_runs(place.service, place.domain) if place.service is not None else {}
    if not has_records(outputs):
        planned = due_runs(specification, available, running)
        return CurrentPlan(dataclasses.replace(planned, warnings=(*planned.warnings, *undated)), available)
    names = {workflow.name for workflow in specification.workflows}
    try:
        with RunRecords.open(outputs, to_look=True) as records:
            check_owner(specification, records, outputs)
            states, history = records.states(), present_history(specification, records)
            if place.service is not None:
                lost = lost_ends(
                    place.service, place.domain, records, names=names, outputs=str(outputs), payloads=place.payloads
                )
                add_lost_ends(states, history.ends, lost)
            changes = changes_since(specification, with_hashes_of_folders(specification, outputs, records, history.ends))
    except RecordsError as error:
        raise ServiceError(str(error)) from None
    try:
        planned = due_runs(specification, available, states | running, history=history)
    except SourceError as error:  # it is looked into once more where changed data count
        raise source_problem(error) from None
    flows = {workflow.name: workflow for workflow in specification.workflows}
    unknown = {key for key, end in history.ends.items() if key[0] in flows and lacks_data(flows[key[0]], end)}
    planned = dataclasses.replace(planned, warnings=(*planned.warnings, *undated))
    return CurrentPlan(planned, available, changes, unknown, history.ends)


@click.command("plan")
@file_and_words()
@click.option("--why", is_flag=True, help="Also say why each run is due, and list every date that is not, with the reason.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@outputs_option
@run_place_options
@click.pass_context
def plan(ctx: click.Context, file: Path | None, why: bool, as_json: bool, outputs: Path | None, **place: Any) -> None:
    """Show which runs are due and which are not; changes nothing."""
    as_table = wants_table(ctx, as_json=as_json)
    specification, warnings = read_with_warnings(file)
    counted_warnings(specification, warnings)
    folder = outputs_folder(outputs, specification.path)
    with opened_run_place(folder, **place) as there:
        current = current_plan(specification, folder, there)
    planned = current.due_runs
    if as_json:
        click.echo(json.dumps(_plan_json(current), indent=2, ensure_ascii=False, default=str))
        return
    for warning in planned.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_table:
        show(ctx, _plan_table(planned))
        return
    if planned.due:
        _show_due(planned, specification, why)
    click.echo(f"{counted(len(planned.due), 'run')} due, {len(planned.not_due)} not due")
    if planned.not_due:
        _show_not_due(specification, current, why)


def _plan_table(planned: DueRuns) -> Table:
    """Each date of each entry in a row, for programs."""
    table = Table(["workflow", "date", "parameters", "date_stencil", "state", "why"])
    rows: list[tuple[str, Run | NotDue]] = [("due", run) for run in planned.due]
    for state, one in [*rows, *(("not due", one) for one in planned.not_due)]:
        settings = shown_settings(one.configured_parameters)
        table.rows.append([one.workflow_name, one.reference_date.isoformat(), settings, stencil_of(one), state, one.reason])
    return table


def _show_due(planned: DueRuns, specification: Specification, why: bool) -> None:
    stencils = telling_stencils(planned.due)
    head = ["workflow", "date", "parameters", *(["date_stencil"] if stencils else []), "notebooks"]
    table = Table([*head, *(["why"] if why else [])])
    for number, run in enumerate(planned.due):
        labels = " -> ".join(", ".join(stage) for stage in specification.workflow(run.workflow_name).stages())
        row = [run.workflow_name, run.reference_date.isoformat(), shown_settings(run.configured_parameters)]
        table.rows.append([*row, *stencils[number : number + 1], labels, *([run.reason] if why else [])])
    click.echo(formatted(table, with_header=True))


def _show_not_due(specification: Specification, current: CurrentPlan, why: bool) -> None:
    from deciders.runs.reruns import ALREADY_SUCCEEDED, WAITS_AFTER_SKIP, WAITS_FOR_DATA

    planned = current.due_runs
    passed_over: dict[str, list[NotDue]] = defaultdict(list)
    for one in planned.not_due:
        if one.reason in (ALREADY_SUCCEEDED, WAITS_FOR_DATA) or one.reason.startswith(WAITS_AFTER_SKIP):
            passed_over[kind_of_reason(one.reason)].append(one)
    early = succeeded_early(specification, current)
    if early:
        passed_over.setdefault(ALREADY_SUCCEEDED, [])
    older: dict[str, str] = {}
    for kind, ones in passed_over.items():
        runs = [(one.workflow_name, one.identity or "", one.reference_date.isoformat()) for one in ones]
        if text := older_text([*runs, *early] if kind == ALREADY_SUCCEEDED else runs, current, specification.path):
            before = f"{len(early)} before earliest_date" if early and kind == ALREADY_SUCCEEDED else ""
            head = f"{len(ones)} {kind}" + (f", as did {before}" if before else "") if ones else f"{before} {kind}"
            older[kind] = f"{head}, {text}"
    if why:
        reasons = []
        for one in planned.not_due:
            key = (one.workflow_name, one.identity or "")
            reason = one.reason
            if kind_of_reason(reason) in passed_over:
                reason += f" {change}" if (change := older_names(current.changes.get(key))) else ""
                reason += ", not known with which data" if key in current.unknown_data else ""
            reasons.append(reason)
        click.echo(formatted(not_due_table(planned.not_due, reasons), with_header=True))
        for line in older.values():
            click.echo(line)
        return
    counts: dict[str, int] = defaultdict(int)
    for one in planned.not_due:
        counts[kind_of_reason(one.reason)] += 1
    for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
        click.echo(f"  {older.pop(reason, None) or counted_reason(count, reason)}")
    for line in older.values():
        click.echo(f"  {line}")
    click.echo("  (--why lists each)")


def _plan_json(current: CurrentPlan) -> dict[str, Any]:
    planned = current.due_runs
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
                "parameters": one.configured_parameters,
                "date_stencil": one.date_stencil,
                "reason": one.reason,
                "older_notebooks": older_files(current.changes.get((one.workflow_name, one.identity or ""))),
                "unknown_data": (one.workflow_name, one.identity) in current.unknown_data,
            }
            for one in planned.not_due
        ],
        "warnings": list(planned.warnings),
    }
