"""``workflow.list``, ``info``, ``tasks``, ``profile``, ``history``: looking at executions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ...application.executions import execution_views
from ...application.executions.notebook_executions import execution_meant
from ...application.places import Place
from ...inspection import documents
from ...inspection import executions as inspection
from ...inspection.documents import Document
from ...inspection.tables import Table
from ..options import DAYS
from ..place import opened_place, place_options
from ..printing import json_option, prefer_lines, print_document, refuse_formats, show

T = TypeVar("T")

View = Callable[[Place, dict[str, str]], T]  #: of an execution


def run_arguments(command: Any) -> Any:
    """RUN and RUN_ID, after the domain when no option says it."""
    return click.argument("run", nargs=-1, required=True, metavar="[DOMAIN] RUN [RUN_ID]")(place_options(command))


@click.command("workflow.list")
@click.argument("words", nargs=-1, metavar="[DOMAIN]")
@place_options
@click.option("--status", "-s", type=click.Choice(["open", "closed"]), default="open", show_default=True, help="Which runs.")
@click.option("--started-since", "-d", "days", type=DAYS, default=30, show_default=True, help="Started in the last N days.")
@json_option
@click.pass_context
def workflow_list(ctx: click.Context, words: tuple[str, ...], status: str, days: int, as_json: bool, **place: Any) -> None:
    """List executions, newest first: id, type, status."""
    with opened_place(words, needs=0, **place) as (there, _):
        if as_json:
            refuse_formats(ctx)
            found = documents.list_document(there.service, there.domain, status=status, started_since_days=days)
            print_document(found)
            return
        table = inspection.list_table(there.service, there.domain, status=status, started_since_days=days)
    if not table.rows:
        other = "--status closed lists those that have ended" if status == "open" else "--started-since looks further back"
        click.echo(f"no {status} executions; {other}", err=True)
    show(ctx, table)


def _show(
    ctx: click.Context,
    run: tuple[str, ...],
    place: dict[str, Any],
    table: View[Table],
    document: View[Document],
    *,
    as_json: bool,
) -> None:
    if as_json:
        refuse_formats(ctx)
        print_document(_seen(run, place, document))
    else:
        show(ctx, _seen(run, place, table))


def _seen(run: tuple[str, ...], place: dict[str, Any], view: View[T]) -> T:
    with opened_place(run, **place) as (there, words):
        return view(there, execution_meant(there, *words))


def _of_service(make: Callable[..., T], **options: Any) -> View[T]:
    """Return the view of `inspection`, which knows services and domains alone."""
    return lambda place, execution: make(place.service, place.domain, execution, **options)


@click.command("workflow.info")
@run_arguments
@json_option
@click.pass_context
def workflow_info(ctx: click.Context, run: tuple[str, ...], as_json: bool, **place: Any) -> None:
    """Show one execution: what it is, how long it took, how it ended, what it logged.

    At a terminal it is a line for each column, unless --format or --header say otherwise.
    """
    prefer_lines(ctx)

    def table(place: Place, execution: dict[str, str]) -> Table:
        found = execution_views.info_table(place, execution)
        if ctx.obj["style"] != "human":
            return found
        # a line for each column: what there is nothing to say about needs none
        kept = [i for i, value in enumerate(found.rows[0]) if value not in (None, "")]
        return Table([found.header[i] for i in kept], [[found.rows[0][i] for i in kept]])

    _show(ctx, run, place, table, execution_views.info_document, as_json=as_json)


@click.command("workflow.tasks")
@run_arguments
@click.option("--nb-tasks", "-n", type=click.IntRange(min=1), help="At most this many.")
@json_option
@click.pass_context
def workflow_tasks(ctx: click.Context, run: tuple[str, ...], nb_tasks: int | None, as_json: bool, **place: Any) -> None:
    """List the tasks of an execution, newest first."""
    table = _of_service(inspection.tasks_table, most=nb_tasks)
    _show(ctx, run, place, table, _of_service(documents.tasks_document, most=nb_tasks), as_json=as_json)


@click.command("workflow.profile")
@run_arguments
@click.option("--nb-tasks", "-n", type=click.IntRange(min=1), help="At most this many.")
@json_option
@click.pass_context
def workflow_profile(ctx: click.Context, run: tuple[str, ...], nb_tasks: int | None, as_json: bool, **place: Any) -> None:
    """Show where the time of an execution went, the longest task first."""
    table = _of_service(inspection.profile_table, most=nb_tasks)
    _show(ctx, run, place, table, _of_service(documents.profile_document, most=nb_tasks), as_json=as_json)


@click.command("workflow.history")
@run_arguments
@json_option
@click.pass_context
def workflow_history(ctx: click.Context, run: tuple[str, ...], as_json: bool, **place: Any) -> None:
    """Show every event of an execution."""

    def table(*found: Any) -> Table:
        return inspection.history_table(inspection.history(*found))

    _show(ctx, run, place, _of_service(table), _of_service(documents.history_document), as_json=as_json)
