"""A backfill: runs of past dates, a few at a time, by a durable execution of its own."""

from __future__ import annotations

from typing import Any

from simpleflow_nb import Workflow, futures
from simpleflow_nb.constants import BACKFILL_TYPE, MAX_RUN_SECONDS

from . import activities
from .tasks.results import StartedRuns


class BackfillWorkflow(Workflow):
    """Start the requested runs, and end when the last one has been started.

    The result is ``{"started": [workflow ids]}``, without runs that were already open or could not be started.
    """

    name = BACKFILL_TYPE
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
            asked = self.submit(
                activities.start_runs,
                specification=specification,
                outputs=outputs,
                requests=requests,
                began=began,
                most_at_once=most_at_once,
                starts_per_second=starts_per_second,
            )
            done = StartedRuns.of_json(futures.get_result_or_raise(asked))
            started += done.started
            if not done.held_back:
                return {"started": started}
