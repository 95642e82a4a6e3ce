"""A backfill: runs of past dates, a limited number at once, started by an execution of its own that survives restarts."""

from __future__ import annotations

from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.constants import MAX_RUN_SECONDS

from . import activities


class BackfillWorkflow(Workflow):
    """Start the requested runs, and end when the last of them has been started.

    The result is ``{"started": [workflow ids]}``; runs that were open already, or could not be started, are not among them.
    """

    name = "backfill_workflow"
    version = "1"
    task_list = activities.DECISIONS
    execution_timeout = MAX_RUN_SECONDS

    def run(
        self,
        *,
        specification: dict[str, Any],
        outputs: str,
        requests: list[dict[str, Any]],
        most_at_once: int | None = None,
        starts_per_second: float | None = None,
    ) -> dict[str, Any]:
        began = self.now().isoformat()
        started: list[str] = []
        while True:
            done = self.submit(
                activities.start_runs,
                specification=specification,
                outputs=outputs,
                requests=requests,
                began=began,
                most_at_once=most_at_once,
                starts_per_second=starts_per_second,
            ).result
            started += done["started"]
            if not done["held_back"]:
                return {"started": started}
