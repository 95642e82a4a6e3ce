"""Effects of the events of child executions, and of signals and cancellations sent to other executions.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import exceptions
from ..futures import DONE, OPEN, STOPPED, Future
from .calls.failures import timeout_seconds
from .state.children import START_CHILD
from .state.execution_state import Event, ExecutionState
from .state.externals import CANCEL_EXTERNAL, SIGNAL_EXTERNAL, signal_key

Handler = Callable[[ExecutionState, Event], None]

_UNKNOWN = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"


# ---- child executions ------------------------------------------------------------------------------------------------------


def _child_initiated(x: ExecutionState, e: Event) -> None:
    a = e["startChildWorkflowExecutionInitiatedEventAttributes"]
    f: Any = x.recorded(e, START_CHILD, a["workflowId"])
    if f.name != a["workflowType"]["name"]:
        raise x.difference(e, f"{START_CHILD}({a['workflowId']}, type {a['workflowType']['name']})", f)
    f.stage = OPEN
    x.by_event[e["eventId"]] = f
    x.pace_streak = x.streak = 0
    other = x.inputs.other_call(f, a.get("input"))
    if other is not None:
        had = f"{START_CHILD}({f.key}) with an input that is now the one of {other.key}: the two calls have changed places"
        raise x.difference(e, had, f)


def _start_child_failed(x: ExecutionState, e: Event) -> None:
    a = e["startChildWorkflowExecutionFailedEventAttributes"]
    cause = a["cause"]
    if a.get("initiatedEventId"):
        f: Any = _opened(x, e, a)
    else:
        f = x.recorded(e, START_CHILD, a["workflowId"], refused=True)
    x.open_children -= 1
    if f.cancelling:
        x.settle(f, STOPPED, exceptions.WorkflowCanceled(f.id), e["eventId"])
    elif cause.endswith("_EXCEEDED"):
        x.refuse(f, cause)
    else:
        x.fail(f, exceptions.WorkflowFailed(f.id, cause), order=e["eventId"])


def _child_started(x: ExecutionState, e: Event) -> None:
    a = e["childWorkflowExecutionStartedEventAttributes"]
    f: Any = x.by_event.get(a["initiatedEventId"])
    if f is None:
        raise _not_open(e, a)
    x.child_started(f, a["workflowExecution"]["runId"])


def _child_completed(x: ExecutionState, e: Event) -> None:
    a = e["childWorkflowExecutionCompletedEventAttributes"]
    text = a.get("result")
    f = _opened(x, e, a)
    x.open_children -= 1
    x.resolve(f, text or None, e["eventId"], bool(text))


def _child_failed(x: ExecutionState, e: Event) -> None:
    a = e["childWorkflowExecutionFailedEventAttributes"]
    f = _opened(x, e, a)
    x.attempt_failed(f, exceptions.WorkflowFailed(f.id, a.get("reason"), a.get("details")), e["eventId"])


def _child_timed_out(x: ExecutionState, e: Event) -> None:
    a = e["childWorkflowExecutionTimedOutEventAttributes"]
    f = _opened(x, e, a)
    x.attempt_failed(
        f, exceptions.WorkflowTimeout(f.id, a["timeoutType"], timeout_value=timeout_seconds(f, a["timeoutType"])), e["eventId"]
    )


def _child_canceled(x: ExecutionState, e: Event) -> None:
    a = e["childWorkflowExecutionCanceledEventAttributes"]
    f = _opened(x, e, a)
    x.open_children -= 1
    x.settle(f, STOPPED, exceptions.WorkflowCanceled(f.id, a.get("details")), e["eventId"])


def _child_terminated(x: ExecutionState, e: Event) -> None:
    a = e["childWorkflowExecutionTerminatedEventAttributes"]
    f = _opened(x, e, a)
    x.open_children -= 1
    x.fail(f, exceptions.WorkflowTerminated(f.id), order=e["eventId"])


def _opened(x: ExecutionState, e: Event, attributes: Mapping[str, Any]) -> Any:
    try:
        found: Any = x.by_event.pop(attributes["initiatedEventId"])
    except KeyError:
        raise _not_open(e, attributes) from None
    x.started_children.pop(found, None)
    return found


def _not_open(e: Event, attributes: Mapping[str, Any]) -> exceptions.HistoryError:
    return exceptions.HistoryError(
        f"event {e['eventId']}: {e['eventType']} of something that is not open "
        f"(initiatedEventId {attributes.get('initiatedEventId')})"
    )


# ---- signals and requests to cancel ------------------------------------------------------------------------------------------


def _initiated(kind: str, attributes: str) -> Handler:
    def handle(x: ExecutionState, e: Any) -> None:
        a = e[attributes]
        f: Any = x.recorded(e, kind, _key(kind, a))
        f.stage = OPEN
        x.by_event[e["eventId"]] = f
        x.streak = 0

    return handle


def _reached(x: ExecutionState, e: Any) -> None:
    a = next(value for name, value in e.items() if name.endswith("EventAttributes"))
    f: Future[Any] = _opened(x, e, a)
    if f.stage < DONE:
        x.resolve(f, None, e["eventId"], decode=False)


def _not_reached(kind: str, attributes: str) -> Handler:
    def handle(x: ExecutionState, e: Any) -> None:
        a = e[attributes]
        if a.get("initiatedEventId"):
            f: Any = _opened(x, e, a)
        else:
            f = x.recorded(e, kind, _key(kind, a, x), refused=True)
        if a["cause"].endswith("_EXCEEDED"):
            x.refuse(f, a["cause"])
        elif a["cause"] != _UNKNOWN or not x.readdress(f):
            x.fail(f, exceptions.TaskFailed(f.id, a["cause"]), order=e["eventId"])

    return handle


def _key(kind: str, a: Mapping[str, Any], x: ExecutionState | None = None) -> str:
    if kind == CANCEL_EXTERNAL:
        return str(a["workflowId"])
    if "signalName" in a:
        return signal_key(a["signalName"], a["workflowId"])
    assert x is not None  # the event of a refused signal does not have its name
    oldest = x.queue[0] if x.queue else None
    name = oldest.name if isinstance(oldest, Future) and oldest.type == SIGNAL_EXTERNAL else ""
    return signal_key(name, a["workflowId"])


EXTERNAL_HANDLERS: dict[str, Handler] = {
    "StartChildWorkflowExecutionInitiated": _child_initiated,
    "StartChildWorkflowExecutionFailed": _start_child_failed,
    "ChildWorkflowExecutionStarted": _child_started,
    "ChildWorkflowExecutionCompleted": _child_completed,
    "ChildWorkflowExecutionFailed": _child_failed,
    "ChildWorkflowExecutionTimedOut": _child_timed_out,
    "ChildWorkflowExecutionCanceled": _child_canceled,
    "ChildWorkflowExecutionTerminated": _child_terminated,
    "SignalExternalWorkflowExecutionInitiated": _initiated(
        SIGNAL_EXTERNAL, "signalExternalWorkflowExecutionInitiatedEventAttributes"
    ),
    "SignalExternalWorkflowExecutionFailed": _not_reached(
        SIGNAL_EXTERNAL, "signalExternalWorkflowExecutionFailedEventAttributes"
    ),
    "ExternalWorkflowExecutionSignaled": _reached,
    "RequestCancelExternalWorkflowExecutionInitiated": _initiated(
        CANCEL_EXTERNAL, "requestCancelExternalWorkflowExecutionInitiatedEventAttributes"
    ),
    "RequestCancelExternalWorkflowExecutionFailed": _not_reached(
        CANCEL_EXTERNAL, "requestCancelExternalWorkflowExecutionFailedEventAttributes"
    ),
    "ExternalWorkflowExecutionCancelRequested": _reached,
}
