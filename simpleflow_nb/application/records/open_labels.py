"""The notebooks and reports of a run that is open: which run, which wait, and which are done."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.executions import arguments_in, history
from ...replay.protocol.events import HistoryEvent
from ..states.shown_labels import ShownLabel, label_states
from .item_rows import ItemRow, recorded_items
from .open_steps import OpenSteps, progress_in
from .run_rows import RunRow

if TYPE_CHECKING:
    from deciders.values.label_state import LabelState

    from ..places import Place

_WITHOUT_STEPS = "1"  #: version of the type of runs whose labels have no lists of items


def with_open_labels(row: RunRow, place: Place, outputs: Path) -> tuple[RunRow, list[ItemRow]]:
    """Return the row of an open run with the states of its labels in the order of the run, the paths of what is done, and in
    its notes the cells that are under way; and its items. A label that nothing is known of yet waits for others.

    Reads the history of the run, and that of each slice which is open: a call of the service for each 1,000 events.

    Raises:
        PayloadError: what the run was started with is not to be had here.
        RecordsError: the records of its items cannot be read.
    """
    from deciders.values.label_state import LabelState

    events, histories = _history(row, place), _Histories(place)
    arguments, shown = label_states(events, place.payloads.load)
    items = list[ItemRow]()
    if (steps := _steps(arguments, events, place, histories)) is None:
        labels = _labels_of_tasks(arguments, {label.name: label for label in shown if label.is_shown})
    else:
        labels = steps.labels
        items = _with_records(steps.items(), recorded_items(outputs, row.run_id))
    of_slices = (label for read in histories.read for label in label_states(read, place.payloads.load)[1])
    known = {label.name: label for label in chain(shown, of_slices) if label.is_shown}
    labels |= _reports(arguments, known)
    standing = {str(key): made.path for key, made in steps.standing_reports()} if steps is not None else {}
    labels |= dict.fromkeys(standing, LabelState.CACHED)
    artefacts = {key: made.path for name, key in _keys(labels) if (made := _made(known.get(name))) is not None}
    artefacts |= {str(one.item): _notebook(one) for one in items if one.slug is None and one.state.ended_well and one.folder}
    artefacts |= standing
    notes = {label: [text] for label, text in notebook_progress(arguments).items()}
    return dataclasses.replace(row, labels=labels, artefacts=artefacts, notes=notes), items


def open_items(row: RunRow, place: Place, outputs: Path) -> list[ItemRow]:
    """Return the items of an open run that are known so far, see `OpenSteps.items`. Reads as much as `with_open_labels`.

    Raises:
        PayloadError: what the run was started with is not to be had here.
        RecordsError: the records of its items cannot be read.
    """
    events = _history(row, place)
    steps = _steps(arguments_in(events, place.payloads.load), events, place, _Histories(place))
    return _with_records(steps.items(), recorded_items(outputs, row.run_id)) if steps is not None else []


def items_in_history(arguments: Mapping[str, Any], events: Sequence[HistoryEvent], place: Place) -> list[ItemRow]:
    """Return the items of a run from its history, and from those of its slices that are open.

    Raises:
        PayloadError: what a task was started with is not to be had here.
    """
    return OpenSteps.of_history(arguments, events, place.payloads.load, _Histories(place)).items()


class _Histories:
    """Reads histories, and keeps those that it has read."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.read: list[list[HistoryEvent]] = []

    def __call__(self, workflow_id: str, run_id: str) -> list[HistoryEvent]:
        execution = {"workflowId": workflow_id, "runId": run_id}
        self.read.append(history(self._place.service, self._place.domain, execution))
        return self.read[-1]


def _history(row: RunRow, place: Place) -> list[HistoryEvent]:
    return history(place.service, place.domain, {"workflowId": row.workflow_id, "runId": row.run_id})


def _steps(
    arguments: Mapping[str, Any], events: Sequence[HistoryEvent], place: Place, histories: _Histories
) -> OpenSteps | None:
    """Return the steps of a run; None of one whose labels have no lists of items, as its former type knows none."""
    kind = events[0]["workflowExecutionStartedEventAttributes"]["workflowType"]
    if kind["version"] == _WITHOUT_STEPS or not arguments:
        return None
    return OpenSteps.of_history(arguments, events, place.payloads.load, histories)


