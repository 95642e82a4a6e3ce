"""Bounds of date stencils: one day, told from the reference date or by its date.

DateStencilError
├── DateStencilTypeError (a TypeError)        an element, or the stencil itself, is of the wrong kind
└── DateStencilValueError (a ValueError)
    ├── InvalidDateIntervalError              a pair that holds no date, always or for one reference date
    └── UnreachableDateError                  a date before the year 1 or after 9999, for one reference date
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from simpleflow_nb.exceptions import DefinitionError

from ..problems import did_you_mean, shown
from .written_dates import written_date

#: A hundred years: further away lies a slip of the finger (a date written as a number, say).
FARTHEST_OFFSET_DAYS = 36_525
LAST_ORDINAL = date.max.toordinal()

_DAYS_OF = {"d": 1, "w": 7}
_MONTHS_OF = {"m": 1, "y": 12}
_FARTHEST_MONTHS = 1_200
#: The same in JSON Schema, without the limits.
SHIFT_PATTERN = r"^[+-]?[0-9]{1,6}[dwmy]$"
_SHIFT = re.compile(r"([+-]?[0-9]{1,6})([dwmy])", re.ASCII)


class DateStencilError(DefinitionError):
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


class Unit(Enum):
    """What the number of a bound counts."""

    DATE = "date"  #: a proleptic ordinal
    DAYS = "days"  #: after the reference date
    MONTHS = "months"  #: after the reference date: the same day of that month, or its last if it is shorter
    WEEK = "week"  #: weeks after that of the reference date, of which the Monday is meant
    MONTH = "month"  #: calendar months after that of the reference date, of which the first day is meant


#: Weeks and months by name. Alone each is the whole of it, as a member of a pair its first day.
PERIODS = {
    "week": (Unit.WEEK, 0),
    "last_week": (Unit.WEEK, -1),
    "month": (Unit.MONTH, 0),
    "last_month": (Unit.MONTH, -1),
}
_NAMES = {period: name for name, period in PERIODS.items()}


class Bound(NamedTuple):
    """One end of an interval: a day."""

    unit: Unit
    number: int
    day_after: bool = False  #: the day after the one that unit and number mean

    @property
    def is_relative(self) -> bool:
        """Whether it moves with the reference date, day by day."""
        return self.unit is Unit.DAYS

    @property
    def after(self) -> Bound:
        """The end of what this bound means alone: a week or a month as a whole, else a single day."""
        if self.unit is Unit.MONTHS:
            return self._replace(day_after=True)
        return self._replace(number=self.number + 1)

    def at(self, reference_ordinal: int) -> int:
        """The ordinal of the day meant for that reference date; outside of the calendar when the day is."""
        match self.unit:
            case Unit.DATE:
                return self.number
            case Unit.DAYS:
                return self.number + reference_ordinal
            case Unit.WEEK:  # the first of January of the year 1 was a Monday
                return reference_ordinal - (reference_ordinal - 1) % 7 + 7 * self.number
        reference = date.fromordinal(reference_ordinal)
        year, month = divmod(reference.year * 12 + reference.month - 1 + self.number, 12)
        if not 1 <= year <= 9999:
            return 0 if year < 1 else LAST_ORDINAL + 1
        day = min(reference.day, monthrange(year, month + 1)[1]) if self.unit is Unit.MONTHS else 1
        return date(year, month + 1, day).toordinal() + self.day_after

    def __str__(self) -> str:
        """As a workflow file has it; what no file can say is said in words."""
        match self.unit:
            case Unit.DATE:
                return date.fromordinal(self.number).isoformat()
            case Unit.DAYS:
                return str(self.number)
            case Unit.MONTHS:
                return f"the day after {self.number}m" if self.day_after else f"{self.number}m"
        return _NAMES.get((self.unit, self.number)) or f"next {self.unit.value}"


def parsed_bound(value: Any, index: int) -> Bound:
    """A bound as it stands in a stencil, whose place there is ``index``.

    Raises:
        DateStencilTypeError: it is none.
        DateStencilValueError: it is more than a hundred years away.
    """
    # bool is an int, and datetime a date, to isinstance; neither is meant by anyone who writes one here.
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > FARTHEST_OFFSET_DAYS:
            raise DateStencilValueError(
                f"{shown(value)} days is more than {FARTHEST_OFFSET_DAYS} (a hundred years) from the reference date", index
            )
        return Bound(Unit.DAYS, value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return Bound(Unit.DATE, value.toordinal())
    if isinstance(value, str):
        return _bound_of_text(value, index)
    raise DateStencilTypeError(f"{shown(value)} is neither a whole number of days nor a date", index)


def _bound_of_text(text: str, index: int) -> Bound:
    if text in PERIODS:
        return Bound(*PERIODS[text])
    if found := _SHIFT.fullmatch(text):
        number, letter = int(found[1]), found[2]
        days, months = number * _DAYS_OF.get(letter, 0), number * _MONTHS_OF.get(letter, 0)
        if abs(days) > FARTHEST_OFFSET_DAYS or abs(months) > _FARTHEST_MONTHS:
            raise DateStencilValueError(f"{text} is more than a hundred years from the reference date", index)
        return Bound(Unit.DAYS, days) if letter in _DAYS_OF else Bound(Unit.MONTHS, months)
    if written_date(text) is not None:
        raise DateStencilTypeError(f"{text!r} is text; write the date without quotes", index)
    raise DateStencilTypeError(
        f"{shown(text)} is neither a whole number of days nor a date, nor one of -4w, -1m, {', '.join(PERIODS)}"
        f"{did_you_mean(text, PERIODS)}",
        index,
    )
