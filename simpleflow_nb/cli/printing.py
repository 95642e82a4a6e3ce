"""Printing of commands: tables in the format asked for, and documents for programs."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..inspection.tables import Table, formatted
from .unused_options import refuse_options

_NOT_CHOSEN = (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """Add ``--json``, as ``as_json``."""
    text = "Print everything as one JSON document, for programs."
    return click.option("--json", "as_json", is_flag=True, help=text)(command)


def print_document(document: Mapping[str, Any]) -> None:
    """Print what a program reads: the ``to_dict()`` of a result, or one of `simpleflow_nb.inspection.documents`."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_lines(lines: Iterable[str]) -> None:
    """Print what people read."""
    for line in lines:
        click.echo(line)


def print_line(document: Mapping[str, Any]) -> None:
    """Print a document on one line, of a command that goes on: a reader need not wait for its end."""
    click.echo(json.dumps(document, ensure_ascii=False))


@contextlib.contextmanager
def documents_alone(as_json: bool) -> Iterator[None]:
    """Send to standard error, for ``--json``, what the user's code prints meanwhile, here and in processes started here."""
    if not as_json:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def refuse_formats(ctx: click.Context) -> None:
    """Refuse a table's format beside ``--json``, where it would do nothing.

    Raises:
        DefinitionError: ``--format`` or ``--header`` was typed.
    """
    if ctx.parent is not None:
        refuse_options(ctx.parent, "with --json", ("style", "header"))


def wants_table(ctx: click.Context, *, as_json: bool = False) -> bool:
    """Tell whether another format was asked for than what a command prints for people, which is no bare table.

    Raises:
        DefinitionError: a format was asked for with ``--json``, or ``--header`` or ``--no-header`` without a format.
    """
    is_table = not as_json and ctx.obj["style"] != "tabular"
    if as_json:
        refuse_formats(ctx)
    elif ctx.parent is not None and not is_table:
        hint = "it is for the table alone, such as that of --format csv"
        refuse_options(ctx.parent, f"for what {ctx.info_name} prints for people", {"header": hint})
    return is_table


def show(ctx: click.Context, table: Table) -> None:
    """Print a table in the format that the command line asked for."""
    text = formatted(table, ctx.obj["style"], with_header=ctx.obj["header"])
    if text:
        click.echo(text)


def prefer_lines(ctx: click.Context) -> None:
    """Choose the format ``human`` for a table of one row that a person reads at a terminal and has chosen no format for.

    Such a table of many columns is wider than a terminal.
    """
    options = ctx.parent
    if options is None or not sys.stdout.isatty():
        return
    if all(options.get_parameter_source(name) in _NOT_CHOSEN for name in ("style", "header")):
        ctx.obj["style"] = "human"
