"""Effects of the decisions of a completed decision task on its execution.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Decision.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from . import external_decisions
from .deciding import Attributes, Deciding, Surroundings, next_type
from .deciding import attributes_of as attributes_of
from .execution import CONTINUE, NEVER, LocalExecution, OpenActivity
from .faults import invalid
from .quotas import UNLIMITED as UNLIMITED
from .quotas import Quotas as Quotas

if TYPE_CHECKING:
    from ..replay.protocol.decisions import Decision

_CLOSING = {
    "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
    "FailWorkflowExecution": "WorkflowExecutionFailed",
    "CancelWorkflowExecution": "WorkflowExecutionCanceled",
    "ContinueAsNewWorkflowExecution": "WorkflowExecutionContinuedAsNew",
}


def check(decisions: Sequence[Decision]) -> None:
    """Refuse the whole response when a decision cannot be carried out at all.

    Raises:
        Fault: ValidationException.
    """
    for index, one in enumerate(decisions):
        kind = one.get("decisionType")
        if kind in _CLOSING and index < len(decisions) - 1:
            raise invalid("Close must be last decision in list")  # SWF's own words: https://github.com/floci-io/floci/pull/2257
        if kind in _CLOSING or kind in _APPLY:
            continue
        raise invalid(f"{kind!r} is not a decision type")


def complete_decision(
    execution: LocalExecution,
    now: float,
    decisions: Sequence[Decision],
    *,
    context: str | None = None,
    sticky: tuple[str, str] | None = None,
    quotas: Quotas = UNLIMITED,
    surroundings: Surroundings = Surroundings(),
    new_run_id: Callable[[], str] = lambda: uuid.uuid4().hex,
) -> None:
    """Append DecisionTaskCompleted and the events of each decision, and schedule the next decision task if one is due.

    What other executions are to get is left in ``execution.outgoing``.
    """
    open_decision = execution.decision
    assert open_decision is not None
    completed: Attributes = {"scheduledEventId": open_decision.scheduled, "startedEventId": open_decision.started}
    if context is not None:
        completed["executionContext"] = context
    if sticky is not None:
        completed["taskList"], completed["taskListScheduleToStartTimeout"] = {"name": sticky[0]}, sticky[1]
    done = execution.add(now, "DecisionTaskCompleted", completed)
    if context is not None:
        execution.context, execution.context_at = context or None, now
    execution.decision, execution.previous, execution.sticky = None, open_decision.started, sticky
    unseen, execution.unseen = execution.unseen, False
    wanted = unseen
    task = Deciding(execution, now, done, quotas, surroundings)
    for one in decisions:
        kind, a = one["decisionType"], attributes_of(one)
        if kind in surroundings.not_permitted:
            wanted = task.fail(kind, a, "OPERATION_NOT_PERMITTED")
            continue
        if kind not in _CLOSING:
            wanted |= _APPLY[kind](task, a)
            continue
        cause = "UNHANDLED_DECISION" if unseen else surroundings.refusal(kind, a)
        if not cause:
            _close(task, kind, a, new_run_id)
            return
        wanted = task.fail(kind, a, cause)
    if wanted:
        execution.want_decision(now)


def _schedule_activity(task: Deciding, a: Attributes) -> bool:
    execution, activity_id, cause = task.execution, a["activityId"], None
    if activity_id in execution.open_ids:
        cause = "ACTIVITY_ID_ALREADY_IN_USE"
    elif len(execution.activities) >= task.quotas.open_activities:
        cause = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
    else:
        cause = task.surroundings.refusal("ScheduleActivityTask", a)
    if cause:
        return task.fail("ScheduleActivityTask", a, cause)
    scheduled = task.add("ActivityTaskScheduled", a)
    execution.activities[scheduled] = OpenActivity(scheduled, activity_id)
    execution.open_ids[activity_id] = scheduled
    execution.effects.append(("activity", scheduled))
    for name, kind in (("scheduleToStartTimeout", "SCHEDULE_TO_START"), ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE")):
        timeout = a.get(name, NEVER)
        if timeout != NEVER:
            execution.effects.append(("deadline", task.now + int(timeout), kind, scheduled))
    return False


def _request_cancel_activity(task: Deciding, a: Attributes) -> bool:
    execution = task.execution
    scheduled = execution.open_ids.get(a["activityId"])
    if scheduled is None:
        return task.fail("RequestCancelActivityTask", a, "ACTIVITY_ID_UNKNOWN")
    asked = task.add("ActivityTaskCancelRequested", {"activityId": a["activityId"]})
    activity = execution.activities[scheduled]
    activity.cancel_requested_event = asked
    if activity.started:
        return False
    execution.end_activity(task.now, scheduled, "Canceled", {"latestCancelRequestedEventId": asked}, quiet=True)
    return True


def _start_timer(task: Deciding, a: Attributes) -> bool:
    execution, timer_id, cause = task.execution, a["timerId"], None
    if timer_id in execution.timers:
        cause = "TIMER_ID_ALREADY_IN_USE"
    elif len(execution.timers) >= task.quotas.open_timers:
        cause = "OPEN_TIMERS_LIMIT_EXCEEDED"
    else:
        cause = task.surroundings.refusal("StartTimer", a)
    if cause:
        return task.fail("StartTimer", a, cause)
    started = task.add("TimerStarted", a)
    due = task.now + int(a["startToFireTimeout"])
    execution.timers[timer_id] = (started, due)
    execution.effects.append(("deadline", due, "timer", (timer_id, started)))
    return False


def _cancel_timer(task: Deciding, a: Attributes) -> bool:
    timer_id = a["timerId"]
    if timer_id not in task.execution.timers:
        return task.fail("CancelTimer", a, "TIMER_ID_UNKNOWN")
    started, _ = task.execution.timers.pop(timer_id)
    task.add("TimerCanceled", {"timerId": timer_id, "startedEventId": started})
    return False


def _record_marker(task: Deciding, a: Attributes) -> bool:
    task.add("MarkerRecorded", a)
    return False


_APPLY: dict[str, Callable[[Deciding, Attributes], bool]] = {
    "ScheduleActivityTask": _schedule_activity,
    "RequestCancelActivityTask": _request_cancel_activity,
    "StartTimer": _start_timer,
    "CancelTimer": _cancel_timer,
    "RecordMarker": _record_marker,
    "StartChildWorkflowExecution": external_decisions.start_child,
    "SignalExternalWorkflowExecution": external_decisions.signal_external,
    "RequestCancelExternalWorkflowExecution": external_decisions.request_cancel_external,
    "ScheduleLambdaFunction": external_decisions.schedule_lambda,
}


def _close(task: Deciding, kind: str, a: Attributes, new_run_id: Callable[[], str]) -> None:
    execution, body = task.execution, {**a, "decisionTaskCompletedEventId": task.done}
    next_run: Attributes = {}
    if kind == "ContinueAsNewWorkflowExecution":
        next_run = {key: value for key, value in a.items() if key != "workflowTypeVersion"}
        next_run["workflowType"] = next_type(execution.started_attributes["workflowType"], a)
        body = {**next_run, "newExecutionRunId": new_run_id(), "decisionTaskCompletedEventId": task.done}
    execution.close(task.now, _CLOSING[kind], body)
    if next_run:
        execution.outgoing.append((CONTINUE, next_run, body["newExecutionRunId"]))
