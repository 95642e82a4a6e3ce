"""The sensor: looks for new dates when its schedule says so, and starts what is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.constants import MAX_RUN_SECONDS

from . import activities
from .cron import next_time

_LONGEST_HISTORY = timedelta(days=30)
_MOST_CHECKS = 180  # about eleven events each


class SensorWorkflow(Workflow):
    """Keeps nothing between checks: what is due is worked out anew each time, so nothing is missed or done twice.

    A check that fails is logged, and the next one comes at its time. With ``once`` the run is one check, and its result
    is what ``feed_new_dates`` returned.
    """

    name = "sensor_workflow"
    version = "1"
    task_list = activities.DECISIONS
    execution_timeout = MAX_RUN_SECONDS

    def run(self, *, specification: dict[str, Any], outputs: str, once: bool = False) -> dict[str, Any]:
        schedule, zone = specification["sensor"]["schedule"], specification["sensor"]["timezone"]
        if once or schedule is None:
            checked = self.submit(activities.feed_new_dates, specification=specification, outputs=outputs)
            return checked.result
        began = self.now()
        for _ in range(_MOST_CHECKS):
            now = self.now()
            self.timer(next_time(schedule, now, zone) - now).result
            checked = self.submit(activities.feed_new_dates, specification=specification, outputs=outputs)
            if checked.exception is not None:
                self.log(f"check failed: {checked.exception}")
            if self.now() - began > _LONGEST_HISTORY:
                break
        self.submit(self.continue_as_new(specification=specification, outputs=outputs))
        raise AssertionError("continue_as_new ends the run")
