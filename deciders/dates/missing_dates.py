"""What a stencil lacks for a reference date, as a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from .date_stencil import AvailableDays, DateStencil

#: A reason names this many missing dates or periods, and counts the others.
_MOST_DATES_IN_A_REASON = 10
_FEWEST_OF_A_PERIOD = 3


def lack(stencil: DateStencil, reference_ordinal: int, available: AvailableDays) -> str | None:
    """``needs 2024-01-01 which is not available``; None when nothing is missing that must be there.

    Raises:
        DateStencilValueError: the stencil holds no dates for this reference date, or leaves the calendar.
    """
    reasons = []
    strict = stencil.strict_ranges(reference_ordinal)
    if not available.holds(strict):
        reasons.append(f"needs {_named(strict, available, which='which ')}")
    for needed, first, end in stencil.shortfalls(reference_ordinal, available):
        days = f"the {end - first} dates from {date.fromordinal(first)} to {date.fromordinal(end - 1)}"
        lacks = "which are too few" if needed > end - first else f"and {_named([(first, end)], available)}"
        reasons.append(f"needs {needed} of {days}, {lacks}")
    return "; ".join(reasons) or None


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


def _named(ranges: Sequence[tuple[int, int]], available: AvailableDays, *, which: str = "") -> str:
    total = sum(end - first - available.number(first, end) for first, end in ranges)
    names, told = list[str](), 0
    for first, end in available.gaps(ranges):
        is_period = end - first >= _FEWEST_OF_A_PERIOD
        names += [_period(first, end)] if is_period else [_period(day, day + 1) for day in range(first, end)]
        told += end - first
        if len(names) >= _MOST_DATES_IN_A_REASON:
            break
    more = f" and {total - told} more" if total > told else ""
    return f"{', '.join(names)}{more} {which}{'is' if total == 1 else 'are'} not available"
