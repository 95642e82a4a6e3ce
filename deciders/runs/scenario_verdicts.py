"""Verdicts on the scenarios of a set: to run are those that are new, changed, failed or forced.

Pure: what is known of their last runs comes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..parameter_set import written_value
from ..specification import WorkflowSpecification
from ..values.reason import Reason, ReasonKind
from ..values.run_state import RunState
from .planned_run import PlannedRun
from .reruns import LastEnd, RerunFacts, Verdict, change_of

_MOST_CHANGES = 3  #: of parameters, the others are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The latest run of an instance, as far as it counts here."""

    identity: str
    parameters: Mapping[str, Any]
    state: RunState
    ended: datetime | None  #: None while it is running
    notebooks: Mapping[str, str] | None = None  #: see `LastEnd`
    data: Mapping[str, Any] | None = None


def scenario_verdict(
    workflow: WorkflowSpecification,
    run: PlannedRun,
    last: LastRun | None,
    notebooks: Mapping[str, str],
    *,
    forced: bool = False,
) -> Verdict:
    """Decide whether a scenario is to run.

    Args:
        last: the latest run of the instance, whatever its parameters were; the open one if there is one.
        notebooks: SHA-256 of the workflow's files now, by name.
        forced: run it from scratch, whatever it came to before. What runs is never started again.
    """
    is_same = last is not None and last.identity == run.identity
    if last is not None and last.state == RunState.RUNNING:
        return Verdict(False, Reason.of(ReasonKind.RUNNING if is_same else ReasonKind.RUNS_WITH_OTHER_PARAMETERS))
    if forced:
        return Verdict(True, Reason.of(ReasonKind.FORCED))
    if last is None:
        return Verdict(True, Reason.of(ReasonKind.NOT_RUN_YET))
    if not is_same:
        differ = parameter_changes(last.parameters, run.configured_parameters)
        return Verdict(True, Reason.of(ReasonKind.PARAMETERS_CHANGED, parameters=differ), keeps_labels=True)
    state = last.state if last.state.says_nothing else last.state.of_instance
    if last.ended is not None and last.notebooks is not None and state != RunState.PARTIAL:
        end = LastEnd(state=state, ended=last.ended, notebooks=last.notebooks, data=last.data)
        facts = RerunFacts(notebooks={workflow.name: notebooks})
        change = change_of(workflow, end, [], facts)
        if change.is_due and state in (RunState.SUCCEEDED, RunState.SKIPPED):
            return change
        if change.is_due:
            reason = Reason.of(ReasonKind.CHANGED_SINCE_END, ended=last.state, change=change.reason.facts["change"])
            return Verdict(True, reason, change.keeps_labels)
    if state in (RunState.SUCCEEDED, RunState.SKIPPED):
        return Verdict(False, Reason.of(ReasonKind.UNCHANGED))
    return Verdict(True, Reason.of(ReasonKind.ENDED_BEFORE, state=last.state), keeps_labels=True)


def parameter_changes(former: Mapping[str, Any], present: Mapping[str, Any]) -> str:
    """Return what differs, as ``threshold 30 -> 35, year new``."""
    found = []
    for name in sorted(former.keys() | present.keys()):
        if name not in former:
            found.append(f"{name} new")
        elif name not in present:
            found.append(f"{name} gone")
        elif (before := written_value(former[name])) != (now := written_value(present[name])):
            found.append(f"{name} {before} -> {now}")
    more = f" and {len(found) - _MOST_CHANGES} more" if len(found) > _MOST_CHANGES else ""
    return ", ".join(found[:_MOST_CHANGES]) + more if found else "values that are masked on record"
