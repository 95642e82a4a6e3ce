"""Labels that a retried run can skip: notebooks that succeeded and whose inputs are unchanged.

Determined from the files in the outputs folder, which a run that was killed or timed out leaves as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from deciders.runs.planned_run import PlannedRun
from deciders.specification import NotebookSpecification, WorkflowSpecification
from deciders.specification.wanted_scraps import wanted_scraps
from deciders.specification.workflow_file import INPUTS_DIR, MISSING_DATES
from deciders.tasks.results import NotebookResult
from deciders.values.label_state import AttemptState

from ..artefacts import Artefacts, path_in_run, read_record
from ..kept_paths import RELATIVE, portable_parameters
from ..notebooks.kept_notebook import kept_result
from ..secrets import masked_leaves


def notebook_hashes(workflow: WorkflowSpecification, inputs_dir: Path) -> dict[str, str]:
    """Return the SHA-256 of each notebook file of the workflow, by its name in the workflow file; unreadable files are left
    out.
    """
    found: dict[str, str] = {}
    for name in dict.fromkeys(notebook.filename for notebook in workflow.notebooks):
        try:
            found[name] = hashlib.sha256((inputs_dir / name).read_bytes()).hexdigest()
        except OSError:
            continue  # the run itself reports it when it needs the file
    return found


def kept_labels(
    workflow: WorkflowSpecification,
    run: PlannedRun,
    inputs_dir: Path,
    artefacts: Artefacts,
    hashes: Mapping[str, str],
    missing_dates: Sequence[str] | None = None,
) -> dict[str, NotebookResult]:
    """Return the labels whose executed notebook can be kept, each with the result of its activity (path, light, warnings).

    Labels with items, and those that take values or fans, are not among them: see `workers.runs.kept_items`. A label is kept if
    its ``cache`` setting allows it, it succeeded, its file and its parameters are unchanged, the labels that
    it needs are kept, and none of them was made after it. ``hashes`` are the present ones of the files, ``missing_dates`` the
    present value for notebooks that take it.
    """
    kept: dict[str, NotebookResult] = {}
    ended: dict[str, datetime] = {}
    scraps = wanted_scraps(workflow)
    for notebook in workflow.notebooks:
        taken = workflow.graph.steps[notebook.label].takes
        if notebook.cache == "never" or notebook.label in workflow.known_by_key or not all(label in kept for label in taken):
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
            began, over = (datetime.fromisoformat(record[key]) for key in ("started", "ended"))
        except (KeyError, TypeError, ValueError):
            continue
        result = kept_result(record, path, scraps[notebook.label])
        if result is None or any(ended[label] > began for label in taken):
            continue
        kept[notebook.label], ended[notebook.label] = result, over
    return kept


def _expected(
    notebook: NotebookSpecification,
    run: PlannedRun,
    kept: Mapping[str, NotebookResult],
    inputs_dir: Path,
    missing_dates: Sequence[str] | None,
) -> dict[str, Any]:
    """Return the parameters that the notebook would get now, except those that only the worker that runs it knows."""
    values: dict[str, Any] = {}
    parameters = run.parameters
    for name, source in notebook.parameters.items():
        if not isinstance(source, str):
            continue  # such labels are known by keys
        if source in kept:
            values[name] = kept[source].path
        elif source in parameters:
            values[name] = parameters[source]
        elif source == INPUTS_DIR:
            values[name] = str(inputs_dir)
        elif source == MISSING_DATES:
            values[name] = list(missing_dates or ())
    return values


def _as_given(
    config: Mapping[str, Any], upstream: list[str], workflow: str, run: PlannedRun, artefacts: Artefacts, inputs_dir: Path
) -> tuple[Any, set[str]]:
    """Return the parameters that a notebook had, and the names of those that are relative to the outputs folder.

    Version 0.1 kept absolute paths. Those of upstream notebooks are recognised by their ends, wherever the outputs were then.
    """
    values = config.get("parameters")
    if RELATIVE in config or not isinstance(values, dict):
        return values, set(config.get(RELATIVE) or ())
    found, names = portable_parameters(values, artefacts.outputs, inputs_dir)
    ends = {name: path_in_run(str(values.get(name)), workflow, run.instance) for name in upstream}
    known = {name: end for name, end in ends.items() if end is not None}
    return {**found, **known}, {*names, *known}


def _are_the_same(given: tuple[Any, set[str]], relative: set[str], now: dict[str, Any]) -> bool:
    """Compare the parameters ``given`` then, written with secrets masked, with those of ``now``.

    The former ones may include parameters that ``now`` cannot know. Our own paths are equal if they are so relative to the
    outputs folder.
    """
    then, relative_then = given
    if not isinstance(then, dict) or not now.keys() <= then.keys() or relative_then & now.keys() != relative:
        return False
    there = {name: then[name] for name in now}
    return _as_kept(there) == _as_kept(now)


def _as_kept(values: dict[str, Any]) -> str:
    plain = json.loads(json.dumps(values, default=str))  # values without a JSON form were kept as text
    return json.dumps(masked_leaves(plain), sort_keys=True)
