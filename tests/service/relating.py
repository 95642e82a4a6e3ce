"""The child of ``test_related_crashes.py``: parents, children and signals between them, until the process is killed.

``main(JOURNAL)`` prints ``open``, and ``end`` when every execution is closed. The deciders know only the history of the
execution that they decide, so that the next process goes on where this one was killed.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN, LocalService

from .manual_client import (
    FLOW,
    Decision,
    Event,
    attributes,
    cancel,
    complete,
    continue_as_new,
    fail,
    request_cancel_external,
    signal_external,
    start_child,
)

FAMILIES, CHILDREN, DECIDERS = 9, 3, 4
POLICIES = ("TERMINATE", "REQUEST_CANCEL", "ABANDON")
CHILD_ENDS = {f"ChildWorkflowExecution{how}" for how in ("Completed", "Failed", "TimedOut", "Canceled", "Terminated")}
_LIST = {"name": "deciders"}


def main(path: str) -> None:
    service = LocalService.open(Path(path), poll_seconds=5)
    os.write(1, b"open\n")
    if ("flow", "1") not in service.home.types["workflow"]:
        service.register_workflow_type(
            domain=DOMAIN,
            **FLOW,
            defaultTaskList=_LIST,
            defaultTaskStartToCloseTimeout="600",
            defaultExecutionStartToCloseTimeout="86400",
            defaultChildPolicy="TERMINATE",
        )
    for n in range(DECIDERS):
        threading.Thread(target=_decide, args=(service,), name=f"decider-{n}", daemon=True).start()
    for n in range(FAMILIES):
        _start(service, f"family-{n}", "TERMINATE")
        _start(service, f"doomed-{n}", POLICIES[n % len(POLICIES)])
    for workflow_id, _ in list(service.numbers):
        if workflow_id.startswith("doomed-") and "." not in workflow_id:
            _doom(service, workflow_id)
    while opened := service.open_executions(DOMAIN):
        service.wait_closed(opened[0].workflow_id, opened[0].run_id)
    os.write(1, b"end\n")
    os._exit(0)


def _start(service: LocalService, workflow_id: str, policy: str) -> None:
    """Start an execution, unless a former process has."""
    if service.execution(DOMAIN, workflow_id) is None:
        service.start_workflow_execution(domain=DOMAIN, workflowId=workflow_id, workflowType=FLOW, childPolicy=policy)


def _doom(service: LocalService, workflow_id: str) -> None:
    """Terminate an execution once its children have been started, unless a former process has."""
    while (found := service.execution(DOMAIN, workflow_id)) is not None and found.is_open:
        kinds = [event["eventType"] for event in service.events(workflow_id, found.run_id)]
        if kinds.count("ChildWorkflowExecutionStarted") == CHILDREN:
            service.terminate_workflow_execution(domain=DOMAIN, workflowId=workflow_id)
        time.sleep(0.001)


def _decide(service: LocalService) -> None:
    while True:
        task: Any = service.poll_for_decision_task(domain=DOMAIN, taskList=_LIST)
        if not task["taskToken"]:
            continue
        workflow_id = task["workflowExecution"]["workflowId"]
        decisions: Any = (_child if "." in workflow_id else _parent)(workflow_id, task["events"])
        try:
            service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions)
        except Fault:
            continue  # it was terminated meanwhile


def _parent(workflow_id: str, events: list[Event]) -> list[Decision]:
    """Start the children and signal each; close when all have ended. One that is doomed never closes by itself."""
    kinds = [event["eventType"] for event in events]
    if "StartChildWorkflowExecutionInitiated" not in kinds:
        return [start_child(f"{workflow_id}.{n}") for n in range(CHILDREN)]
    if "SignalExternalWorkflowExecutionInitiated" not in kinds:
        return [signal_external(f"{workflow_id}.{n}", "from the parent") for n in range(CHILDREN)]
    is_over = sum(kind in CHILD_ENDS for kind in kinds) == CHILDREN
    return [complete()] if is_over and workflow_id.startswith("family") else []


def _child(workflow_id: str, events: list[Event]) -> list[Decision]:
    """Continue as new once, signal the parent, and end each in its own way.

    Of a family, the first requests that the third be cancelled. Of those that are doomed, only the abandoned end by themselves.
    """
    started = attributes(events[0])
    kinds = [event["eventType"] for event in events]
    if "WorkflowExecutionCancelRequested" in kinds:
        return [cancel()]
    if "continuedExecutionRunId" not in started:
        return [continue_as_new()]
    if "SignalExternalWorkflowExecutionInitiated" not in kinds:
        return [signal_external(started["parentWorkflowExecution"]["workflowId"], "from a child")]
    family, _, index = workflow_id.partition(".")
    kind, _, number = family.partition("-")
    if kind == "doomed":
        return [complete()] if POLICIES[int(number) % len(POLICIES)] == "ABANDON" else []
    if index == "0":
        return [request_cancel_external(f"{family}.2"), complete(result="done")]
    return [fail(reason="broken")] if index == "1" else []
