"""Runs that have ended, as those see them who make their reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .run_rows import RunRow

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.runs.reports_of_runs import ReportedRun


def ended_run(specification: Specification, row: RunRow) -> ReportedRun:
    """The run of a row, as far as its reports are concerned."""
    from workers.runs.reports_of_runs import ReportedRun

    return ReportedRun(
        workflow=specification.workflow(row.workflow),
        instance=row.instance or "",
        run_id=row.run_id,
        reference_date=row.reference_date,
        labels=row.labels,
        artefacts=row.artefacts,
        parameters=row.parameters,
    )
