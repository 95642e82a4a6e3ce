"""``scenarios.start``, ``scenarios.show``, ``scenarios.list``: one workflow with many sets of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ...application.asking.scenarios import ScenarioChoice, ScenariosPlan, carry_out, planned_set, set_of_file
from ...application.events import UnderWay
from ...application.looking.scenario_lists import list_scenarios, show_scenarios
from ...application.services import Swf
from ...application.wording.scenarios import (
    list_table,
    note_lines,
    outcome_lines,
    plan_lines,
    plan_table,
    results_lines,
    results_table,
)
from ...exceptions import DefinitionError, ExitCode
from ...inspection.tables import formatted
from ..file_words import file_and_words
from ..options import adopt_option, conditions_of, force_option, notebook_workers_option, outputs_option, quiet_option
from ..printing import json_option, print_document, print_lines, show, wants_table
from ..unused_options import refuse_options
from .run_place import chosen_project, project_options, run_place_options
from .summary import shown_call


@click.command("scenarios.start")
@file_and_words("NAME")
@click.option(
    "--only",
    multiple=True,
    metavar="AXIS=VALUE,..",
    help="Scenarios that have these values alone, as the names of instances have them; further values of an axis follow after "
    "a comma. 'instance' stands for the name itself.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be started, and start nothing.")
@notebook_workers_option
@quiet_option
@outputs_option
@adopt_option
@force_option
@run_place_options
@json_option
@click.pass_context
def scenarios_start(
    ctx: click.Context,
    file: Path | None,
    name: str,
    only: tuple[str, ...],
    force: bool,
    dry_run: bool,
    nb_workers: int | None,
    quiet: bool,
    adopt: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """Run the scenarios of set NAME that are new, changed or failed; with --force all of them.

    Their results are in scenarios/NAME/results.json and results.csv of the outputs folder. On this machine the runs are carried
    out here, or in the process that has the journal, and waited for. With --domain an execution starts them on SWF, and its id
    is printed.
    """
    if not dry_run and ctx.parent is not None:
        refuse_options(ctx.parent, "without --dry-run", ("style", "header"))
    choice = ScenarioChoice(_values_by_axis(only), force)
    specification, folder, service = chosen_project(file, **place)
    wanted = set_of_file(specification, name)
    plan = planned_set(specification, folder, service, wanted, choice, adopt=adopt)
    if dry_run:
        _show_plan(ctx, plan, as_json=as_json)
        ctx.exit(ExitCode.DONE)
    if isinstance(service, Swf):
        refuse_options(ctx, "with --domain", ("nb_workers", "quiet"))
    if not plan.is_needed and not as_json:
        print_lines(plan_lines(plan))
    call = carry_out(specification, folder, service, plan, conditions=conditions_of(nb_workers, adopt=adopt, force=False))
    outcome, code = shown_call(ctx, UnderWay(call), quiet=quiet, as_json=as_json)
    if not as_json:
        print_lines(outcome_lines(outcome))
    ctx.exit(code)


def _values_by_axis(only: Sequence[str]) -> dict[str, list[str]]:
    """Read ``mode=a,b,threshold=30``.

    Raises:
        DefinitionError: a value without an axis.
    """
    found: dict[str, list[str]] = {}
    for text in only:
        axis = None
        for part in text.split(","):
            name, equals, value = part.partition("=")
            if equals:
                axis, part = name.strip(), value
            if not axis:
                raise DefinitionError(f"--only {text}: write AXIS=VALUE")
            found.setdefault(axis, []).append(part.strip())
    return found


def _show_plan(ctx: click.Context, plan: ScenariosPlan, *, as_json: bool) -> None:
    as_table = wants_table(ctx, as_json=as_json)
    if as_json:
        print_document(plan.to_dict())
    elif as_table:
        show(ctx, plan_table(plan))
    else:
        print_lines(plan_lines(plan))


@click.command("scenarios.show")
@file_and_words("NAME")
@json_option
@project_options
@click.pass_context
def scenarios_show(ctx: click.Context, file: Path | None, name: str, as_json: bool, **place: Any) -> None:
    """Show the results of set NAME: the state of each instance, and the chosen scraps."""
    as_table = wants_table(ctx, as_json=as_json)
    specification, folder, service = chosen_project(file, **place)
    found = show_scenarios(specification, folder, service, name)
    if as_json:
        print_document(found.to_dict())
    elif as_table:
        show(ctx, results_table(found.rows))
        for line in note_lines(found.rows):
            click.echo(line, err=True)
    else:
        print_lines(results_lines(found))


@click.command("scenarios.list")
@file_and_words()
@json_option
@project_options
@click.pass_context
def scenarios_list(ctx: click.Context, file: Path | None, as_json: bool, **place: Any) -> None:
    """List the sets of scenarios of FILE.yml, and how far they have got."""
    as_table = wants_table(ctx, as_json=as_json)
    specification, folder, service = chosen_project(file, **place)
    found = list_scenarios(specification, folder, service)
    if as_json:
        print_document(found.to_dict())
    elif as_table:
        show(ctx, list_table(found))
    elif found.sets:
        click.echo(formatted(list_table(found), with_header=True))
    else:
        click.echo(f"{specification.path} has no scenarios", err=True)
