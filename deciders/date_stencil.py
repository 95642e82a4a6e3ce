"""Date stencils: the pattern of dates that must be there before a workflow runs for a reference date.

An element is a number of days after the reference date (``-1`` is the day before), a date, or a half-open pair of
these, ``[first, end]``, whose end is not part of it. This is AutoFlow's notation and meaning.

DateStencilError
├── DateStencilTypeError (a TypeError)        an element, or the stencil itself, is of the wrong kind
└── DateStencilValueError (a ValueError)
    ├── InvalidDateIntervalError              a pair that holds no date, always or for one reference date
    └── UnreachableDateError                  a date before the year 1 or after 9999, for one reference date
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from deciders.problems import shown

#: A hundred years: further away lies a slip of the finger (a date written as a number, say).
FARTHEST_OFFSET_DAYS = 36_525
DEFAULT_STENCIL = [0]  #: of an entry without one: the reference date alone
_LAST_ORDINAL = date.max.toordinal()


class DateStencilError(Exception):
    """A date stencil is wrong; ``index`` is the element's place counted from 0, None for the stencil as a whole."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class DateStencilTypeError(DateStencilError, TypeError):
    """Something in the stencil is neither a whole number of days nor a date."""


class DateStencilValueError(DateStencilError, ValueError):
    """An element of the right kind says something impossible."""


class InvalidDateIntervalError(DateStencilValueError):
    """A pair ends on or before the day on which it begins."""


class UnreachableDateError(DateStencilValueError):
    """The stencil of this reference date reaches before the year 1 or beyond 9999."""


class Bound(NamedTuple):
    """One end of an interval."""

    is_relative: bool
    days: int  #: after the reference date if relative, else the date's proleptic ordinal

    def at(self, reference_ordinal: int) -> int:
        """The ordinal of the day meant for that reference date."""
        return self.days + reference_ordinal if self.is_relative else self.days

    def __str__(self) -> str:
        return str(self.days) if self.is_relative else date.fromordinal(self.days).isoformat()


class DateStencil:
    """A parsed stencil. ``None`` is the default, ``[0]``: the reference date alone; ``[]`` needs no dates at all.

    Stencils are equal when their elements mean the same intervals in the same order (``[0]`` equals ``[[0, 1]]``).

    Raises:
        DateStencilTypeError: not a list; or an element that is no whole number, date or pair of these. Booleans,
            texts, times of day, fractions and mappings are refused.
        DateStencilValueError: a pair without exactly two members; an offset of more than 36,525 days either way.
        InvalidDateIntervalError: a pair of two offsets or of two dates that ends where it begins or before.
    """

    __slots__ = ("_merged_offsets", "intervals", "offsets")

    #: (first, end) of each element, the end not included
    intervals: tuple[tuple[Bound, Bound], ...]
    #: the same in days, when no element names a date (nearly always, and then looking at a date is cheap)
    offsets: tuple[tuple[int, int], ...] | None
    _merged_offsets: list[tuple[int, int]]

    def __init__(self, elements: Sequence[Any] | None = None) -> None:
        if elements is None:
            elements = DEFAULT_STENCIL
        if not isinstance(elements, (list, tuple)):
            raise DateStencilTypeError(f"a date stencil is a list, not {shown(elements)}")
        self.intervals = tuple(_interval(element, index) for index, element in enumerate(elements))
        is_relative = all(first.is_relative and end.is_relative for first, end in self.intervals)
        self.offsets = tuple((first.days, end.days) for first, end in self.intervals) if is_relative else None
        self._merged_offsets = _merged(self.offsets or [])

    def __eq__(self, other: object) -> bool:
        return self.intervals == other.intervals if isinstance(other, DateStencil) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.intervals)

    def __str__(self) -> str:
        """As it would be written in a workflow file, a single day or date without its end: ``[[-6, 1], 2016-01-01]``."""
        return f"[{', '.join(map(_written, self.intervals))}]"

    def __repr__(self) -> str:
        return f"DateStencil([{', '.join(f'[{first}, {end}]' for first, end in self.intervals)}])"

    def date_ranges(self, reference_date: date) -> list[tuple[date, date]]:
        """Half-open ranges of dates, one per element, in the order of the elements; overlaps are kept.

        Raises:
            InvalidDateIntervalError: a pair of an offset and a date holds no date for this reference date.
            UnreachableDateError: a range leaves the years 1 to 9999.
        """
        return [
            (date.fromordinal(first), date.fromordinal(end)) for first, end in self.ordinal_ranges(reference_date.toordinal())
        ]

    def missing_dates(self, reference_date: date, available_dates: Iterable[date]) -> list[date]:
        """The dates that the stencil needs and that are not available, ascending, each once.

        Whether the reference date itself is available does not matter, unless the stencil contains it. Raises what
        `date_ranges` raises.
        """
        available = {day.toordinal() for day in available_dates}
        needed = self.ordinal_ranges(reference_date.toordinal())
        missing = {ordinal for first, end in needed for ordinal in range(first, end) if ordinal not in available}
        return [date.fromordinal(ordinal) for ordinal in sorted(missing)]

    def ordinal_ranges(self, reference_ordinal: int) -> list[tuple[int, int]]:
        """`date_ranges` in proleptic ordinals, for those who look at many dates."""
        if self.offsets is not None and _is_far_from_the_ends(reference_ordinal):
            return [(reference_ordinal + first, reference_ordinal + end) for first, end in self.offsets]
        ranges = []
        for index, (first, end) in enumerate(self.intervals):
            first_ordinal, end_ordinal = first.at(reference_ordinal), end.at(reference_ordinal)
            if first_ordinal < 1 or end_ordinal > _LAST_ORDINAL:
                raise UnreachableDateError(
                    f"date_stencil element {index + 1}, [{first}, {end}], leaves the calendar for reference date "
                    f"{date.fromordinal(reference_ordinal)}",
                    index,
                )
            if end_ordinal <= first_ordinal:
                raise InvalidDateIntervalError(
                    f"date_stencil element {index + 1}, [{first}, {end}], holds no date for reference date "
                    f"{date.fromordinal(reference_ordinal)}",
                    index,
                )
            ranges.append((first_ordinal, end_ordinal))
        return ranges

    def needed_ranges(self, reference_ordinal: int) -> list[tuple[int, int]]:
        """The same days as `ordinal_ranges`, ascending, without overlaps and in as few ranges as possible."""
        if self.offsets is not None and _is_far_from_the_ends(reference_ordinal):
            return [(reference_ordinal + first, reference_ordinal + end) for first, end in self._merged_offsets]
        return _merged(self.ordinal_ranges(reference_ordinal))


