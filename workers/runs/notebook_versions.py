"""The notebook contents that each run was made with, and runs that are stale since an edit.

They are in the records, so that no folder of a run needs to be read, except for runs recorded by early versions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deciders.runs.reruns import LastEnd, NotebookChanges, notebook_changes, of_label
from deciders.specification import Specification, WorkflowSpecification
from deciders.values.label_state import LabelState

from ..artefacts import Artefacts, read_record
from ..records.run_records import RunRecords
from ..sharing.taken_items import TAKEN_FROM
from .kept_labels import notebook_hashes

Instance = tuple[str, str]  #: workflow name and identity


def at_start(workflow: WorkflowSpecification, hashes: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes for a run that starts now, by file and by label; ``hashes`` are the present ones of the files."""
    return {**hashes, **{of_label(one.label): hashes.get(one.filename, "") for one in workflow.notebooks}}


def as_executed(
    noted: Mapping[str, str] | None,
    outputs: Path,
    workflow: str,
    instance: str,
    labels: Mapping[str, LabelState],
    items: Sequence[Mapping[str, Any]] = (),
) -> dict[str, str] | None:
    """Return the hashes noted at the start of a run that ends now, corrected for labels that were executed from another
    content.

    A run may wait for hours for a free worker while its files are edited. If ``items`` of a label, which are the ends that the
    run saw, were executed from several contents, the label has that of its start: it is not wholly made from a later one. Reads
    one file per label or item. None if nothing was noted.
    """
    if noted is None:
        return None
    artefacts, found = Artefacts(outputs), dict(noted)
    folders: dict[str, list[str]] = {}
    for item in items:
        folders.setdefault(item["label"], [])
        if item.get("folder") is not None and item.get("began", True) and "path" not in item:
            folders[item["label"]].append(item["folder"])
    for label, end in labels.items():
        # Its ``run.json`` is that of this run, or of a former one whose result this run has kept.
        if end.was_tried and of_label(label) in noted:
            places: list[str | None] = [*folders[label]] if label in folders else [None]
            hashes = {_executed_hash(artefacts, workflow, instance, label, place) for place in places} - {None}
            if len(hashes) == 1 and (executed := hashes.pop()) is not None:
                found[of_label(label)] = executed
    return found


def changes_since(specification: Specification, ends: Mapping[Instance, LastEnd]) -> dict[Instance, NotebookChanges | None]:
    """Compare the present notebooks of each instance that has ended with those that it was made with; None if these are
    unknown.

    Workflows that are no longer in the file are left out. Reads each notebook file once.
    """
    workflows = {workflow.name: workflow for workflow in specification.workflows}
    hashes = {name: notebook_hashes(workflow, specification.inputs_dir) for name, workflow in workflows.items()}
    found: dict[Instance, NotebookChanges | None] = {}
    seen: dict[tuple[str, int], NotebookChanges | None] = {}  # the records give runs of the same notebooks the same mapping
    for (name, identity), end in ends.items():
        if name not in workflows:
            continue
        known = (name, id(end.notebooks))
        if known not in seen:
            seen[known] = notebook_changes(workflows[name], end, hashes[name])
        found[name, identity] = seen[known]
    return found


def with_hashes_of_folders(
    specification: Specification, outputs: Path, records: RunRecords, ends: Mapping[Instance, LastEnd]
) -> dict[Instance, LastEnd]:
    """Add the notebook hashes found in the folders of runs that an early version recorded, if they still exist, to ``ends``.

    Raises:
        RecordsError: the records cannot be read.
    """
    found, artefacts = dict(ends), Artefacts(outputs)
    workflows = {workflow.name: workflow for workflow in specification.workflows}
    for key, instance in records.unhashed().items():
        if key not in ends or key[0] not in workflows:
            continue
        labels = [notebook.label for notebook in workflows[key[0]].notebooks]
        read = {of_label(label): _executed_hash(artefacts, key[0], instance, label) for label in labels}
        if any(read.values()):
            known: dict[str, str] = {name: value for name, value in read.items() if value is not None}
            found[key] = dataclasses.replace(ends[key], notebooks=known)
    return found


def _executed_hash(artefacts: Artefacts, workflow: str, instance: str, label: str, item: str | None = None) -> str | None:
    if not instance:
        return None
    folder = artefacts.notebook_folder(workflow, instance, label, item)
    record: dict[str, Any] = read_record(folder / "run.json") or read_record(folder / TAKEN_FROM)
    digest = record.get("source_sha256")
    return digest if isinstance(digest, str) else None
