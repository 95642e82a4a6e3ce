"""``workflow.list``, ``info``, ``tasks``, ``profile``, ``history``: looking at executions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from ...application.run_states import NOTEBOOK_TYPE
from ...inspection import documents
from ...inspection import executions as inspection
from ...inspection.documents import Document
from ...inspection.tables import Table
from ..notebooks.notebook_executions import notebook_run
from ..options import DAYS
from ..printing import json_option, print_document, refuse_formats, show
from .place import Place, opened_place, place_options

T = TypeVar("T")

Make = Callable[[Any, str, dict[str, str]], T]


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
    with opened_place(words, needs=0, **place) as there:
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


def _about(run: tuple[str, ...], place: dict[str, Any], make: Make[T]) -> T:
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


def _show(
    ctx: click.Context,
    run: tuple[str, ...],
    place: dict[str, Any],
    table: Make[Table],
    document: Make[Document],
    *,
    as_json: bool,
) -> None:
    if as_json:
        refuse_formats(ctx)
        print_document(_about(run, place, document))
    else:
        show(ctx, _about(run, place, table))


@click.command("workflow.info")
@run_arguments
@json_option
@click.pass_context
def workflow_info(ctx: click.Context, run: tuple[str, ...], as_json: bool, **place: Any) -> None:
    """Show one execution: what it is, how long it took, how it ended, what it logged."""

    def told(service: Any, domain: str, execution: dict[str, str]) -> Table:
        table = _info_with_progress(service, domain, execution)
        if ctx.obj["style"] != "human":
            return table
        # a line for each column: what there is nothing to say about needs none
        kept = [i for i, value in enumerate(table.rows[0]) if value not in (None, "")]
        return Table([table.header[i] for i in kept], [[table.rows[0][i] for i in kept]])

    def document(service: Any, domain: str, execution: dict[str, str]) -> Document:
        found = documents.info_document(service, domain, execution)
        one = found["execution"]
        one["progress"] = _progress(one["type"], one["status"], one["input"])
        return found

    _show(ctx, run, place, told, document, as_json=as_json)


def _info_with_progress(service: Any, domain: str, execution: dict[str, str]) -> Table:
    table = inspection.info_table(service, domain, execution)
    values = dict(zip(table.header, table.rows[0], strict=True))
    lines = _progress(values["workflow_type.name"], values["status"], values["input"])
    return table if lines is None else Table([*table.header, "progress"], [[*table.rows[0], " | ".join(lines) or None]])


def _progress(type_name: str, status: str, given: Any) -> list[str] | None:
    """What the notebooks of an open run do just now; None of anything else.

    It comes from their folders: no service tells what heartbeats have said.
    """
    if type_name != NOTEBOOK_TYPE or status.upper() != "OPEN" or not isinstance(given, dict):
        return None
    from ...application.open_labels import notebook_progress

    return notebook_progress(given.get("kwargs") or {})


@click.command("workflow.tasks")
@run_arguments
@click.option("--nb-tasks", "-n", type=click.IntRange(min=1), help="At most this many.")
@json_option
@click.pass_context
def workflow_tasks(ctx: click.Context, run: tuple[str, ...], nb_tasks: int | None, as_json: bool, **place: Any) -> None:
    """List the tasks of an execution, newest first."""
    table, document = partial(inspection.tasks_table, most=nb_tasks), partial(documents.tasks_document, most=nb_tasks)
    _show(ctx, run, place, table, document, as_json=as_json)


@click.command("workflow.profile")
@run_arguments
@click.option("--nb-tasks", "-n", type=click.IntRange(min=1), help="At most this many.")
@json_option
@click.pass_context
def workflow_profile(ctx: click.Context, run: tuple[str, ...], nb_tasks: int | None, as_json: bool, **place: Any) -> None:
    """Show where the time of an execution went, the longest task first."""
    table, document = partial(inspection.profile_table, most=nb_tasks), partial(documents.profile_document, most=nb_tasks)
    _show(ctx, run, place, table, document, as_json=as_json)


@click.command("workflow.history")
@run_arguments
@json_option
@click.pass_context
def workflow_history(ctx: click.Context, run: tuple[str, ...], as_json: bool, **place: Any) -> None:
    """Show every event of an execution."""

    def table(*found: Any) -> Table:
        return inspection.history_table(inspection.history(*found))

    _show(ctx, run, place, table, documents.history_document, as_json=as_json)
