"""``notebook.run``: one notebook, outside any workflow."""

from __future__ import annotations

import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ... import payload
from ...application.packages import require_application
from ...exceptions import DefinitionError
from ..settings import parsed_settings
from ..unused_options import refuse_options

if TYPE_CHECKING:
    from workers.notebooks.notebook_run import Cancellation
    from workers.notebooks.notebook_session import CountedWarnings

_OURS = {"config.json", "run.json"}


@click.command("notebook.run")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter, its value read as YAML.")
@click.option("--params", type=click.Path(path_type=Path), help="A JSON or YAML file of parameters; --set wins over it.")
@click.option("--into", type=click.Path(path_type=Path), help="Folder for what it leaves. [default: its name, without ending]")
@click.option("--prepare-only", is_flag=True, help="Write the notebook with its parameters, and run nothing.")
@click.option("--kernel", help="Name of the kernel. [default: the notebook's own]")
@click.option("--timeout", metavar="DURATION", help="Stop it after so long: 90, 10m, 2h.")
@click.option("--cell-timeout", metavar="DURATION", help="Stop it when a cell takes so long.")
@click.option("--memory-limit", metavar="SIZE", help="Kill it when it has more memory: 500MB, 2GiB.")
@click.option("--output-limit", metavar="SIZE", help="Stop it when it prints more. [default: 100MB]")
@click.option("--display-limit", metavar="SIZE", help="Stop it when it displays more: tables, pictures. [default: 500MB]")
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
@click.pass_context
def notebook_run(
    ctx: click.Context,
    file: Path,
    settings: tuple[str, ...],
    params: Path | None,
    into: Path | None,
    prepare_only: bool,
    kernel: str | None,
    timeout: str | None,
    cell_timeout: str | None,
    memory_limit: str | None,
    output_limit: str | None,
    display_limit: str | None,
    counted_warnings: CountedWarnings,
    kernel_fallback: bool,
    quiet: bool,
) -> None:
    """Run one notebook (.ipynb, or .py with cells) and print the path of the executed one.

    The folder also gets what it printed (output.txt), how it went (run.json), and is its working directory.
    """
    require_application()
    from deciders.specification.notebook_limits import duration_seconds, memory_bytes
    from workers.notebooks.kernel_output import OutputLimits
    from workers.notebooks.notebook_run import Cancellation, NotebookFailed, prepare_notebook, run_notebook

    if prepare_only:
        refuse_options(ctx, "with --prepare-only", ("counted_warnings", "kernel_fallback", "quiet"))
    values = {**(_parameters_in(params) if params is not None else {}), **parsed_settings(settings)}
    limits: dict[str, Any] = {
        "timeout_seconds": _limit("--timeout", timeout, duration_seconds),
        "cell_timeout_seconds": _limit("--cell-timeout", cell_timeout, duration_seconds),
        "memory_limit_bytes": _limit("--memory-limit", memory_limit, memory_bytes),
        "output_limits": OutputLimits.given(
            _limit("--output-limit", output_limit, memory_bytes), _limit("--display-limit", display_limit, memory_bytes)
        ),
    }
    if file.is_dir():
        raise DefinitionError(f"notebook {file} is a folder; name the .ipynb or .py file in it")
    into = (into or Path(file.stem)).absolute()
    check_folder(into)
    try:
        if prepare_only:
            click.echo(prepare_notebook(file, values, into, kernel=kernel, **limits))
            return
        cancellation = Cancellation()
        with _told_of_signals(cancellation):
            done = run_notebook(
                file,
                values,
                into,
                kernel=kernel,
                kernel_fallback=kernel_fallback,
                counted_warnings=counted_warnings,
                cancellation=cancellation,
                on_progress=None if quiet else _show_progress(),
                **limits,
            )
    except NotebookFailed as error:
        _end_progress(quiet)
        if error.traceback:
            click.echo(error.traceback, err=True)
        raise
    _end_progress(quiet)
    for line in done.warnings:
        click.echo(f"{done.light}: {line}", err=True)
    if done.skipped_for is not None:
        click.echo(f"skipped by the notebook: {done.skipped_for}", err=True)
    elif done.ended_in_cell is not None:
        click.echo(f"ended by the notebook in cell {done.ended_in_cell}", err=True)
    click.echo(done.path)


def _limit(option: str, text: str | None, read: Callable[[Any], Any]) -> Any:
    if text is None:
        return None
    try:
        number: Any = float(text)
    except ValueError:
        number = text
    try:
        return read(number)
    except ValueError as error:
        raise DefinitionError(f"{option} {text}: give {error}") from None


def _parameters_in(path: Path) -> dict[str, Any]:
    """The parameters of a JSON or YAML file; JSON is YAML, but reads numbers its own way."""
    values = _json_of(path) if path.suffix == ".json" else _yaml_of(path)
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise DefinitionError(f"--params {path}: the file must be a mapping of names to values")
    return values


def _json_of(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DefinitionError(f"--params {path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"--params {path}: the file is not UTF-8 text") from None
    try:
        return payload.strict_json(text)
    except (ValueError, RecursionError) as error:
        raise DefinitionError(f"--params {path}: the file is not JSON: {error}") from None


def _yaml_of(path: Path) -> Any:
    """The values of a file of YAML, read as ``workflows.yml`` is; what may surprise in them is warned of."""
    from deciders.problems import Problems
    from deciders.specification.surprise_rules import note_values
    from deciders.specification.yaml_lines import read_yaml

    problems = Problems(path)
    root = read_yaml(path, problems)
    if root is not None:
        note_values(root, problems)
    if problems:
        first = problems.found[0]
        raise DefinitionError(f"--params {path}{f':{first.line}' if first.line else ''}: {first.message}")
    for warning in problems.warnings:
        click.echo(f"warning: --params {path}:{warning.line}: {warning.message}", err=True)
    return root.plain() if root is not None else None


def check_folder(into: Path) -> None:
    """Refuse a folder with files of somebody else: notebooks are written over what is there."""
    if into.is_file():
        raise DefinitionError(f"{into} is a file; name a folder with --into")
    if into.is_dir():
        names = {entry.name for entry in into.iterdir()}
        if names and not names & _OURS:
            raise DefinitionError(f"{into} has files that no earlier run has left; name another folder with --into")


@contextmanager
def _told_of_signals(cancellation: Cancellation) -> Iterator[None]:
    """Ctrl-C and SIGTERM cancel the notebook, so that its end is on record; a second one ends us as it would anybody."""
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()  # a lock could be in the hands of the interrupted thread
    numbers = (signal.SIGINT, signal.SIGTERM)

    def ask(number: int, _: object) -> None:
        signal.signal(number, former[signal.Signals(number)])
        asked.put(True)

    def listen() -> None:
        if asked.get():
            cancellation.cancel()

    former = {number: signal.signal(number, ask) for number in numbers}
    thread = threading.Thread(target=listen, name="signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        asked.put(False)
        thread.join()


def _show_progress() -> Callable[[int, int, str], None]:
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
