"""``workflow.list``, ``info``, ``tasks``, ``profile``, ``history``: looking at executions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ...application.run_states import NOTEBOOK_TYPE
from ...inspection import executions as inspection
from ...inspection.tables import Table
from ..notebooks.notebook_executions import notebook_run
from ..options import DAYS, show
from .place import Place, opened_place, place_options

MakeTable = Callable[[Any, str, dict[str, str]], Table]


def run_arguments(command: Any) -> Any:
    """RUN and RUN_ID, after the domain when no option says it."""
    return click.argument("run", nargs=-1, required=True, metavar="[DOMAIN] RUN [RUN_ID]")(place_options(command))


@click.command("workflow.list")
@click.argument("words", nargs=-1, metavar="[DOMAIN]")
@place_options
@click.option("--status", "-s", type=click.Choice(["open", "closed"]), default="open", show_default=True, help="Which runs.")
@click.option("--started-since", "-d", "days", type=DAYS, default=30, show_default=True, help="Started in the last N days.")
@click.pass_context
def workflow_list(ctx: click.Context, words: tuple[str, ...], status: str, days: int, **place: Any) -> None:
    """List executions, newest first: id, type, status."""
    with opened_place(words, needs=0, **place) as there:
        table = inspection.list_table(there.service, there.domain, status=status, started_since_days=days)
    if not table.rows:
        other = "--status closed lists those that have ended" if status == "open" else "--started-since looks further back"
        click.echo(f"no {status} executions; {other}", err=True)
    show(ctx, table)


def _about(run: tuple[str, ...], place: dict[str, Any], make: MakeTable) -> Table:
    with opened_place(run, **place) as there:
        return make(there.service, there.domain, run_of(there))


def run_of(place: Place) -> dict[str, str]:
    """The execution that the words of a command line name.

    Raises:
        DefinitionError: there is none, or several fit.
    """
    run, run_id = place.words[0], place.words[1] if len(place.words) > 1 else None
    found = notebook_run(place, run) if run_id is None else None
    return found or inspection.found_execution(place.service, place.domain, run, run_id)


@click.command("workflow.info")
@run_arguments
@click.pass_context
def workflow_info(ctx: click.Context, run: tuple[str, ...], **place: Any) -> None:
    """Show one execution: what it is, how long it took, how it ended, what it logged."""
    table = _about(run, place, _info_with_progress)
    if ctx.obj["style"] == "human":  # a line for each column: what there is nothing to say about needs none
        kept = [i for i, value in enumerate(table.rows[0]) if value not in (None, "")]
        table = Table([table.header[i] for i in kept], [[table.rows[0][i] for i in kept]])
    show(ctx, table)


def _info_with_progress(service: Any, domain: str, execution: dict[str, str]) -> Table:
    """What the notebooks of an open run do just now comes from their folders: no service tells what hearts have said."""
    table = inspection.info_table(service, domain, execution)
    values = dict(zip(table.header, table.rows[0], strict=True))
    if values["workflow_type.name"] == NOTEBOOK_TYPE and values["status"] == "OPEN" and isinstance(values["input"], dict):
        from ...application.open_labels import notebook_progress

        lines = notebook_progress(values["input"].get("kwargs") or {})
        return Table([*table.header, "progress"], [[*table.rows[0], " | ".join(lines) or None]])
    return table


@click.command("workflow.tasks")
@run_arguments
@click.option("--nb-tasks", "-n", type=click.IntRange(min=1), help="At most this many.")
@click.pass_context
def workflow_tasks(ctx: click.Context, run: tuple[str, ...], nb_tasks: int | None, **place: Any) -> None:
    """List the tasks of an execution, newest first."""
    show(ctx, _about(run, place, lambda *found: inspection.tasks_table(*found, most=nb_tasks)))


@click.command("workflow.profile")
@run_arguments
@click.option("--nb-tasks", "-n", type=click.IntRange(min=1), help="At most this many.")
@click.pass_context
def workflow_profile(ctx: click.Context, run: tuple[str, ...], nb_tasks: int | None, **place: Any) -> None:
    """Show where the time of an execution went, the longest task first."""
    show(ctx, _about(run, place, lambda *found: inspection.profile_table(*found, most=nb_tasks)))


@click.command("workflow.history")
@run_arguments
@click.pass_context
def workflow_history(ctx: click.Context, run: tuple[str, ...], **place: Any) -> None:
    """Show every event of an execution."""
    show(ctx, _about(run, place, lambda *found: inspection.history_table(inspection.history(*found))))
