"""Looking for new dates on a service: sensors are started there, and deciders and workers anywhere carry them out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ... import payload
from ...exceptions import DefinitionError, ServiceError
from ...inspection.executions import executions, history
from ...inspection.tables import counted
from ...inspection.task_rows import epoch
from ...processes.decider import Decider
from ...processes.payload_directory import kept
from ...service_faults import ALREADY_STARTED, fault_code
from ...workflow import execution_input
from ..events import Announcement, CheckEnded, Event, Look, Note, RemoteRunEnded, Started
from ..following import paused
from ..outcomes import Outcome, RemoteExecution, RunOutcome
from ..places import Place
from ..records.owners import claim
from ..run_outcomes import closed_outcome, described
from ..states.run_states import last_attributes, status_word
from ..states.sensors import sensor_id
from ..states.shown_labels import plain_cause

if TYPE_CHECKING:
    from deciders.specification import Specification

    from ...swf_service import ExecutionInfo

_MOST_LOOKS = 60  #: two minutes of them: SWF's lists of executions lag behind, by seconds as a rule


def look_for_dates_there(
    place: Place, specifications: Sequence[Specification], outputs: Path, *, once: bool, adopt: bool, force: bool = False
) -> Generator[Event, None, Outcome]:
    """Start the sensor of each file; with ``once`` wait for their checks, and for the runs that these have started.

    Raises:
        DefinitionError: sensors of some of the files are open already; those of the others were started.
        WorkflowTaken: a workflow belongs to another file.
        ServiceError: a run that was started does not appear in the service's lists.
    """
    for sentence in claim(specifications, outputs, domain=place.domain, adopt=adopt):
        yield Note(sentence)
    started, refused = [], []
    for specification in specifications:
        try:
            execution = _start_sensor(place, specification, outputs, once=once, force=force)
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


def _start_sensor(place: Place, specification: Specification, outputs: Path, *, once: bool, force: bool) -> RemoteExecution:
    """Start the sensor of a file; with ``once``, its one check; with ``force`` that runs what has succeeded, too.

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
        **({"forced": True} if force else {}),
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
    return RemoteExecution(workflow_id, started["runId"])


def _end_of_check(
    place: Place, execution: RemoteExecution
) -> Generator[Event, None, tuple[CheckEnded | None, list[RunOutcome]]]:
    """Wait for the one check and for the runs that it started. Without an end it has failed."""
    from deciders.tasks.results import CheckResult

    info = yield from _closed(place, execution.workflow_id, execution.run_id)
    status, began = info["closeStatus"], epoch(info["startTimestamp"])
    end = last_attributes(history(place.service, place.domain, info["execution"]))
    if status != "COMPLETED":
        reason = plain_cause(end["reason"]) if end.get("reason") else status_word(status)
        yield Note(f"the check for new dates failed: {reason}")
        return None, []
    found = CheckResult.of_json(payload.decode(end.get("result"), place.payloads.load))
    for warning in found.warnings:
        yield Note(f"warning: {warning}")
    wanted = dict.fromkeys(found.started, 0)  # how often each was asked for in vain
    number, outcomes = len(wanted), list[RunOutcome]()
    if wanted:
        yield Announcement(f"{counted(number, 'run')} started")
    while wanted:
        running = {info["execution"]["workflowId"] for info in executions(place.service, place.domain, is_open=True)}
        for workflow_id in sorted(wanted.keys() - running):
            run_id = _closed_since(place, workflow_id, began)
            if run_id is None:  # the lists lag behind: it may have started, or closed, a moment ago
                wanted[workflow_id] += 1
                if wanted[workflow_id] > _MOST_LOOKS:
                    raise ServiceError(
                        f"{workflow_id} was started in domain {place.domain}, which lists it neither as open nor as closed"
                    )
                continue
            del wanted[workflow_id]
            outcomes.append(closed_outcome(place, (yield from _closed(place, workflow_id, run_id))))
            yield RemoteRunEnded(outcomes[-1])
        if wanted:
            yield from paused()
    done = sum(one.has_ended_well for one in outcomes)
    over = CheckEnded(number, done, found.not_due)
    yield over
    return over, outcomes


def _closed_since(place: Place, workflow_id: str, began: float) -> str | None:
    """Return the run id of the newest closed execution of that workflow id, if it started after ``began`` in epoch seconds: an
    older one is another attempt."""
    for info in executions(place.service, place.domain, is_open=False, executionFilter={"workflowId": workflow_id}):
        if info["execution"]["workflowId"] == workflow_id and epoch(info["startTimestamp"]) >= began:
            return info["execution"]["runId"]
    return None


def _closed(place: Place, workflow_id: str, run_id: str) -> Generator[Look, None, ExecutionInfo]:
    """Wait for the end of an execution; return the service's word on it."""
    while (info := described(place, workflow_id, run_id))["executionStatus"] != "CLOSED":
        yield from paused()
    return info
