"""What a run that is tried again need not do again: notebooks that succeeded, and whose making nothing has changed since.

Read off what is in the outputs folder, not remembered: a run that was killed, or that timed out, leaves the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from deciders.runs.due_runs import Run
from deciders.specification import NotebookSpecification, WorkflowSpecification
from deciders.specification.workflow_file import INPUTS_DIR, MISSING_DATES
from deciders.values.label_state import AttemptState
from deciders.values.light import Light

from ..artefacts import Artefacts, read_record
from ..kept_paths import RELATIVE, path_in_run, portable_parameters
from ..secrets import masked_leaves


def notebook_hashes(workflow: WorkflowSpecification, inputs_dir: Path) -> dict[str, str]:
    """SHA-256 of each notebook file of the workflow, by its name in the workflow file; without those that cannot be read."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(notebook.filename for notebook in workflow.notebooks):
        try:
            found[name] = hashlib.sha256((inputs_dir / name).read_bytes()).hexdigest()
        except OSError:
            continue  # the run itself will say so, in the place where it needs the file
    return found


def kept_labels(
    workflow: WorkflowSpecification,
    run: Run,
    inputs_dir: Path,
    artefacts: Artefacts,
    hashes: Mapping[str, str],
    missing_dates: Sequence[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """The labels whose executed notebook stands, each with what its activity would return (path, light, warnings).

    A label stands if it may be kept at all (``cache``), it succeeded, its file and its parameters are the same as then, the
    labels that it needs stand, and none of them was made after it. ``hashes`` are the files' present ones, ``missing_dates``
    what a notebook would now be given that asks for them.
    """
    kept: dict[str, dict[str, Any]] = {}
    ended: dict[str, datetime] = {}
    for notebook in workflow.notebooks:
        if notebook.cache == "never" or not all(label in kept for label in notebook.needs):
            continue
        folder = artefacts.notebook_folder(workflow.name, run.instance, notebook.label)
        record, config = read_record(folder / "run.json"), read_record(folder / "config.json")
        path = artefacts.notebook(workflow.name, run.instance, notebook.label)
        if record.get("status") != AttemptState.SUCCEEDED or not path.is_file():
            continue
        if hashes.get(notebook.filename) != record.get("source_sha256"):
            continue
        upstream = [name for name, source in notebook.parameters.items() if source in kept]
        wanted = _expected(notebook, run, kept, inputs_dir, missing_dates)
        expected, names = portable_parameters(wanted, artefacts.outputs, inputs_dir)
        if not _are_the_same(_as_given(config, upstream, workflow.name, run, artefacts, inputs_dir), set(names), expected):
            continue
        try:
            began, ended[notebook.label] = (datetime.fromisoformat(record[key]) for key in ("started", "ended"))
        except (KeyError, TypeError, ValueError):
            continue
        if any(ended[label] > began for label in notebook.needs):
            continue
        kept[notebook.label] = {
            "path": str(path),
            "light": record.get("light") or Light.GREEN,
            "warnings": list(record.get("warnings") or ()),
        }
        if record.get("ended_in_cell"):
            kept[notebook.label]["ended_in_cell"] = record["ended_in_cell"]
    return kept


def _expected(
    notebook: NotebookSpecification,
    run: Run,
    kept: Mapping[str, Mapping[str, Any]],
    inputs_dir: Path,
    missing_dates: Sequence[str] | None,
) -> dict[str, Any]:
    """The parameters that the notebook would get now, but for those that only the worker that runs it knows."""
    values: dict[str, Any] = {}
    parameters = run.parameters
    for name, source in notebook.parameters.items():
        if source in kept:
            values[name] = kept[source]["path"]
        elif source in parameters:
            values[name] = parameters[source]
        elif source == INPUTS_DIR:
            values[name] = str(inputs_dir)
        elif source == MISSING_DATES:
            values[name] = list(missing_dates or ())
    return values


def _as_given(
    config: Mapping[str, Any], upstream: list[str], workflow: str, run: Run, artefacts: Artefacts, inputs_dir: Path
) -> tuple[Any, set[str]]:
    """The parameters that a notebook had, and the names of those that are relative to the outputs folder.

    Version 0.1 kept absolute paths. Those of the notebooks before it are known by their ends, wherever the outputs were then.
    """
    values = config.get("parameters")
    if RELATIVE in config or not isinstance(values, dict):
        return values, set(config.get(RELATIVE) or ())
    found, names = portable_parameters(values, artefacts.outputs, inputs_dir)
    ends = {name: path_in_run(str(values.get(name)), workflow, run.instance) for name in upstream}
    known = {name: end for name, end in ends.items() if end is not None}
    return {**found, **known}, {*names, *known}


def _are_the_same(given: tuple[Any, set[str]], relative: set[str], now: dict[str, Any]) -> bool:
    """What was ``given`` then was written with secrets masked, and may hold what ``now`` cannot know.

    Paths of ours are the same if they were then where they are now, seen from the outputs folder.
    """
    then, relative_then = given
    if not isinstance(then, dict) or not now.keys() <= then.keys() or relative_then & now.keys() != relative:
        return False
    there = {name: then[name] for name in now}
    return _as_kept(there) == _as_kept(now)


def _as_kept(values: dict[str, Any]) -> str:
    plain = json.loads(json.dumps(values, default=str))  # what has no JSON form was kept as text
    return json.dumps(masked_leaves(plain), sort_keys=True)
