"""One run: what it was started with, what became of its labels, what they left, and its earlier attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import PayloadError
from ...inspection.documents import SCHEMA
from ..records.item_rows import ItemRow, recorded_items
from ..records.open_labels import with_open_labels
from ..records.run_rows import RunRow, attempt_rows, found_row, interruption, run_rows

if TYPE_CHECKING:
    from deciders.specification import Specification
    from deciders.values.label_state import LabelState

    from ..services import Service


@dataclass(frozen=True)
class LabelView:
    """A label of a run, or its reports in one format."""

    name: str  #: an `ArtefactKey`; of reports of items without an index
    state: LabelState
    path: str | None = None  #: of its executed notebook or report; of one that failed or was skipped, of what it got to
    is_there: bool = True  #: whether the path still leads to something
    counts: Mapping[LabelState, int] = field(default_factory=dict)  #: of a fan, how many of its items are in which state
    is_fan: bool = False  #: it has a list of items, which may be empty, or not known yet; the path is that of their folder

    @property
    def length(self) -> int | None:
        """The number of items of a fan, or of their reports; None if it is not known yet, or the fan ended before it was."""
        if not self.is_fan:
            return None
        return sum(self.counts.values()) if self.counts or self.state.ended_well else None


@dataclass(frozen=True)
class RunDetails:
    """A run, and every attempt at its instance."""

    run: RunRow
    attempts: Sequence[RunRow]  #: of the instance, the run itself among them
    labels: Sequence[LabelView]  #: in the order of the workflow file, notebooks before reports
    trouble: str | None = None  #: why the labels of a run that is open are not to be seen from here
    interrupted: str | None = None  #: a sentence, if the run is open while no process carries it out
    items: Sequence[ItemRow] = ()  #: by label and index; none of a run of version 0.1

    @property
    def troubled_items(self) -> list[ItemRow]:
        """The items of fans that failed, then those that were skipped, each in their order."""
        from deciders.values.label_state import LabelState

        items = [one for one in self.items if one.slug is not None]
        failed = [one for one in items if one.state in (LabelState.FAILED, LabelState.TIMED_OUT)]
        return failed + [one for one in items if one.state == LabelState.SKIPPED]

    @property
    def explained_items(self) -> list[ItemRow]:
        """The labels without a list of items that ended well and of which it is known why they were kept, or ran again."""
        return [one for one in self.items if one.slug is None and one.state.ended_well and one.reason]

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "run": self.run.to_dict(),
            "fans": {one.name: _fan(one) for one in self.labels if one.is_fan and not _is_report(one.name)},
            "items": [one.to_dict() for one in self.items],
            "attempts": [one.to_dict() for one in self.attempts],
            "trouble": self.trouble,
            "interrupted": self.interrupted,
        }


def _fan(view: LabelView) -> dict[str, Any]:
    return {"items": view.length, "counts": {str(state): count for state, count in view.counts.items()}}


def _is_report(name: str) -> bool:
    from deciders.values.artefact_key import ArtefactKey

    return ArtefactKey.parse(name).is_report


def run_details(specification: Specification, outputs: Path, service: Service, reference: str) -> RunDetails:
    """Show the run that ``reference`` means, see `deciders.runs.run_reference`.

    Raises:
        DefinitionError: there is none, or several fit, or a workflow belongs to another file.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
    """
    trouble, items, empty = None, list[ItemRow](), set[str]()
    with service.opened(outputs) as place:
        row = found_row(run_rows(specification, outputs, place), reference)
        attempts = attempt_rows(specification, outputs, place, row)
        if row.is_running:
            try:
                row, items = with_open_labels(row, place, outputs)
            except PayloadError as error:
                trouble = str(error)
        else:
            items, empty = _ended_items(specification, outputs, row)
        interrupted = interruption([row], place)
    views = _Views(specification, row, outputs, items, empty)
    return RunDetails(row, attempts, list(views), trouble, interrupted or None, items)


def _ended_items(specification: Specification, outputs: Path, row: RunRow) -> tuple[list[ItemRow], set[str]]:
    """Return the items of a run that has ended, and the labels whose lists of items were empty."""
    steps = specification.workflow(row.workflow).graph.steps
    items = recorded_items(outputs, row.run_id, steps)
    empty = {one.label for one in items if one.is_empty_fan}
    # An older decider or worker records an empty list like a label without a list.
    fans = {label for label, step in steps.items() if step.is_fan and label in row.labels and row.labels[label].ended_well}
    empty |= {one.label for one in items if one.slug is None and one.label in fans}
    return [one for one in items if one.label not in empty], empty


class _Views:
    """The labels of a run, then its reports, as they come in the workflow file. What the file lacks now is last."""

    def __init__(
        self, specification: Specification, row: RunRow, outputs: Path, items: Sequence[ItemRow], empty: Set[str]
    ) -> None:
        from deciders.values.artefact_key import ArtefactKey
        from deciders.values.label_state import LabelState

        self.row, self.outputs = row, outputs
        self.notebooks = specification.workflow(row.workflow).notebooks
        steps = specification.workflow(row.workflow).graph.steps
        self.fans = {one.label for one in items if one.slug is not None} | empty
        whole = {one.label for one in items if one.slug is None}
        self.fans |= {label for label, step in steps.items() if step.is_fan and label not in whole}
        self.items: dict[str, Counter[LabelState]] = {label: Counter() for label in self.fans}
        for one in items:
            if one.slug is not None:
                self.items[one.label][one.state] += 1
        made = {name: LabelState.SUCCEEDED for name in row.artefacts if ArtefactKey.parse(name).is_report}
        #: by label and format, then by index: states of notebooks and of reports
        self.states: dict[tuple[str, str | None], dict[int | None, LabelState]] = {}
        for name, state in (made | row.labels).items():
            key = ArtefactKey.parse(name)
            self.states.setdefault((key.label, key.format), {})[key.index] = state

    def __iter__(self) -> Iterator[LabelView]:
        places: list[tuple[str, str | None]] = [(notebook.label, None) for notebook in self.notebooks]
        places += [(notebook.label, output.format) for notebook in self.notebooks for output in notebook.output]
        known = [place for place in places if place in self.states]
        known += [place for place in self.states if place not in places]
        for are_reports in (False, True):
            yield from (self._view(*place) for place in known if (place[1] is not None) is are_reports)

    def _view(self, label: str, format: str | None) -> LabelView:
        from deciders.values.artefact_key import ArtefactKey
        from deciders.values.label_state import LabelState

        states, name = self.states[label, format], str(ArtefactKey(label, format))
        if format is not None and None not in states:
            return self._reports_of_items(name, Counter(states.values()), label, format)
        state = states[None]
        if format is None and label in self.fans:
            folder = self._folder(label)
            return LabelView(name, state, folder, _is_there(folder), self.items[label], is_fan=True)
        path = self.row.artefacts.get(name) or _half_run(self.outputs, self.row, name, state)
        if format is None and state is LabelState.CACHED and path is not None:
            path = _taken_over(self.outputs, self.row, label, path)
        return LabelView(name, state, path, _is_there(path))

    def _reports_of_items(self, name: str, counts: Counter[LabelState], label: str, format: str) -> LabelView:
        from deciders.values.artefact_key import ArtefactKey
        from deciders.values.label_state import LabelState

        keys = [str(ArtefactKey(label, format, index)) for index in self.states[label, format]]
        folders = {str(Path(self.row.artefacts[key]).parent) for key in keys if key in self.row.artefacts}
        folder = folders.pop() if len(folders) == 1 else None
        if counts[LabelState.FAILED]:
            state = LabelState.FAILED
        elif counts[LabelState.RUNNING] or counts[LabelState.PENDING]:
            state = LabelState.RUNNING
        else:
            state = LabelState.CACHED if set(counts) == {LabelState.CACHED} else LabelState.SUCCEEDED
        return LabelView(name, state, folder, _is_there(folder), counts, is_fan=True)

    def _folder(self, label: str) -> str | None:
        from deciders.values.label_state import LabelState
        from workers.artefacts import Artefacts

        if not self.row.instance or set(self.items[label]) <= {LabelState.PENDING}:
            return None  # none has begun
        return str(Artefacts(self.outputs).notebook_folder(self.row.workflow, self.row.instance, label))


def _is_there(path: str | None) -> bool:
    return path is None or "://" in path or Path(path).exists()


def _taken_over(outputs: Path, row: RunRow, label: str, recorded: str) -> str:
    """Return where the notebook of a label that was kept is now, if another run has made it and been tried again since."""
    from workers.artefacts import Artefacts
    from workers.sharing.taken_items import TAKEN_FROM, executed_notebook

    own = Artefacts(outputs).notebook(row.workflow, row.instance or "", label)
    return str(executed_notebook(own, outputs)) if own.with_name(TAKEN_FROM).exists() else recorded


def _half_run(outputs: Path, row: RunRow, label: str, state: LabelState) -> str | None:
    """Return the notebook of a label that failed or was skipped, if it is still there."""
    from deciders.values.label_state import LabelState
    from workers.artefacts import Artefacts, read_record

    if state not in (LabelState.FAILED, LabelState.SKIPPED) or not row.instance:
        return None
    path = Artefacts(outputs).notebook(row.workflow, row.instance, label)
    ended = read_record(path.with_name("run.json")).get("status")
    return str(path) if path.exists() and ended == state else None
