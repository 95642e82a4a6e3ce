"""Outcomes of runs, made from what their executions, their histories or their records say of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import payload
from ..constants import BACKFILL_TYPE, SCENARIOS_TYPE
from ..inspection.executions import history
from ..inspection.task_rows import epoch
from ..processes.local_run import LocalRun
from .outcomes import LabelOutcome, Outcome, RunOutcome
from .places import Place
from .records.open_steps import OpenSteps
from .records.run_rows import RunRow
from .records.told_items import ToldItems
from .states.run_states import ShownRun, Watch, last_attributes, status_word
from .states.shown_labels import ShownLabel
from .states.shown_states import ShownEnd

if TYPE_CHECKING:
    from deciders.values.run_error import RunError
    from deciders.values.run_state import RunState

    from ..swf_service import ExecutionInfo


def described(place: Place, workflow_id: str, run_id: str) -> ExecutionInfo:
    """Return the service's word on an execution."""
    execution = {"workflowId": workflow_id, "runId": run_id}
    info: ExecutionInfo = place.service.describe_workflow_execution(domain=place.domain, execution=execution)["executionInfo"]
    return info


def closed_outcome(place: Place, info: ExecutionInfo, title: str | None = None) -> RunOutcome:
    """Return the end of a closed run as its history has it: for runs without a record, or whose records are elsewhere.

    Without a ``title`` it is known by its workflow id.

    Raises:
        PayloadError: its result cannot be read.
    """
    from deciders.tasks.results import RunResult

    execution, status = info["execution"], info["closeStatus"]
    events = history(place.service, place.domain, execution)
    end, reports, is_skipped = last_attributes(events), tuple[str, ...](), False
    if status == "COMPLETED":
        result = RunResult.of_json(payload.decode(end.get("result"), place.payloads.load))
        reports, is_skipped = tuple(result.reports), result.was_skipped
    return RunOutcome(
        title or execution["workflowId"],
        execution["workflowId"],
        execution["runId"],
        _end_state(status, is_skipped=is_skipped),
        end.get("reason"),
        epoch(info["startTimestamp"]),
        epoch(events[-1]["eventTimestamp"]),
        reports,
    )


def row_outcome(row: RunRow) -> RunOutcome:
    """Return the state or the end of a run, as the records have it."""
    from deciders.values.artefact_key import ArtefactKey
    from deciders.values.label_state import LabelState

    causes = _causes(row.run_error)
    labels = []
    for name, state in row.labels.items():
        notes, cause = tuple(row.notes.get(name, ())), causes.get(ArtefactKey.parse(name).shown, "")
        labels.append(
            LabelOutcome(
                str(name),
                state,
                note=cause or next(iter(notes), ""),
                cause=cause,
                warnings=notes if state.ended_well else (),
                path=row.artefacts.get(name),
                is_report=ArtefactKey.parse(name).is_report,
            )
        )
    reports = tuple(path for name, path in row.artefacts.items() if ArtefactKey.parse(name).is_report)
    return RunOutcome(
        row.title,
        row.workflow_id,
        row.run_id,
        row.state,
        row.error,
        row.started.timestamp() if row.started is not None else None,
        row.ended.timestamp() if row.ended is not None else None,
        reports,
        tuple(labels),
        tuple(name for name, state in row.labels.items() if state == LabelState.NOT_RUN),
    )


def _causes(error: RunError | None) -> dict[str, str]:
    """Return why labels have failed, by label; of a fan, the first of its items. Causes that cannot be told apart are given
    together.
    """
    from deciders.values.item import Item

    found = dict[str, str]()
    if error is not None:
        is_told_apart = len(error.causes) == len(error.failed)
        causes = error.causes if is_told_apart else ["; ".join(error.causes)] * len(error.failed)
        for name, cause in zip(error.failed, causes, strict=True):
            found.setdefault(Item.parse(name).label, cause)
    return found


def _end_state(status: str, *, is_skipped: bool) -> RunState:
    """Return the state of a run by SWF's close status; whether it was skipped is in its result."""
    from deciders.values.run_state import RunState

    if status == "COMPLETED":
        return RunState.SKIPPED if is_skipped else RunState.SUCCEEDED
    return RunState.read(status_word(status))


def shown_outcome(run: ShownRun, *, is_parked: bool = False) -> RunOutcome:
    """Return the state or the end of a run of a local service."""
    from deciders.values.run_state import RunState

    return RunOutcome(
        run.title,
        run.workflow_id,
        run.run_id,
        _end_state(run.status, is_skipped=run.end == ShownEnd.SKIPPED) if run.status else RunState.RUNNING,
        run.reason,
        run.started,
        run.ended,
        tuple(run.reports) if run.status else (),
        tuple(_label_outcome(label) for label in run.labels if label.is_shown),
        tuple(_not_run(run)) if run.status else (),
        is_parked,
    )


def _label_outcome(label: ShownLabel) -> LabelOutcome:
    from deciders.values.label_state import LabelState

    path = label.result.get("path")
    return LabelOutcome(
        label.name,
        LabelState.read(label.state),
        label.attempt,
        label.note,
        label.cause,
        tuple(label.warnings),
        label.is_report,
        label.ended_in_cell,
        str(path) if path else None,
        label.seconds,
    )


def _not_run(run: ShownRun) -> list[str]:
    """Return the labels that were not run, or not with all their items, because of a failure."""
    from deciders.values.label_state import LabelState

    if "workflow" not in run.arguments:
        return []  # no run of notebooks, or what it was started with is not to be had here
    steps = OpenSteps(run.arguments, ToldItems.of_shown(run))
    return [name for name, state in steps.labels.items() if state == LabelState.NOT_RUN]


def local_outcome(
    run: LocalRun,
    watch: Watch,
    file: Path,
    *,
    ended: bool,
    notes: Sequence[str] = (),
    has_failed_otherwise: bool = False,
    not_due: int | None = None,
) -> Outcome:
    """Return the outcome of a local run as it is now; ``ended``: nobody has stopped it before everything was over."""
    parked = run.parked
    return Outcome(
        file=file,
        runs=tuple(shown_outcome(one, is_parked=one.run_id in parked) for one in watch.states()),
        earlier=watch.earlier,
        parked=tuple(f"{one.workflow_id} cannot go on: {one.error}" for one in parked.values()),
        seconds=run.seconds(),
        was_interrupted=not ended,
        has_unstarted=not ended and bool(run.open_runs(BACKFILL_TYPE, SCENARIOS_TYPE)),  # runs that are not among the states
        is_cancelled=run.interrupts.count > 1,
        has_failed_otherwise=has_failed_otherwise,
        notes=tuple(notes),
        not_due=not_due,
    )
