"""Runs whose code is replayed here, to look at it, and the moment of their history that is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...exceptions import DefinitionError
from ...inspection.documents import Document
from ...inspection.executions import history
from ...processes.observed_run import ObservedRun
from ...processes.workflow_classes import workflow_class
from ...replay.observation import CLOSED
from ..places import Place
from ..services import Service
from .notebook_executions import execution_meant


@dataclass(frozen=True)
class RunMoment:
    """The moment of a run at which it is looked at: after the last decision that its history has."""

    workflow_id: str
    run_id: str
    status: str  #: ``open``, or how it has closed, as SWF says it in small letters
    events: int  #: in its history
    seen_event: int  #: the last event that its code has seen; 0 if nothing has been decided yet
    unseen: tuple[str, ...]  #: types of the later events, which its code will see at its next decision
    parked: str | None  #: why it could not be decided since; None if it could

    @classmethod
    def of(cls, run: ObservedRun) -> RunMoment:
        """Return the moment of a run by its history."""
        seen, status = run.observation, CLOSED.get(run.events[-1]["eventType"], "open")
        return cls(run.workflow_id, run.run_id, status, len(run.events), seen.seen, seen.unseen, seen.parked)

    @property
    def is_open(self) -> bool:
        return self.status == "open"

    def to_dict(self) -> Document:
        return {
            "workflow_id": self.workflow_id,
            "run_id": self.run_id,
            "status": self.status,
            "events": self.events,
            "seen_event": self.seen_event,
            "unseen_events": list(self.unseen),
            "parked": self.parked,
        }


@contextmanager
def observed(place: Place, execution: dict[str, str], workflow: str | None = None) -> Iterator[ObservedRun]:
    """Read the history of an execution, for a replay in this process; nothing is sent to its service.

    Args:
        workflow: dotted path of its class; None is the one named in its input.

    Raises:
        WorkflowNotFound: there is no class at that path.
        ServiceError: the service cannot be reached, or the journal cannot be read.
    """
    cls = workflow_class(workflow) if workflow is not None else None
    events = history(place.service, place.domain, execution)
    with ObservedRun(execution["workflowId"], execution["runId"], events, place.payloads.load, cls, place.domain) as run:
        yield run


@contextmanager
def found_run(service: Service, run: str, run_id: str | None, outputs: Path | str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Open a service and find a run in it.

    Args:
        outputs: the folder of the journal, for `Local` without a ``db``.

    Raises:
        DefinitionError: there is no such run, or nothing has run there.
        ServiceError: the service cannot be reached, or the journal cannot be read.
    """
    with service.opened(Path(outputs)) as place:
        if place.service is None:
            raise DefinitionError(f"nothing has run here yet: {place.journal} does not exist")
        yield place, execution_meant(place, run, run_id)
