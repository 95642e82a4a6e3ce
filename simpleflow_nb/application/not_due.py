"""Dates that are not due, as ``plan`` and ``backfill --dry-run`` list and count them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ..inspection.tables import Table
from .run_rows import shown_settings, told_apart

if TYPE_CHECKING:
    from deciders.runs.due_runs import NotDue, Run

_FEWEST_OF_A_PERIOD = 3
_IS_NOT_AVAILABLE = " is not available"
_NEEDS_DATES = "needs dates that are not available"
_DATES_LACK = "reference dates that are not available"
#: kinds of reasons that are not one text for one date and for several
_OF_ONE = {_DATES_LACK: "reference date that is not available"}
_OF_SEVERAL = {_NEEDS_DATES: "need dates that are not available"}


def not_due_table(rows: Sequence[NotDue], reasons: Sequence[str]) -> Table:
    """What is said of the dates that do not run; of neighbouring ones of an entry with the same reason, from three on, once."""
    # Several entries of one workflow say different things of the same date.
    several = len({(one.workflow_name, one.reference_date) for one in rows}) < len(rows)
    stencils = telling_stencils(rows)
    more = [*(["parameters"] if several else []), *(["date_stencil"] if stencils else [])]
    periods: list[_Period] = []
    latest: dict[tuple[str, ...], _Period] = {}  #: the last one of each entry
    for number, (one, reason) in enumerate(zip(rows, reasons, strict=True)):
        settings = [shown_settings(one.configured_parameters)] if several else []
        of_entry = (one.workflow_name, *settings, *stencils[number : number + 1])
        former = latest.get(of_entry)
        if former is None or not former.takes(one.reference_date, reason):
            former = latest[of_entry] = _Period(of_entry)
            periods.append(former)
        former.days.append((one.reference_date, reason))
    return Table(["workflow", "date", *more, "why not"], [row for period in periods for row in period.rows()])


class _Period:
    """Neighbouring dates of an entry, and the one reason of them all."""

    def __init__(self, of_entry: tuple[str, ...]) -> None:
        self.of_entry = of_entry
        self.days: list[tuple[date, str]] = []

    def takes(self, day: date, reason: str) -> bool:
        last, its_reason = self.days[-1]
        is_same = reason == its_reason or (_is_lack(last, its_reason) and _is_lack(day, reason))
        return is_same and day == last + timedelta(days=1)

    def rows(self) -> list[list[str]]:
        name, *settings = self.of_entry
        if len(self.days) < _FEWEST_OF_A_PERIOD:
            return [[name, day.isoformat(), *settings, reason] for day, reason in self.days]
        (first, reason), (last, _) = self.days[0], self.days[-1]
        return [[name, f"{first} to {last}", *settings, "these dates are not available" if _is_lack(first, reason) else reason]]


def _is_lack(day: date, reason: str) -> bool:
    return reason == f"{day}{_IS_NOT_AVAILABLE}"


def telling_stencils(rows: Sequence[Run | NotDue]) -> list[str]:
    """The stencil of each row; none of them unless rows of one workflow, date and parameters differ in theirs."""
    known = [(row.workflow_name, row.reference_date, shown_settings(row.configured_parameters)) for row in rows]
    return told_apart(known, [stencil_of(row) for row in rows])


def stencil_of(row: Run | NotDue) -> str:
    """As it may stand in the file; ``[0]`` where none does."""
    from deciders.dates.date_stencil import DateStencil

    own = row.date_stencil
    return str(own if isinstance(own, DateStencil) else DateStencil.of_entry(own))


def kind_of_reason(reason: str) -> str:
    """A reason without what differs from date to date."""
    if reason.startswith("needs "):
        return _NEEDS_DATES
    if reason.endswith(_IS_NOT_AVAILABLE):
        return _DATES_LACK
    from deciders.runs.reruns import WAITS_AFTER_SKIP, WAITS_FOR_RETRY

    for waiting in (WAITS_FOR_RETRY, WAITS_AFTER_SKIP):
        if reason.startswith(waiting):
            return f"{waiting} is not over"
    return reason


def counted_reason(number: int, kind: str) -> str:
    """``3 need dates that are not available``: so many dates, and a `kind_of_reason`."""
    return f"{number} {(_OF_ONE if number == 1 else _OF_SEVERAL).get(kind, kind)}"
