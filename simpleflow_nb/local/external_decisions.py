"""Decisions about other executions and about Lambda functions: the events in the history of the one that decides.

What the other execution is to get waits in ``outgoing``, and is delivered before the events are written: :mod:`.relations`.
"""

from __future__ import annotations

from .deciding import Attributes, Deciding
from .execution import CANCEL, CHILD, SIGNAL, OpenChild


def start_child(task: Deciding, a: Attributes) -> bool:
    """Initiate a child. Return whether the decision has failed, so that a decision task is due."""
    kind, execution = "StartChildWorkflowExecution", task.execution
    if len(execution.children) >= task.quotas.open_children:
        return task.fail(kind, a, "OPEN_CHILDREN_LIMIT_EXCEEDED")
    if cause := task.surroundings.refusal(kind, a):
        return task.fail(kind, a, cause)
    initiated = task.add("StartChildWorkflowExecutionInitiated", a)
    execution.children[initiated] = OpenChild(a["workflowId"])
    execution.outgoing.append((CHILD, initiated))
    return False


def signal_external(task: Deciding, a: Attributes) -> bool:
    return _initiate(task, "SignalExternalWorkflowExecution", SIGNAL, a)


def request_cancel_external(task: Deciding, a: Attributes) -> bool:
    return _initiate(task, "RequestCancelExternalWorkflowExecution", CANCEL, a)


def _initiate(task: Deciding, kind: str, message: str, a: Attributes) -> bool:
    if cause := task.surroundings.refusal(kind, a):
        return task.fail(kind, a, cause)
    initiated = task.add(kind + "Initiated", a)
    task.execution.outgoing.append((message, initiated))
    return False


def schedule_lambda(task: Deciding, a: Attributes) -> bool:
    """Refuse a Lambda function as a Region without Lambda does."""
    # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_ScheduleLambdaFunctionFailedEventAttributes.html
    kind = "ScheduleLambdaFunction"
    return task.fail(kind, a, task.surroundings.refusal(kind, a) or "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION")
