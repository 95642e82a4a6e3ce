"""Runs that are due, and the reasons why the others are not.

Pure: what is available and what has run comes in, what should run goes out. The order is AutoFlow's: the sensor's
entries as they stand in the file, the dates of each ascending.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from ..dates.date_stencil import AvailableDays, DateStencil, DateStencilValueError
from ..dates.missing_dates import lack
from ..dates.reference_dates import reference_dates_of
from ..problems import listed
from ..specification import NO_SENSOR, ConfiguredWorkflow, SensorSpecification, Specification, WorkflowSpecification
from ..values.reason import Reason, ReasonKind
from ..values.run_state import RunState
from . import identity as identities
from .planned_run import PlannedRun, identity_for
from .reruns import RerunFacts, verdict


@dataclass(frozen=True, slots=True)
class NotDue:
    """An available date for which a workflow does not run now, or a reference date of its entry that is not available."""

    workflow_name: str
    reference_date: date
    identity: str | None  #: None when it was not worked out: the date is too early, or dates are missing
    reason: Reason
    #: of the entry, as they stand in the file: the same workflow and date may be there with others
    configured_parameters: dict[str, Any] = field(default_factory=dict, compare=False)
    #: of the entry, as it stands in the file
    date_stencil: Sequence[Any] | DateStencil | None = field(default=None, compare=False)
    is_available: bool = field(default=True, compare=False)  #: whether there are data for the date itself

    @property
    def day(self) -> date:
        """The reference date, as `PlannedRun` has it."""
        return self.reference_date


@dataclass(frozen=True, slots=True)
class DueRuns:
    """Result of one look at the available dates."""

    due: tuple[PlannedRun, ...]  #: each instance once: by priority, then in the order of the entries, then of the dates
    #: every other pair of an entry and an available date; and the dates that an entry's rule chooses, and that lack
    not_due: tuple[NotDue, ...]
    warnings: tuple[str, ...]  #: why there may be less to do than expected


def due_runs(
    specification: Specification,
    available_dates: Mapping[str, Iterable[date]],
    run_states: Mapping[tuple[str, str], RunState],
    *,
    facts: RerunFacts | None = None,
    since: date | None = None,
) -> DueRuns:
    """Find every run that should be started now.

    A date is due for an entry when it is available, not before ``earliest_date``, one of its ``reference_dates``, what the
    stencil needs is available, and its instance neither runs nor has succeeded: a failed one is due again, as the workflow's
    ``attempts`` and ``retry_wait`` allow; a succeeded one when something of its ``rerun_when`` has changed. Which dates are
    available is the union (``require: any``) or the intersection (``all``) over the sensor's types.

    Args:
        specification: the workflow file; nothing is ever due of one without a sensor.
        available_dates: dates by type, in any order; types that the sensor does not ask for are ignored.
        run_states: "running", "succeeded" or "failed" by workflow name and identity; absent means never run.
        facts: what more is known of former runs. Without it failures are tried again at once, and nothing has changed.
        since: look at the dates from this one on, whatever the ``earliest_date`` of the entries.

    Raises:
        ValueError: a state is none of the three.
    """
    if specification.sensor is None:
        return DueRuns((), (), (NO_SENSOR,))
    ordinals, warnings = considered_days(specification.sensor, available_dates)
    looker = _Looker(AvailableDays(ordinals), run_states, specification, facts or RerunFacts(), since)
    for number, configured in enumerate(specification.entries, start=1):
        looker.look_at(number, configured)
    priorities = {workflow.name: workflow.priority for workflow in specification.workflows}
    if any(priorities.values()):
        looker.due.sort(key=lambda run: -priorities[run.workflow_name])
    return DueRuns(tuple(looker.due), tuple(looker.not_due), tuple(warnings))


def considered_days(sensor: SensorSpecification, available_dates: Mapping[str, Iterable[date]]) -> tuple[set[int], list[str]]:
    """Return the ordinals of the dates that count as available over the sensor's types, and warnings."""
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
    """JSON of each range of a number of days, by its first ordinal: made once for all runs that share it."""

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
    """Result of a stencil for a date."""

    reason: Reason | None  #: why it is not fulfilled
    ranges: str  #: else the date ranges, as the items of a JSON list


