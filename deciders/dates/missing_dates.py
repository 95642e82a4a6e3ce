"""Which dates a stencil lacks for a reference date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypedDict

from .date_stencil import AvailableDays, DateStencil

#: A lack names this many missing dates or periods, and counts the others.
_MOST_DATES_IN_A_LACK = 10
_FEWEST_OF_A_PERIOD = 3


class Missing(TypedDict):
    """Dates that are not there."""

    periods: list[str]  #: ISO dates, and ``<first> to <last>`` from three dates in a row on; at most the first ten
    more: int  #: dates behind those
    number: int  #: of dates in all


class Shortfall(TypedDict):
    """An element of a stencil of which too few dates are there."""

    needed: int
    days: int  #: that the element has
    first: str  #: ISO dates of its first and last day
    last: str
    missing: Missing | None  #: None where it has too few days, whatever is there


class Lack(TypedDict):
    """What of a stencil is missing and must be there; ready for JSON."""

    strict: Missing | None  #: of the elements of which no date may be missing
    shortfalls: list[Shortfall]


def lack(stencil: DateStencil, reference_ordinal: int, available: AvailableDays) -> Lack | None:
    """What is missing for a reference date; None when nothing is that must be there.

    Raises:
        DateStencilValueError: the stencil holds no dates for this reference date, or leaves the calendar.
    """
    strict = stencil.strict_ranges(reference_ordinal)
    missing = _missing(strict, available) if not available.holds(strict) else None
    shortfalls = [
        Shortfall(
            needed=needed,
            days=end - first,
            first=date.fromordinal(first).isoformat(),
            last=date.fromordinal(end - 1).isoformat(),
            missing=None if needed > end - first else _missing([(first, end)], available),
        )
        for needed, first, end in stencil.shortfalls(reference_ordinal, available)
    ]
    return Lack(strict=missing, shortfalls=shortfalls) if missing is not None or shortfalls else None


def shown_periods(days: Iterable[date]) -> list[str]:
    """``2024-01-03``, ``2024-01-05 to 2024-01-09``: ascending days, those that follow each other as one."""
    periods: list[tuple[int, int]] = []
    for ordinal in (day.toordinal() for day in days):
        if periods and ordinal == periods[-1][1] + 1:
            periods[-1] = (periods[-1][0], ordinal)
        else:
            periods.append((ordinal, ordinal))
    return [_period(first, last + 1) for first, last in periods]


def _period(first: int, end: int) -> str:
    begin, last = date.fromordinal(first), date.fromordinal(end - 1)
    return f"{begin}" if begin == last else f"{begin} to {last}"


def _missing(ranges: Sequence[tuple[int, int]], available: AvailableDays) -> Missing:
    total = sum(end - first - available.number(first, end) for first, end in ranges)
    names, told = list[str](), 0
    for first, end in available.gaps(ranges):
        is_period = end - first >= _FEWEST_OF_A_PERIOD
        names += [_period(first, end)] if is_period else [_period(day, day + 1) for day in range(first, end)]
        told += end - first
        if len(names) >= _MOST_DATES_IN_A_LACK:
            break
    return Missing(periods=names, more=total - told, number=total)
