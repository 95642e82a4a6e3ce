"""Outcome of a call that carries out runs: how each ended, what else is to be said, and whether all is well."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..inspection.documents import SCHEMA, iso_time
from ..masking import masked_leaves
from .states.run_states import EarlierRuns
from .states.shown_states import ShownEnd

if TYPE_CHECKING:
    from deciders.values.label_state import LabelState
    from deciders.values.run_state import RunState


@dataclass(frozen=True)
class LabelOutcome:
    """Outcome of a notebook or a report of a run."""

    name: str
    state: LabelState
    attempt: int = 1
    note: str = ""  #: why it was skipped or failed, or its first warning
    cause: str = ""  #: why it failed, in full
    warnings: tuple[str, ...] = ()
    is_report: bool = False
    ended_in_cell: int | None = None  #: the cell in which the notebook has ended itself, before its last one
    path: str | None = None
    seconds: float = 0.0

    @property
    def was_skipped(self) -> bool:
        from deciders.values.label_state import LabelState

        return self.state == LabelState.SKIPPED

    @property
    def has_failed(self) -> bool:
        from deciders.values.label_state import LabelState

        return self.state == LabelState.FAILED

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": str(self.state),
            "attempt": self.attempt,
            "is_report": self.is_report,
            "path": self.path,
            "seconds": round(self.seconds, 3),
            "warnings": list(self.warnings),
            "note": self.note or None,
            "error": self.cause or None,
            "ended_in_cell": self.ended_in_cell,
        }


@dataclass(frozen=True)
class RunOutcome:
    """State of a run, or its end."""

    title: str  #: ``NAME/DATE_IDENTITY``, or the workflow id of a run on a service: commands take either as RUN
    workflow_id: str
    run_id: str
    state: RunState
    reason: str | None = None  #: of an end that is none of success
    started: float | None = None  #: epoch seconds
    ended: float | None = None
    reports: tuple[str, ...] = ()  #: paths
    labels: tuple[LabelOutcome, ...] = ()
    not_run: tuple[str, ...] = ()  #: labels that were not run for the failure of others
    is_parked: bool = False  #: open, and cannot go on

    @property
    def has_warnings(self) -> bool:
        """Tell whether one of its labels warns of something; a report that could not be made is no more than that."""
        return any(label.warnings for label in self.labels)

    @property
    def has_failed(self) -> bool:
        """Tell whether it has ended, and neither well nor because somebody wanted it."""
        from deciders.values.run_state import RunState

        return self.state in (RunState.FAILED, RunState.TIMED_OUT, RunState.TERMINATED)

    @property
    def has_succeeded(self) -> bool:
        from deciders.values.run_state import RunState

        return self.state == RunState.SUCCEEDED

    @property
    def has_ended_well(self) -> bool:
        """Tell whether it has succeeded or was skipped."""
        from deciders.values.run_state import RunState

        return self.state in (RunState.SUCCEEDED, RunState.SKIPPED)

    @property
    def lacks_reports(self) -> bool:
        from deciders.values.label_state import LabelState

        return any(label.is_report and label.state == LabelState.FAILED for label in self.labels)

    def to_dict(self) -> dict[str, Any]:
        return {
            "run": self.title,
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
            "state": str(self.state),
            "reason": self.reason,
            "is_parked": self.is_parked,
            "started": iso_time(self.started),
            "ended": iso_time(self.ended),
            "reports": list(self.reports),
            "labels": [label.to_dict() for label in self.labels],
            "not_run": list(self.not_run),
        }


@dataclass(frozen=True)
class RemoteExecution:
    """Execution that was started on a service, for deciders and workers anywhere to carry out."""

    workflow_id: str
    run_id: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Outcome of a call that carries out runs."""

    file: Path  #: the workflow file, as it was named
    runs: tuple[RunOutcome, ...] = ()  #: in the order in which they were started; of many, the last of each end
    earlier: EarlierRuns = field(default_factory=EarlierRuns)  #: the others, counted
    parked: tuple[str, ...] = ()  #: a sentence for each run that cannot go on
    seconds: float = 0.0
    was_interrupted: bool = False
    has_unstarted: bool = False  #: a backfill was ended, or interrupted, before it has started every run
    is_cancelled: bool = False  #: the cancellation of what was open is requested
    has_failed_otherwise: bool = False  #: a sensor or a backfill
    started: tuple[RemoteExecution, ...] = ()  #: what a service carries out
    goes_on_with: int | None = None  #: process that carries it out, where nobody waits for the end any more
    not_due: int | None = None  #: of a check that found nothing due: how many pairs of a workflow and a date are not
    notes: tuple[str, ...] = ()  #: what else there is to say

    @property
    def open_runs(self) -> list[RunOutcome]:
        """Those that go on when the same is asked for again."""
        from deciders.values.run_state import RunState

        return [run for run in self.runs if run.state == RunState.RUNNING and not run.is_parked]

    @property
    def counts(self) -> Counter[ShownEnd]:
        """Number of runs by their end, including those of which no more is known."""
        return Counter(map(_end, self.runs)) + self.earlier.ends

    @property
    def is_success(self) -> bool:
        """Tell whether everything that was asked for is done, or is carried out by others: exit code 0."""
        is_followed = self.goes_on_with is None
        is_whole = is_followed and not self.parked and not self.has_unstarted and not self.has_failed_otherwise
        return is_whole and not any(self.counts[end] for end in (ShownEnd.FAILED, ShownEnd.CANCELLED, ShownEnd.OPEN))

    def to_dict(self) -> dict[str, Any]:
        counts = self.counts
        document = {
            "schema": SCHEMA,
            "is_success": self.is_success,
            "counts": {str(end): counts[end] for end in ShownEnd},
            "runs": [run.to_dict() for run in self.runs],
            "seconds": round(self.seconds, 3),
            "was_interrupted": self.was_interrupted,
            "parked": list(self.parked),
            "started": [{"workflow_id": one.workflow_id, "run_id": one.run_id} for one in self.started],
            "goes_on_with": self.goes_on_with,
            "not_due": self.not_due,
            "notes": list(self.notes),
        }
        return masked_leaves(document)


def _end(run: RunOutcome) -> ShownEnd:
    from deciders.values.run_state import RunState

    if run.has_failed:
        return ShownEnd.FAILED
    ends = {RunState.RUNNING: ShownEnd.OPEN, RunState.SKIPPED: ShownEnd.SKIPPED, RunState.CANCELLED: ShownEnd.CANCELLED}
    return ends.get(run.state, ShownEnd.SUCCEEDED)
