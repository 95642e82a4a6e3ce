"""Dates that a stencil requires for a reference date and that are not available."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import TypedDict

from .date_stencil import AvailableDays, DateStencil

#: So many missing dates or periods are listed; the rest is counted.
_MOST_PERIODS_IN_A_LACK = 10
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
    periods = list(islice(_periods(available.gaps(ranges)), _MOST_PERIODS_IN_A_LACK))
    told = sum(end - first for first, end in periods)
    return Missing(periods=[_period(first, end) for first, end in periods], more=total - told, number=total)


def _periods(gaps: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Split gaps that are too short to be told as a period into their days."""
    for first, end in gaps:
        if end - first >= _FEWEST_OF_A_PERIOD:
            yield first, end
        else:
            yield from ((day, day + 1) for day in range(first, end))
