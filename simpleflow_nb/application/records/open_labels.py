"""The notebooks and reports of a run that is open: which run, which wait, and which are done."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.executions import history
from ..states.run_states import label_states
from .run_rows import RunRow

if TYPE_CHECKING:
    from ..places import Place


def with_open_labels(row: RunRow, place: Place) -> RunRow:
    """Return the row of an open run with the states of its labels in the order of the run, the paths of what is done, and in
    its notes the cells that are under way. A label that nothing is known of yet waits for others.

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
        if name in known and (made := known[name].made) is not None:
            artefacts[key] = made.path
    notes = {label: [text] for label, text in notebook_progress(arguments).items()}
    return dataclasses.replace(row, labels=labels, artefacts=artefacts, notes=notes)


def notebook_progress(arguments: dict[str, Any]) -> dict[str, str]:
    """Return ``cell 3 of 8: Totals`` by label for each notebook of an open run that is under way, as far as its folder tells.

    ``arguments`` is what the run was started with. Empty where its outputs folder cannot be seen from here.
    """
    from deciders.values.label_state import AttemptState
    from workers.artefacts import Artefacts, read_record

    found = {}
    for notebook in arguments.get("workflow", {}).get("notebooks", ()):
        names = (arguments["workflow"]["name"], arguments["instance"], notebook["label"])
        record = read_record(Artefacts(Path(arguments["outputs"])).notebook_folder(*names) / "run.json")
        if record.get("status") != AttemptState.RUNNING:
            continue
        now = record.get("progress") or {}
        text = f"cell {now['cell']} of {now['cells']}" if now else "begun"
        found[notebook["label"]] = text + (f": {now['heading']}" if now.get("heading") else "")
    return found
