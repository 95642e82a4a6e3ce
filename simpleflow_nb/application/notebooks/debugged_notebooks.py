"""A notebook of a run, prepared once more with what it ran with, to be looked into by hand."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import NOTEBOOK_TYPE
from ...exceptions import DefinitionError
from ...inspection import executions
from ...inspection.documents import Document, document_of
from ..executions.notebook_executions import execution_meant
from ..places import Place
from ..records.item_rows import ItemRow
from ..records.named_items import NamedItems, items_of_run
from ..records.open_labels import is_fan, items_in_history
from ..records.run_rows import found_row, run_rows
from .single_notebooks import check_folder

if TYPE_CHECKING:
    from deciders.specification import Specification
    from deciders.values.item import Item


@dataclass(frozen=True)
class DebuggedRun:
    """A run of notebooks, as far as it is known what its notebooks ran with."""

    name: str  #: as somebody has called it
    arguments: dict[str, Any]  #: what it was started with
    items: NamedItems  #: as far as they are known
    journal: Path | None = None  #: that has it


@dataclass(frozen=True)
class DebuggedNotebook:
    """Notebook that was prepared for debugging, and how it went when it ran."""

    workflow: str
    instance: str
    label: str
    index: int | None  #: of the item; None of a label without a list of items
    path: Path  #: the notebook with its parameters
    parameters: Path  #: the same in a file
    source: str
    has_changed: bool  #: since it ran
    attempt: int | None
    status: str | None
    how_it_went: str  #: in words
    open_command: str  #: opens it in JupyterLab
    run_command: str  #: runs it with those parameters, limits and variables
    kept: tuple[Path, ...] = ()  #: files that were there with another text, under their new names

    def to_dict(self) -> Document:
        return document_of(
            "notebook",
            {
                "workflow": self.workflow,
                "instance": self.instance,
                "label": self.label,
                "index": self.index,
                "path": str(self.path),
                "parameters": str(self.parameters),
                "source": self.source,
                "has_changed": self.has_changed,
                "attempt": self.attempt,
                "status": self.status,
                "how_it_went": self.how_it_went,
                "open_command": self.open_command,
                "run_command": self.run_command,
                "kept": [str(path) for path in self.kept],
            },
        )


def run_at_place(place: Place, run: str, run_id: str | None = None) -> DebuggedRun:
    """Read a run of notebooks from its history.

    Raises:
        DefinitionError: there is none, several fit, or it is no run of notebooks.
        PayloadError: what it was started with cannot be read.
    """
    execution = execution_meant(place, run, run_id)
    events = executions.history(place.service, place.domain, execution)
    kind = events[0]["workflowExecutionStartedEventAttributes"]["workflowType"]["name"]
    if kind != NOTEBOOK_TYPE:
        raise DefinitionError(f"{execution['workflowId']} is no run of notebooks but of {kind}")
    arguments = executions.arguments_in(events, place.payloads.load)
    labels = [notebook["label"] for notebook in arguments["workflow"]["notebooks"]]
    fans = {notebook["label"] for notebook in arguments["workflow"]["notebooks"] if is_fan(notebook)}
    rows = items_in_history(arguments, events, place) if fans else []
    return DebuggedRun(run_id or run, arguments, NamedItems("the run", labels, fans, rows), place.journal)


def run_in_records(specification: Specification, outputs: Path, place: Place, run: str) -> DebuggedRun:
    """Read a run of a workflow file from its records.

    Raises:
        DefinitionError: there is none, or several fit.
        RecordsError: the records cannot be read.
    """
    from deciders.values.artefact_key import ArtefactKey

    row = found_row(run_rows(specification, outputs, place), run)
    files = {notebook.label: notebook.filename for notebook in specification.workflow(row.workflow).notebooks}
    ended = [name for name in row.labels if not ArtefactKey.parse(name).is_report]
    # Of a label that the file has no more, config.json alone says which notebook it was.
    notebooks = [{"label": label, "filename": files.get(label, "")} for label in ended or files]
    arguments = {
        "workflow": {"name": row.workflow, "notebooks": notebooks},
        "instance": row.instance,
        "inputs_dir": str(specification.inputs_dir),
        "outputs": str(outputs),
    }
    items = items_of_run(specification, outputs, row, place)
    return DebuggedRun(run, arguments, dataclasses.replace(items, subject="the run"))


def debugged_notebook(run: DebuggedRun, label: str, into: Path | None = None) -> DebuggedNotebook:
    """Prepare a notebook with the very parameters that it had. Nothing is executed, and what the run has left stays as it is.

    Args:
        label: of the notebook; of one with a list of items LABEL:INDEX.
        into: folder for it; None is ``debug/WORKFLOW/INSTANCE/LABEL`` in the working directory, of an item a folder in that. A
            notebook and parameters that were edited there since they were prepared keep their text under another name, such as
            ``count.1.ipynb``.

    Raises:
        DefinitionError: the run has no such notebook or item, it has not begun, it cannot be read, or the folder is not free.
    """
    from workers.artefacts import path_part, read_record, write_atomically
    from workers.notebooks.kernel_output import OutputLimits
    from workers.notebooks.notebook_run import prepare_notebook
    from workers.runs.moved_runs import present_notebook, present_outputs
    from workers.sharing.taken_items import made_folder

    arguments = run.arguments
    if not arguments["instance"]:
        raise DefinitionError(f"{run.name} ended before any notebook of it began")
    item, place = _meant(run, label)
    workflow, instance = arguments["workflow"]["name"], arguments["instance"]
    outputs = present_outputs(arguments, run.journal)
    folder = _folder(outputs, arguments, item, place)
    label, what = item.label, f"{str(item)!r} of {workflow}/{instance}"
    then = present_notebook(arguments, label, _config(made_folder(folder, outputs) / "config.json", what), outputs)
    into = (into or Path("debug", *folder.parts[-3 if place is None else -4 :])).absolute()
    check_folder(into)
    limits, variables = then.get("limits") or {}, then.get("environment") or {}  # earlier versions kept no limits
    parameters = into / "parameters.json"
    with _set_aside(into / f"{path_part(label)}.ipynb", parameters) as edited:
        prepared = prepare_notebook(
            then["source"],
            then["parameters"],
            into,
            label=label,
            kernel=then.get("kernel"),
            environment=variables,
            timeout_seconds=limits.get("timeout_seconds"),
            cell_timeout_seconds=limits.get("cell_timeout_seconds"),
            memory_limit_bytes=limits.get("memory_limit_bytes"),
            output_limits=OutputLimits.given(limits.get("printed_limit_bytes"), limits.get("displayed_limit_bytes")),
        )
        write_atomically(parameters, json.dumps(then["parameters"], indent=2, ensure_ascii=False) + "\n")
    record = read_record(folder / "run.json")
    before = ["env", *(f"{name}={value}" for name, value in variables.items())] if variables else []
    again = ["simpleflow-nb", "notebook.run", then["source"], "--params", str(parameters), "--into", str(into / "again")]
    again += [*_limit_options(limits), *_kernel_option(then["source"], then.get("kernel"))]
    return DebuggedNotebook(
        workflow,
        instance,
        label,
        item.index,
        prepared,
        parameters,
        then["source"],
        has_changed=read_record(into / "config.json").get("source_sha256") != then.get("source_sha256"),
        attempt=record.get("attempt"),
        status=record.get("status"),
        how_it_went=_how_it_went(record, folder / "run.json"),
        open_command=shlex.join([*before, "jupyter", "lab", str(prepared)]),
        run_command=shlex.join([*before, *again]),
        kept=tuple(edited),
    )


def _meant(run: DebuggedRun, text: str) -> tuple[Item, ItemRow | None]:
    """Return the item that is meant; None for its row where the label has no list of items.

    Raises:
        DefinitionError: the run has no such notebook or item, the label has several, or it was not run.
    """
    from deciders.values.item import Item
    from deciders.values.label_state import LabelState

    labels = [notebook["label"] for notebook in run.arguments["workflow"]["notebooks"]]
    if Item.parse(text).label not in labels and text.rpartition(":")[0] not in labels:
        from deciders.problems import did_you_mean

        raise DefinitionError(
            f"the run has no notebook {text!r}{did_you_mean(Item.parse(text).label, labels)}; it has {', '.join(labels)}"
        )
    item, rows = run.items.meant(text)
    if item.label not in run.items.fans:
        return item, None
    if item.index is None:
        if not rows:
            run.items.meant(f"{text}:0")  # says why there are none
        there = f"items 0 to {rows[-1].index}" if len(rows) > 1 else "item 0 alone"
        raise DefinitionError(f"{text!r} has {there}; name one of them, such as {rows[0].item}")
    [row] = rows
    if row.folder is None:
        because = f": {row.cause}" if row.cause is not None else ""
        raise DefinitionError(f"{item} has not begun" if row.state == LabelState.PENDING else f"{item} was not run{because}")
    return item, row


def _folder(outputs: Path, arguments: dict[str, Any], item: Item, row: ItemRow | None) -> Path:
    """Return the folder that the notebook left: that of its run, or of the run before from which it was taken over."""
    from workers.artefacts import Artefacts

    workflow, instance = arguments["workflow"]["name"], arguments["instance"]
    if row is None or row.folder is None:
        return Artefacts(outputs).notebook_folder(workflow, instance, item.label)
    notebook = Path(row.folder) / "config.json"
    own = Artefacts(outputs).notebook_folder(workflow, instance, item.label, Path(row.folder).name)
    return own if own.is_dir() and not notebook.is_file() else Path(row.folder)


@contextmanager
def _set_aside(*paths: Path) -> Iterator[list[Path]]:
    """Let the files be written anew; yield a list that has, afterwards, what had another text under its new name.

    Where they are not written for a failure, they have their names again.
    """
    edited: list[Path] = []
    aside = {}
    for path in (path for path in paths if path.exists()):
        names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in count(1))
        aside[path] = path.rename(next(name for name in names if not name.exists()))
    try:
        yield edited
    finally:
        for path, former in aside.items():
            if not path.exists():
                former.rename(path)
            elif _content(path) == _content(former):
                former.unlink()
            else:
                edited.append(former)


def _content(path: Path) -> Any:
    """Return what a JSON file says, without the ids of cells: those of a script are made anew each time. Its bytes if it is not
    JSON, as somebody may have left it."""
    content = path.read_bytes()
    try:
        found = json.loads(content)
    except ValueError:
        return content
    cells = found.get("cells") if isinstance(found, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        if isinstance(cell, dict):
            cell.pop("id", None)
    return found


def _config(path: Path, what: str) -> dict[str, Any]:
    """Return the settings that the notebook ran with.

    Raises:
        DefinitionError: it has not begun, or the file cannot be read.
    """
    from workers.artefacts import read_record, why_unreadable

    config, reason = read_record(path), why_unreadable(path)
    if reason is None and path.exists() and (missing := [key for key in ("source", "parameters") if key not in config]):
        reason = f"no {missing[0]!r} in it"
    if reason is not None:
        raise DefinitionError(f"what {what} ran with cannot be read: {path}: {reason}; run it again")
    if not config:
        raise DefinitionError(f"{what} has not begun, or was cleaned away: there is no {path}")
    return config


def _limit_options(limits: dict[str, Any]) -> list[str]:
    """Return the options of ``notebook.run`` with those limits."""
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
    """Return the option of ``notebook.run`` with that kernel, if the notebook would run in another one without it."""
    from workers.notebooks.notebook_run import NotebookRefused
    from workers.notebooks.notebook_source import read_notebook_source

    try:
        own: str | None = read_notebook_source(source).kernel_name
    except NotebookRefused:
        own = None  # it is not installed
    return [] if kernel in (None, own) else ["--kernel", kernel]


def _how_it_went(record: dict[str, Any], path: Path) -> str:
    from workers.artefacts import why_unreadable

    if not record:
        reason = why_unreadable(path)
        return f"how it went cannot be read: {path}: {reason}" if reason else "how it went is not on record"
    error = record.get("error") or {}
    where = f" in cell {error['cell']}" if error.get("cell") else ""
    why = " ".join(f"{error['ename']}: {error.get('evalue', '')}".split())[:200] if error else ""
    return f"attempt {record.get('attempt')} {record.get('status')}{where}" + (f": {why}" if why else "")
