"""Declarations of the activities of notebooks that workflows in Python submit.

All wait in one list, so that whoever carries out the notebooks also records the run.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from simpleflow_nb import Activity, RetryPolicy
from simpleflow_nb.constants import DAY, HOUR

from ..activities import NOTEBOOKS
from .result import ExecutedNotebook

_NOT_RETRIED = ("NotebookRefused",)  # it would be refused again
_RETRY = RetryPolicy(attempts=5, first_wait=timedelta(seconds=2), factor=3.0, not_retried=("OutputsError", "WorkflowTaken"))

begin_run: Activity[..., str] = Activity(
    None, name="workers.python_notebooks.begin_run", version="1", task_list=NOTEBOOKS, retry=_RETRY, raises_on_failure=True
)
"""Find the outputs folder of a run that is about to submit its first notebook; returns its absolute path."""

record_run: Activity[..., None] = Activity(
    None, name="workers.python_notebooks.record_run", version="1", task_list=NOTEBOOKS, retry=_RETRY, raises_on_failure=False
)
"""Record the end of such a run; recording it again changes nothing."""


def notebook_activity(
    retry: int | RetryPolicy, timeout_seconds: float | None, raises_on_failure: bool | None
) -> Activity[..., ExecutedNotebook]:
    """Run one notebook in a kernel of its own; the result is an `ExecutedNotebook`.

    A number of retries come 10, 20, 40 s later and so on, up to an hour. One that was refused is not retried.
    """
    policy = RetryPolicy(attempts=retry + 1) if isinstance(retry, int) else retry
    found: Activity[Any, Any] = Activity(
        None,
        name="workers.python_notebooks.execute_notebook",
        version="1",
        task_list=NOTEBOOKS,
        raises_on_failure=raises_on_failure,
        start_to_close_timeout=max(DAY, (timeout_seconds or 0) + HOUR),  # the worker's limit comes first
        retry=dataclasses.replace(policy, not_retried=(*policy.not_retried, *_NOT_RETRIED)),
        result_as=ExecutedNotebook.of_json,
    )
    return found


execute_notebook = notebook_activity(0, None, None)
