"""Waiting for a run that somebody else carries out, and asking for its end."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...inspection.documents import SCHEMA
from ..events import Event
from ..following import ASK_SECONDS, LOOK_SECONDS, paused
from ..outcomes import Outcome
from ..records.run_rows import RunRow, found_row, interruption, run_rows
from ..run_outcomes import closed_outcome, described, row_outcome

if TYPE_CHECKING:
    from deciders.specification import Specification

    from ...swf_service import ExecutionInfo
    from ..places import Place
    from ..services import Service


def wait(specification: Specification, outputs: Path, service: Service, run: str) -> Generator[Event, None, Outcome]:
    """Wait for the end of a run (``NAME/DATE`` or a workflow id). That of one that has ended is there at once.

    Raises:
        DefinitionError: there is no such run, or it is interrupted and no process goes on with it.
        ServiceError, RecordsError: the journal, the records or the service cannot be read.
    """
    with service.opened(outputs) as place:
        row = found_row(run_rows(specification, outputs, place), run)
        if row.is_running:
            while (info := _now(row, place))["executionStatus"] != "CLOSED":
                if interrupted := interruption([row], place):
                    raise DefinitionError(f"{row.title}: {interrupted}")
                yield from paused(LOOK_SECONDS if place.journal is not None else ASK_SECONDS)
            rows = run_rows(specification, outputs, place, every_run=True)
            recorded = next((one for one in rows if one.run_id == row.run_id), None)
            if recorded is None:
                # Its instance had succeeded before, or was started again since.
                return Outcome(file=specification.path, runs=(closed_outcome(place, info, row.title),))
            row = recorded
    return Outcome(file=specification.path, runs=(row_outcome(row),))


def _now(row: RunRow, place: Place) -> ExecutionInfo:
    if place.journal is not None:
        place.service.refresh()
    return described(place, row.workflow_id, row.run_id)


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