class AvailableDays:
    """Available dates, arranged so that a whole range is looked up in one step."""

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
        """Whether every day of the half-open ranges is available."""
        end_of_run = self._end_of_run
        for first, end in ranges:  # noqa: SIM110 - `all` with a generator takes twice as long
            if end_of_run.get(first, 0) < end:
                return False
        return True

    def missing(self, ranges: Iterable[tuple[int, int]], *, at_most: int) -> tuple[list[int], int]:
        """The first ``at_most`` days that are not available, and how many there are in all.

        ``ranges`` are ascending and without overlaps, and so is the result.
        """
        found: list[int] = []
        total = 0
        for first, end in ranges:
            here = end - first - (bisect_left(self.ordinals, end) - bisect_left(self.ordinals, first))
            total += here
            day = first
            while here and day < end and len(found) < at_most:
                if day in self._end_of_run:
                    day = self._end_of_run[day]
                else:
                    found.append(day)
                    day += 1
        return found, total


def _is_far_from_the_ends(ordinal: int) -> bool:
    """Whether no offset can leave the calendar from there."""
    return FARTHEST_OFFSET_DAYS < ordinal < _LAST_ORDINAL - FARTHEST_OFFSET_DAYS


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return merged


def _written(interval: tuple[Bound, Bound]) -> str:
    first, end = interval
    is_one_day = first.is_relative == end.is_relative and end.days == first.days + 1
    return str(first) if is_one_day else f"[{first}, {end}]"


def _interval(element: Any, index: int) -> tuple[Bound, Bound]:
    if not isinstance(element, (list, tuple)):
        first = _bound(element, index)
        if not first.is_relative and first.days >= _LAST_ORDINAL:
            raise DateStencilValueError(f"{element} is the last date there is: a range cannot end after it", index)
        return first, Bound(first.is_relative, first.days + 1)
    if len(element) != 2:
        raise DateStencilValueError(f"a pair has two members, [first, end], but {shown(element)} has {len(element)}", index)
    first, end = _bound(element[0], index), _bound(element[1], index)
    if first.is_relative == end.is_relative and end.days <= first.days:
        raise InvalidDateIntervalError(
            f"[{first}, {end}] holds no date: the second member must be later than the first",
            index,
        )
    return first, end


def _bound(value: Any, index: int) -> Bound:
    # bool is an int, and datetime a date, to isinstance; neither is meant by anyone who writes one here.
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > FARTHEST_OFFSET_DAYS:
            raise DateStencilValueError(
                f"{shown(value)} days is more than {FARTHEST_OFFSET_DAYS} (a hundred years) from the reference date", index
            )
        return Bound(True, value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return Bound(False, value.toordinal())
    if isinstance(value, str) and _is_iso_date(value):
        raise DateStencilTypeError(f"{value!r} is text; write the date without quotes", index)
    raise DateStencilTypeError(f"{shown(value)} is neither a whole number of days nor a date", index)


def _is_iso_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
