"""``notebook.run`` and ``notebook.debug``: one notebook, outside any workflow."""

from __future__ import annotations

import json
import queue
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import payload
from ..exceptions import DefinitionError
from ..inspection import executions as inspection
from .connection import payload_directory
from .definition import read_specification
from .file_words import default_file, is_no_domain
from .options import outputs_folder, outputs_option
from .packages import require_application
from .place import Place, has_place, opened_place, place_options
from .run_rows import found_row, run_rows
from .run_states import NOTEBOOK_TYPE
from .sensor_places import place_of_file
from .settings import parsed_settings
from .unused_options import refuse_options

if TYPE_CHECKING:
    from workers.notebook_session import CountedWarnings
    from workers.notebooks import Cancellation

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
    from deciders.notebook_limits import duration_seconds, memory_bytes
    from workers.kernel_output import OutputLimits
    from workers.notebooks import Cancellation, NotebookFailed, NotebookRefused, prepare_notebook, run_notebook

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
    _check_folder(into)
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
    except NotebookRefused as error:
        raise DefinitionError(str(error)) from None
    except NotebookFailed as error:
        _end_progress(quiet)
        if error.traceback:
            click.echo(error.traceback, err=True)
        click.echo(f"simpleflow-nb: {error}", err=True)
        raise click.exceptions.Exit(1) from None
    _end_progress(quiet)
    for line in done.warnings:
        click.echo(f"{done.light}: {line}", err=True)
    if done.skipped_for is not None:
        click.echo(f"skipped by the notebook: {done.skipped_for}", err=True)
    elif done.ended_in_cell is not None:
        click.echo(f"ended by the notebook in cell {done.ended_in_cell}", err=True)
    click.echo(done.path)


