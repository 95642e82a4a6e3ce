"""Date stencils: the pattern of dates that must be available before a workflow runs for a reference date.

An element is a bound, meaning one day, week or month, or a half-open pair of bounds, ``[first, end]``, whose end is not part
of it. A bound is a number of days after the reference date (``-1`` is the day before) or a date, which is AutoFlow's notation
and meaning; or text: ``-4w``, ``-1m``, ``week``, ``last_month``. Some days of an element may be missing if it is a mapping,
``{dates: [-28, 1], at_least: 25}``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from ..problems import shown
from .date_bounds import (
    FARTHEST_OFFSET_DAYS,
    LAST_ORDINAL,
    Bound,
    DateStencilError,
    DateStencilTypeError,
    DateStencilValueError,
    InvalidDateIntervalError,
    Unit,
    UnreachableDateError,
    parsed_bound,
)

DEFAULT_STENCIL = [0]  #: for an entry without a stencil: the reference date alone

__all__ = [
    "AvailableDays",
    "DateStencil",
    "DateStencilError",
    "DateStencilTypeError",
    "DateStencilValueError",
    "InvalidDateIntervalError",
    "Shortfall",
    "UnreachableDateError",
]

#: In 28 years every weekday occurs in every month, in leap years and others. Results over all of it are cached, because the
#: stencil of a run is parsed for each run.
_SAMPLE = range(date(2000, 1, 1).toordinal(), date(2028, 1, 1).toordinal())


class Shortfall(NamedTuple):
    """An element with too few available days."""

    needed: int  #: the least number of its days
    first: int  #: ordinal
    end: int  #: the same, not included


class DateStencil:
    """A parsed stencil: ``[0]`` is the reference date alone, and ``[]`` needs no dates at all.

    Stencils are equal when their elements mean the same intervals in the same order (``[0]`` equals ``[[0, 1]]``), and the
    same days of them may be missing.

    Raises:
        DateStencilTypeError: not a list (nor is None, as in AutoFlow); or an element that is neither a bound nor a pair of
            bounds, nor a mapping of ``dates`` and ``at_least``. Booleans, other texts, times of day and fractions are refused.
        DateStencilValueError: a pair without exactly two members; a bound more than a hundred years away; an ``at_least`` that
            is below 0, or above the number of days that the element can have.
        InvalidDateIntervalError: a pair that holds no date, whatever the reference date is. A pair of a date and a bound that
            moves is not refused here.
    """

    __slots__ = ("_merged_offsets", "at_least", "intervals", "is_tolerant", "offsets")

    #: (first, end) of each element, the end not included
    intervals: tuple[tuple[Bound, Bound], ...]
    #: for each element, the number of its days that must be available; None means all
    at_least: tuple[int | None, ...]
    is_tolerant: bool  #: whether any element may have missing days
    #: the intervals in days, if no element has other bounds (nearly always; checking a date is cheap then)
    offsets: tuple[tuple[int, int], ...] | None
    _merged_offsets: list[tuple[int, int]]

    def __init__(self, elements: Sequence[Any] = (0,)) -> None:
        if not isinstance(elements, (list, tuple)):
            raise DateStencilTypeError(f"a date stencil is a list, not {shown(elements)}")
        parsed = [_element(element, index) for index, element in enumerate(elements)]
        self.intervals = tuple(interval for interval, _ in parsed)
        self.at_least = tuple(least for _, least in parsed)
        self.is_tolerant = any(least is not None for least in self.at_least)
        is_relative = all(first.is_relative and end.is_relative for first, end in self.intervals)
        self.offsets = tuple((first.number, end.number) for first, end in self.intervals) if is_relative else None
        self._merged_offsets = _merged(self.offsets or [])

    @classmethod
    def of_entry(cls, elements: Sequence[Any] | None) -> DateStencil:
        """Parse the stencil of a sensor's entry; ``[0]`` for an entry without one."""
        return cls() if elements is None else cls(elements)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DateStencil):
            return NotImplemented
        return self.intervals == other.intervals and self.at_least == other.at_least

    def __hash__(self) -> int:
        return hash((self.intervals, self.at_least))

    def __str__(self) -> str:
        """Write the stencil as a workflow file has it, a single day or date without its end: ``[[-6, 1], 2016-01-01]``."""
        return f"[{', '.join(map(_written, self.intervals, self.at_least))}]"

    def __repr__(self) -> str:
        elements = zip(self.intervals, self.at_least, strict=True)
        return f"DateStencil([{', '.join(_tolerant(_spelled(interval), least) for interval, least in elements)}])"

    def date_ranges(self, reference_date: date) -> list[tuple[date, date]]:
        """Return half-open ranges of dates, one per element, in the order of the elements, overlaps included.

        The ranges are complete, even where some of their days may be missing.

        Raises:
            InvalidDateIntervalError: a pair holds no date for this reference date.
            UnreachableDateError: a range leaves the years 1 to 9999.
        """
        return [
            (date.fromordinal(first), date.fromordinal(end)) for first, end in self.ordinal_ranges(reference_date.toordinal())
        ]

    def missing_dates(self, reference_date: date, available_dates: Iterable[date]) -> list[date]:
        """Return the dates of the stencil that are not available, ascending, each once, including those that may be missing.

        Whether the reference date itself is available does not matter, unless the stencil contains it. Raises what
        `date_ranges` raises.
        """
        available = {day.toordinal() for day in available_dates}
        needed = self.ordinal_ranges(reference_date.toordinal())
        missing = {ordinal for first, end in needed for ordinal in range(first, end) if ordinal not in available}
        return [date.fromordinal(ordinal) for ordinal in sorted(missing)]

    def ordinal_ranges(self, reference_ordinal: int) -> list[tuple[int, int]]:
        """Return `date_ranges` as proleptic ordinals, for callers that check many dates."""
        if self.offsets is not None and _is_far_from_the_ends(reference_ordinal):
            return [(reference_ordinal + first, reference_ordinal + end) for first, end in self.offsets]
        ranges = []
        for index, (first, end) in enumerate(self.intervals):
            first_ordinal, end_ordinal = first.at(reference_ordinal), end.at(reference_ordinal)
            fault: type[DateStencilValueError] | None = None
            if first_ordinal < 1 or end_ordinal > LAST_ORDINAL:
                fault, does = UnreachableDateError, "leaves the calendar"
            elif end_ordinal <= first_ordinal:
                fault, does = InvalidDateIntervalError, "holds no date"
            if fault is not None:
                named = f"date_stencil element {index + 1}, {_spelled((first, end))}"
                raise fault(f"{named}, {does} for reference date {date.fromordinal(reference_ordinal)}", index)
            ranges.append((first_ordinal, end_ordinal))
        return ranges

    def needed_ranges(self, reference_ordinal: int) -> list[tuple[int, int]]:
        """Return the same days as `ordinal_ranges`, ascending, merged into as few ranges as possible."""
        if self.offsets is not None and _is_far_from_the_ends(reference_ordinal):
            return [(reference_ordinal + first, reference_ordinal + end) for first, end in self._merged_offsets]
        return _merged(self.ordinal_ranges(reference_ordinal))

    def strict_ranges(self, reference_ordinal: int) -> list[tuple[int, int]]:
        """Return the days of `needed_ranges` of which none may be missing."""
        if not self.is_tolerant:
            return self.needed_ranges(reference_ordinal)
        ranges = zip(self.ordinal_ranges(reference_ordinal), self.at_least, strict=True)
        return _merged(days for days, least in ranges if least is None)

    def shortfalls(self, reference_ordinal: int, available: AvailableDays) -> list[Shortfall]:
        """Return the elements that tolerate missing days, but have more of them than they tolerate."""
        if not self.is_tolerant:
            return []
        ranges = zip(self.ordinal_ranges(reference_ordinal), self.at_least, strict=True)
        return [
            Shortfall(least, first, end)
            for (first, end), least in ranges
            if least is not None and available.number(first, end) < least
        ]


