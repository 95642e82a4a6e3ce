"""Effects of events on an execution: one function for each event type, None for types without an effect.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import exceptions, payload
from ..futures import DONE, OPEN, STOPPED, Future
from ..payload import scan_once
from .calls import commands
from .calls.failures import timeout_seconds
from .external_handlers import EXTERNAL_HANDLERS
from .state.execution_state import Event, ExecutionState

Handler = Callable[[ExecutionState, Event], None]


def _execution_started(x: ExecutionState, e: Event) -> None:
    attributes = e["workflowExecutionStartedEventAttributes"]
    x.input, x.started_attributes = attributes.get("input"), attributes
    x.default_task_list = attributes["taskList"]["name"]


def _activity_scheduled(x: ExecutionState, e: Event) -> None:
    a = e["activityTaskScheduledEventAttributes"]
    queue = x.queue
    f: Any = None
    if queue:
        f = queue.popleft()
        if f.key == a["activityId"] and f.type == "ScheduleActivityTask" and f.name == a["activityType"]["name"]:
            f.stage = OPEN
            x.by_event[e["eventId"]] = f
            if x.streak:
                x.streak = 0
            text = a.get("input")
            if text is None:
                return
            try:  # the common case, inlined: plain arguments, written by this engine
                had = scan_once(text, 0)[0]
                if had["kwargs"] == f.kwargs and had["args"] == list(f.args):
                    return
            except (StopIteration, ValueError, TypeError, KeyError):
                pass
            other = x.inputs.other_call(f, text)
            if other is not None:
                raise x.difference(
                    e,
                    f"ScheduleActivityTask({f.key}) with an input that is now the one of {other.key}: "
                    "the two calls have changed places",
                    f,
                )
            return
    raise x.difference(e, f"ScheduleActivityTask({a['activityId']}, type {a['activityType']['name']})", f)


def _schedule_activity_failed(x: ExecutionState, e: Event) -> None:
    a = e["scheduleActivityTaskFailedEventAttributes"]
    f: Any = x.recorded(e, "ScheduleActivityTask", a["activityId"], refused=True)
    x.open -= 1
    if f.cancelling:
        x.settle(f, STOPPED, exceptions.TaskCanceled(f.id), e["eventId"])
    elif a["cause"].endswith("_EXCEEDED"):  # a quota: retried later, all of them after one timer
        x.refuse(f, a["cause"])
    else:
        x.fail(f, exceptions.TaskFailed(f.id, a["cause"]), order=e["eventId"])


def _activity_completed(x: ExecutionState, e: Event) -> None:
    a = e["activityTaskCompletedEventAttributes"]
    x.open -= 1
    x.completed += 1
    text = a.get("result")
    x.resolve(_scheduled(x, e, a), text or None, e["eventId"], bool(text))


def _activity_failed(x: ExecutionState, e: Event) -> None:
    a = e["activityTaskFailedEventAttributes"]
    f = _scheduled(x, e, a)
    x.attempt_failed(f, exceptions.TaskFailed(f.id, a.get("reason"), a.get("details")), e["eventId"])


def _activity_timed_out(x: ExecutionState, e: Event) -> None:
    a = e["activityTaskTimedOutEventAttributes"]
    f = _scheduled(x, e, a)
    error = exceptions.TimeoutError(f.id, a["timeoutType"], a.get("details"), timeout_seconds(f, a["timeoutType"]))
    # The worker sends heartbeats by itself, whatever the activity does: without them the worker is lost.
    x.attempt_failed(f, error, e["eventId"], lost=a["timeoutType"] == "HEARTBEAT")


def _activity_canceled(x: ExecutionState, e: Event) -> None:
    a = e["activityTaskCanceledEventAttributes"]
    f = _scheduled(x, e, a)
    x.open -= 1
    x.settle(f, STOPPED, exceptions.TaskCanceled(f.id, a.get("details")), e["eventId"])


def _scheduled(x: ExecutionState, e: Event, attributes: Mapping[str, Any]) -> Future[Any]:
    try:
        return x.by_event.pop(attributes["scheduledEventId"])
    except KeyError:
        raise exceptions.HistoryError(
            f"event {e['eventId']}: {e['eventType']} of an activity task that is not open "
            f"(scheduledEventId {attributes.get('scheduledEventId')})"
        ) from None


def _timer_started(x: ExecutionState, e: Event) -> None:
    a = e["timerStartedEventAttributes"]
    timer_id: str = a["timerId"]
    if timer_id.startswith(commands.WAKE):
        x.split, x.wakes = int(a["control"]), x.wakes + 1
    elif timer_id.startswith(commands.PARK):
        x.parks += 1
    else:
        f: Any = x.recorded(e, "StartTimer", timer_id)
        if f.stage < OPEN:
            f.stage = OPEN


def _timer_fired(x: ExecutionState, e: Event) -> None:
    timer_id: str = e["timerFiredEventAttributes"]["timerId"]
    if timer_id[0] != "_":
        f = x.tasks[timer_id]
        if f.stage < DONE:  # else it fired while the decision to cancel it was being sent
            x.resolve(f, None, e["eventId"], decode=False)
    elif timer_id.startswith(commands.BACKOFF):
        x.backoff_is_open = x.close_waits = False
        x.try_again()
    elif timer_id.startswith(commands.PACE):
        x.pace_ended()
    elif timer_id.startswith(commands.RETRY):
        timer = x.tasks[timer_id]
        if timer.stage < DONE:
            timer.stage = DONE
            x.again(timer.task)


def _start_timer_failed(x: ExecutionState, e: Event) -> None:
    a = e["startTimerFailedEventAttributes"]
    timer_id: str = a["timerId"]
    if timer_id.startswith(commands.WAKE):  # it comes last, so the queue holds what it would have announced
        x.split = len(x.queue)
        return
    if timer_id.startswith(commands.PARK):
        return  # its refusal has already scheduled a decision task
    f: Any = x.recorded(e, "StartTimer", timer_id, refused=True)
    if f.stage >= DONE:
        return
    if timer_id.startswith(commands.RETRY):
        f.stage = DONE
        f = f.task
    elif timer_id.startswith(commands.BACKOFF):  # no timer can be started: the decider process waits instead
        f.stage, x.backoff_is_open, x.close_waits = DONE, False, False
        return
    elif timer_id.startswith(commands.PACE):
        f.stage = DONE
        x.pace_ended()
        return
    x.fail(f, exceptions.TaskFailed(f.id, a["cause"]), order=e["eventId"])


def _marker_recorded(x: ExecutionState, e: Event) -> None:
    name = e["markerRecordedEventAttributes"]["markerName"]
    if name[0] != "_" or name.startswith(commands.ANSWER):
        x.recorded(e, "RecordMarker", name)


def _record_marker_failed(x: ExecutionState, e: Event) -> None:
    a = e["recordMarkerFailedEventAttributes"]
    if a["markerName"][0] == "_":
        raise exceptions.HistoryError(f"event {e['eventId']}: the engine's marker {a['markerName']} was refused: {a['cause']}")
    x.recorded(e, "RecordMarker", a["markerName"], refused=True)


def _signaled(x: ExecutionState, e: Event) -> None:
    a = e["workflowExecutionSignaledEventAttributes"]
    name, text, order = a["signalName"], a.get("input"), e["eventId"]
    if name.startswith(commands.UPDATE):
        x.update_requests.append((name[len(commands.UPDATE) :], text, order))
        return
    x.last_signals[name] = (text, order)
    if text is not None and ("__propagate" in text or payload.referenced_digest(text) is not None):
        x.forwards.append((name, text, order, a.get("externalWorkflowExecution", {})))
    x.signaled(name, text, order)


def _cancel_requested(x: ExecutionState, e: Event) -> None:
    x.cancel_requested, x.cancel_order = True, e["eventId"]


def _record(kind: str, attributes: str, key: str, refused: bool = False) -> Handler:
    def handle(x: ExecutionState, e: Any) -> None:
        x.recorded(e, kind, e[attributes][key], refused)

    return handle


def _close_failed(kind: str) -> Handler:
    attributes = commands.attributes_name(f"{kind}Failed", "Event")

    def handle(x: ExecutionState, e: Any) -> None:
        x.refuse_close(x.recorded(e, kind, None, refused=True), e[attributes]["cause"])

    return handle


def _closed(kind: str) -> Handler:
    def handle(x: ExecutionState, e: Event) -> None:
        x.recorded(e, kind, None)
        x.closed = True

    return handle


def _ended(x: ExecutionState, e: Event) -> None:
    x.closed = True  # terminated or timed out: not a decision of the code


HANDLERS: dict[str, Handler | None] = {
    "DecisionTaskScheduled": None,
    "DecisionTaskStarted": None,
    "DecisionTaskCompleted": None,
    "DecisionTaskTimedOut": None,
    "ActivityTaskStarted": None,
    "WorkflowExecutionStarted": _execution_started,
    "ActivityTaskScheduled": _activity_scheduled,
    "ScheduleActivityTaskFailed": _schedule_activity_failed,
    "ActivityTaskCompleted": _activity_completed,
    "ActivityTaskFailed": _activity_failed,
    "ActivityTaskTimedOut": _activity_timed_out,
    "ActivityTaskCanceled": _activity_canceled,
    "ActivityTaskCancelRequested": _record(
        "RequestCancelActivityTask", "activityTaskCancelRequestedEventAttributes", "activityId"
    ),
    "RequestCancelActivityTaskFailed": _record(
        "RequestCancelActivityTask", "requestCancelActivityTaskFailedEventAttributes", "activityId", refused=True
    ),
    "TimerStarted": _timer_started,
    "TimerFired": _timer_fired,
    "StartTimerFailed": _start_timer_failed,
    "TimerCanceled": _record("CancelTimer", "timerCanceledEventAttributes", "timerId"),
    "CancelTimerFailed": _record("CancelTimer", "cancelTimerFailedEventAttributes", "timerId", refused=True),
    "MarkerRecorded": _marker_recorded,
    "RecordMarkerFailed": _record_marker_failed,
    "WorkflowExecutionSignaled": _signaled,
    "WorkflowExecutionCancelRequested": _cancel_requested,
    "WorkflowExecutionCompleted": _closed("CompleteWorkflowExecution"),
    "WorkflowExecutionFailed": _closed("FailWorkflowExecution"),
    "WorkflowExecutionCanceled": _closed("CancelWorkflowExecution"),
    "WorkflowExecutionContinuedAsNew": _closed("ContinueAsNewWorkflowExecution"),
    "CompleteWorkflowExecutionFailed": _close_failed("CompleteWorkflowExecution"),
    "FailWorkflowExecutionFailed": _close_failed("FailWorkflowExecution"),
    "CancelWorkflowExecutionFailed": _close_failed("CancelWorkflowExecution"),
    "ContinueAsNewWorkflowExecutionFailed": _close_failed("ContinueAsNewWorkflowExecution"),
    "WorkflowExecutionTerminated": _ended,
    "WorkflowExecutionTimedOut": _ended,
    **EXTERNAL_HANDLERS,
}
