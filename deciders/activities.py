"""Declarations of the notebook application's activities, whose bodies are in :mod:`workers.activities`.

A machine that only decides imports this module and none of the libraries that the bodies need. Results are JSON: the classes of
`deciders.tasks.results` read them.
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

#: Error type of the "failure" of a notebook that said that there is nothing to do, so that its dependants are not run.
NOTEBOOK_SKIPPED = "NotebookSkipped"

# waiting does not change who owns a workflow
_RECORDS_RETRY = RetryPolicy(attempts=5, first_wait=timedelta(seconds=2), factor=3.0, not_retried=("WorkflowTaken",))

already_succeeded: Activity[..., dict[str, str] | None] = Activity(
    None, name="workers.activities.already_succeeded", version="1", task_list=SENSOR, retry=_RECORDS_RETRY
)
"""Look up the artefacts of an instance that has succeeded before; None if it has not."""


def notebook_activity(retries: int = 0, timeout_seconds: float | None = None) -> Activity[..., dict[str, object]]:
    """Run one notebook in a kernel of its own; the result is a `NotebookResult`.

    A failed notebook is retried ``retries`` times, after 10, 20, 40 s and so on up to an hour; one that was refused, which
    would happen again, or skipped is not. A ``timeout_seconds`` of more than a day raises the service's own limit of a day.
    """
    return Activity(
        None,
        name="workers.activities.execute_notebook",
        version="1",
        task_list=NOTEBOOKS,
        raises_on_failure=False,
        start_to_close_timeout=max(24 * HOUR, (timeout_seconds or 0) + HOUR),  # the worker's limit comes first
        retry=RetryPolicy(attempts=retries + 1, not_retried=("NotebookRefused", "ScrapMissing", NOTEBOOK_SKIPPED)),
    )


execute_notebook = notebook_activity()

convert_report: Activity[..., dict[str, object]] = Activity(
    None,
    name="workers.activities.convert_report",
    version="1",
    task_list=REPORTS,
    raises_on_failure=False,
    start_to_close_timeout=10 * MINUTE,
    # an unreadable notebook stays unreadable; a report that ran out of memory may succeed on the second try
    retry=RetryPolicy(attempts=2, first_wait=timedelta(seconds=5), not_retried=("ReportError",)),
)
"""Make one report of an executed notebook; the result is a `ReportResult`."""

record_run: Activity[..., None] = Activity(
    None, name="workers.activities.record_run", version="1", task_list=SENSOR, retry=_RECORDS_RETRY
)
"""Record the end of a run; recording it again changes nothing."""

feed_new_dates: Activity[..., dict[str, Any]] = Activity(
    None,
    name="workers.activities.feed_new_dates",
    version="1",
    task_list=SENSOR,
    raises_on_failure=False,
    start_to_close_timeout=DAY,
)
"""Look at the available dates and start every run that is due; the result is a `CheckResult`."""

start_runs: Activity[..., dict[str, Any]] = Activity(
    None,
    name="workers.activities.start_runs",
    version="1",
    task_list=SENSOR,
    raises_on_failure=False,
    start_to_close_timeout=DAY,
    retry=_RECORDS_RETRY,
)
"""Start requested runs; the result is a `StartedRuns`."""

start_backfill: Activity[..., str] = Activity(
    None,
    name="workers.activities.start_backfill",
    version="1",
    task_list=SENSOR,
    raises_on_failure=False,
    retry=_RECORDS_RETRY,
)
"""Start a backfill execution, which starts the requested runs; returns its workflow id."""

prepare_scenarios: Activity[..., list[dict[str, Any]]] = Activity(
    None, name="workers.activities.prepare_scenarios", version="1", task_list=SENSOR, retry=_RECORDS_RETRY
)
"""Return the arguments of the runs of some scenarios, for executions to be started with."""

start_scenarios: Activity[..., dict[str, Any]] = Activity(
    None,
    name="workers.activities.start_scenarios",
    version="1",
    task_list=SENSOR,
    start_to_close_timeout=HOUR,
    retry=_RECORDS_RETRY,
)
"""Start the runs of some scenarios, where a service has no children; the result is a `StartedRuns`."""

wait_for_runs: Activity[..., list[str]] = Activity(
    None,
    name="workers.activities.wait_for_runs",
    version="1",
    task_list=SENSOR,
    start_to_close_timeout=HOUR,
    retry=_RECORDS_RETRY,
)
"""Wait until one of some runs has ended; returns the workflow ids of those that have, none after a quarter of an hour."""

write_scenario_results: Activity[..., list[str]] = Activity(
    None,
    name="workers.activities.write_scenario_results",
    version="1",
    task_list=SENSOR,
    raises_on_failure=False,
    retry=_RECORDS_RETRY,
)
"""Write the results of a set of scenarios; returns the instances that have failed."""
