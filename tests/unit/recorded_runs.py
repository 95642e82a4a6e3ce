"""Records of runs that tests say have been."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deciders.runs.planned_run import PlannedRun
from workers.records.run_records import RunRecord


def success_of(run: PlannedRun, **more: Any) -> RunRecord:
    """The record of its first run, which was green; ``more`` are other values."""
    noon = datetime(2016, 1, 5, 12, tzinfo=UTC)
    values: dict[str, Any] = {
        "workflow_name": run.workflow_name,
        "identity": run.identity,
        "instance": run.instance,
        "reference_date": run.reference_date.isoformat() if run.reference_date is not None else None,
        "parameters": run.parameters,
        "state": "succeeded",
        "light": "green",
        "started": noon,
        "ended": noon,
        "attempt": 1,
        "workflow_id": run.workflow_id,
        "run_id": run.workflow_id,
        "error": None,
        "artefacts": {},
    }
    return RunRecord(**{**values, **more})
