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

from ...application.not_due import not_due_table, stencil_of, telling_stencils
from ...application.owners import check_owner
from ...application.packages import require_application
from ...application.run_rows import counted, has_records, shown_settings
from ...application.services import Place
from ...application.workflow_files import outputs_folder, specification_path
from ...inspection.tables import Table, formatted
from ...masking import keep_secret, known_secrets, secret_in
from ..file_words import file_and_words
from ..options import outputs_option
from ..printing import show, wants_table
from .older_runs import older_files, older_names, older_text, succeeded_early
from .run_place import opened_run_place, run_place_options

if TYPE_CHECKING:
    from deciders.runs.due_runs import DueRuns, NotDue, Run
    from deciders.runs.reruns import LastEnd, NotebookChanges
    from deciders.specification import Specification


def read_specification(file: Path | None) -> Specification:
    """The checked specification; a folder stands for its ``workflows.yml``, nothing for ``AUTOFLOW_INPUTS_DIR``.

    Raises:
        SpecificationError: every problem; the file named as it was given, to be opened from here.
        DefinitionError: something hides our packages.
    """
    return read_with_warnings(file)[0]


def read_with_warnings(file: Path | None) -> tuple[Specification, list[str]]:
    """The same, and what is allowed in the file and yet may not be what was meant, a line each.

    Raises:
        SpecificationError, DefinitionError: as :func:`read_specification` does.
    """
    require_application()
    from deciders.specification import load_with_warnings

    specification, warnings = load_with_warnings(specification_path(file))
    _keep_secrets_out(specification)
    return specification, [warning.located for warning in warnings]


def _keep_secrets_out(specification: Specification) -> None:
    """
    Raises:
        SpecificationError: a secret stands where histories and records would keep it.
    """
    from deciders.problems import Problem, SpecificationError

    source = specification.sensor.source if specification.sensor is not None else None
    if (password := getattr(source, "password", None)) is not None:
        keep_secret(password)
    secrets = known_secrets()
    places: list[tuple[str, Any]] = [
        (f"the parameters of {entry.workflow_name!r}", entry.parameters) for entry in specification.entries
    ]
    places += [
        (f"the environment of {notebook.label!r}", notebook.environment)
        for workflow in specification.workflows
        for notebook in workflow.notebooks
    ]
    places.append(("the options of the source", getattr(source, "options", None)))
    problems = [
        Problem(
            specification.path,
            _line(specification.path, secrets[name]),
            f"the secret {name} stands in {where}, which histories keep; let the notebook read it itself",
        )
        for where, values in places
        if (name := secret_in(values, secrets)) is not None
    ]
    if problems:
        raise SpecificationError(problems)


def _line(file: Path, text: str) -> int:
    """The first line with the text, from 1; 0 when it stands in none as it is."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), 0)


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
    from deciders.problems import SpecificationError
    from workers.notebooks.notebook_checks import notebook_findings, unreadable_notebooks

    try:
        specification, warnings = read_with_warnings(file)
    except SpecificationError as error:
        raise SpecificationError([*error.problems, *unreadable_notebooks(specification_path(file))]) from None
    found = notebook_findings(specification)
    if problems := unreadable_notebooks(specification.path, found):
        raise SpecificationError(problems)
    notebooks = sum(len(workflow.notebooks) for workflow in specification.workflows)
    configured = counted(len(specification.entries), "sensor entry", "sensor entries")
    click.echo(
        f"{specification.path}: good ({counted(len(specification.workflows), 'workflow')}, "
        f"{counted(notebooks, 'notebook')}, {configured if specification.sensor is not None else 'no sensor'})"
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
        SourceError: the available dates cannot be read, or not whether their data have changed.
        DefinitionError: a workflow belongs to another file.
        ServiceError, RecordsError: the journal or the run records cannot be read.
    """
    from deciders.runs.due_runs import due_runs
    from deciders.runs.reruns import lacks_data
    from workers.records.run_records import RunRecords
    from workers.runs.lost_ends import lost_ends
    from workers.runs.notebook_versions import changes_since, with_hashes_of_folders
    from workers.runs.run_starts import open_runs
    from workers.runs.sensor_check import add_lost_ends, present_history
    from workers.sources.available_dates import read_available_dates, undated_files

    available = read_available_dates(specification)
    undated = undated_files(specification, available)
    running = open_runs(place.service, place.domain) if place.service is not None else {}
    if not has_records(outputs):
        planned = due_runs(specification, available, running)
        return CurrentPlan(dataclasses.replace(planned, warnings=(*planned.warnings, *undated)), available)
    names = {workflow.name for workflow in specification.workflows}
    with RunRecords.open(outputs, to_look=True) as records:
        check_owner(specification, records, outputs)
        states, history = records.states(), present_history(specification, records)
        if place.service is not None:
            lost = lost_ends(place.service, place.domain, records, names=names, outputs=str(outputs), payloads=place.payloads)
            add_lost_ends(states, history.ends, lost)
        changes = changes_since(specification, with_hashes_of_folders(specification, outputs, records, history.ends))
    planned = due_runs(specification, available, states | running, history=history)
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
    if specification.sensor is None and not as_table:
        click.echo(nothing_by_itself(specification))
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


