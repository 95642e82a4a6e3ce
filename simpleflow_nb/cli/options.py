"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..environment import setting
from ..exceptions import DefinitionError
from ..inspection.tables import Table, formatted

F = TypeVar("F", bound=Callable[..., Any])

STATE_FOLDER = ".simpleflow-nb"
JOURNAL = "journal.sqlite3"


class Day(click.DateTime):
    """An ISO date; what is none is refused in words for those who have never seen ``%Y-%m-%d``."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is not a date such as 2024-01-31", param, ctx)


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


def specification_argument(command: F) -> F:
    """FILE.yml, which may be left out where ``AUTOFLOW_INPUTS_DIR`` says the folder; see :func:`specification_path`."""
    return click.argument("file", type=click.Path(path_type=Path, dir_okay=True), required=False, metavar="[FILE.yml]")(command)


def specification_path(file: Path | None) -> Path:
    """The workflow file that is meant: a folder stands for its ``workflows.yml``, nothing for ``AUTOFLOW_INPUTS_DIR``.

    Raises:
        DefinitionError: neither was given.
    """
    if file is None:
        named = setting("AUTOFLOW_INPUTS_DIR")
        if not named:
            raise DefinitionError("give a workflow file such as workflows.yml, or set AUTOFLOW_INPUTS_DIR to its folder")
        file = Path(named)
    return file / "workflows.yml" if file.is_dir() else file


def outputs_folder(given: Path | None, specification_file: Path) -> Path:
    """Where a specification's outputs go, absolute."""
    if given is None and (named := setting("AUTOFLOW_OUTPUTS_DIR")):
        given = Path(named)
    return (given or specification_file.absolute().parent / "outputs").absolute()


def journal_path(db: Path | None, outputs: Path | None = None) -> Path:
    """The journal of a local run: the one given, the outputs folder's, or the one of the working directory."""
    if db is not None:
        return db.absolute()
    return (outputs.absolute() if outputs else Path.cwd()) / STATE_FOLDER / JOURNAL


def show(ctx: click.Context, table: Table) -> None:
    """Print a table in the format that the command line asked for."""
    text = formatted(table, ctx.obj["style"], with_header=ctx.obj["header"])
    if text:
        click.echo(text)
