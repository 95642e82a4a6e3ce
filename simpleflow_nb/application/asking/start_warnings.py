"""Warnings of ``workflow.start`` about the data of a run, which it starts all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deciders.runs.planned_run import PlannedRun
    from deciders.specification import ConfiguredWorkflow, Specification

_LONGEST_LOOK_SECONDS = 10.0  #: a person who types a command waits for it


def start_warnings(specification: Specification, run: PlannedRun, entry: ConfiguredWorkflow) -> Iterator[str]:
    """Yield the reasons why the sensor would not run that date for the entry whose parameters the run has.

    Each is a sentence. A run without a date has none.
    """
    from deciders.dates.date_stencil import AvailableDays
    from deciders.dates.missing_dates import lack
    from deciders.dates.reference_dates import reference_dates_of
    from deciders.runs.due_runs import considered_days
    from deciders.values.reason import Reason, ReasonKind
    from workers.sources.available_dates import read_available_dates
    from workers.sources.source_errors import SourceError

    if run.reference_date is None or specification.sensor is None:
        return
    title, day = f"{run.workflow_name} for {run.reference_date}", run.reference_date
    rule = reference_dates_of(entry.reference_dates)
    if not rule.chooses(day):
        yield f"{day} is not a reference date of its entry ({rule}); it runs all the same"
    if not run.date_stencil.intervals:
        return
    try:
        available = read_available_dates(specification, timeout_seconds=_LONGEST_LOOK_SECONDS)
    except SourceError as error:
        yield f"whether the dates of {title} are available is not known, and it runs all the same: {error}"
        return
    ordinals, _ = considered_days(specification.sensor, available)
    if lacks := lack(run.date_stencil, day.toordinal(), AvailableDays(ordinals)):
        yield f"{title} {Reason.of(ReasonKind.NEEDS_DATES, lacks=lacks)}; it runs all the same"
