"""Runs as they are planned: a workflow with one set of parameters, and the reason for which it is to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..dates.date_stencil import DateStencil, DateStencilError
from ..specification import ConfiguredWorkflow
from ..values.reason import Reason, ReasonKind
from . import identity as identities
from .identity import identity
from .run_tags import RunTags


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One workflow with one set of parameters, for a reference date or without one: an instance, and what it is to run with."""

    entry: ConfiguredWorkflow  #: of the sensor, or made for this run: other entries may differ in little from it
    reference_date: date | None  #: None: it has no date; what is due always has one
    date_stencil: DateStencil  #: that of the entry; one without elements where the run has no date
    identity: str  #: 32 hex digits, see `deciders.runs.identity`
    reason: Reason = field(default=Reason.of(ReasonKind.NOT_RUN_YET), compare=False)  #: why it is due
    is_rerun: bool = field(default=False, compare=False)  #: it has succeeded before, and is to run all the same
    #: notebooks of a former try that succeeded, and that nothing has changed for, need not be done again
    keeps_labels: bool = field(default=False, compare=False)
    #: of a scenario, see `deciders.runs.scenario_runs`; None: its name is made of the date and the identity
    own_instance: str | None = None

    @property
    def workflow_name(self) -> str:
        return self.entry.workflow_name

    @property
    def configured_parameters(self) -> dict[str, Any]:
        """As they stand in the file."""
        return self.entry.parameters

    @property
    def day(self) -> date:
        """The reference date.

        Raises:
            ValueError: it has none.
        """
        if self.reference_date is None:
            raise ValueError(f"{self.workflow_name}/{self.instance} has no reference date")
        return self.reference_date

    @property
    def iso_date(self) -> str | None:
        """The reference date as text, None without one."""
        return None if self.reference_date is None else self.reference_date.isoformat()

    @property
    def title(self) -> str:
        """NAME/INSTANCE, as commands take a RUN."""
        return f"{self.workflow_name}/{self.instance}"

    @property
    def needed_days(self) -> list[tuple[int, int]]:
        """The days of its stencil, as half-open ranges of ordinals that do not overlap, ascending; none without a date."""
        return [] if self.reference_date is None else self.date_stencil.needed_ranges(self.reference_date.toordinal())

    @property
    def date_ranges(self) -> list[tuple[date, date]]:
        """Half-open ranges of dates, one per element of the stencil. Made anew, for most runs are only counted."""
        return [] if self.reference_date is None else self.date_stencil.date_ranges(self.reference_date)

    @property
    def parameters(self) -> dict[str, Any]:
        """A new dict of all parameters, ready for JSON: the configured ones and, of a run that has a date, ``reference_date``
        and ``date_ranges``."""
        if self.reference_date is None:
            return dict(self.configured_parameters)
        return {
            **self.configured_parameters,
            "reference_date": self.reference_date.isoformat(),
            "date_ranges": [[first.isoformat(), end.isoformat()] for first, end in self.date_ranges],
        }

    @property
    def instance(self) -> str:
        """The name of its folder; see `deciders.runs.identity.instance_name`."""
        return self.own_instance or identities.instance_name(self.reference_date, self.identity)

    @property
    def workflow_id(self) -> str:
        """See `deciders.runs.identity.workflow_id`."""
        return identities.workflow_id(self.workflow_name, self.reference_date or self.instance, self.identity)

    @property
    def tags(self) -> RunTags:
        """Those of its execution."""
        return RunTags(self.workflow_name, self.iso_date, self.instance)


def run_for(configured: ConfiguredWorkflow, reference_date: date | None) -> PlannedRun:
    """Make the run of a sensor's entry for a date, due or not (for backfills and reruns), or its run without a date, to which
    the stencil does not apply.

    Raises:
        DateStencilValueError: the stencil holds no dates for this reference date, or leaves the calendar.
    """
    if reference_date is None:
        return PlannedRun(configured, None, DateStencil([]), identity(configured.parameters))
    stencil = DateStencil.of_entry(configured.date_stencil)
    ranges = stencil.date_ranges(reference_date)
    parameters = {**configured.parameters, "reference_date": reference_date, "date_ranges": ranges}
    return PlannedRun(configured, reference_date, stencil, identity(parameters))


def identity_for(configured: ConfiguredWorkflow, reference_date: date | None) -> str | None:
    """Return the identity of `run_for`; None where the stencil holds no dates, so that there is no run."""
    try:
        return run_for(configured, reference_date).identity
    except DateStencilError:
        return None
