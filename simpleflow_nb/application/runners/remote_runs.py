"""Starting notebook workflows on a service, for deciders and workers anywhere to carry out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import BACKFILL_TYPE, ITEMS_TYPE, NOTEBOOK_TYPE, SCENARIOS_TYPE
from ...exceptions import DefinitionError
from ...processes.decider import Decider
from ..events import Announcement, Event, Note, Started
from ..outcomes import Outcome, RemoteExecution
from ..places import Place
from ..records.owners import claim

if TYPE_CHECKING:
    from deciders.runs.planned_run import PlannedRun
    from deciders.runs.scenario_runs import ScenarioSet
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


def carry_out_set_there(
    place: Place,
    specification: Specification,
    outputs: Path,
    wanted: ScenarioSet,
    requests: list[dict[str, Any]],
    *,
    open_ids: Sequence[str] = (),
    announcement: str | None,
    adopt: bool,
) -> Generator[Event, None, Outcome]:
    """Start the execution that starts the scenarios of a set.

    Raises:
        DefinitionError: the set is under way.
        WorkflowTaken: the workflow belongs to another file.
    """
    from deciders.activities import DECISIONS
    from deciders.workflow_types import application_workflows
    from workers.runs.scenario_sets import scenarios_id, start_scenario_set
    from workers.runs.service_children import has_children

    for sentence in claim([specification], outputs, domain=place.domain, adopt=adopt):
        yield Note(sentence)
    Decider(place.service, place.domain, DECISIONS, application_workflows(NOTEBOOK_TYPE, SCENARIOS_TYPE)).register_types()
    run_id = start_scenario_set(
        place.service,
        place.domain,
        specification,
        str(outputs),
        place.payloads,
        wanted,
        requests,
        open_ids=open_ids,
        has_children=has_children(place.service, place.domain),
        is_remote=True,
    )
    workflow_id = scenarios_id(wanted.name, str(outputs))
    if run_id is None:
        raise DefinitionError(f"scenario set {wanted.name!r} is under way as {workflow_id}; start it again once that has ended")
    if announcement is not None:
        yield Announcement(announcement)
    execution = RemoteExecution(workflow_id, run_id)
    yield Started(execution)
    return Outcome(file=specification.path, started=(execution,))


def open_already(workflow_id: str) -> DefinitionError:
    return DefinitionError(f"a run with the id {workflow_id!r} is open; choose another --workflow-id, or wait for it")
