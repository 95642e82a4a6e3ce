"""Dates that a stencil lacks for a reference date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypedDict

from .date_stencil import AvailableDays, DateStencil

#: A lack lists this many missing dates or periods, and counts the rest.
_MOST_DATES_IN_A_LACK = 10
_FEWEST_OF_A_PERIOD = 3


class Missing(TypedDict):
    """Dates that are not available."""

    periods: list[str]  #: ISO dates, and ``<first> to <last>`` for three or more in a row; at most the first ten
    more: int  #: number of dates after those
    number: int  #: of all missing dates


class Shortfall(TypedDict):
    """An element of a stencil with too few available dates."""

    needed: int
    days: int  #: of the element
    first: str  #: ISO dates of its first and last day
    last: str
    missing: Missing | None  #: None where it has too few days whatever is available


class Lack(TypedDict):
    """Required dates of a stencil that are missing; ready for JSON."""

    strict: Missing | None  #: from elements that tolerate no missing date
    shortfalls: list[Shortfall]


def lack(stencil: DateStencil, reference_ordinal: int, available: AvailableDays) -> Lack | None:
    """Return the required dates that are missing for a reference date; None if there are none.

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
    """Format ascending days as ``2024-01-03``, ``2024-01-05 to 2024-01-09``, consecutive days as one period."""
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
