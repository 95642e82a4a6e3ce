"""One check of the sensor: available dates, open runs and former runs, and from these the runs to start."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders.runs.due_runs import DueRuns, due_runs
from deciders.runs.reruns import LastEnd, RerunFacts
from deciders.runs.run_requests import SENSOR, WantedRun, requested_runs
from deciders.specification import Specification
from deciders.tasks.results import CheckResult, StartedRuns
from deciders.values.reason import Reason, ReasonKind
from deciders.values.run_state import RunState
from simpleflow_nb.activity_context import ActivityContext
from simpleflow_nb.local.service import LocalService

from ..records.run_records import RunRecord, RunRecords
from ..records.workflow_owners import LOCAL, WorkflowOwners, domain_service
from ..sources.available_dates import read_available_dates, undated_files
from ..sources.data_stamps import DataStamps
from ..sources.known_dates import KnownDates
from .kept_labels import notebook_hashes
from .recovered_ends import record_recovered_ends
from .run_starts import Starter, open_runs


def present_facts(
    specification: Specification,
    records: RunRecords,
    *,
    stamps: DataStamps | None = None,
    check_began: datetime | None = None,
    now: datetime | None = None,
) -> RerunFacts:
    """Return the facts that the rules of :mod:`deciders.runs.reruns` need, as of now.

    Raises:
        RecordsError: the records cannot be read.
    """
    workflows = specification.workflows
    hashed = [workflow for workflow in workflows if "notebook_changed" in workflow.rerun_when]
    forgiving = any("parameters_changed" not in workflow.rerun_when for workflow in workflows)
    return RerunFacts(
        now=now or datetime.now(UTC),
        ends=records.ends(),
        successes=records.successes() if forgiving else {},
        notebooks={workflow.name: notebook_hashes(workflow, specification.inputs_dir) for workflow in hashed},
        changed_data=(stamps or DataStamps(specification)).changed,
        in_autoflow=records.autoflow_instances(),
        check_began=check_began,
    )


def add_recovered_ends(
    states: dict[tuple[str, str], RunState], ends: dict[tuple[str, str], LastEnd], recovered: Sequence[RunRecord]
) -> None:
    """Add `workers.runs.recovered_ends` to states and ends, as the next check will once it has recorded them."""
    for record in recovered:
        key = (record.workflow_name, record.identity)
        if not record.state.says_nothing:
            states[key] = record.state.of_instance
            failures = (ends[key].failures if key in ends else 0) + (record.state == RunState.FAILED)
            ends[key] = LastEnd(
                state=record.state, ended=record.ended, failures=failures, notebooks=record.notebooks, data=record.data
            )


def claim(task: ActivityContext, specification: Specification, outputs: str, records: RunRecords) -> None:
    """Check that the workflows still belong to this file: since the sensor was started it may have been reloaded with other
    names, and another file may have adopted them.

    Raises:
        WorkflowTaken: a workflow belongs to another file, or the outputs to another service.
    """
    service = LOCAL if isinstance(task.service, LocalService) else domain_service(task.domain)
    names = [workflow.name for workflow in specification.workflows]
    WorkflowOwners(records, specification.file, Path(outputs)).claim(names, service)


def check_for_new_dates(
    task: ActivityContext,
    specification: Specification,
    outputs: str,
    *,
    check_began: datetime | None = None,
    starts_per_second: float | None = None,
    forced: bool = False,
) -> CheckResult:
    """Start every run that is due: by the priority of its workflow, then in AutoFlow's order, which is that of the sensor's
    entries, the dates of each ascending.

    The open executions are listed first and the records read second: an end is recorded before its execution closes, so
    a run that ends in between is seen at least once. What has failed since ``check_began`` is not started again.

    ``forced`` runs what is available whatever has become of it before, but what has ended since ``check_began``, and nothing is
    kept or taken over.

    Raises:
        SourceError: the available dates cannot be read.
        WorkflowTaken: see :func:`claim`.
        RecordsError: the run records cannot be read.
    """
    available = read_available_dates(specification)
    most_at_once = specification.sensor.max_parallel_runs if specification.sensor is not None else None
    task.heartbeat()
    names = {workflow.name for workflow in specification.workflows}
    running = open_runs(task.service, task.domain)
    stamps = DataStamps(specification, task.heartbeat)
    with closing(RunRecords.open(Path(outputs))) as records:
        claim(task, specification, outputs, records)
        record_recovered_ends(task.service, task.domain, records, names=names, outputs=outputs, payloads=task.payloads)
        states = records.states() | running
        now = _now(task.service)
        facts = present_facts(specification, records, stamps=stamps, check_began=check_began, now=now)
    if forced:
        plan = due_runs(specification, available, running)
        done = {key for key, end in facts.ends.items() if check_began is not None and end.ended >= check_began}
        forced_runs = [
            dataclasses.replace(run, is_rerun=True, keeps_labels=False, reason=Reason.of(ReasonKind.FORCED))
            for run in plan.due
            if (run.workflow_name, run.identity) not in done
        ]
        plan = dataclasses.replace(plan, due=tuple(forced_runs))
    else:
        plan = due_runs(specification, available, states, facts=facts)
    starter = Starter(
        task,
        specification,
        outputs,
        names=names,
        most_at_once=most_at_once,
        starts_per_second=starts_per_second,
        stamps=stamps,
        known=KnownDates(specification, available),
    )
    started = starter.start([WantedRun(run, forced=forced, started_by=SENSOR) for run in plan.due])
    return CheckResult(
        started=started.workflow_ids,
        not_due=len(plan.not_due),
        held_back=started.held_back,
        warnings=[*plan.warnings, *undated_files(specification, available)],
        retry_seconds=_retry_seconds(specification, plan),
    )


def _now(service: Any) -> datetime:
    """Return the time in terms of the ends of runs: that of the service if its clock skips waiting."""
    if isinstance(service, LocalService) and service.clock.virtual:
        return datetime.fromtimestamp(service.clock.timestamp(), UTC)
    return datetime.now(UTC)


def _retry_seconds(specification: Specification, plan: DueRuns) -> int | None:
    """Return the shortest ``retry_wait`` or ``skip_again`` of the workflows that may have runs to retry before the
    next check.
    """
    waits = {flow.name: flow.retry_wait_seconds for flow in specification.workflows if flow.retry_wait_seconds}
    skips = {flow.name: flow.skip_again_seconds for flow in specification.workflows if flow.skip_again_seconds}
    passed_over: dict[ReasonKind, set[str]] = defaultdict(set)
    for one in plan.not_due:
        passed_over[one.reason.kind].add(one.workflow_name)
    busy = {run.workflow_name for run in plan.due} | passed_over[ReasonKind.RUNNING]
    failed, skipped = passed_over[ReasonKind.WAITS_FOR_RETRY], passed_over[ReasonKind.WAITS_AFTER_SKIP]
    found = [waits[name] for name in (busy | failed) & waits.keys()]
    found += [skips[name] for name in (busy | skipped) & skips.keys()]
    return min(found, default=None)


def start_requested(
    task: ActivityContext,
    specification: Specification,
    outputs: str,
    requests: Sequence[dict[str, Any]],
    *,
    began: datetime | None = None,
    most_at_once: int | None = None,
    starts_per_second: float | None = None,
) -> StartedRuns:
    """Start runs that somebody asked for, in the order asked; those that run already, or have ended since ``began``, are
    passed over.

    Raises:
        WorkflowTaken: see :func:`claim`.
        RecordsError: the run records cannot be read.
    """
    running = open_runs(task.service, task.domain)
    with closing(RunRecords.open(Path(outputs))) as records:
        claim(task, specification, outputs, records)

    def ended() -> set[tuple[str, str]]:
        """Return the instances that have ended since then, by workflow name and identity."""
        if began is None:
            return set()
        with closing(RunRecords.open(Path(outputs))) as records:
            return {key for key, end in records.ends().items() if end.ended >= began}

    done = ended() | running.keys()
    wanted = [one for one in requested_runs(requests) if (one.run.workflow_name, one.run.identity) not in done]
    names = {one.run.workflow_name for one in wanted}
    starter = Starter(task, specification, outputs, names=names, most_at_once=most_at_once, starts_per_second=starts_per_second)
    started = starter.start(wanted, ended=ended)
    return StartedRuns(started=started.workflow_ids, held_back=started.held_back)
