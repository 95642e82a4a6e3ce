"""``notebook.debug``: a notebook of a run, to be opened or run by hand; and what notebooks of open runs do just now."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click

from ...application.packages import require_application
from ...application.run_rows import found_row, run_rows
from ...application.run_states import NOTEBOOK_TYPE
from ...application.workflow_files import default_file, outputs_folder
from ...exceptions import DefinitionError
from ...inspection import executions as inspection
from ...processes.connection import payload_directory
from ..engine.place import Place, has_place, opened_place, place_options
from ..file_words import is_no_domain
from ..options import outputs_option
from ..unused_options import refuse_options
from .definition import read_specification
from .notebook import check_folder
from .run_place import place_of_file


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
    from workers.artefacts import Artefacts, why_unreadable
    from workers.notebooks.kernel_output import OutputLimits
    from workers.notebooks.notebook_run import prepare_notebook
    from workers.runs.moved_runs import present_notebook, present_outputs

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
    reason = why_unreadable(folder / "config.json")
    if config is not None and (missing := [key for key in ("source", "parameters") if key not in config]):
        reason = f"no {missing[0]!r} in it"
    if reason is not None:
        raise DefinitionError(
            f"what {label!r} of {workflow}/{instance} ran with cannot be read: {folder / 'config.json'}: {reason}; run it again"
        )
    if config is None:
        raise DefinitionError(
            f"{label!r} of {workflow}/{instance} has not begun, or was cleaned away: there is no {folder / 'config.json'}"
        )
    config = present_notebook(arguments, label, config, outputs)
    into = (into or Path("debug", folder.parent.name, folder.name)).absolute()
    check_folder(into)
    limits, variables = config.get("limits") or {}, config.get("environment") or {}  # earlier versions kept no limits
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
    parameters = into / "parameters.json"
    parameters.write_text(json.dumps(config["parameters"], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    now = _read_json(into / "config.json") or {}
    if now.get("source_sha256") != config.get("source_sha256"):
        click.echo(f"{config['source']} has changed since it ran; this is the present version", err=True)
    click.echo(f"{prepared}  ({_how_it_went(record, folder / 'run.json')})")
    before = ["env", *(f"{name}={value}" for name, value in variables.items())] if variables else []
    again = ["simpleflow-nb", "notebook.run", config["source"], "--params", str(parameters), "--into", str(into / "again")]
    again += [*_limit_options(limits), *_kernel_option(config["source"], config.get("kernel"))]
    click.echo(f"open it:  {shlex.join([*before, 'jupyter', 'lab', str(prepared)])}")
    click.echo(f"run it:   {shlex.join([*before, *again])}")


def _limit_options(limits: dict[str, Any]) -> list[str]:
    """The options of ``notebook.run`` with those limits."""
    from deciders.specification.notebook_limits import memory_text
    from workers.notebooks.kernel_output import DEFAULT_OUTPUT_LIMITS

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
    from workers.notebooks.notebook_run import NotebookRefused
    from workers.notebooks.notebook_source import read_notebook_source

    try:
        own: str | None = read_notebook_source(source).kernel_name
    except NotebookRefused:
        own = None  # it is not installed
    return [] if kernel in (None, own) else ["--kernel", kernel]


def _arguments_of(place: Place) -> dict[str, Any]:
    """What a run of notebooks was started with."""
    from ..engine.workflow import run_of

    execution = run_of(place)
    events = inspection.history(place.service, place.domain, execution)
    kind = events[0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"]
    if kind != NOTEBOOK_TYPE:
        raise DefinitionError(f"{execution['workflowId']} is no run of notebooks but of {kind}")
    kept = payload_directory(place.journal.parent / "payloads" if place.journal is not None else None)
    return inspection.arguments_in(events, kept.load)


def _arguments_in_records(run: list[str], outputs: Path | None, place: dict[str, Any]) -> dict[str, Any] | None:
    """The same of a run of a workflow file, from its records; None when no file is meant."""
    if len(run) == 2 and is_no_domain(run[0]):
        file: Path | None = Path(run[0])
    elif len(run) == 1 and not has_place(place) and default_file() is not None:
        file = None
    else:
        return None
    from deciders.values.artefact_key import ArtefactKey

    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    with place_of_file(folder, place) as there:
        row = found_row(run_rows(specification, folder, there), run[-1])
    files = {notebook.label: notebook.filename for notebook in specification.workflow(row.workflow).notebooks}
    ended = [name for name in row.labels if not ArtefactKey.parse(name).is_report]
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
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _how_it_went(record: dict[str, Any] | None, path: Path) -> str:
    from workers.artefacts import why_unreadable

    if record is None:
        return (
            f"how it went cannot be read: {path}: {reason}"
            if (reason := why_unreadable(path))
            else "how it went is not on record"
        )
    error = record.get("error") or {}
    where = f" in cell {error['cell']}" if error.get("cell") else ""
    why = " ".join(f"{error['ename']}: {error.get('evalue', '')}".split())[:200] if error else ""
    return f"attempt {record.get('attempt')} {record.get('status')}{where}" + (f": {why}" if why else "")
