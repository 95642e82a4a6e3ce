"""Runs that a person asks for by their dates."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...inspection.documents import SCHEMA
from ...inspection.tables import counted
from ...masking import masked_leaves
from ..arguments import check_number, check_period, check_text, check_word
from ..conditions import Conditions
from ..events import Event
from ..files.workflow_files import check_writable
from ..outcomes import Outcome
from ..records.run_rows import instance_states, rerun_facts
from ..services import Service

if TYPE_CHECKING:
    from deciders.runs.due_runs import NotDue
    from deciders.runs.planned_run import PlannedRun
    from deciders.runs.reruns import RerunFacts, Verdict
    from deciders.specification import Specification
    from deciders.values.reason import Reason
    from deciders.values.run_state import RunState


class Rerun(StrEnum):
    """Choice of the dates and runs that a backfill takes."""

    MISSING = "missing"  #: dates that have not run yet
    FAILED = "failed"  #: those, and what failed or was skipped
    CHANGED = "changed"  #: what has run with notebooks that have changed since
    ALL = "all"  #: everything, from scratch


RERUNS = tuple(map(str, Rerun))


@dataclass(frozen=True)
class Backfill:
    """Choice of the runs that a backfill is asked for.

    Args:
        first, last: the reference dates of a period, both included.
        rerun: ``missing``: dates that have not run yet; ``failed``: those and what failed or was skipped; ``changed``: what
            has run with notebooks that have changed since; ``all``: everything, from scratch.
        only: run the notebook of this label alone, and those that it needs as far as they have not succeeded.
        latest_first: begin with the last date.
        force: keep nothing and take nothing over; with ``missing`` it runs all dates.
    """

    name: str
    first: date
    last: date
    rerun: str = Rerun.MISSING  #: one of `RERUNS`
    only: str | None = None
    latest_first: bool = False
    force: bool = False

    @property
    def reruns(self) -> Rerun:
        """The dates and runs that it takes: with ``force`` also those that have succeeded, unless it names others."""
        return Rerun.ALL if self.force and self.rerun == Rerun.MISSING else Rerun(self.rerun)

    def check(self) -> None:
        """Refuse a choice that cannot be meant.

        Raises:
            DefinitionError: the period ends before it begins, or there is no such choice of what runs again.
        """
        check_text("name", self.name)
        check_period(self.first, self.last)
        check_word("rerun", self.rerun, RERUNS)
        check_text("only", self.only, is_optional=True)


@dataclass(frozen=True)
class BackfillPlan:
    """Runs that a backfill would start, and the reasons why it leaves out the others of its period."""

    chosen: tuple[PlannedRun, ...]
    left_out: tuple[NotDue, ...]
    without_data: tuple[date, ...]  #: days of the period
    #: workflow ids of those left out as they are running, where no process carries them out: the backfill goes on with them
    interrupted: tuple[str, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Tell whether there is anything to carry out."""
        return bool(self.chosen or self.interrupted)

    def to_dict(self) -> dict[str, Any]:
        document = {
            "schema": SCHEMA,
            "to_start": [_entry(run, run.reason.because.text) for run in self.chosen],
            "left_out": [_entry(one, one.reason.text) for one in self.left_out],
            "without_data": [day.isoformat() for day in self.without_data],
            "interrupted": list(self.interrupted),
        }
        return masked_leaves(document)


def _entry(run: PlannedRun | NotDue, reason: str) -> dict[str, Any]:
    from ..records.not_due import stencil_of

    return {
        "workflow": run.workflow_name,
        "reference_date": run.day.isoformat(),
        "parameters": run.configured_parameters,
        "date_stencil": stencil_of(run),
        "identity": run.identity,
        "reason": reason,
    }