class _Looker:
    """Looks at every date of one entry after another."""

    def __init__(
        self,
        available: AvailableDays,
        run_states: Mapping[tuple[str, str], RunState],
        specification: Specification,
        facts: RerunFacts,
        since: date | None,
    ) -> None:
        self.due: list[PlannedRun] = []
        self.not_due: list[NotDue] = []
        self._available = available
        self._days = [(ordinal, date.fromordinal(ordinal)) for ordinal in available.ordinals]
        self._run_states, self._facts, self._since = run_states, facts, since
        self._workflows = {workflow.name: workflow for workflow in specification.workflows}
        self._texts = _TextsByLength()
        #: entries often share a stencil, and what it comes to for a date is the same for all of them
        self._seen: dict[DateStencil, dict[int, _Look]] = {}
        self._entries = specification.entries
        entry_counts = Counter(entry.workflow_name for entry in self._entries)
        #: first entry of each identity, kept only for workflows that several entries name
        self._first_entry: dict[str, dict[str, int]] = {name: {} for name, count in entry_counts.items() if count > 1}

    def look_at(self, number: int, configured: ConfiguredWorkflow) -> None:
        name, earliest = configured.workflow_name, self._since or configured.earliest_date
        before_ranges, between, after_date = _json_around_dates(configured.parameters)
        stencil = DateStencil.of_entry(configured.date_stencil)
        seen = self._seen.setdefault(stencil, {})
        look_at = self._look_with(stencil)
        first_entry = self._first_entry.get(name)
        workflow, run_states = self._workflows.get(name), self._run_states
        ends, in_autoflow = self._facts.ends, self._facts.in_autoflow
        is_done_whatever_its_parameters = self._success_of_the_date(number, configured, workflow)
        days_to_look_at, refusals = self._reference_dates(configured, earliest)
        too_early = Reason.of(ReasonKind.BEFORE_EARLIEST_DATE, earliest=str(earliest))
        running, is_running = RunState.RUNNING, Reason.of(ReasonKind.RUNNING)
        succeeded = RunState.SUCCEEDED
        for ordinal, day in days_to_look_at:
            if earliest is not None and day < earliest:
                self._refuse(configured, day, None, too_early)
                continue
            if refusals and ordinal in refusals:
                self._refuse(configured, day, None, refusals[ordinal], ordinal in self._available)
                continue
            look = seen.get(ordinal)
            if look is None:
                look = seen[ordinal] = look_at(ordinal)
            if look.reason is not None:
                self._refuse(configured, day, None, look.reason)
                continue
            found = identities.identity_of_text(f"{before_ranges}{look.ranges}{between}{day.isoformat()}{after_date}")
            if first_entry is not None and (first := first_entry.setdefault(found, number)) != number:
                self._refuse(configured, day, found, Reason.of(ReasonKind.DUPLICATE, entry=first))
                continue
            state = run_states.get((name, found))
            if state == running:
                self._refuse(configured, day, found, is_running)
                continue
            if state is None and is_done_whatever_its_parameters is not None and is_done_whatever_its_parameters(day):
                self._refuse(configured, day, found, Reason.of(ReasonKind.SUCCEEDED_WITH_OTHER_PARAMETERS))
                continue
            end = ends.get((name, found))
            days = stencil.needed_ranges(ordinal) if end is not None and end.data is not None else ()
            is_in_autoflow = (name, found) in in_autoflow
            is_due, reason, keeps_labels = verdict(workflow, state, end, days, self._facts, is_in_autoflow=is_in_autoflow)
            if is_due:
                self.due.append(PlannedRun(configured, day, stencil, found, reason, state == succeeded, keeps_labels))
            else:
                self._refuse(configured, day, found, reason)

    def _reference_dates(
        self, configured: ConfiguredWorkflow, earliest: date | None
    ) -> tuple[Sequence[tuple[int, date]], Mapping[int, Reason]]:
        """The days to look at, ascending: those available, and those chosen that lack; and why it cannot be some of them.

        Before ``earliest`` nothing is chosen, and so nothing lacks.
        """
        rule = reference_dates_of(configured.reference_dates)
        if rule.is_all or not self._days:
            return self._days, {}
        chosen = {*rule.ordinals(self._days[0][0], self._days[-1][0]), *rule.named}
        if earliest is not None:
            chosen = {ordinal for ordinal in chosen if ordinal >= earliest.toordinal()}
        not_chosen = Reason.of(ReasonKind.NOT_A_REFERENCE_DATE, rule=str(rule))
        refusals = {ordinal: not_chosen for ordinal, _ in self._days if ordinal not in chosen}
        lacking = {ordinal: date.fromordinal(ordinal) for ordinal in chosen if ordinal not in self._available}
        refusals |= {ordinal: Reason.of(ReasonKind.DATE_NOT_AVAILABLE, day=day.isoformat()) for ordinal, day in lacking.items()}
        return (sorted([*self._days, *lacking.items()]) if lacking else self._days), refusals

    def _success_of_the_date(
        self, number: int, configured: ConfiguredWorkflow, workflow: WorkflowSpecification | None
    ) -> Callable[[date], bool] | None:
        """Return a check whether a date counts as done although this very instance has never run; None if none ever does.

        A date does when changed parameters are no cause for a rerun and it has succeeded as an instance that is not another
        entry's.
        """
        if workflow is None or "parameters_changed" in workflow.rerun_when:
            return None
        name, successes = configured.workflow_name, self._facts.successes
        others = [
            entry for place, entry in enumerate(self._entries, start=1) if place != number and entry.workflow_name == name
        ]

        def is_done(day: date) -> bool:
            identities = successes.get((name, day.isoformat()))
            if not identities:
                return False
            return bool(set(identities) - {identity_for(entry, day) for entry in others})

        return is_done

    def _look_with(self, stencil: DateStencil) -> Callable[[int], _Look]:
        """A function that looks at one ordinal after another with the same stencil."""
        # For a stencil of offsets alone, which tables its elements find their text in is the same for every date.
        columns = [(self._texts[end - first], first) for first, end in stencil.offsets or ()]

        def look_at(ordinal: int) -> _Look:
            try:
                if stencil.is_tolerant or not self._available.holds(stencil.needed_ranges(ordinal)):
                    if not stencil.is_tolerant:
                        # Most of these reasons are only counted, and listing the dates takes longer than all the rest.
                        return _Look(Reason.later(ReasonKind.NEEDS_DATES, partial(self._lacks, stencil, ordinal)), "")
                    lacks = lack(stencil, ordinal, self._available)
                    if lacks is not None:
                        return _Look(Reason.of(ReasonKind.NEEDS_DATES, lacks=lacks), "")
                if stencil.offsets is not None:
                    return _Look(None, ", ".join([texts[ordinal + first] for texts, first in columns]))
                ranges = stencil.ordinal_ranges(ordinal)
                return _Look(None, ", ".join([self._texts[end - first][first] for first, end in ranges]))
            except DateStencilValueError as error:
                return _Look(Reason.of(ReasonKind.NO_DATES, fault=str(error)), "")

        return look_at

    def _lacks(self, stencil: DateStencil, ordinal: int) -> dict[str, Any]:
        return {"lacks": lack(stencil, ordinal, self._available)}

    def _refuse(
        self, configured: ConfiguredWorkflow, day: date, found: str | None, reason: Reason, is_available: bool = True
    ) -> None:
        parameters, stencil = configured.parameters, configured.date_stencil
        self.not_due.append(NotDue(configured.workflow_name, day, found, reason, parameters, stencil, is_available))


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
