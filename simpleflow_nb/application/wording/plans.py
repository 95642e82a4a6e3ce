"""Runs that are due, and those that are not, with the reasons."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...inspection.tables import Table, counted, formatted
from ..looking.older_runs import EndedInstance, older_runs, succeeded_early
from ..looking.plans import Plan
from ..records.changed_notebooks import older_names
from ..records.not_due import not_due_table, stencil_of, telling_stencils
from ..records.run_rows import shown_settings
from .older_runs import older_text

if TYPE_CHECKING:
    from deciders.runs.due_runs import NotDue
    from deciders.runs.planned_run import PlannedRun
    from deciders.specification import Specification
    from deciders.values.reason import ReasonGroup


def plan_table(plan: Plan) -> Table:
    """Each date of each entry in a row, for programs."""
    table = Table(["workflow", "date", "parameters", "date_stencil", "state", "why"])
    rows: list[tuple[str, PlannedRun | NotDue]] = [("due", run) for run in plan.due]
    for state, one in [*rows, *(("not due", one) for one in plan.not_due)]:
        settings = shown_settings(one.configured_parameters)
        table.rows.append([one.workflow_name, one.day.isoformat(), settings, stencil_of(one), state, one.reason.text])
    return table


def nothing_by_itself(specification: Specification) -> str:
    """Return the sentence for a file without a sensor, of which nothing is due by itself."""
    from deciders.specification import NO_SENSOR

    return f"nothing is due: {NO_SENSOR}; workflow.start {shlex.quote(str(specification.path))}:NAME runs a workflow"


def plan_lines(specification: Specification, plan: Plan, place: Sequence[str], *, has_reasons: bool) -> Iterator[str]:
    """Yield what people read: with reasons each date that is not due, else how many there are of each kind.

    ``place`` is the options that say where the runs are, for the commands that make runs anew.
    """
    if plan.due:
        yield formatted(_due_table(specification, plan, has_reasons=has_reasons), with_header=True)
    if has_reasons and (labels := _forecast_table(plan)).rows:
        yield formatted(labels, with_header=True)
    yield f"{counted(len(plan.due), 'run')} due, {len(plan.not_due)} not due"
    if not plan.not_due:
        return
    passed_over = _passed_over(plan)
    older = _older_texts(specification, plan, passed_over, place)
    if has_reasons:
        remarks = [_remark(one, plan) if one.reason.group in passed_over else "" for one in plan.not_due]
        yield formatted(not_due_table(plan.not_due, remarks), with_header=True)
        yield from older.values()
        return
    counts = Counter(one.reason.group for one in plan.not_due)
    for group, count in sorted(counts.items(), key=lambda item: -item[1]):
        yield f"  {older.pop(group, None) or group.counted(count)}"
    for line in older.values():
        yield f"  {line}"
    yield "  (--why lists each)"


def _due_table(specification: Specification, plan: Plan, *, has_reasons: bool) -> Table:
    stencils = telling_stencils(plan.due)
    head = ["workflow", "date", "parameters", *(["date_stencil"] if stencils else []), "notebooks"]
    table = Table([*head, *(["why"] if has_reasons else [])])
    for number, run in enumerate(plan.due):
        labels = " -> ".join(", ".join(stage) for stage in specification.workflow(run.workflow_name).stages())
        row = [run.workflow_name, run.day.isoformat(), shown_settings(run.configured_parameters)]
        table.rows.append([*row, *stencils[number : number + 1], labels, *([run.reason.text] if has_reasons else [])])
    return table


def _forecast_table(plan: Plan) -> Table:
    """Labels that the due runs would keep or run again, with the reasons."""
    table = Table(["workflow", "date", "parameters", "label", "why"])
    for run in plan.due:
        head = [run.workflow_name, run.day.isoformat(), shown_settings(run.configured_parameters)]
        for label, reason in plan.forecasts.get((run.workflow_name, run.identity), {}).items():
            table.rows.append([*head, label, str(reason)])
    return table


def _passed_over(plan: Plan) -> dict[ReasonGroup, list[NotDue]]:
    """Return the dates whose runs have ended well, so that they may have been left behind by edits."""
    from deciders.values.reason import ReasonKind

    found: dict[ReasonGroup, list[NotDue]] = defaultdict(list)
    for one in plan.not_due:
        if one.reason.kind in (ReasonKind.ALREADY_SUCCEEDED, ReasonKind.WAITS_FOR_DATA, ReasonKind.WAITS_AFTER_SKIP):
            found[one.reason.group].append(one)
    return found


def _older_texts(
    specification: Specification, plan: Plan, passed_over: dict[ReasonGroup, list[NotDue]], place: Sequence[str]
) -> dict[ReasonGroup, str]:
    """Return the texts that stand in the place of the counts of those that edits have left behind.

    They are also about runs that succeeded for dates before the earliest one.
    """
    from deciders.values.reason import Reason, ReasonKind

    early = succeeded_early(specification, plan)
    done = Reason.of(ReasonKind.ALREADY_SUCCEEDED).group
    groups = passed_over if not early else {**passed_over, done: passed_over.get(done, [])}
    texts: dict[ReasonGroup, str] = {}
    for group, ones in groups.items():
        reaches_back = early and group.kind == ReasonKind.ALREADY_SUCCEEDED
        runs: list[EndedInstance] = [(one.workflow_name, one.identity or "", one.reference_date.isoformat()) for one in ones]
        if text := older_text(older_runs([*runs, *early] if reaches_back else runs, plan), specification.path, place):
            before = f"{len(early)} before earliest_date" if reaches_back else ""
            also = f", as did {before}" if before else ""
            head = f"{group.counted(len(ones))}{also}" if ones else f"{before} {group.of_several}"
            texts[group] = f"{head}, {text}"
    return texts


def _remark(one: NotDue, plan: Plan) -> str:
    """Return the remark that stands behind the reason of a date that is not due."""
    key = (one.workflow_name, one.identity or "")
    older = f" {change}" if (change := older_names(plan.changes.get(key))) else ""
    return older + (", not known with which data" if key in plan.unknown_data else "")