def _labels_of_tasks(arguments: Mapping[str, Any], known: Mapping[str, ShownLabel]) -> dict[str, LabelState]:
    from deciders.values.label_state import LabelState

    names = [notebook["label"] for notebook in arguments.get("workflow", {}).get("notebooks", ())]
    return {name: LabelState.read(known[name].state) if name in known else LabelState.PENDING for name in names}


def _reports(arguments: Mapping[str, Any], known: Mapping[str, ShownLabel]) -> dict[str, LabelState]:
    """Return the states of the reports: of each that a label has anyway, of items those that are made or under way."""
    from deciders.values.artefact_key import ArtefactKey
    from deciders.values.label_state import LabelState

    found: dict[str, LabelState] = {}
    for notebook in arguments.get("workflow", {}).get("notebooks", ()):
        formats = [output["format"] for output in notebook.get("output") or ()]
        if not is_fan(notebook):
            for key in [ArtefactKey(notebook["label"], format) for format in formats]:
                shown = known.get(key.file_name)
                found[str(key)] = LabelState.read(shown.state) if shown is not None else LabelState.PENDING
            continue
        for name, shown in known.items():
            if shown.is_report and (key := ArtefactKey.of_file_name(name)).label == notebook["label"]:
                found[str(key)] = LabelState.read(shown.state)
    return found


def _keys(labels: Mapping[str, LabelState]) -> Iterator[tuple[str, str]]:
    """Yield the name of each label and report among the tasks of its run, and among the artefacts."""
    from deciders.values.artefact_key import ArtefactKey

    for key in labels:
        yield ArtefactKey.parse(key).file_name, key


def _made(shown: ShownLabel | None) -> Any:
    return shown.made if shown is not None else None


def _notebook(row: ItemRow) -> str:
    from workers.artefacts import path_part

    return str(Path(row.folder or "") / f"{path_part(row.label)}.ipynb")


def _with_records(rows: Sequence[ItemRow], recorded: Sequence[ItemRow]) -> list[ItemRow]:
    """Return the rows with what the workers have recorded of those that have ended, as that is more."""
    known = {(row.label, row.index): row for row in recorded}
    found = []
    for row in rows:
        record = known.get((row.label, row.index))
        found.append(record if record is not None and record.state == row.state else row)
    return found


def is_fan(notebook: Mapping[str, Any]) -> bool:
    """Tell of a notebook among the arguments of a run if it has a list of items."""
    return notebook.get("for_each") is not None or notebook.get("repeat") is not None


def notebook_progress(arguments: dict[str, Any]) -> dict[str, str]:
    """Return ``cell 3 of 8: Totals`` by label, or item, for each notebook of an open run that is under way, as far as its
    folder tells.

    ``arguments`` is what the run was started with. Empty where its outputs folder cannot be seen from here.
    """
    from deciders.values.item import Item
    from workers.artefacts import Artefacts, read_record

    found: dict[str, str] = {}
    for notebook in arguments.get("workflow", {}).get("notebooks", ()):
        names = (arguments["workflow"]["name"], arguments["instance"], notebook["label"])
        folder = Artefacts(Path(arguments["outputs"])).notebook_folder(*names)
        for place in item_folders(folder) if is_fan(notebook) else [folder]:
            record = read_record(place / "run.json")
            if (text := progress_in(record)) is not None:
                found[str(Item(notebook["label"], record.get("index")))] = text
    return found


def item_folders(of_label: Path) -> list[Path]:
    """Return the folders of the items of a label, in their order."""
    try:
        folders = [entry for entry in of_label.iterdir() if entry.name.partition("-")[0].isdecimal() and entry.is_dir()]
    except OSError:  # nothing of it has begun, or its files were cleaned away
        return []
    return sorted(folders, key=lambda folder: int(folder.name.partition("-")[0]))
