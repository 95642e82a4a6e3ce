"""Finds executions by their ids, under simpleflow's names."""

from __future__ import annotations

from typing import Any

from ..history import History
from .mapper.models import Domain, WorkflowExecution
from .mapper.querysets import WorkflowExecutionQuerySet

__all__ = ["get_workflow_execution", "get_workflow_history"]


def get_workflow_execution(
    domain_name: str, workflow_id: str, run_id: str | None = None, *, service: Any = None
) -> WorkflowExecution:
    """Return an execution; without a run id the one of this workflow id that is open, or else the latest.

    Args:
        service: the service to ask, as of a `Domain`; in an activity it is that of the worker, also in a local run.

    Raises:
        DoesNotExistError: there is no such run.
        ValueError: there is no execution with this workflow id.
    """
    executions = WorkflowExecutionQuerySet(Domain(domain_name, service=service))
    if not run_id:
        for status in (WorkflowExecution.STATUS_OPEN, WorkflowExecution.STATUS_CLOSED):
            if found := executions.filter(status, workflow_id=workflow_id):
                run_id = found[0].run_id  # the newest comes first
                break
    if not run_id:
        raise ValueError(f"no execution in {domain_name} has the workflow id {workflow_id}")
    return executions.get(workflow_id, run_id)


def get_workflow_history(domain_name: str, workflow_id: str, run_id: str | None = None, *, service: Any = None) -> History:
    """Return the history of an execution, which :func:`get_workflow_execution` finds."""
    return get_workflow_execution(domain_name, workflow_id, run_id, service=service).history()