def planned_backfill(
    specification: Specification, outputs: Path, service: Service, wanted: Backfill, *, adopt: bool = False
) -> BackfillPlan:
    """Return the runs that a backfill would start now. Changes nothing but that the outputs folder is made.

    Raises:
        DefinitionError: there is no such workflow, notebook or entry of the sensor, or a workflow belongs to another file.
        SourceError: it cannot be read which dates are available, or whether their data have changed.
        ServiceError, RecordsError: the journal, the records or the service cannot be read.
    """
    wanted.check()
    rerun = wanted.reruns
    _check_names(specification, wanted.name, wanted.only)
    check_writable(outputs)
    with service.opened(outputs) as place:
        states = instance_states(specification, outputs, place, adopt=adopt)
        counts = rerun is Rerun.CHANGED or (rerun is Rerun.FAILED and has_data_that_count(specification, wanted.name))
        facts = rerun_facts(specification, outputs, place, adopt=adopt) if counts else None
        is_interrupted = place.is_interrupted
    chosen, left_out, without_data = _chosen(specification, wanted.name, wanted.first, wanted.last, states, rerun, facts)
    chosen.sort(key=lambda run: run.day, reverse=wanted.latest_first)
    interrupted = (run_id for one in left_out if is_interrupted and (run_id := _id_if_running(one)) is not None)
    return BackfillPlan(tuple(chosen), tuple(left_out), tuple(without_data), tuple(interrupted))


def _id_if_running(one: NotDue) -> str | None:
    from deciders.runs.identity import workflow_id
    from deciders.values.reason import ReasonKind

    if one.reason.kind != ReasonKind.RUNNING or one.identity is None:
        return None
    return workflow_id(one.workflow_name, one.reference_date, one.identity)


