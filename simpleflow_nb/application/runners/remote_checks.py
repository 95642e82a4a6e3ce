"""Looking for new dates on a service: sensors are started there, and deciders and workers anywhere carry them out."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import payload
from ...exceptions import DefinitionError
from ...inspection.executions import executions, history
from ...processes.decider import Decider
from ...processes.payload_directory import kept
from ...service_faults import ALREADY_STARTED, fault_code
from ...workflow import execution_input
from ..events import Announcement, CheckEnded, Event, Look, Note, RunEnded, Started
from ..outcomes import Outcome, RunOutcome, StartedExecution, end_state
from ..places import Place
from ..records.owners import claim
from ..states.run_states import last_attributes, plain_cause, status_word
from ..states.sensors import sensor_id

if TYPE_CHECKING:
    from deciders.specification import Specification

_LOOK_SECONDS = 0.1
_ASK_SECONDS = 2.0


def look_for_dates_there(
    place: Place, specifications: Sequence[Specification], outputs: Path, *, once: bool, adopt: bool
) -> Generator[Event, None, Outcome]:
    """Start the sensor of each file; with ``once`` wait for their checks, and for the runs that these have started.

    Raises:
        DefinitionError: sensors of some of the files are open already; those of the others were started.
        WorkflowTaken: a workflow belongs to another file.
    """
    for sentence in claim(specifications, outputs, domain=place.domain, adopt=adopt):
        yield Note(sentence)
    started, refused = [], []
    for specification in specifications:
        try:
            execution = _start_sensor(place, specification, outputs, once=once)
        except DefinitionError as error:
            refused.append(str(error))
            continue
        yield Started(execution)
        started.append(execution)
    if refused:
        raise DefinitionError("\n".join(refused))
    runs: list[RunOutcome] = []
    ends: list[CheckEnded | None] = []
    for execution in started if once else ():
        end, outcomes = yield from _end_of_check(place, execution)
        ends.append(end)
        runs += outcomes
    not_due = [end.not_due for end in ends if end is not None]
    return Outcome(
        file=specifications[0].path,
        runs=tuple(runs),
        started=tuple(started),
        has_failed_otherwise=None in ends,
        not_due=sum(not_due) if ends and not runs and len(not_due) == len(ends) else None,
    )


def _start_sensor(place: Place, specification: Specification, outputs: Path, *, once: bool) -> StartedExecution:
    """
    Raises:
        DefinitionError: a sensor of this file is open already.
    """
    from deciders.activities import DECISIONS
    from deciders.sensor_workflow import SensorWorkflow
    from deciders.workflow_types import application_workflows
    from workers.runs.run_starts import REMOTE_STARTS_PER_SECOND

    service, domain = place.service, place.domain
    Decider(service, domain, DECISIONS, application_workflows()).register_types()
    workflow_id = sensor_id(specification.file) + ("-once" if once else "")
    arguments = {
        "specification": place.kept_specification(specification),
        "outputs": str(outputs),
        "once": once,
        "starts_per_second": REMOTE_STARTS_PER_SECOND,
    }
    try:
        started = service.start_workflow_execution(
            domain=domain,
            workflowId=workflow_id,
            workflowType={"name": SensorWorkflow.type_name(), "version": SensorWorkflow.version},
            taskList={"name": DECISIONS},
            input=kept(execution_input(SensorWorkflow, {"kwargs": arguments}), place.payloads) or "",
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            raise DefinitionError(
                f"a sensor of {specification.path} is open as {workflow_id} in domain {domain}; sensor.reload lets it go on "
                "with the file as it is now, sensor.stop ends it"
            ) from None
        raise
    return StartedExecution(workflow_id, started["runId"])


def _end_of_check(
    place: Place, execution: StartedExecution
) -> Generator[Event, None, tuple[CheckEnded | None, list[RunOutcome]]]:
    """Wait for the one check and for the runs that it started. Without an end it has failed."""
    status, end = yield from _end_of(place, {"workflowId": execution.workflow_id, "runId": execution.run_id})
    if status != "COMPLETED":
        reason = plain_cause(end["reason"]) if end.get("reason") else status_word(status)
        yield Note(f"the check for new dates failed: {reason}")
        return None, []
    found = payload.decode(end.get("result"), place.payloads.load)
    for warning in found["warnings"]:
        yield Note(f"warning: {warning}")
    wanted: set[str] = set(found["started"])
    number, outcomes = len(found["started"]), list[RunOutcome]()
    if wanted:
        yield Announcement(f"{number} run{'s' if number != 1 else ''} started")
    while wanted:
        running = {info["execution"]["workflowId"] for info in executions(place.service, place.domain, is_open=True)}
        for workflow_id in sorted(wanted - running):
            wanted.discard(workflow_id)
            outcomes.append((yield from _run_outcome(place, workflow_id)))
            yield RunEnded(outcomes[-1])
        if wanted:
            yield from _pause()
    done = sum(one.has_ended_well for one in outcomes)
    over = CheckEnded(number, done, found["not_due"])
    yield over
    return over, outcomes


def _run_outcome(place: Place, workflow_id: str) -> Generator[Look, None, RunOutcome]:
    from deciders.values.artefact_key import ArtefactKey
    from deciders.values.run_state import RunState

    closed = _latest_closed(place, workflow_id)
    status, end = yield from _end_of(place, closed)
    run_id = closed["runId"]
    if status != "COMPLETED":
        return RunOutcome(workflow_id, workflow_id, run_id, end_state(status, is_skipped=False), end.get("reason"))
    result = payload.decode(end.get("result"), place.payloads.load)
    artefacts = result.get("artefacts") or {}
    reports = tuple(path for name, path in artefacts.items() if ArtefactKey.parse(name).is_report)
    state = end_state(status, is_skipped=result.get("state") == RunState.SKIPPED)
    return RunOutcome(workflow_id, workflow_id, run_id, state, reports=reports)


def _latest_closed(place: Place, workflow_id: str) -> dict[str, str]:
    """Return the newest closed execution of that id."""
    for info in executions(place.service, place.domain, is_open=False, executionFilter={"workflowId": workflow_id}):
        if info["execution"]["workflowId"] == workflow_id:
            return {"workflowId": workflow_id, "runId": info["execution"]["runId"]}
    raise DefinitionError(f"{workflow_id} is neither open nor closed in domain {place.domain}")


def _end_of(place: Place, execution: dict[str, str]) -> Generator[Look, None, tuple[str, dict[str, Any]]]:
    """Wait for the end of an execution: its close status and the attributes of its last event."""
    service, domain = place.service, place.domain
    while True:
        info = service.describe_workflow_execution(domain=domain, execution=execution)["executionInfo"]
        if info["executionStatus"] == "CLOSED":
            return info.get("closeStatus", ""), last_attributes(history(service, domain, execution))
        yield from _pause()


def _pause() -> Generator[Look, None, None]:
    for _ in range(round(_ASK_SECONDS / _LOOK_SECONDS)):
        yield Look()
        time.sleep(_LOOK_SECONDS)
