"""Which runs are due, and why the others are not.

Pure: what is available and what has run comes in, what should run goes out. The order is AutoFlow's: the sensor's
entries as they stand in the file, the dates of each ascending.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from deciders import identity as identities
from deciders.date_stencil import AvailableDays, DateStencil, DateStencilValueError
from deciders.identity import identity
from deciders.problems import listed
from deciders.specification import ConfiguredWorkflow, SensorSpecification, Specification

__all__ = ["DueRuns", "NotDue", "Run", "due_runs", "identity", "run_for"]

#: A reason names this many missing dates, and counts the others.
_MOST_DATES_IN_A_REASON = 10

_NOT_DUE_IN_STATE = {"running": "running", "succeeded": "already succeeded"}


@dataclass(frozen=True, slots=True)
class Run:
    """One workflow for one reference date: an instance, and what it is to run with."""

    workflow_name: str
    reference_date: date
    date_stencil: DateStencil
    configured_parameters: dict[str, Any]  #: as they stand in the file
    identity: str  #: 32 hex digits, see `deciders.identity`

    @property
    def date_ranges(self) -> list[tuple[date, date]]:
        """Half-open ranges of dates, one per element of the stencil. Made anew, for most runs are only counted."""
        return self.date_stencil.date_ranges(self.reference_date)

    @property
    def parameters(self) -> dict[str, Any]:
        """A new dict of all parameters, ready for JSON: the configured ones, ``reference_date`` and ``date_ranges``."""
        return {
            **self.configured_parameters,
            "reference_date": self.reference_date.isoformat(),
            "date_ranges": [[first.isoformat(), end.isoformat()] for first, end in self.date_ranges],
        }

    @property
    def instance(self) -> str:
        """``<reference date>_<first 8 hex digits of the identity>``."""
        return identities.instance_name(self.reference_date, self.identity)

    @property
    def workflow_id(self) -> str:
        """``<workflow>-<reference date>-<identity>``; see `deciders.identity.workflow_id`."""
        return identities.workflow_id(self.workflow_name, self.reference_date, self.identity)


@dataclass(frozen=True, slots=True)
class NotDue:
    """An available date for which a workflow does not run now."""

    workflow_name: str
    reference_date: date
    identity: str | None  #: None when it was not worked out: the date is too early, or dates are missing
    reason: str  #: the end of a sentence that begins with the workflow and the date


@dataclass(frozen=True, slots=True)
class DueRuns:
    """What one look at the available dates comes to."""

    due: tuple[Run, ...]  #: each instance once
    not_due: tuple[NotDue, ...]  #: every other pair of an entry and an available date
    warnings: tuple[str, ...]  #: why there may be less to do than expected


def run_for(configured: ConfiguredWorkflow, reference_date: date) -> Run:
    """The run of a sensor's entry for a date, whether or not it is due (for backfills and reruns).

    Raises:
        DateStencilValueError: the stencil holds no dates for this reference date, or leaves the calendar.
    """
    stencil = DateStencil(configured.date_stencil)
    ranges = stencil.date_ranges(reference_date)
    parameters = {**configured.parameters, "reference_date": reference_date, "date_ranges": ranges}
    return Run(configured.workflow_name, reference_date, stencil, configured.parameters, identity(parameters))


def due_runs(
    specification: Specification,
    available_dates: Mapping[str, Iterable[date]],
    run_states: Mapping[tuple[str, str], str],
) -> DueRuns:
    """Every run that should be started now.

    A date is due for an entry when it is available, not before ``earliest_date``, all dates of the stencil are
    available, and its instance neither runs nor has succeeded: a failed one is due again. Which dates are available is
    the union (``require: any``) or the intersection (``all``) over the sensor's types.

    Args:
        specification: the workflow file.
        available_dates: dates by type, in any order; types that the sensor does not ask for are ignored.
        run_states: "running", "succeeded" or "failed" by workflow name and identity; absent means never run.

    Raises:
        ValueError: a state is none of the three.
    """
    ordinals, warnings = _considered(specification.sensor, available_dates)
    looker = _Looker(AvailableDays(ordinals), run_states, specification.sensor.workflows)
    for number, configured in enumerate(specification.sensor.workflows, start=1):
        looker.look_at(number, configured)
    return DueRuns(tuple(looker.due), tuple(looker.not_due), tuple(warnings))


def _considered(sensor: SensorSpecification, available_dates: Mapping[str, Iterable[date]]) -> tuple[set[int], list[str]]:
    """The ordinals of the available dates, and what to warn of."""
    if sensor.cdr_types is not None and not sensor.cdr_types:
        return set(), ["cdr_types is an empty list, so no date is ever available"]
    if not available_dates:
        return set(), ["no dates are available yet: the source names no types at all"]
    wanted = sensor.cdr_types if sensor.cdr_types is not None else tuple(available_dates)
    by_type = {name: {day.toordinal() for day in available_dates.get(name, ())} for name in wanted}
    warnings = []
    if absent := [name for name in by_type if name not in available_dates]:
        warnings.append(f"no dates for {listed(absent)}: the source names only {listed(sorted(available_dates))}")
    if empty := [name for name, days in by_type.items() if name in available_dates and not days]:
        warnings.append(f"no dates are available yet for {listed(empty)}")
    sets = list(by_type.values())
    return (set.intersection(*sets) if sensor.require == "all" else set().union(*sets)), warnings


class _Texts(dict[int, str]):
    """The JSON of each range of so many days by its first ordinal, made once however many runs share it."""

    def __init__(self, days: int) -> None:
        self._days = days

    def __missing__(self, first: int) -> str:
        first_date, end_date = date.fromordinal(first), date.fromordinal(first + self._days)
        text = self[first] = f'["{first_date.isoformat()}", "{end_date.isoformat()}"]'
        return text


class _TextsByLength(dict[int, _Texts]):
    def __missing__(self, days: int) -> _Texts:
        texts = self[days] = _Texts(days)
        return texts


class _Look(NamedTuple):
    """What a stencil comes to for a date."""

    reason: str | None  #: why it is not fulfilled
    ranges: str  #: else the date ranges, as the items of a JSON list


class _Looker:
    """Looks at every date of one entry after another."""

    def __init__(
        self,
        available: AvailableDays,
        run_states: Mapping[tuple[str, str], str],
        entries: Iterable[ConfiguredWorkflow],
    ) -> None:
        self.due: list[Run] = []
        self.not_due: list[NotDue] = []
        self._available = available
        self._days = [(ordinal, date.fromordinal(ordinal)) for ordinal in available.ordinals]
        self._run_states = run_states
        self._texts = _TextsByLength()
        #: entries often share a stencil, and what it comes to for a date is the same for all of them
        self._seen: dict[DateStencil, dict[int, _Look]] = {}
        entry_counts = Counter(entry.workflow_name for entry in entries)
        #: first entry of each identity, kept only for workflows that several entries name
        self._first_entry: dict[str, dict[str, int]] = {name: {} for name, count in entry_counts.items() if count > 1}

    def look_at(self, number: int, configured: ConfiguredWorkflow) -> None:
        name, earliest = configured.workflow_name, configured.earliest_date
        before_ranges, between, after_date = _json_around_dates(configured.parameters)
        stencil = DateStencil(configured.date_stencil)
        seen = self._seen.setdefault(stencil, {})
        look_at = self._look_with(stencil)
        first_entry = self._first_entry.get(name)
        for ordinal, day in self._days:
            if earliest is not None and day < earliest:
                self._refuse(name, day, None, f"before earliest_date {earliest}")
                continue
            look = seen.get(ordinal)
            if look is None:
                look = seen[ordinal] = look_at(ordinal)
            if look.reason is not None:
                self._refuse(name, day, None, look.reason)
                continue
            found = identities.identity_of_text(f"{before_ranges}{look.ranges}{between}{day.isoformat()}{after_date}")
            if first_entry is not None and (first := first_entry.setdefault(found, number)) != number:
                self._refuse(name, day, found, f"duplicate of entry {first}")
                continue
            state = self._run_states.get((name, found), "failed")
            if state in _NOT_DUE_IN_STATE:
                self._refuse(name, day, found, _NOT_DUE_IN_STATE[state])
            elif state == "failed":
                self.due.append(Run(name, day, stencil, configured.parameters, found))
            else:
                raise ValueError(f"run state {state!r} is none of 'running', 'succeeded' and 'failed'")

    def _look_with(self, stencil: DateStencil) -> Callable[[int], _Look]:
        """A function that looks at one ordinal after another with the same stencil."""
        # For a stencil of offsets alone, which tables its elements find their text in is the same for every date.
        columns = [(self._texts[end - first], first) for first, end in stencil.offsets or ()]

        def look_at(ordinal: int) -> _Look:
            try:
                needed = stencil.needed_ranges(ordinal)
                if not self._available.holds(needed):
                    return _Look(self._missing(needed), "")
                if stencil.offsets is not None:
                    return _Look(None, ", ".join([texts[ordinal + first] for texts, first in columns]))
                ranges = stencil.ordinal_ranges(ordinal)
                return _Look(None, ", ".join([self._texts[end - first][first] for first, end in ranges]))
            except DateStencilValueError as error:
                return _Look(str(error), "")

        return look_at

    def _refuse(self, name: str, day: date, found: str | None, reason: str) -> None:
        self.not_due.append(NotDue(name, day, found, reason))

    def _missing(self, needed: list[tuple[int, int]]) -> str:
        ordinals, total = self._available.missing(needed, at_most=_MOST_DATES_IN_A_REASON)
        dates = ", ".join(date.fromordinal(ordinal).isoformat() for ordinal in ordinals)
        more = f" and {total - len(ordinals)} more" if total > len(ordinals) else ""
        return f"needs {dates}{more} which {'is' if total == 1 else 'are'} not available"


def _json_around_dates(parameters: Mapping[str, Any]) -> tuple[str, str, str]:
    """The JSON of a run's parameters in three pieces: around its date ranges and its reference date.

    Only those two change from date to date, so the rest is written once for all dates of an entry.
    """
    items = {**parameters, "date_ranges": None, "reference_date": None}
    pieces = [""]
    for place, key in enumerate(sorted(items)):
        pieces[-1] += f"{', ' if place else '{'}{json.dumps(key)}: "
        if key == "date_ranges":
            pieces[-1] += "["
            pieces.append("]")
        elif key == "reference_date":
            pieces[-1] += '"'
            pieces.append('"')
        else:
            pieces[-1] += json.dumps(items[key], sort_keys=True, default=str)
    before, between, after = pieces
    return before, between, after + "}"