class AvailableDays:
    """Available dates, arranged so that a whole range takes one lookup."""

    def __init__(self, ordinals: Iterable[int]) -> None:
        #: ascending, each once
        self.ordinals: list[int] = sorted(set(ordinals))
        self._end_of_run: dict[int, int] = {}
        end = 0
        for ordinal in reversed(self.ordinals):
            if ordinal + 1 not in self._end_of_run:
                end = ordinal + 1
            self._end_of_run[ordinal] = end

    def holds(self, ranges: Iterable[tuple[int, int]]) -> bool:
        """Return True if every day of the half-open ranges is available."""
        end_of_run = self._end_of_run
        for first, end in ranges:  # noqa: SIM110 - `all` with a generator takes twice as long
            if end_of_run.get(first, 0) < end:
                return False
        return True

    def __contains__(self, ordinal: int) -> bool:
        return ordinal in self._end_of_run

    def number(self, first: int, end: int) -> int:
        """Count the available days of the half-open range."""
        return bisect_left(self.ordinals, end) - bisect_left(self.ordinals, first)

    def gaps(self, ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Yield the days of half-open ranges that are not available, as half-open ranges.

        ``ranges`` are ascending and without overlaps, and so is the result.
        """
        for first, end in ranges:
            place, day = bisect_left(self.ordinals, first), first
            while day < end:
                there = self.ordinals[place] if place < len(self.ordinals) else end
                if there > day:
                    yield day, min(there, end)
                day, place = there + 1, place + 1


def _is_far_from_the_ends(ordinal: int) -> bool:
    """Return True if no offset from this day can leave the calendar."""
    return FARTHEST_OFFSET_DAYS < ordinal < LAST_ORDINAL - FARTHEST_OFFSET_DAYS


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return merged


def _written(interval: tuple[Bound, Bound], least: int | None) -> str:
    first, end = interval
    return _tolerant(str(first) if end == first.after else f"[{first}, {end}]", least)


def _spelled(interval: tuple[Bound, Bound]) -> str:
    """Write an interval with both ends, except where a workflow file has no notation for the end."""
    first, end = interval
    has_no_word = end.day_after or (first.unit in (Unit.WEEK, Unit.MONTH) and (end.unit, end.number) == (first.unit, 1))
    return str(first) if has_no_word else f"[{first}, {end}]"


def _tolerant(interval: str, least: int | None) -> str:
    return interval if least is None else f"{{dates: {interval}, at_least: {least}}}"


def _element(element: Any, index: int) -> tuple[tuple[Bound, Bound], int | None]:
    if not isinstance(element, Mapping):
        return _interval(element, index), None
    if set(element) != {"dates", "at_least"}:
        raise DateStencilTypeError(f"a mapping has 'dates' and 'at_least', and nothing else, not {shown(dict(element))}", index)
    interval, least = _interval(element["dates"], index), element["at_least"]
    if not isinstance(least, int) or isinstance(least, bool):
        raise DateStencilTypeError(f"at_least is a whole number of days, not {shown(least)}", index)
    if least < 0:
        raise DateStencilValueError(f"at_least is {shown(least)}, and must be 0 or more", index)
    longest = _longest(interval)
    if longest is not None and least > longest:
        days = "1 day" if longest == 1 else f"{longest} days"
        raise DateStencilValueError(
            f"at_least is {shown(least)}, but {_written(interval, None)} never has more than {days}", index
        )
    return interval, least


@lru_cache(maxsize=1_000)
def _longest(interval: tuple[Bound, Bound]) -> int | None:
    """Return the greatest number of days that the interval can have; None if it is unbounded, as between a date and a bound
    that moves.
    """
    first, end = interval
    if (first.unit is Unit.DATE) != (end.unit is Unit.DATE):
        return None
    if first.unit is end.unit and first.unit in (Unit.DATE, Unit.DAYS):
        return end.number - first.number
    return max(end.at(ordinal) - first.at(ordinal) for ordinal in _SAMPLE)


def _interval(element: Any, index: int) -> tuple[Bound, Bound]:
    if not isinstance(element, (list, tuple)):
        first = parsed_bound(element, index)
        if first.unit is Unit.DATE and first.number >= LAST_ORDINAL:
            raise DateStencilValueError(f"{element} is the last date there is: a range cannot end after it", index)
        return first, first.after
    if len(element) != 2:
        raise DateStencilValueError(f"a pair has two members, [first, end], but {shown(element)} has {len(element)}", index)
    first, end = parsed_bound(element[0], index), parsed_bound(element[1], index)
    if _never_holds_a_date(first, end):
        raise InvalidDateIntervalError(
            f"[{first}, {end}] holds no date: the second member must be later than the first",
            index,
        )
    return first, end


@lru_cache(maxsize=1_000)
def _never_holds_a_date(first: Bound, end: Bound) -> bool:
    if first.unit is end.unit:
        return end.number <= first.number
    if Unit.DATE in (first.unit, end.unit):
        return False
    return all(end.at(ordinal) <= first.at(ordinal) for ordinal in _SAMPLE)
