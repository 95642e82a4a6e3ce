"""Runs that have ended, as those see them who make their reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .record_files import has_records
from .run_rows import RunRow

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.records.run_items import ItemRecord
    from workers.runs.reported_runs import ReportedItem, ReportedRun


def ended_runs(specification: Specification, rows: Sequence[RunRow], outputs: Path) -> list[ReportedRun]:
    """Return the runs of the rows, in their order, as far as their reports are concerned.

    Raises:
        RecordsError: the records of their items cannot be read.
    """
    from workers.records.run_records import RunRecords
    from workers.runs.reported_runs import ReportedRun, asks_for_items

    workflows = {row.workflow: specification.workflow(row.workflow) for row in rows}
    asking = {name for name, workflow in workflows.items() if asks_for_items(workflow)}
    wanted = [row.run_id for row in rows if row.workflow in asking]
    items: Mapping[str, Sequence[ItemRecord]] = {}
    if wanted and has_records(outputs):
        with RunRecords.open(outputs, to_look=True) as records:
            items = records.items_of(wanted)
    return [
        ReportedRun(
            workflow=workflows[row.workflow],
            instance=row.instance or "",
            run_id=row.run_id,
            reference_date=row.reference_date,
            labels=row.labels,
            artefacts=row.artefacts,
            parameters=row.parameters,
            items=_by_label(items.get(row.run_id, ()), outputs),
        )
        for row in rows
    ]


def _by_label(items: Sequence[ItemRecord], outputs: Path) -> dict[str, list[ReportedItem]]:
    from workers.runs.reported_runs import ReportedItem

    found: dict[str, list[ReportedItem]] = {}
    for item in items:
        if item.slug is not None:
            of_label = found.setdefault(item.label, [])
            of_label += [known] if (known := ReportedItem.of_record(item, outputs)) is not None else []
    return found


def lacking_reports(specification: Specification, rows: Sequence[RunRow], outputs: Path) -> dict[str, list[str]]:
    """Return, by run id, the reports that runs which succeeded should have and have not, for example ``count.pdf``.

    Raises:
        RecordsError: the records of their items cannot be read.
    """
    from workers.artefacts import Artefacts
    from workers.runs.reports_of_runs import file_name, missing_reports

    artefacts, found = Artefacts(outputs), {}
    for run in ended_runs(specification, [row for row in rows if row.has_succeeded], outputs):
        if missing := missing_reports(run, artefacts):
            found[run.run_id] = [file_name(report) for report in missing]
    return found
