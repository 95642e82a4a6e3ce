"""The notebooks and reports of a run that is open: which run, which wait, and which are done."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ..inspection.executions import history
from .notebook_debug import notebook_progress
from .run_rows import RunRow
from .run_states import label_states

if TYPE_CHECKING:
    from .sensor_places import RunPlace


def with_open_labels(row: RunRow, place: RunPlace) -> RunRow:
    """The row of an open run with the states of its labels in the order of the run, the paths of what is done, and in its notes
    the cells that are under way. A label that nothing is known of yet waits for others.

    Raises:
        PayloadError: what the run was started with is not to be had here.
    """
    from deciders.values.artefact_key import ArtefactKey
    from deciders.values.label_state import LabelState

    events = history(place.service, place.domain, {"workflowId": row.workflow_id, "runId": row.run_id})
    arguments, found = label_states(events, place.payloads.load)
    known = {label.name: label for label in found if label.is_shown}
    labels: dict[str, LabelState] = {}
    artefacts: dict[str, str] = {}
    notebooks = arguments.get("workflow", {}).get("notebooks", ())
    names = {notebook["label"]: notebook["label"] for notebook in notebooks}
    for notebook in notebooks:
        for output in notebook.get("output") or ():
            report = ArtefactKey(notebook["label"], output["format"])
            names[report.file_name] = str(report)
    for name, key in names.items():
        labels[key] = LabelState.read(known[name].state) if name in known else LabelState.PENDING
        if name in known and known[name].result.get("path"):
            artefacts[key] = str(known[name].result["path"])
    notes = dict(line.split(": ", 1) for line in notebook_progress(arguments))
    return dataclasses.replace(row, labels=labels, artefacts=artefacts, notes={name: [note] for name, note in notes.items()})
