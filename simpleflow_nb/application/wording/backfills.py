"""The runs that a backfill would start, and those that it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...inspection.tables import Table, counted, formatted
from ..asking.backfills import BackfillPlan
from ..records.not_due import not_due_table, stencil_of, telling_stencils
from ..records.run_rows import shown_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deciders.runs.planned_run import PlannedRun

_MOST_SHOWN = 100


def backfill_table(plan: BackfillPlan) -> Table:
    """Return each run that would be started in a row, always with the same columns, for programs."""
    return _table(plan.chosen, [stencil_of(run) for run in plan.chosen], has_stencils=True)


def backfill_lines(plan: BackfillPlan, *, has_reasons: bool) -> Iterator[str]:
    """Yield what people read; with reasons also each date that is left out, and those without data."""
    from deciders.dates.missing_dates import shown_periods

    chosen, left_out = plan.chosen, plan.left_out
    if chosen:
        shown = chosen[:_MOST_SHOWN]
        stencils = telling_stencils(shown)
        yield formatted(_table(shown, stencils, has_stencils=bool(stencils)), with_header=True)
    if len(chosen) > _MOST_SHOWN:
        yield f"and {len(chosen) - _MOST_SHOWN} more"
    yield f"{counted(len(chosen), 'run')} to start, {len(left_out)} left out"
    for group, count in Counter(one.reason.group for one in left_out).most_common():
        yield f"  {group.counted(count)}"
    if has_reasons:
        if left_out:
            yield formatted(not_due_table(left_out), with_header=True)
        if plan.without_data:
            yield f"no data for {', '.join(shown_periods(plan.without_data))}"


def _table(runs: Sequence[PlannedRun], stencils: Sequence[str], *, has_stencils: bool) -> Table:
    table = Table(["date", "workflow", "parameters", *(["date_stencil"] if has_stencils else []), "why"])
    for number, run in enumerate(runs):
        row = [run.day.isoformat(), run.workflow_name, shown_settings(run.configured_parameters)]
        table.rows.append([*row, *stencils[number : number + 1], run.reason.because.text])
    return table