def nothing_by_itself(specification: Specification) -> str:
    """What to say of what is due, for a file without a sensor."""
    from deciders.specification import NO_SENSOR

    return f"nothing is due: {NO_SENSOR}; workflow.start {shlex.quote(str(specification.path))}:NAME runs a workflow"


def _plan_table(planned: DueRuns) -> Table:
    """Each date of each entry in a row, for programs."""
    table = Table(["workflow", "date", "parameters", "date_stencil", "state", "why"])
    rows: list[tuple[str, Run | NotDue]] = [("due", run) for run in planned.due]
    for state, one in [*rows, *(("not due", one) for one in planned.not_due)]:
        settings = shown_settings(one.configured_parameters)
        table.rows.append([one.workflow_name, one.day.isoformat(), settings, stencil_of(one), state, one.reason.text])
    return table


def _show_due(planned: DueRuns, specification: Specification, why: bool) -> None:
    stencils = telling_stencils(planned.due)
    head = ["workflow", "date", "parameters", *(["date_stencil"] if stencils else []), "notebooks"]
    table = Table([*head, *(["why"] if why else [])])
    for number, run in enumerate(planned.due):
        labels = " -> ".join(", ".join(stage) for stage in specification.workflow(run.workflow_name).stages())
        row = [run.workflow_name, run.day.isoformat(), shown_settings(run.configured_parameters)]
        table.rows.append([*row, *stencils[number : number + 1], labels, *([run.reason.text] if why else [])])
    click.echo(formatted(table, with_header=True))


def _show_not_due(specification: Specification, current: CurrentPlan, why: bool) -> None:
    from deciders.values.reason import Reason, ReasonGroup, ReasonKind

    planned = current.due_runs
    passed_over: dict[ReasonGroup, list[NotDue]] = defaultdict(list)
    for one in planned.not_due:
        if one.reason.kind in (ReasonKind.ALREADY_SUCCEEDED, ReasonKind.WAITS_FOR_DATA, ReasonKind.WAITS_AFTER_SKIP):
            passed_over[one.reason.group].append(one)
    early = succeeded_early(specification, current)
    if early:
        passed_over.setdefault(Reason.of(ReasonKind.ALREADY_SUCCEEDED).group, [])
    older: dict[ReasonGroup, str] = {}
    for group, ones in passed_over.items():
        reaches_back = early and group.kind == ReasonKind.ALREADY_SUCCEEDED
        runs = [(one.workflow_name, one.identity or "", one.reference_date.isoformat()) for one in ones]
        if text := older_text([*runs, *early] if reaches_back else runs, current, specification.path):
            before = f"{len(early)} before earliest_date" if reaches_back else ""
            also = f", as did {before}" if before else ""
            head = f"{group.counted(len(ones))}{also}" if ones else f"{before} {group.of_several}"
            older[group] = f"{head}, {text}"
    if why:
        remarks = []
        for one in planned.not_due:
            key = (one.workflow_name, one.identity or "")
            remark = ""
            if one.reason.group in passed_over:
                remark += f" {change}" if (change := older_names(current.changes.get(key))) else ""
                remark += ", not known with which data" if key in current.unknown_data else ""
            remarks.append(remark)
        click.echo(formatted(not_due_table(planned.not_due, remarks), with_header=True))
        for line in older.values():
            click.echo(line)
        return
    counts: dict[ReasonGroup, int] = defaultdict(int)
    for one in planned.not_due:
        counts[one.reason.group] += 1
    for group, count in sorted(counts.items(), key=lambda item: -item[1]):
        click.echo(f"  {older.pop(group, None) or group.counted(count)}")
    for line in older.values():
        click.echo(f"  {line}")
    click.echo("  (--why lists each)")


def _plan_json(current: CurrentPlan) -> dict[str, Any]:
    planned = current.due_runs
    return {
        "due": [
            {
                "workflow": run.workflow_name,
                "reference_date": run.iso_date,
                "instance": run.instance,
                "identity": run.identity,
                "workflow_id": run.workflow_id,
                "parameters": run.parameters,
                "reason": run.reason.text,
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
                "reason": one.reason.text,
                "older_notebooks": older_files(current.changes.get((one.workflow_name, one.identity or ""))),
                "unknown_data": (one.workflow_name, one.identity) in current.unknown_data,
            }
            for one in planned.not_due
        ],
        "warnings": list(planned.warnings),
    }
