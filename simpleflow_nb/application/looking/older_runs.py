"""Runs that edits of notebooks have left behind: which they are, and whether a backfill reaches them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from ..records.changed_notebooks import made_with, older_names

if TYPE_CHECKING:
    from deciders.runs.due_runs import DueRuns
    from deciders.specification import Specification

    from .plans import Plan

EndedInstance = tuple[str, str, str]  #: workflow name, identity, reference date; empty without one


@dataclass(frozen=True)
class OlderOfWorkflow:
    """Runs of one workflow that were made with notebooks that are others now."""

    workflow: str
    days: tuple[str, ...]  #: reference dates
    changed: tuple[str, ...]  #: notebooks that have changed since one of them
    added: tuple[str, ...]  #: notebooks that one of them was made without

    @property
    def made(self) -> str:
        """``with an older a.ipynb or without b.ipynb``."""
        return made_with(self.changed, self.added)


@dataclass(frozen=True)
class OlderRuns:
    """Known differences of the notebooks and data of some runs from those that there are now."""

    older: tuple[OlderOfWorkflow, ...] = ()
    unknown_notebooks: int = 0  #: runs of which it is not known which notebooks they were made with
    #: reference dates, by workflow, of runs of which it is not known with which data they were made
    unknown_data: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def older_runs(runs: Iterable[EndedInstance], plan: Plan) -> OlderRuns:
    """Return those of the runs that are older than their notebooks, and those of which that is not known."""
    dates: dict[str, list[str]] = defaultdict(list)
    of_unknown_data: dict[str, list[str]] = defaultdict(list)
    files: dict[str, tuple[dict[str, None], dict[str, None]]] = defaultdict(lambda: ({}, {}))
    unknown = 0
    for name, identity, day in runs:
        change = plan.changes.get((name, identity))
        if (name, identity) in plan.unknown_data:
            of_unknown_data[name].append(day)
        if change is None:
            unknown += (name, identity) in plan.changes
        elif change.changed or change.added:
            dates[name].append(day)
            for found, more in zip(files[name], change, strict=True):
                found.update(dict.fromkeys(more))
    older = tuple(OlderOfWorkflow(name, tuple(days), *map(tuple, files[name])) for name, days in dates.items())
    return OlderRuns(older, unknown, {name: tuple(days) for name, days in of_unknown_data.items()})


@dataclass(frozen=True)
class OutOfReach:
    """Runs made with older notebooks that no backfill can start again, as the sensor does not name them."""

    runs: int
    have_dates: bool  #: else they are runs without a date, which no sensor starts
    changed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def made(self) -> str:
        """``with an older a.ipynb``."""
        return made_with(self.changed, self.added)


def within_reach(
    specification: Specification, plan: Plan, runs: Sequence[EndedInstance]
) -> tuple[list[EndedInstance], list[OutOfReach]]:
    """Return the runs that a backfill can start again or that need not be; and the others, first those with a date."""
    older = {run[:2] for run in runs if older_names(plan.changes.get(run[:2]))}
    behind = older | {run[:2] for run in runs if run[:2] in plan.unknown_data}
    beyond = behind - _reachable(specification, plan, behind)
    out_of_reach = []
    for have_dates in (True, False):
        missed = {run[:2] for run in runs if run[:2] in older & beyond and bool(run[2]) == have_dates}
        found = [change for run in runs if run[:2] in missed and (change := plan.changes[run[:2]]) is not None]
        changed = tuple(dict.fromkeys(name for change in found for name in change.changed))
        added = tuple(dict.fromkeys(name for change in found for name in change.added))
        if missed:
            out_of_reach.append(OutOfReach(len(missed), have_dates, changed, added))
    return [run for run in runs if run[:2] not in beyond], out_of_reach


def _reachable(specification: Specification, plan: Plan, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the instances that a backfill can start: of the entries as they are now, for dates that are available."""
    from deciders.runs.due_runs import due_runs

    found = _instances(plan.due_runs)
    if not wanted <= found:  # a backfill also takes dates before the earliest one
        found |= _instances(due_runs(specification, plan.available, {}, since=date.min))
    return wanted & found


def succeeded_early(specification: Specification, plan: Plan) -> list[EndedInstance]:
    """Runs that succeeded for dates before the ``earliest_date`` of their entry, which a backfill reaches. Looked for only
    where there is something to say of runs that have ended."""
    behind = {key for key, change in plan.changes.items() if change is None or older_names(change)}
    if not behind and not plan.unknown_data:
        return []
    from deciders.runs.due_runs import due_runs
    from deciders.values.run_state import RunState

    known = _instances(plan.due_runs)
    early = []
    for run in due_runs(specification, plan.available, {}, since=date.min).due:
        key = (run.workflow_name, run.identity)
        if key not in known and key in plan.ends and plan.ends[key].state == RunState.SUCCEEDED:
            early.append((*key, run.day.isoformat()))
    return early


def _instances(planned: DueRuns) -> set[tuple[str, str]]:
    due = {(run.workflow_name, run.identity) for run in planned.due}
    return due | {(one.workflow_name, one.identity) for one in planned.not_due if one.identity is not None}
