"""``validate``, ``plan``: what a specification says, and what it would do now."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.files import validation
from ...application.files.packages import require_application
from ...application.files.specifications import read_with_warnings
from ...application.files.workflow_files import outputs_folder
from ...application.looking.plans import plan_runs
from ...application.wording.plans import nothing_by_itself, plan_lines, plan_table
from ...inspection.tables import counted
from ..file_words import file_and_words
from ..options import outputs_option
from ..printing import json_option, print_document, print_lines, show, wants_table
from ..unused_options import refuse_options
from .run_place import chosen_service, run_place_options, typed_place

if TYPE_CHECKING:
    from deciders.specification import Specification


def tell_of_warnings(specification: Specification, warnings: Sized) -> None:
    """Say that ``validate`` has something to say, for commands that go on all the same."""
    if warnings:
        tells = f"simpleflow-nb validate {shlex.quote(str(specification.path))} tells"
        click.echo(f"warning: {specification.path} has {counted(len(warnings), 'warning')}; {tells}", err=True)


@click.command("validate")
@file_and_words()
@click.option("--schema", is_flag=True, help="Print the JSON Schema of workflow files, for editors.")
@json_option
@click.pass_context
def validate(ctx: click.Context, file: Path | None, schema: bool, as_json: bool) -> None:
    """Check FILE.yml and the notebooks it names: every problem in one go, each with its line."""
    if schema:
        refuse_options(ctx, "with --schema", {"as_json": "the schema is JSON"})
        require_application()
        from deciders.specification import specification_schema

        click.echo(json.dumps(specification_schema(), indent=2, ensure_ascii=False))
        return
    found = validation.validate(file)
    if as_json:
        print_document(found.to_dict())
    specification = found.check()
    if not as_json:
        notebooks = sum(len(workflow.notebooks) for workflow in specification.workflows)
        has_sensor = specification.sensor is not None
        entries = counted(len(specification.entries), "sensor entry", "sensor entries") if has_sensor else "no sensor"
        known = f"{counted(len(specification.workflows), 'workflow')}, {counted(notebooks, 'notebook')}, {entries}"
        click.echo(f"{specification.path}: good ({known})")
        for sentence in found.warnings:
            click.echo(f"warning: {sentence}", err=True)


@click.command("plan")
@file_and_words()
@click.option("--why", is_flag=True, help="Also why each run is due, and what it would keep; and every date that is not due.")
@json_option
@outputs_option
@run_place_options
@click.pass_context
def plan(ctx: click.Context, file: Path | None, why: bool, as_json: bool, outputs: Path | None, **place: Any) -> None:
    """Show which runs are due and which are not; changes nothing."""
    as_table = wants_table(ctx, as_json=as_json)
    specification, warnings = read_with_warnings(file)
    tell_of_warnings(specification, warnings)
    folder = outputs_folder(outputs, specification.path)
    found = plan_runs(specification, folder, chosen_service(folder, **place), forecasts=why)
    if as_json:
        print_document(found.to_dict())
        return
    if specification.sensor is None and not as_table:
        click.echo(nothing_by_itself(specification))
        return
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    if as_table:
        show(ctx, plan_table(found))
    else:
        print_lines(plan_lines(specification, found, typed_place(), has_reasons=why))
