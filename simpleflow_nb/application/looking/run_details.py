"""One run: what it was started with, what became of its labels, what they left, and its earlier attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import PayloadError
from ...inspection.documents import SCHEMA
from ..records.open_labels import with_open_labels
from ..records.run_rows import RunRow, found_row, interruption, run_rows

if TYPE_CHECKING:
    from deciders.specification import Specification
    from deciders.values.label_state import LabelState

    from ..services import Service


@dataclass(frozen=True)
class LabelView:
    """A label of a run, or a report of it."""

    name: str  #: an `ArtefactKey`
    state: LabelState
    path: str | None = None  #: of its executed notebook or report; of one that failed or was skipped, of what it got to
    is_there: bool = True  #: whether the path still leads to something


@dataclass(frozen=True)
class RunDetails:
    """A run, and every attempt at its instance."""

    run: RunRow
    attempts: Sequence[RunRow]  #: of the instance, the run itself among them
    labels: Sequence[LabelView]  #: in the order of the workflow file, notebooks before reports
    trouble: str | None = None  #: why the labels of a run that is open are not to be seen from here
    interrupted: str | None = None  #: a sentence, if the run is open while no process carries it out

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "run": self.run.to_dict(),
            "attempts": [one.to_dict() for one in self.attempts],
            "trouble": self.trouble,
            "interrupted": self.interrupted,
        }


def run_details(specification: Specification, outputs: Path, service: Service, reference: str) -> RunDetails:
    """Show the run that ``reference`` means, see `deciders.runs.run_reference`.

    Raises:
        DefinitionError: there is none, or several fit, or a workflow belongs to another file.
        ServiceError, RecordsError: the journal or the run records cannot be read, or the service cannot be reached.
    """
    trouble = None
    with service.opened(outputs) as place:
        row = found_row(run_rows(specification, outputs, place), reference)
        every = run_rows(specification, outputs, place, every_run=True)
        if row.is_running:
            try:
                row = with_open_labels(row, place)
            except PayloadError as error:
                trouble = str(error)
        interrupted = interruption([row], place)
    attempts = [one for one in every if (one.workflow, one.identity) == (row.workflow, row.identity)]
    labels = [_view(row, outputs, name, state) for name, state in _in_order(specification, row).items()]
    return RunDetails(row, attempts, labels, trouble, interrupted or None)


def _in_order(specification: Specification, row: RunRow) -> dict[str, LabelState]:
    """Return the state of each label of a run and of its reports, as they come in the workflow file.

    What the file lacks now is last.
    """
    from deciders.values.artefact_key import ArtefactKey
    from deciders.values.label_state import LabelState

    ends = {name: LabelState.SUCCEEDED for name in row.artefacts if ArtefactKey.parse(name).is_report} | row.labels
    notebooks = specification.workflow(row.workflow).notebooks
    places = [notebook.label for notebook in notebooks]
    places += [str(ArtefactKey(notebook.label, output.format)) for notebook in notebooks for output in notebook.output]
    known = {name: ends[name] for name in places if name in ends}
    gone = {name: end for name, end in ends.items() if name not in known}
    return {
        name: end
        for which in (False, True)
        for name, end in (known | gone).items()
        if ArtefactKey.parse(name).is_report == which
    }


def _view(row: RunRow, outputs: Path, name: str, state: LabelState) -> LabelView:
    path = row.artefacts.get(name) or _half_run(outputs, row, name, state)
    return LabelView(name, state, path, path is None or "://" in path or Path(path).exists())


def _half_run(outputs: Path, row: RunRow, label: str, state: LabelState) -> str | None:
    """Return the notebook of a label that failed or was skipped, if it is still there."""
    from deciders.values.label_state import LabelState
    from workers.artefacts import Artefacts, read_record

    if state not in (LabelState.FAILED, LabelState.SKIPPED) or not row.instance:
        return None
    path = Artefacts(outputs).notebook(row.workflow, row.instance, label)
    ended = read_record(path.with_name("run.json")).get("status")
    return str(path) if path.exists() and ended == state else None
