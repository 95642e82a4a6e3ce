"""Waiting for a run that somebody else carries out, and asking for its end."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import NOTEBOOK_TYPE
from ...exceptions import DefinitionError
from ...inspection.documents import SCHEMA
from ...inspection.executions import history
from ..events import Event, RunChanged, Watching
from ..following import LOOK_SECONDS, paused
from ..outcomes import Outcome
from ..records.run_rows import RunRow, found_row, interruption, run_rows
from ..run_outcomes import closed_outcome, described, row_outcome
from ..states.run_states import Watch, shown_run

if TYPE_CHECKING:
    from deciders.specification import Specification

    from ..places import Place
    from ..services import Service

READ_SECONDS = 5.0  #: between two readings of a history of a domain


def wait(specification: Specification, outputs: Path, service: Service, run: str) -> Generator[Event, None, Outcome]:
    """Wait for the end of a run (``NAME/DATE`` or a workflow id). That of one that has ended is there at once.

    Raises:
        DefinitionError: there is no such run, or it is interrupted and no process goes on with it.
        ServiceError, RecordsError: the journal, the records or the service cannot be read.
    """
    with service.opened(outputs) as place:
        row = found_row(run_rows(specification, outputs, place), run)
        if row.is_running:
            look = _here if place.journal is not None else _there
            yield from look(row, place)
            info = described(place, row.workflow_id, row.run_id)
            rows = run_rows(specification, outputs, place, every_run=True)
            recorded = next((one for one in rows if one.run_id == row.run_id), None)
            if recorded is None:
                # Its instance had succeeded before, or was started again since.
                return Outcome(file=specification.path, runs=(closed_outcome(place, info, row.title),))
            row = recorded
    return Outcome(file=specification.path, runs=(row_outcome(row),))


def _here(row: RunRow, place: Place) -> Generator[Event, None, None]:
    """Follow a run that another process of this machine carries out, from its journal.

    Raises:
        DefinitionError: no process goes on with it.
    """
    watch = Watch(place.service, [NOTEBOOK_TYPE], load=place.payloads.load, workflow_ids={row.workflow_id})
    yield Watching(watch)
    while True:
        is_interrupted = interruption([row], place)  # before the look, which then is the last one
        for changed in watch.look():
            yield RunChanged(changed)
        if described(place, row.workflow_id, row.run_id)["executionStatus"] == "CLOSED":
            return
        if is_interrupted:
            raise DefinitionError(f"{row.title}: {is_interrupted}")
        yield from paused(LOOK_SECONDS)


def _there(row: RunRow, place: Place) -> Generator[Event, None, None]:
    """Follow a run of a domain: its history is read again and again, a call for each 1,000 events."""
    while True:
        info = described(place, row.workflow_id, row.run_id)
        execution = {"workflowId": row.workflow_id, "runId": row.run_id}
        yield RunChanged(shown_run(info, history(place.service, place.domain, execution), place.payloads.load))
        if info["executionStatus"] == "CLOSED":
            return
        yield from paused(READ_SECONDS)


@dataclass(frozen=True)
class CancelRequest:
    """A run that was asked to end."""

    run: str  #: ``NAME/DATE_IDENTITY``
    workflow_id: str
    run_id: str
    takes_effect_now: bool  #: and not when the next process takes the journal

    def to_dict(self) -> dict[str, Any]:
        asked = {"workflow_id": self.workflow_id, "run_id": self.run_id, "takes_effect_now": self.takes_effect_now}
        return {"schema": SCHEMA, "request": {"run": self.run, **asked}}


def cancel(specification: Specification, outputs: Path, service: Service, run: str) -> CancelRequest:
    """Ask a run to end: its notebooks are interrupted, and its state is ``cancelled``.

    Raises:
        DefinitionError: there is no such run, or it has ended already.
        ServiceError, RecordsError: the journal, the records or the service cannot be read.
    """
    with service.opened(outputs) as place:
        row = found_row(run_rows(specification, outputs, place), run)
        if not row.is_running:
            raise DefinitionError(f"{row.title} has ended already ({row.state})")
        execution = {"workflowId": row.workflow_id, "runId": row.run_id}
        takes_effect = place.ask("request_cancel_workflow_execution", execution)
    return CancelRequest(row.title, row.workflow_id, row.run_id, takes_effect)
