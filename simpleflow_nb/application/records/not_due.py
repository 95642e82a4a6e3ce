"""Dates that are not due, as ``plan`` and ``backfill --dry-run`` list and count them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ...inspection.tables import Table
from .run_rows import shown_settings, told_apart

if TYPE_CHECKING:
    from deciders.runs.due_runs import NotDue
    from deciders.runs.planned_run import PlannedRun
    from deciders.values.reason import Reason

_FEWEST_OF_A_PERIOD = 3


def not_due_table(rows: Sequence[NotDue], remarks: Sequence[str] | None = None) -> Table:
    """Return the table of the dates that do not run, with the reasons.

    Neighbouring dates of an entry with the same reason are said once, from three on.

    ``remarks`` are what is said of each behind its reason, which may be nothing.
    """
    # Several entries of one workflow say different things of the same date.
    several = len({(one.workflow_name, one.reference_date) for one in rows}) < len(rows)
    stencils = telling_stencils(rows)
    more = [*(["parameters"] if several else []), *(["date_stencil"] if stencils else [])]
    periods: list[_Period] = []
    latest: dict[tuple[str, ...], _Period] = {}  #: the last one of each entry
    for number, (one, remark) in enumerate(zip(rows, remarks or [""] * len(rows), strict=True)):
        settings = [shown_settings(one.configured_parameters)] if several else []
        of_entry = (one.workflow_name, *settings, *stencils[number : number + 1])
        former = latest.get(of_entry)
        if former is None or not former.takes(one, remark):
            former = latest[of_entry] = _Period(of_entry, remark)
            periods.append(former)
        former.days.append((one.reference_date, one.reason))
    return Table(["workflow", "date", *more, "why not"], [row for period in periods for row in period.rows()])


class _Period:
    """Neighbouring dates of an entry, and the one reason of them all."""

    def __init__(self, of_entry: tuple[str, ...], remark: str) -> None:
        self.of_entry, self.remark = of_entry, remark
        self.days: list[tuple[date, Reason]] = []

    def takes(self, one: NotDue, remark: str) -> bool:
        last, reason = self.days[-1]
        is_same = one.reason.is_same_as(reason) and remark == self.remark
        return is_same and one.reference_date == last + timedelta(days=1)

    def rows(self) -> list[list[str]]:
        name, *settings = self.of_entry
        if len(self.days) < _FEWEST_OF_A_PERIOD:
            return [[name, day.isoformat(), *settings, f"{reason}{self.remark}"] for day, reason in self.days]
        (first, reason), (last, _) = self.days[0], self.days[-1]
        return [[name, f"{first} to {last}", *settings, f"{reason.of_period}{self.remark}"]]


def telling_stencils(rows: Sequence[PlannedRun | NotDue]) -> list[str]:
    """Return the stencil of each row; none of them unless rows of one workflow, date and parameters differ in theirs."""
    known = [(row.workflow_name, row.reference_date, shown_settings(row.configured_parameters)) for row in rows]
    return told_apart(known, [stencil_of(row) for row in rows])


def stencil_of(row: PlannedRun | NotDue) -> str:
    """Return the stencil of a row as it may stand in the file; ``[0]`` where none does."""
    from deciders.dates.date_stencil import DateStencil

    own = row.date_stencil
    return str(own if isinstance(own, DateStencil) else DateStencil.of_entry(own))
