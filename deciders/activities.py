"""The activities of the notebook application, declared: their bodies are in :mod:`workers.activities`.

A machine that only decides imports this and none of the libraries that the bodies need.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simpleflow_nb import Activity, RetryPolicy
from simpleflow_nb.constants import DAY, HOUR, MINUTE

DECISIONS = "deciders"  #: task list of the workflows
SENSOR = "sensor"  #: short tasks that touch the run records and the service
NOTEBOOKS = "notebooks"
REPORTS = "reports"
WORKER_LISTS = (SENSOR, NOTEBOOKS, REPORTS)

_RECORDS_RETRY = RetryPolicy(attempts=5, first_wait=timedelta(seconds=2), factor=3.0)

already_succeeded: Activity[..., dict[str, str] | None] = Activity(
    None, name="workers.activities.already_succeeded", version="1", task_list=SENSOR, retry=_RECORDS_RETRY
)
"""Whether this instance has succeeded before: its artefacts, or None."""

execute_notebook: Activity[..., dict[str, object]] = Activity(
    None,
    name="workers.activities.execute_notebook",
    version="1",
    task_list=NOTEBOOKS,
    raises_on_failure=False,
    start_to_close_timeout=24 * HOUR,
)
"""Run one notebook in a kernel of its own; returns its path, light and warnings."""

convert_report: Activity[..., dict[str, object]] = Activity(
    None,
    name="workers.activities.convert_report",
    version="1",
    task_list=REPORTS,
    raises_on_failure=False,
    start_to_close_timeout=10 * MINUTE,
    retry=1,
)
"""Make the report of an executed notebook; returns its path, light and warnings."""

record_run: Activity[..., None] = Activity(
    None, name="workers.activities.record_run", version="1", task_list=SENSOR, retry=_RECORDS_RETRY
)
"""Record how a run has ended; recording it again changes nothing."""

feed_new_dates: Activity[..., dict[str, Any]] = Activity(
    None,
    name="workers.activities.feed_new_dates",
    version="1",
    task_list=SENSOR,
    raises_on_failure=False,
    start_to_close_timeout=DAY,
)
"""Look at the available dates and start every run that is due; returns what was started and why the rest was not."""

start_runs: Activity[..., dict[str, Any]] = Activity(
    None,
    name="workers.activities.start_runs",
    version="1",
    task_list=SENSOR,
    raises_on_failure=False,
    start_to_close_timeout=DAY,
    retry=_RECORDS_RETRY,
)
"""Start runs that somebody asked for; returns which."""

start_backfill: Activity[..., str] = Activity(
    None,
    name="workers.activities.start_backfill",
    version="1",
    task_list=SENSOR,
    raises_on_failure=False,
    retry=_RECORDS_RETRY,
)
"""Start an execution that starts such runs; returns its workflow id."""
