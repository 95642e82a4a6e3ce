"""Which of the available dates an entry of the sensor runs for: all, or those that a rule chooses."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from simpleflow_nb.exceptions import DefinitionError

from ..problems import did_you_mean, shown
from .written_dates import written_date

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST = "last"
LONGEST_STEP_DAYS = 36_525

_RULES = ("weekly", "monthly", "dates", "every")
_FORMS = "all, {weekly: monday}, {monthly: 1}, {monthly: last}, {dates: [2024-01-31]} and {every: 7, from: 2024-01-01}"


class ReferenceDatesError(DefinitionError, ValueError):
    """A rule is wrong: one sentence, without the name of the setting."""


class ReferenceDates:
    """A parsed rule. ``all`` chooses every date.

    Args:
        rule: ``"all"``; or a mapping: ``weekly`` with a day of the week or several; ``monthly`` with a day of the month or
            several, from 1 to 31 and ``last``, where 29 to 31 mean the last day of a month that is shorter; ``dates`` with a
            list; ``every`` with a number of days, and ``from`` with the date from which they count, before which there are
            none. A date may be its ISO text.

    Raises:
        ReferenceDatesError: it is none of these, or chooses nothing.
    """

    __slots__ = ("_anchor", "_days_of_month", "_step", "_text", "_weekdays", "is_all", "named")

    is_all: bool
    named: tuple[int, ...]  #: ordinals of the days of ``dates``, ascending; empty for the other rules

    def __init__(self, rule: Any) -> None:
        self.is_all, self.named = rule == "all", ()
        self._weekdays: frozenset[int] = frozenset()
        self._days_of_month: frozenset[int] = frozenset()
        self._step = self._anchor = 0
        self._text = "all"
        if self.is_all:
            return
        kinds = [key for key in rule if key in _RULES] if isinstance(rule, Mapping) else []
        allowed = {*kinds, "from"} if kinds == ["every"] else set(kinds)
        if not isinstance(rule, Mapping) or len(kinds) != 1 or set(rule) != allowed & set(rule):
            raise ReferenceDatesError(f"{_found(rule)} is none of {_FORMS}{_guess(rule)}")
        kind = kinds[0]
        if kind == "every":
            self._take_step(rule)
        elif kind == "dates":
            self._take_dates(rule[kind])
        elif kind == "weekly":
            self._weekdays = frozenset(WEEKDAYS.index(name) for name in _several(kind, rule[kind], _checked_weekday))
        else:
            self._days_of_month = frozenset(_several(kind, rule[kind], _checked_day_of_month))
        self._text = ", ".join(f"{key}: {_written(rule[key])}" for key in (kind, "from") if key in rule)

    def __str__(self) -> str:
        """``weekly: monday``: as a workflow file has it, without the braces."""
        return self._text

    def ordinals(self, first: int, last: int) -> Iterator[int]:
        """The days that the rule chooses, of those from ``first`` to ``last``, both included, ascending."""
        if self.is_all:
            yield from range(first, last + 1)
        elif self.named:
            yield from (ordinal for ordinal in self.named if first <= ordinal <= last)
        elif self._step:
            begin = max(self._anchor, first + (self._anchor - first) % self._step)
            yield from range(begin, last + 1, self._step)
        elif self._weekdays:  # the first of January of the year 1 was a Monday
            yield from (ordinal for ordinal in range(first, last + 1) if (ordinal - 1) % 7 in self._weekdays)
        else:
            yield from self._of_months(first, last)

    def chooses(self, day: date) -> bool:
        """Whether the rule chooses that day."""
        ordinal = day.toordinal()
        return self.is_all or any(True for _ in self.ordinals(ordinal, ordinal))

    def _of_months(self, first: int, last: int) -> Iterator[int]:
        if first > last:
            return
        begin, end = date.fromordinal(first), date.fromordinal(last)
        for month in range(begin.year * 12 + begin.month - 1, end.year * 12 + end.month):
            year, place = divmod(month, 12)
            longest = monthrange(year, place + 1)[1]
            before = date(year, place + 1, 1).toordinal() - 1
            days = sorted({min(day, longest) for day in self._days_of_month})
            yield from (before + day for day in days if first <= before + day <= last)

    def _take_step(self, rule: Mapping[Any, Any]) -> None:
        step = rule["every"]
        if not isinstance(step, int) or isinstance(step, bool) or not 1 <= step <= LONGEST_STEP_DAYS:
            raise ReferenceDatesError(f"every is a number of days from 1 to {LONGEST_STEP_DAYS}, not {_found(step)}")
        if "from" not in rule:
            raise ReferenceDatesError("every needs the date from which its days count, {every: 7, from: 2024-01-01}")
        self._step, self._anchor = step, _checked_date("from", rule["from"]).toordinal()

    def _take_dates(self, given: Any) -> None:
        if not isinstance(given, list | tuple) or not given:
            what = "an empty list" if isinstance(given, list | tuple) else _found(given)
            raise ReferenceDatesError(f"dates is a list of one date or more, not {what}")
        self.named = tuple(sorted({_checked_date("dates", day).toordinal() for day in given}))


def reference_dates_of(rule: Mapping[str, Any] | None) -> ReferenceDates:
    """The rule of a sensor's entry, which need not give one: without it, every date."""
    return ReferenceDates("all" if rule is None else rule)


def _several(kind: str, given: Any, checked: Any) -> list[Any]:
    if isinstance(given, list | tuple):
        if not given:
            raise ReferenceDatesError(f"{kind} is an empty list, so there would be no reference dates at all")
        return [checked(one) for one in given]
    return [checked(given)]


def _checked_weekday(name: Any) -> str:
    if _is_text(name) and name in WEEKDAYS:
        return str(name)
    hint = did_you_mean(name, WEEKDAYS) if _is_text(name) else ""
    raise ReferenceDatesError(f"weekly is a day of the week such as monday, or a list of them, not {_found(name)}{hint}")


def _checked_day_of_month(day: Any) -> int:
    if day == LAST:
        return 31
    if isinstance(day, int) and not isinstance(day, bool) and 1 <= day <= 31:
        return day
    hint = did_you_mean(day, [LAST]) if _is_text(day) else f" ({LAST} is the last day of the month)" if day == -1 else ""
    raise ReferenceDatesError(
        f"monthly is a day of the month from 1 to 31 or {LAST}, or a list of them, not {_found(day)}{hint}"
    )


def _checked_date(key: str, value: Any) -> date:
    if (day := written_date(value)) is not None:
        return day
    raise ReferenceDatesError(f"{key} takes dates such as 2024-01-31, not {_found(value)}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _found(value: Any) -> str:
    return "an empty mapping" if value == {} else shown(dict(value) if isinstance(value, Mapping) else value)


def _guess(rule: Any) -> str:
    if _is_text(rule):
        form = f"{{weekly: {rule}}}" if rule in WEEKDAYS else f"{{monthly: {rule}}}" if rule == LAST else ""
        return f" (did you mean {form}?)" if form else did_you_mean(rule, ["all"])
    words = (*_RULES, "from")
    unknown = [key for key in rule if _is_text(key) and key not in words] if isinstance(rule, Mapping) else []
    return did_you_mean(unknown[0], words) if unknown else ""


def _written(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
