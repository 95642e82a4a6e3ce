"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..inspection.tables import Table, formatted
from .unused_options import refuse_options

F = TypeVar("F", bound=Callable[..., Any])

DAYS = click.IntRange(1, 36_500)  #: of a period that ends now: a century is as good as for ever


class Day(click.DateTime):
    """An ISO date; what is none is refused in words for those who have never seen ``%Y-%m-%d``."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is not a date such as 2024-01-31", param, ctx)


def adopt_option(command: F) -> F:
    text = "Take the workflows over from another file that had their names, or the outputs from another service."
    return click.option("--adopt", is_flag=True, help=text)(command)


def outputs_option(command: F) -> F:
    text = "Folder for notebooks, reports and records. [default: $AUTOFLOW_OUTPUTS_DIR, or 'outputs' beside FILE.yml]"
    return click.option("--outputs", type=click.Path(path_type=Path, file_okay=False), help=text)(command)


def db_option(command: F) -> F:
    text = "Journal of the local service. [default: in the outputs folder, or in .simpleflow-nb here]"
    return click.option("--db", type=click.Path(path_type=Path, dir_okay=False), help=text)(command)


def local_option(command: F) -> F:
    return click.option("--local", is_flag=True, help="On this machine, without AWS.")(command)


def heartbeat_option(command: F) -> F:
    kind, text = click.FloatRange(min=0, min_open=True), "Longest time between beats, s."
    return click.option("--heartbeat", type=kind, default=30, show_default=True, help=text)(command)


def wants_table(ctx: click.Context, *, as_json: bool = False) -> bool:
    """Whether another format was asked for than what a command prints for people, which is no bare table.

    Raises:
        DefinitionError: a format was asked for with ``--json``, or ``--header`` or ``--no-header`` without a format.
    """
    is_table = not as_json and ctx.obj["style"] != "tabular"
    if ctx.parent is not None:
        if as_json:
            refuse_options(ctx.parent, "with --json", ("style", "header"))
        elif not is_table:
            hint = "it is for the table alone, such as that of --format csv"
            refuse_options(ctx.parent, f"for what {ctx.info_name} prints for people", {"header": hint})
    return is_table


def show(ctx: click.Context, table: Table) -> None:
    """Print a table in the format that the command line asked for."""
    text = formatted(table, ctx.obj["style"], with_header=ctx.obj["header"])
    if text:
        click.echo(text)
