"""What each decision of a completed decision task does to its execution.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Decision.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..constants import MAX_OPEN_ACTIVITY_COUNT
from .faults import invalid
from .run import NEVER, OpenActivity, Run

if TYPE_CHECKING:
    from ..replay.decisions import Decision

Attributes = dict[str, Any]

_CLOSING = {
    "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
    "FailWorkflowExecution": "WorkflowExecutionFailed",
    "CancelWorkflowExecution": "WorkflowExecutionCanceled",
    "ContinueAsNewWorkflowExecution": "WorkflowExecutionContinuedAsNew",
}

_LATER = {
    "SignalExternalWorkflowExecution",
    "RequestCancelExternalWorkflowExecution",
    "StartChildWorkflowExecution",
    "ScheduleLambdaFunction",
}


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """SWF's limits for one execution.

    https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dg-limits.html
    """

    open_activities: int = MAX_OPEN_ACTIVITY_COUNT
    open_timers: int = 1_000
    history_events: int = 25_000


UNLIMITED = Quotas(open_activities=10**9, open_timers=10**9, history_events=10**9)

Refuse = Callable[[Attributes], str | None]  #: attributes of a ScheduleActivityTask -> cause of its failure, or None


def attributes_of(decision: Mapping[str, Any]) -> Attributes:
    kind = decision["decisionType"]
    found: Attributes = decision.get(f"{kind[0].lower()}{kind[1:]}DecisionAttributes") or {}
    return found


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
        if kind in _LATER:
            raise invalid(f"this service does not carry out {kind} decisions")
        raise invalid(f"{kind!r} is not a decision type")


def complete_decision(
    run: Run,
    now: float,
    decisions: Sequence[Decision],
    *,
    context: str | None = None,
    sticky: tuple[str, str] | None = None,
    quotas: Quotas = UNLIMITED,
    refuse: Refuse | None = None,
    new_run_id: Callable[[], str] = lambda: uuid.uuid4().hex,
) -> None:
    """Append DecisionTaskCompleted and what each decision leads to, and schedule the next decision task if one is due."""
    open_decision = run.decision
    assert open_decision is not None
    completed: Attributes = {"scheduledEventId": open_decision.scheduled, "startedEventId": open_decision.started}
    if context is not None:
        completed["executionContext"] = context
    if sticky is not None:
        completed["taskList"], completed["taskListScheduleToStartTimeout"] = {"name": sticky[0]}, sticky[1]
    done = run.add(now, "DecisionTaskCompleted", completed)
    if context is not None:
        run.context, run.context_at = context or None, now
    run.decision, run.previous, run.sticky = None, open_decision.started, sticky
    unseen, run.unseen = run.unseen, False
    wanted = unseen
    for one in decisions:
        kind, a = one["decisionType"], attributes_of(one)
        if kind == "ScheduleActivityTask":
            wanted |= _schedule_activity(run, now, a, done, quotas, refuse)
        elif kind in _CLOSING:
            if unseen:
                failed = {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": done}
                run.add(now, kind + "Failed", failed)
                wanted = True
            else:
                _close(run, now, kind, a, done, new_run_id)
                return
        else:
            wanted |= _APPLY[kind](run, now, a, done, quotas)
    if wanted:
        run.want_decision(now)
    if len(run.events) > quotas.history_events:
        policy = run.started_attributes.get("childPolicy", "TERMINATE")
        run.terminate(now, None, None, policy, "EVENT_LIMIT_EXCEEDED")


def _schedule_activity(run: Run, now: float, a: Attributes, done: int, quotas: Quotas, refuse: Refuse | None) -> bool:
    activity_id = a["activityId"]
    cause = None
    if activity_id in run.open_ids:
        cause = "ACTIVITY_ID_ALREADY_IN_USE"
    elif len(run.activities) >= quotas.open_activities:
        cause = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
    elif refuse is not None:
        cause = refuse(a)
    if cause:
        failed = {
            "activityType": a["activityType"],
            "activityId": activity_id,
            "cause": cause,
            "decisionTaskCompletedEventId": done,
        }
        run.add(now, "ScheduleActivityTaskFailed", failed)
        return True
    scheduled = run.add(now, "ActivityTaskScheduled", {**a, "decisionTaskCompletedEventId": done})
    run.activities[scheduled] = OpenActivity(scheduled, activity_id)
    run.open_ids[activity_id] = scheduled
    run.effects.append(("activity", scheduled))
    for name, kind in (("scheduleToStartTimeout", "SCHEDULE_TO_START"), ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE")):
        timeout = a.get(name, NEVER)
        if timeout != NEVER:
            run.effects.append(("deadline", now + int(timeout), kind, scheduled))
    return False


def _request_cancel_activity(run: Run, now: float, a: Attributes, done: int, quotas: Quotas) -> bool:
    activity_id = a["activityId"]
    scheduled = run.open_ids.get(activity_id)
    body = {"activityId": activity_id, "decisionTaskCompletedEventId": done}
    if scheduled is None:
        run.add(now, "RequestCancelActivityTaskFailed", {**body, "cause": "ACTIVITY_ID_UNKNOWN"})
        return True
    asked = run.add(now, "ActivityTaskCancelRequested", body)
    activity = run.activities[scheduled]
    activity.cancel_requested_event = asked
    if activity.started:
        return False
    run.end_activity(now, scheduled, "Canceled", {"latestCancelRequestedEventId": asked}, quiet=True)
    return True


def _start_timer(run: Run, now: float, a: Attributes, done: int, quotas: Quotas) -> bool:
    timer_id = a["timerId"]
    cause = None
    if timer_id in run.timers:
        cause = "TIMER_ID_ALREADY_IN_USE"
    elif len(run.timers) >= quotas.open_timers:
        cause = "OPEN_TIMERS_LIMIT_EXCEEDED"
    if cause:
        run.add(now, "StartTimerFailed", {"timerId": timer_id, "cause": cause, "decisionTaskCompletedEventId": done})
        return True
    started = run.add(now, "TimerStarted", {**a, "decisionTaskCompletedEventId": done})
    due = now + int(a["startToFireTimeout"])
    run.timers[timer_id] = (started, due)
    run.effects.append(("deadline", due, "timer", (timer_id, started)))
    return False


def _cancel_timer(run: Run, now: float, a: Attributes, done: int, quotas: Quotas) -> bool:
    timer_id = a["timerId"]
    body = {"timerId": timer_id, "decisionTaskCompletedEventId": done}
    if timer_id not in run.timers:
        run.add(now, "CancelTimerFailed", {**body, "cause": "TIMER_ID_UNKNOWN"})
        return True
    started, _ = run.timers.pop(timer_id)
    run.add(now, "TimerCanceled", {**body, "startedEventId": started})
    return False


def _record_marker(run: Run, now: float, a: Attributes, done: int, quotas: Quotas) -> bool:
    run.add(now, "MarkerRecorded", {**a, "decisionTaskCompletedEventId": done})
    return False


_APPLY: dict[str, Callable[..., bool]] = {
    "ScheduleActivityTask": _schedule_activity,
    "RequestCancelActivityTask": _request_cancel_activity,
    "StartTimer": _start_timer,
    "CancelTimer": _cancel_timer,
    "RecordMarker": _record_marker,
}


def _close(run: Run, now: float, kind: str, a: Attributes, done: int, new_run_id: Callable[[], str]) -> None:
    body = {**a, "decisionTaskCompletedEventId": done}
    if kind == "ContinueAsNewWorkflowExecution":
        started = run.started_attributes
        next_run = {key: started[key] for key in _INHERITED if key in started} | a
        next_run["workflowType"] = dict(started["workflowType"])
        if version := next_run.pop("workflowTypeVersion", None):
            next_run["workflowType"]["version"] = version
        run_id = new_run_id()
        run.effects.append(("continue", next_run, run_id))
        body = {key: value for key, value in next_run.items() if key in _CONTINUED}
        body |= {"newExecutionRunId": run_id, "decisionTaskCompletedEventId": done}
    run.close(now, _CLOSING[kind], body)


_INHERITED = (
    "executionStartToCloseTimeout",
    "taskStartToCloseTimeout",
    "taskList",
    "taskPriority",
    "childPolicy",
    "lambdaRole",
)
_CONTINUED = (*_INHERITED, "input", "tagList", "workflowType")
