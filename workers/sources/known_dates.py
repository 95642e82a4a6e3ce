"""The available dates of a workflow file during one check, for runs that are told which dates are missing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import date

from deciders.runs.due_runs import considered_days
from deciders.runs.planned_run import PlannedRun
from deciders.specification import Specification, WorkflowSpecification
from deciders.specification.workflow_file import MISSING_DATES

from .available_dates import read_available_dates
from .source_errors import SourceError

logger = logging.getLogger(__name__)


def wants_missing_dates(workflow: WorkflowSpecification, run: PlannedRun) -> bool:
    """Return True if a notebook takes the automatic parameter ``missing_dates``, and no label or parameter of that name
    replaces it.
    """
    return MISSING_DATES in workflow.own_automatic_parameters() and MISSING_DATES not in run.configured_parameters


class KnownDates:
    """Available dates, read once, on first use.

    Args:
        available: dates by type, if they have been read already.
    """

    def __init__(self, specification: Specification, available: Mapping[str, Iterable[date]] | None = None) -> None:
        self._specification, self._available = specification, available
        self._days: set[date] | None = None
        self._is_out_of_reach = False

    def days(self) -> set[date]:
        """Return the dates that count as available over the sensor's types.

        Raises:
            SourceError: they cannot be read.
        """
        if self._days is None:
            if self._available is None:
                self._available = read_available_dates(self._specification)
            sensor = self._specification.sensor
            ordinals = considered_days(sensor, self._available)[0] if sensor is not None else set()
            self._days = set(map(date.fromordinal, ordinals))
        return self._days

    def missing(self, run: PlannedRun) -> list[str]:
        """Return the dates of the run's stencil that are not available, as ISO text, ascending; empty for a run without a date.

        Raises:
            SourceError: see `days`.
        """
        if run.reference_date is None:
            return []
        return [day.isoformat() for day in run.date_stencil.missing_dates(run.reference_date, self.days())]

    def missing_for_the_record(self, run: PlannedRun) -> list[str] | None:
        """Return the same, or None if they cannot be read: this must not prevent a run that does not take them."""
        if self._is_out_of_reach:
            return None
        try:
            return self.missing(run)
        except SourceError as error:
            self._is_out_of_reach = True
            logger.warning("which dates %s lacks is not recorded: %s", run.workflow_id, error)
            return None
