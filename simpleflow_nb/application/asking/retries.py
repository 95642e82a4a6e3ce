"""A run that a person asks for once more."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ..conditions import Conditions
from ..events import Event
from ..files.workflow_files import check_writable
from ..outcomes import Outcome
from ..records.item_rows import recorded_items
from ..records.run_rows import RunRow, found_row, rerun_facts, run_rows
from ..services import Service
from .backfills import has_data_that_count, keeps_labels

if TYPE_CHECKING:
    from deciders.runs.reruns import RerunFacts
    from deciders.specification import ConfiguredWorkflow, Specification


@dataclass(frozen=True)
class Retry:
    """A run, and the request for doing again what failed or was skipped of it; None where there is nothing of that kind, or the
    run ``is_interrupted`` and goes on."""

    row: RunRow
    request: dict[str, Any] | None
    is_interrupted: bool = False  #: it is open, and no process carries it out

    @property
    def is_needed(self) -> bool:
        """Tell whether there is anything to carry out."""
        return self.request is not None or self.is_interrupted


def planned_retry(
    specification: Specification, outputs: Path, service: Service, run: str, *, adopt: bool = False, force: bool = False
) -> Retry:
    """Find the run that is meant (``NAME/DATE`` or a workflow id) and see whether it can be tried again; with ``force`` it is,
    also where all has succeeded, and nothing is kept.

    Raises:
        DefinitionError: there is no such run, it is running elsewhere, or what is on record of it comes to another
            instance, as secrets in parameters are masked there.
        SourceError: it cannot be read whether its data have changed.
        ServiceError, RecordsError: the journal, the records or the service cannot be read.
    """
    from deciders.values.label_state import LabelState

    check_writable(outputs)
    with service.opened(outputs) as place:
        row = found_row(run_rows(specification, outputs, place, adopt=adopt), run)
        is_interrupted = row.is_running and place.is_interrupted
        counts = row.reference_date is not None and has_data_that_count(specification, row.workflow)
        facts = rerun_facts(specification, outputs, place, adopt=adopt) if counts else None
    if is_interrupted:
        return Retry(row, None, is_interrupted=True)
    if row.is_running:
        raise DefinitionError(f"{row.title} is running; it can be tried again once it has ended")
    is_whole = row.has_succeeded and not row.error and LabelState.SKIPPED not in row.labels.values()
    if not force and is_whole and not _skipped(row, outputs):
        return Retry(row, None)
    return Retry(row, _retry_request(specification, row, facts, force=force))


def _skipped(row: RunRow, outputs: Path) -> bool:
    """Tell whether a notebook of an item said that there is nothing to do; what a condition skipped would be skipped again."""
    from deciders.values.label_state import LabelState

    items = recorded_items(outputs, row.run_id)
    return any(one.state == LabelState.SKIPPED and one.slug is not None and one.attempt is not None for one in items)


def carry_out(
    specification: Specification, outputs: Path, service: Service, planned: Retry, *, conditions: Conditions
) -> Generator[Event, None, Outcome]:
    """Run again what failed or was skipped of a run; notebooks that succeeded are kept. A run that was interrupted goes on.

    It is carried out, here or in the process that has the journal, and waited for; on a service an execution starts it. Nothing
    is started where all has succeeded.

    Raises: whatever the service raises, see `Local.carry_out` and `Swf.carry_out`.
    """
    if not planned.is_needed:
        return Outcome(file=specification.path)
    requests = [planned.request] if planned.request is not None else []
    interrupted = [planned.row.workflow_id] if planned.is_interrupted else []
    return (yield from service.carry_out(specification, outputs, requests, interrupted=interrupted, conditions=conditions))


def retry(
    specification: Specification, outputs: Path, service: Service, run: str, *, conditions: Conditions
) -> Generator[Event, None, Outcome]:
    """See what is to be done, and do it: `planned_retry` and `carry_out`."""
    planned = planned_retry(specification, outputs, service, run, adopt=conditions.adopt, force=conditions.force)
    return (yield from carry_out(specification, outputs, service, planned, conditions=conditions))


def _retry_request(specification: Specification, row: RunRow, facts: RerunFacts | None, *, force: bool) -> dict[str, Any]:
    """Return the request for the same instance that ran, whatever the sensor's entries say now; ``facts`` where changed data
    count for it.

    Raises:
        DefinitionError: what is on record of it comes to another instance: secrets in parameters are masked there.
        SourceError: it cannot be read whether its data have changed.
    """
    from deciders.runs.planned_run import run_for
    from deciders.runs.run_requests import RETRY, run_request
    from deciders.values.reason import Reason, ReasonKind

    if row.is_of_scenario:
        return _request_of_scenario(row, force=force)
    entry = _entry_of(specification, row)
    if entry is None:
        raise DefinitionError(
            f"{row.title} cannot be tried again: what is on record of its parameters makes another run, as secrets are masked "
            "there, and no entry of the sensor names it now; start it again with workflow.start"
        )
    reference_date = _date_of(row)
    keeps = not force and (facts is None or keeps_labels(specification, run_for(entry, reference_date), facts))
    reason = Reason.of(ReasonKind.RETRIED, state=row.state)
    return run_request(entry, [reference_date], reason, keeps_labels=keeps, forced=force, started_by=RETRY)


def _request_of_scenario(row: RunRow, *, force: bool) -> dict[str, Any]:
    """Return the request for the same scenario; without ``force``, notebooks whose inputs are unchanged are kept.

    Raises:
        DefinitionError: what is on record of it comes to another scenario: secrets in parameters are masked there.
    """
    from deciders.runs.entries import entry_like
    from deciders.runs.run_requests import RETRY, run_request
    from deciders.runs.scenario_runs import scenario_run
    from deciders.specification.scenarios.instance_names import set_of_instance
    from deciders.values.reason import Reason, ReasonKind

    instance = row.instance or ""
    entry = entry_like(row.workflow, row.parameters, None)
    if scenario_run(instance, entry).identity != row.identity:
        raise DefinitionError(
            f"{row.title} cannot be tried again: what is on record of its parameters makes another run, as secrets are masked "
            f"there; start its set again: scenarios.start {set_of_instance(instance)}"
        )
    reason = Reason.of(ReasonKind.RETRIED, state=row.state)
    return run_request(entry, [None], reason, keeps_labels=not force, forced=force, started_by=RETRY, own_instance=instance)


def _entry_of(specification: Specification, row: RunRow) -> ConfiguredWorkflow | None:
    """Return an entry whose run for the date of the row is the same instance: one of the sensor's, one with the stencil that is
    on record, or one with the days themselves, as early versions kept no stencil."""
    from deciders.runs.entries import Entries, entry_like
    from deciders.runs.planned_run import identity_for

    if (entry := row.entry_of(Entries(specification))) is not None:
        return entry
    days = [list(pair) for pair in row.parameters.get("date_ranges") or ()]
    for stencil in (row.date_stencil, days):
        entry = entry_like(row.workflow, row.parameters, stencil)
        if identity_for(entry, _date_of(row)) == row.identity:
            return entry
    return None


def _date_of(row: RunRow) -> date | None:
    return date.fromisoformat(row.reference_date) if row.reference_date is not None else None
