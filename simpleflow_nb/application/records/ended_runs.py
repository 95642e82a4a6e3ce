"""Runs that have ended, as those see them who make their reports."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .run_rows import RunRow

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.runs.reports_of_runs import ReportedRun


def ended_run(specification: Specification, row: RunRow) -> ReportedRun:
    """Return the run of a row, as far as its reports are concerned."""
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


def lacking_reports(specification: Specification, rows: Iterable[RunRow], outputs: Path) -> dict[str, list[str]]:
    """Return, by run id, the reports that runs which succeeded should have and have not, for example ``count.pdf``."""
    from workers.artefacts import Artefacts
    from workers.runs.reports_of_runs import file_name, missing_reports

    artefacts, found = Artefacts(outputs), {}
    for row in rows:
        if row.has_succeeded and (missing := missing_reports(ended_run(specification, row), artefacts)):
            found[row.run_id] = [file_name(report) for report in missing]
    return found
