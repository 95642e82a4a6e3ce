"""Items that a later attempt of an instance can keep: those known by keys, wherever the list has them now.

Which key an item has is worked out in the run, as its axes are known only there (`deciders.notebook_runs.item_tasks`); here the
folders of former attempts are looked through for what has succeeded under which key.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deciders.runs.planned_run import PlannedRun
from deciders.specification import WorkflowSpecification
from deciders.specification.wanted_scraps import wanted_scraps
from deciders.tasks.results import NotebookResult
from deciders.values.label_state import AttemptState

from ..artefacts import Artefacts, path_part, read_record
from ..notebooks.kept_notebook import kept_result


def kept_items(workflow: WorkflowSpecification, run: PlannedRun, artefacts: Artefacts) -> dict[str, dict[str, NotebookResult]]:
    """Return by label and key the results of the items that have succeeded, the latest of each key.

    An item whose notebook lacks a scrap that the file refers to now is left out: it has to run.
    """
    scraps = wanted_scraps(workflow)
    found: dict[str, dict[str, NotebookResult]] = {}
    for notebook in workflow.notebooks:
        if notebook.label not in workflow.known_by_key or notebook.cache == "never" or notebook.is_shared:
            continue
        ended: dict[str, str] = {}
        kept: dict[str, NotebookResult] = {}
        for folder in _folders(artefacts.notebook_folder(workflow.name, run.instance, notebook.label)):
            record = read_record(folder / "run.json")
            key, moment = record.get("key"), str(record.get("ended") or "")
            if not isinstance(key, str) or record.get("status") != AttemptState.SUCCEEDED or moment < ended.get(key, ""):
                continue
            path = folder / f"{path_part(notebook.label)}.ipynb"
            if (result := kept_result(record, path, scraps[notebook.label])) is not None:
                kept[key], ended[key] = result, moment
        if kept:
            found[notebook.label] = kept
    return found


def _folders(of_label: Path) -> Iterator[Path]:
    """Yield the folder of the label, and those of its items."""
    if of_label.is_dir():
        yield of_label
        yield from sorted(entry for entry in of_label.iterdir() if entry.is_dir() and (entry / "run.json").is_file())
