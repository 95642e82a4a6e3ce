"""Starting notebook workflows on a service, for deciders and workers anywhere to carry out."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import BACKFILL_TYPE, ITEMS_TYPE, NOTEBOOK_TYPE
from ...exceptions import DefinitionError
from ...processes.decider import Decider
from ..events import Announcement, Event, Note, Started
from ..outcomes import Outcome, RemoteExecution
from ..places import Place
from ..records.owners import claim

if TYPE_CHECKING:
    from deciders.runs.planned_run import PlannedRun
    from deciders.specification import Specification


def start_there(
    place: Place, specification: Specification, outputs: Path, wanted: PlannedRun, *, adopt: bool, force: bool = False
) -> Generator[Event, None, Outcome]:
    """Start an instance.

    Raises:
        DefinitionError: it is open already.
        SourceError: data that are to be remembered with the run cannot be read.
        WorkflowTaken: the workflow belongs to another file.
    """
    from deciders.activities import DECISIONS
    from deciders.workflow_types import application_workflows
    from workers.runs.run_origin import present_user
    from workers.runs.run_starts import start_run

    for sentence in claim([specification], outputs, domain=place.domain, adopt=adopt):
        yield Note(sentence)
    Decider(place.service, place.domain, DECISIONS, application_workflows(NOTEBOOK_TYPE, ITEMS_TYPE)).register_types()
    where, by = (place.service, place.domain), present_user()
    run_id = start_run(*where, specification, wanted, str(outputs), place.payloads, rerun=True, forced=force, started_by=by)
    if run_id is None:
        raise open_already(wanted.workflow_id)
    execution = RemoteExecution(wanted.workflow_id, run_id)
    yield Started(execution)
    return Outcome(file=specification.path, started=(execution,))


def carry_out_there(
    place: Place,
    specification: Specification,
    outputs: Path,
    requests: list[dict[str, Any]],
    *,
    most_at_once: int | None,
    announcement: str | None,
    adopt: bool,
) -> Generator[Event, None, Outcome]:
    """Start the execution that starts the runs which were asked for (see `deciders.runs.run_requests`).

    Raises:
        DefinitionError: the same is under way.
        WorkflowTaken: the workflow belongs to another file.
    """
    from deciders.activities import DECISIONS
    from deciders.workflow_types import application_workflows
    from workers.runs.backfills import start_backfill
    from workers.runs.run_starts import REMOTE_STARTS_PER_SECOND

    for sentence in claim([specification], outputs, domain=place.domain, adopt=adopt):
        yield Note(sentence)
    types = application_workflows(NOTEBOOK_TYPE, ITEMS_TYPE, BACKFILL_TYPE)
    Decider(place.service, place.domain, DECISIONS, types).register_types()
    workflow_id, run_id = start_backfill(
        place.service,
        place.domain,
        specification,
        str(outputs),
        place.payloads,
        requests,
        most_at_once=most_at_once,
        starts_per_second=REMOTE_STARTS_PER_SECOND,
    )
    if run_id is None:
        raise DefinitionError(f"the same request is already in progress as {workflow_id}")
    if announcement is not None:
        yield Announcement(announcement)
    execution = RemoteExecution(workflow_id, run_id)
    yield Started(execution)
    return Outcome(file=specification.path, started=(execution,))


def open_already(workflow_id: str) -> DefinitionError:
    return DefinitionError(f"a run with the id {workflow_id!r} is open; choose another --workflow-id, or wait for it")
