"""Which content of its notebooks a run was made with, and which runs an edit has left behind.

The records know it, so that asking costs no look at the folders of runs; only what an early version has recorded is read from
there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deciders.runs.reruns import LastEnd, NotebookChanges, notebook_changes, of_label
from deciders.specification import Specification, WorkflowSpecification
from deciders.values.label_state import LabelState

from ..artefacts import Artefacts, read_record
from ..records.run_records import RunRecords
from .kept_labels import notebook_hashes

Instance = tuple[str, str]  #: workflow name and identity


def at_start(workflow: WorkflowSpecification, hashes: Mapping[str, str]) -> dict[str, str]:
    """What a run that starts now is to be made with, by file and by label; ``hashes`` are the files' present ones."""
    return {**hashes, **{of_label(one.label): hashes.get(one.filename, "") for one in workflow.notebooks}}


def as_executed(
    noted: Mapping[str, str] | None, outputs: Path, workflow: str, instance: str, labels: Mapping[str, LabelState]
) -> dict[str, str] | None:
    """What was noted at the start of a run that ends now, put right for labels that were executed from something else.

    A run may wait for hours until a worker is free, and its files may be edited meanwhile. Reads one file a label. None when
    nothing was noted.
    """
    if noted is None:
        return None
    artefacts, found = Artefacts(outputs), dict(noted)
    for label, end in labels.items():
        # Then its ``run.json`` is that of this run, or of one whose result this run has taken over.
        if end.was_tried and of_label(label) in noted:
            found[of_label(label)] = _executed_hash(artefacts, workflow, instance, label) or noted[of_label(label)]
    return found


def changes_since(specification: Specification, ends: Mapping[Instance, LastEnd]) -> dict[Instance, NotebookChanges | None]:
    """How the notebooks of each instance that has ended differ from those that it was made with; None where it is not known.

    Of workflows that are not in the file any more nothing is said. Reads each notebook file once.
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
    """``ends``, those of runs that an early version recorded with what their folders say of their notebooks, if they are still
    there.

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


def _executed_hash(artefacts: Artefacts, workflow: str, instance: str, label: str) -> str | None:
    if not instance:
        return None
    record: dict[str, Any] = read_record(artefacts.notebook_folder(workflow, instance, label) / "run.json")
    digest = record.get("source_sha256")
    return digest if isinstance(digest, str) else None