@click.command("notebook.debug")
@click.argument("words", nargs=-1, required=True, metavar="[FILE.yml | DOMAIN] RUN LABEL")
@place_options
@outputs_option
@click.option("--into", type=click.Path(path_type=Path), help="Folder for it. [default: debug/INSTANCE/LABEL here]")
@click.pass_context
def notebook_debug(ctx: click.Context, words: tuple[str, ...], outputs: Path | None, into: Path | None, **place: Any) -> None:
    """Prepare a notebook of a run with the very parameters that it had, and say how to open it.

    Without FILE.yml, and with --local, --db or a domain, the run is looked for there. Nothing is executed, and what the run has
    left stays as it is.
    """
    require_application()
    if len(words) < 2:
        raise DefinitionError("name the run and the label of the notebook")
    *run, label = words
    arguments, journal = _arguments_in_records(run, outputs, place), None
    if arguments is None:
        refuse_options(ctx, "where no FILE.yml is named", {"outputs": "the run says where they are"})
        with opened_place(tuple(run), **place) as there:
            arguments, journal = _arguments_of(there), there.journal
    from workers.artefacts import Artefacts
    from workers.kernel_output import OutputLimits
    from workers.moved_runs import present_notebook, present_outputs
    from workers.notebooks import NotebookRefused, prepare_notebook

    labels = [notebook["label"] for notebook in arguments["workflow"]["notebooks"]]
    if not arguments["instance"]:
        raise DefinitionError(f"{run[-1]} ended before any notebook of it began")
    if label not in labels:
        from deciders.problems import did_you_mean

        raise DefinitionError(f"the run has no notebook {label!r}{did_you_mean(label, labels)}; it has {', '.join(labels)}")
    workflow, instance = arguments["workflow"]["name"], arguments["instance"]
    outputs = present_outputs(arguments, journal)
    folder = Artefacts(outputs).notebook_folder(workflow, instance, label)
    config, record = _read_json(folder / "config.json"), _read_json(folder / "run.json")
    if config is None:
        raise DefinitionError(
            f"{label!r} of {workflow}/{instance} has not begun, or was cleaned away: there is no {folder / 'config.json'}"
        )
    config = present_notebook(arguments, label, config, outputs)
    into = (into or Path("debug", folder.parent.name, folder.name)).absolute()
    _check_folder(into)
    limits, variables = config.get("limits") or {}, config.get("environment") or {}  # earlier versions kept no limits
    try:
        prepared = prepare_notebook(
            config["source"],
            config["parameters"],
            into,
            label=label,
            kernel=config.get("kernel"),
            environment=variables,
            timeout_seconds=limits.get("timeout_seconds"),
            cell_timeout_seconds=limits.get("cell_timeout_seconds"),
            memory_limit_bytes=limits.get("memory_limit_bytes"),
            output_limits=OutputLimits.given(limits.get("printed_limit_bytes"), limits.get("displayed_limit_bytes")),
        )
    except NotebookRefused as error:
        raise DefinitionError(str(error)) from None
    parameters = into / "parameters.json"
    parameters.write_text(json.dumps(config["parameters"], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    now = _read_json(into / "config.json") or {}
    if now.get("source_sha256") != config.get("source_sha256"):
        click.echo(f"{config['source']} has changed since it ran; this is the present version", err=True)
    click.echo(f"{prepared}  ({_how_it_went(record)})")
    before = ["env", *(f"{name}={value}" for name, value in variables.items())] if variables else []
    again = ["simpleflow-nb", "notebook.run", config["source"], "--params", str(parameters), "--into", str(into / "again")]
    again += [*_limit_options(limits), *_kernel_option(config["source"], config.get("kernel"))]
    click.echo(f"open it:  {shlex.join([*before, 'jupyter', 'lab', str(prepared)])}")
    click.echo(f"run it:   {shlex.join([*before, *again])}")


def notebook_progress(arguments: dict[str, Any]) -> list[str]:
    """``report: cell 3 of 8: Totals`` for each notebook of an open run that is under way, as far as its folder tells.

    ``arguments`` is what the run was started with. Empty where its outputs folder cannot be seen from here.
    """
    require_application()
    from workers.artefacts import Artefacts

    lines = []
    for notebook in arguments.get("workflow", {}).get("notebooks", ()):
        place = (arguments["workflow"]["name"], arguments["instance"], notebook["label"])
        record = _read_json(Artefacts(Path(arguments["outputs"])).notebook_folder(*place) / "run.json")
        if record is None or record.get("status") != "running":
            continue
        now = record.get("progress") or {}
        text = f"cell {now['cell']} of {now['cells']}" if now else "begun"
        lines.append(f"{notebook['label']}: {text}" + (f": {now['heading']}" if now.get("heading") else ""))
    return lines


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


def _limit_options(limits: dict[str, Any]) -> list[str]:
    """The options of ``notebook.run`` with those limits."""
    from deciders.notebook_limits import memory_text
    from workers.kernel_output import DEFAULT_OUTPUT_LIMITS

    options = []
    for name, option in (("timeout_seconds", "--timeout"), ("cell_timeout_seconds", "--cell-timeout")):
        if limits.get(name) is not None:
            options += [option, f"{limits[name]:.15g}"]
    if limits.get("memory_limit_bytes") is not None:
        options += ["--memory-limit", memory_text(limits["memory_limit_bytes"])]
    usual = {
        "printed_limit_bytes": ("--output-limit", DEFAULT_OUTPUT_LIMITS.printed_bytes),
        "displayed_limit_bytes": ("--display-limit", DEFAULT_OUTPUT_LIMITS.displayed_bytes),
    }
    for name, (option, default) in usual.items():
        if limits.get(name) not in (None, default):
            options += [option, memory_text(limits[name])]
    return options


def _kernel_option(source: str, kernel: str | None) -> list[str]:
    """The option of ``notebook.run`` with that kernel, if the notebook would run in another one without it."""
    from workers.notebook_source import read_notebook_source
    from workers.notebooks import NotebookRefused

    try:
        own: str | None = read_notebook_source(source).kernel_name
    except NotebookRefused:
        own = None  # it is not installed
    return [] if kernel in (None, own) else ["--kernel", kernel]


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
    from deciders.surprise_rules import note_values
    from deciders.yaml_lines import read_yaml

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


def _check_folder(into: Path) -> None:
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


def _arguments_of(place: Place) -> dict[str, Any]:
    """What a run of notebooks was started with."""
    from .workflow import run_of

    execution = run_of(place)
    first = inspection.history(place.service, place.domain, execution)[0]["workflowExecutionStartedEventAttributes"]
    if first["workflowType"]["name"] != NOTEBOOK_TYPE:
        raise DefinitionError(f"{execution['workflowId']} is no run of notebooks but of {first['workflowType']['name']}")
    kept = payload_directory(place.journal.parent / "payloads" if place.journal is not None else None)
    arguments: dict[str, Any] = payload.decode(first.get("input"), kept.load)["kwargs"]
    return arguments


def _arguments_in_records(run: list[str], outputs: Path | None, place: dict[str, Any]) -> dict[str, Any] | None:
    """The same of a run of a workflow file, from its records; None when no file is meant."""
    if len(run) == 2 and is_no_domain(run[0]):
        file: Path | None = Path(run[0])
    elif len(run) == 1 and not has_place(place) and default_file() is not None:
        file = None
    else:
        return None
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    with place_of_file(folder, place) as there:
        row = found_row(run_rows(specification, folder, there), run[-1])
    files = {notebook.label: notebook.filename for notebook in specification.workflow(row.workflow).notebooks}
    ended = [name for name in row.labels if not name.startswith("report:")]
    # Of a label that the file has no more, config.json alone says which notebook it was.
    notebooks = [{"label": label, "filename": files.get(label, "")} for label in ended or files]
    return {
        "workflow": {"name": row.workflow, "notebooks": notebooks},
        "instance": row.instance,
        "inputs_dir": str(specification.inputs_dir),
        "outputs": str(folder),
    }


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _how_it_went(record: dict[str, Any] | None) -> str:
    if record is None:
        return "how it went is not on record"
    error = record.get("error") or {}
    where = f" in cell {error['cell']}" if error.get("cell") else ""
    why = " ".join(f"{error['ename']}: {error.get('evalue', '')}".split())[:200] if error else ""
    return f"attempt {record.get('attempt')} {record.get('status')}{where}" + (f": {why}" if why else "")