def carry_out(
    specification: Specification,
    outputs: Path,
    service: Service,
    wanted: Backfill,
    plan: BackfillPlan,
    *,
    most_at_once: int | None = None,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Start what is planned. What runs is never started again; on this machine what was interrupted goes on. The runs are
    carried out, here or in the process that has the journal, and waited for; on a service an execution starts them.

    Args:
        most_at_once: number of runs that are open at once; None is no limit.

    Raises: whatever the service raises, see `Local.carry_out` and `Swf.carry_out`.
    """
    from deciders.runs.run_requests import BACKFILL, requests_for

    if not plan.is_needed:
        return Outcome(file=specification.path)
    return (
        yield from service.carry_out(
            specification,
            outputs,
            requests_for(plan.chosen, only=wanted.only, gives_way=True, forced=wanted.force, started_by=BACKFILL),
            interrupted=plan.interrupted,
            most_at_once=most_at_once,
            announcement=f"{counted(len(plan.chosen), 'run')} of {wanted.name}, {len(plan.left_out)} left out",
            conditions=conditions,
        )
    )


def backfill(
    specification: Specification,
    outputs: Path,
    service: Service,
    wanted: Backfill,
    *,
    most_at_once: int | None = None,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Plan it and start what is planned; see `planned_backfill` and `carry_out`."""
    check_number("max_parallel", most_at_once)
    plan = planned_backfill(specification, outputs, service, wanted, adopt=conditions.adopt)
    return (
        yield from carry_out(specification, outputs, service, wanted, plan, most_at_once=most_at_once, conditions=conditions)
    )


def _check_names(specification: Specification, name: str, only: str | None) -> None:
    from deciders.problems import did_you_mean

    workflow = specification.workflow(name)
    labels = [notebook.label for notebook in workflow.notebooks]
    if only is not None and only not in labels:
        raise DefinitionError(f"{name} has no notebook {only!r}{did_you_mean(only, labels)}")
    if specification.sensor is None:
        from deciders.specification import NO_SENSOR

        started = f"workflow.start {shlex.quote(f'{specification.path}:{name}')}"
        raise DefinitionError(f"there are no dates to run {name} for: {NO_SENSOR}; {started} runs it once")
    if not any(entry.workflow_name == name for entry in specification.entries):
        raise DefinitionError(f"no entry of the sensor names {name}, so there are no parameters and dates to run it with")


def _chosen(
    specification: Specification,
    name: str,
    first: date,
    last: date,
    states: dict[tuple[str, str], RunState],
    rerun: Rerun,
    facts: RerunFacts | None,
) -> tuple[list[PlannedRun], list[NotDue], list[date]]:
    """Return the runs to start, why others of the period are left out, and which of its days have no data at all.

    Raises:
        SourceError: it cannot be read which dates are available, or whether their data have changed.
    """
    from deciders.runs.due_runs import NotDue, considered_days, due_runs
    from deciders.values.reason import Reason, ReasonKind
    from deciders.values.run_state import RunState
    from workers.sources.available_dates import read_available_dates

    available = read_available_dates(specification)
    running = {key: state for key, state in states.items() if state == RunState.RUNNING}
    plan = due_runs(specification, available, running, since=first)
    left_out = [one for one in plan.not_due if one.workflow_name == name and first <= one.reference_date <= last]
    ordinals = considered_days(specification.sensor, available)[0] if specification.sensor is not None else set()
    period = range(first.toordinal(), last.toordinal() + 1)
    without_data = [date.fromordinal(ordinal) for ordinal in period if ordinal not in ordinals]

    def leave_out(run: PlannedRun, reason: Reason) -> None:
        left_out.append(NotDue(run.workflow_name, run.day, run.identity, reason, run.configured_parameters, run.date_stencil))

    chosen = []
    for run in plan.due:
        state = states.get((run.workflow_name, run.identity))
        if run.workflow_name != name or run.day > last:
            continue
        if rerun is Rerun.CHANGED and facts is not None:
            change = _change_of(specification, run, state, facts)
            if change.is_due:
                reason = Reason.of(ReasonKind.BACKFILL, because=change.reason)
                chosen.append(dataclasses.replace(run, reason=reason, keeps_labels=change.keeps_labels))
            else:
                leave_out(run, change.reason)
            continue
        if state == RunState.SUCCEEDED and rerun is not Rerun.ALL:
            leave_out(run, Reason.of(ReasonKind.NEEDS_RERUN_ALL))
        elif state in (RunState.FAILED, RunState.SKIPPED) and rerun is Rerun.MISSING:
            leave_out(run, Reason.of(ReasonKind.NEEDS_RERUN_FAILED, state=state))
        else:
            keeps = rerun is not Rerun.ALL and (facts is None or keeps_labels(specification, run, facts))
            because = Reason.of(ReasonKind.BACKFILL_MISSING)
            because = Reason.of(ReasonKind.BACKFILL_STATE, state=state) if state is not None else because
            reason = Reason.of(ReasonKind.BACKFILL, because=because)
            chosen.append(dataclasses.replace(run, reason=reason, keeps_labels=keeps))
    return chosen, sorted(left_out, key=lambda one: one.reference_date), without_data


def has_data_that_count(specification: Specification, name: str) -> bool:
    """Tell whether changes of its data make a workflow due again."""
    return "data_changed" in specification.workflow(name).rerun_when


def keeps_labels(specification: Specification, run: PlannedRun, facts: RerunFacts) -> bool:
    """Tell whether a retry of a run may keep notebooks: not when its data have changed, or it is not known whether.

    Raises:
        SourceError: it cannot be read whether they have.
    """
    from deciders.runs.reruns import change_of

    end = facts.ends.get((run.workflow_name, run.identity))
    if end is None:
        return True
    return change_of(specification.workflow(run.workflow_name), end, run.needed_days, facts).keeps_labels


def _change_of(specification: Specification, run: PlannedRun, state: RunState | None, facts: RerunFacts) -> Verdict:
    """Return the verdict on an instance: whether it differs from the one that would be made now.

    Raises:
        SourceError: its workflow is run again when data change, and it cannot be read whether they have.
    """
    from deciders.runs.reruns import Verdict, change_of
    from deciders.values.reason import Reason, ReasonKind

    end = facts.ends.get((run.workflow_name, run.identity))
    if state is None:
        return Verdict(False, Reason.of(ReasonKind.NEEDS_RERUN_MISSING))
    if end is None or end.notebooks is None:
        return Verdict(False, Reason.of(ReasonKind.UNKNOWN_NOTEBOOKS, state=state))
    return change_of(specification.workflow(run.workflow_name), end, run.needed_days, facts)
