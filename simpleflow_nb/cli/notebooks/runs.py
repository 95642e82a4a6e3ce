"""The commands ``runs.*`` that look: at lists of runs, at one of them, at two, and at what they have left."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ...application.looking.run_details import run_details
from ...application.looking.run_differences import run_differences
from ...application.looking.run_lists import RunChoice, list_runs
from ...application.looking.run_logs import run_log
from ...application.project import Project
from ...application.wording.differences import differences_table
from ...application.wording.runs import details_lines, list_table
from ...inspection.tables import formatted
from ..file_words import file_and_words
from ..options import Day, quiet_option
from ..printing import json_option, print_document, print_lines, refuse_formats, show, wants_table
from ..unused_options import refuse_options
from .run_place import chosen_project, project_options
from .summary import show_call


class _States(click.Choice[str]):
    """The states of runs; our application's, so that they are looked up when they are asked for."""

    def __init__(self) -> None:
        super().__init__(())

    @property
    def choices(self) -> tuple[str, ...]:
        from deciders.values.run_state import RunState

        return tuple(str(state) for state in RunState)

    @choices.setter
    def choices(self, _: object) -> None:
        pass


@click.command("runs.list")
@file_and_words("[NAME]")
@click.option("--state", type=_States(), help="Only those.")
@click.option("--from", "first", type=Day(), metavar="DATE", help="The first reference date.")
@click.option("--to", "last", type=Day(), metavar="DATE", help="The last reference date.")
@click.option("--all", "every_run", is_flag=True, help="Every run, not the latest of each date alone.")
@json_option
@project_options
@click.pass_context
def runs_list(
    ctx: click.Context,
    file: Path | None,
    name: str | None,
    state: str | None,
    first: datetime | None,
    last: datetime | None,
    every_run: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """List the runs of FILE.yml, of all workflows or of NAME: state, attempt, times, why they ran, and notes."""
    as_table = wants_table(ctx, as_json=as_json)
    specification, folder, service = chosen_project(file, **place)
    choice = RunChoice(name, state, first.date() if first else None, last.date() if last else None, every_run)
    found = list_runs(specification, folder, service, choice)
    if as_json:
        print_document(found.to_dict())
        return
    if not found.runs:
        click.echo("no such runs", err=True)
    if as_table:
        show(ctx, list_table(found.runs, is_for_programs=True))
    elif found.runs:
        click.echo(formatted(list_table(found.runs, is_for_programs=False), with_header=True))
    if found.interrupted:
        click.echo(f"simpleflow-nb: {found.interrupted}", err=True)


@click.command("runs.show")
@file_and_words("RUN")
@json_option
@project_options
@click.pass_context
def runs_show(ctx: click.Context, file: Path | None, run: str, as_json: bool, **place: Any) -> None:
    """Show one run (NAME/DATE or a workflow id): its parameters, its labels, what they left, and its earlier attempts."""
    if as_json:
        refuse_formats(ctx)
    elif ctx.parent is not None:
        everything = dict.fromkeys(("style", "header"), "--json has everything")
        refuse_options(ctx.parent, "for runs.show, which prints several tables", everything)
    specification, folder, service = chosen_project(file, **place)
    found = run_details(specification, folder, service, run)
    if found.trouble:
        click.echo(f"simpleflow-nb: what its notebooks do is not to be seen here: {found.trouble}", err=True)
    if as_json:
        print_document(found.to_dict())
        return
    print_lines(details_lines(found))
    if found.interrupted:
        click.echo(f"simpleflow-nb: {found.interrupted}", err=True)


@click.command("runs.watch")
@file_and_words("RUN")
@quiet_option
@json_option
@project_options
@click.pass_context
def runs_watch(ctx: click.Context, file: Path | None, run: str, quiet: bool, as_json: bool, **place: Any) -> None:
    """Show what RUN does until it has ended, and what came of it; exit 1 if it failed. Of one that has ended, say that alone.

    It is carried out elsewhere: Ctrl-C ends the watching, and nothing else.
    """
    project = Project(*chosen_project(file, **place))
    ctx.exit(show_call(ctx, project.wait(run), quiet=quiet, as_json=as_json))


@click.command("runs.diff")
@file_and_words("RUN", "OTHER")
@json_option
@project_options
@click.pass_context
def runs_diff(ctx: click.Context, file: Path | None, run: str, other: str, as_json: bool, **place: Any) -> None:
    """Show what RUN and OTHER differ in: parameters, states and durations of labels, scraps, notebooks, data. Attempts at one
    instance are told apart by their run ids, which runs.show has.
    """
    as_table = wants_table(ctx, as_json=as_json)
    found = run_differences(*chosen_project(file, **place), run, other)
    if as_json:
        print_document(found.to_dict())
        return
    if as_table:
        show(ctx, differences_table(found, is_for_programs=True))
    elif found.differences:
        click.echo(formatted(differences_table(found, is_for_programs=False), with_header=True))
    else:
        click.echo(f"{found.first.title} and {found.second.title} differ in nothing")
    for note in found.notes:
        click.echo(f"simpleflow-nb: {note}", err=True)


@click.command("runs.logs")
@file_and_words("RUN", "[LABEL[:INDEX]]")
@click.option("--grep", "pattern", help="Only lines that this regular expression matches somewhere.")
@click.option("--attempt", type=click.IntRange(min=1), help="Of an earlier attempt at the label. [default: the latest]")
@json_option
@project_options
def runs_logs(
    file: Path | None,
    run: str,
    label: str | None,
    pattern: str | None,
    attempt: int | None,
    as_json: bool,
    **place: Any,
) -> None:
    """Print what the notebooks of RUN printed, or that of LABEL, or of one of its items such as day:3.

    With several notebooks, each line follows the name of its label or item.
    """
    specification, folder, service = chosen_project(file, **place)
    found = run_log(specification, folder, service, run, label, attempt=attempt, pattern=pattern)
    if as_json:
        print_document(found.to_dict())
        return
    has_lines, is_named = False, label is None or any(source.name != label for source in found.sources)
    for line in found:
        has_lines = True
        click.echo(f"{line.name}: {line.text}" if is_named else line.text)
    if not has_lines and found.is_empty:
        of_label = f" {label}" if label else ""
        click.echo(f"{found.run.title}{of_label} has printed nothing (or its files were cleaned away)", err=True)
