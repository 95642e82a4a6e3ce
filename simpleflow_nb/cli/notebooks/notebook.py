"""``notebook.run``: one notebook, outside any workflow."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...application.files.packages import require_application
from ...application.files.parameter_files import read_parameters
from ...application.notebooks.single_notebooks import Limits, NotebookEnd, end_of_failure, prepare_one, run_one
from ...exceptions import DefinitionError
from ...processes.interrupts import at_first_interrupt
from ..arguments import set_values
from ..printing import json_option, print_document
from ..unused_options import refuse_options
from .limit_options import limit_options

if TYPE_CHECKING:
    from workers.notebooks.notebook_session import CountedWarnings


@click.command("notebook.run")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter, its value read as YAML.")
@click.option("--params", type=click.Path(path_type=Path), help="A JSON or YAML file of parameters; --set wins over it.")
@click.option("--into", type=click.Path(path_type=Path), help="Folder for what it leaves. [default: its name, without ending]")
@click.option("--prepare-only", is_flag=True, help="Write the notebook with its parameters, and run nothing.")
@click.option("--kernel", help="Name of the kernel. [default: the notebook's own]")
@limit_options
@click.option(
    "--warnings",
    "counted_warnings",
    type=click.Choice(["own", "all", "none"]),
    default="own",
    show_default=True,
    help="Python's warnings that turn it orange: of your own code, all, none.",
)
@click.option("--kernel-fallback/--no-kernel-fallback", default=True, help="Run in this Python if its kernel is missing.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@json_option
@click.pass_context
def notebook_run(
    ctx: click.Context,
    file: Path,
    settings: tuple[str, ...],
    params: Path | None,
    into: Path | None,
    prepare_only: bool,
    kernel: str | None,
    counted_warnings: CountedWarnings,
    kernel_fallback: bool,
    quiet: bool,
    as_json: bool,
    **limits: Any,
) -> None:
    """Run one notebook (.ipynb, or .py with cells) and print the path of the executed one.

    The folder also gets what it printed (output.txt), how it went (run.json), and is its working directory.
    """
    require_application()
    from workers.notebooks.notebook_run import Cancellation, NotebookFailed

    if prepare_only:
        refuse_options(ctx, "with --prepare-only", ("counted_warnings", "kernel_fallback", "quiet"))
    values = {**(_parameters_in(params) if params is not None else {}), **set_values(settings)}
    chosen, into = Limits.read(limits), (into or Path(file.stem)).absolute()
    if prepare_only:
        end = prepare_one(file, values, into, kernel=kernel, limits=chosen)
    else:
        cancellation = Cancellation()
        try:
            with at_first_interrupt(cancellation.cancel):
                end = run_one(
                    file,
                    values,
                    into,
                    kernel=kernel,
                    kernel_fallback=kernel_fallback,
                    counted_warnings=counted_warnings,
                    limits=chosen,
                    cancellation=cancellation,
                    on_cell=None if quiet else _cell_shown(),
                )
        except NotebookFailed as error:
            _end_progress(quiet)
            if error.traceback:
                click.echo(error.traceback, err=True)
            if as_json:
                print_document(end_of_failure(error).to_dict())
            raise
        _end_progress(quiet)
    _show(end, as_json=as_json)


def _show(end: NotebookEnd, *, as_json: bool) -> None:
    for line in end.warnings:
        click.echo(f"{end.light}: {line}", err=True)
    if end.skipped_for is not None:
        click.echo(f"skipped by the notebook: {end.skipped_for}", err=True)
    elif end.ended_in_cell is not None:
        click.echo(f"ended by the notebook in cell {end.ended_in_cell}", err=True)
    if as_json:
        print_document(end.to_dict())
    else:
        click.echo(end.path)


def _parameters_in(path: Path) -> dict[str, Any]:
    try:
        values, warnings = read_parameters(path)
    except DefinitionError as error:
        raise DefinitionError(f"--params {error}") from None
    for warning in warnings:
        click.echo(f"warning: --params {warning}", err=True)
    return values


def _cell_shown() -> Callable[[int, int, str], None]:
    """One line that changes on a terminal, a line for each cell elsewhere."""
    on_terminal = sys.stderr.isatty()

    def show(cell: int, cells: int, heading: str) -> None:
        text = f"cell {cell} of {cells}" + (f": {heading}" if heading else "")
        if on_terminal:
            print(f"\r\x1b[2K{text[:78]}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    return show


def _end_progress(quiet: bool) -> None:
    if not quiet and sys.stderr.isatty():
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
