"""Recovery after a restart: open tasks return to their lists, tasks that the former process had started end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..constants import PROCESS_GONE
from .execution import NEVER, LocalExecution, OpenActivity, OpenDecision
from .store import Store

if TYPE_CHECKING:
    from ..replay.protocol.events import HistoryEvent


def recover(store: Store, *, workers_are_gone: bool = True) -> list[tuple[LocalExecution, HistoryEvent]]:
    """Reschedule the open tasks of a freshly opened store.

    History is never rewritten: a started decision task times out, a started activity times out with HEARTBEAT, which does
    not count as an attempt. Returns the executions of the activities ended, with their ActivityTaskScheduled events.
    """
    lost: list[tuple[LocalExecution, HistoryEvent]] = []
    with store.lock:
        now = store.clock.timestamp()
        for execution in store.every_open_execution():
            for scheduled, activity in list(execution.activities.items()):
                if activity.started and workers_are_gone:
                    lost.append((execution, execution.events[scheduled - 1]))
                    execution.time_out_activity(now, scheduled, "HEARTBEAT", PROCESS_GONE)
                else:
                    _reschedule(execution, activity, now)
            decision = execution.decision
            if decision is not None and decision.started and workers_are_gone:
                execution.time_out_decision(now)
            elif decision is not None and not any(effect[0] == "decision" for effect in execution.effects):
                _reschedule_decision(execution, decision)
            for timer_id, (started, due) in execution.timers.items():
                execution.effects.append(("deadline", due, "timer", (timer_id, started)))
            timeout = execution.started_attributes.get("executionStartToCloseTimeout", NEVER)
            if timeout != NEVER:
                execution.effects.append(("deadline", execution.started_at + int(timeout), "run", 0))
            store.dirty[execution.number] = execution
        if store.dirty:
            store.commit()
    return lost


def _reschedule_decision(execution: LocalExecution, decision: OpenDecision) -> None:
    execution.effects.append(("decision", decision.scheduled))
    scheduled = execution.events[decision.scheduled - 1]
    if decision.started:
        timeout = execution.started_attributes.get("taskStartToCloseTimeout", NEVER)
        since, kind, key = execution.events[decision.started - 1]["eventTimestamp"], "decision", decision.started
    else:
        timeout = scheduled["decisionTaskScheduledEventAttributes"].get("scheduleToStartTimeout", NEVER)
        since, kind, key = scheduled["eventTimestamp"], "decision not started", decision.scheduled
    if timeout != NEVER:
        execution.effects.append(("deadline", since + int(timeout), kind, key))


def _reschedule(execution: LocalExecution, activity: OpenActivity, now: float) -> None:
    event = execution.events[activity.scheduled - 1]
    asked: Any = event["activityTaskScheduledEventAttributes"]
    at = event["eventTimestamp"]
    if not activity.started:
        execution.effects.append(("activity", activity.scheduled))
    started_at = execution.events[activity.started - 1]["eventTimestamp"] if activity.started else 0.0
    if activity.started:
        activity.last_beat = now  # heartbeats could not arrive while the service was down
    for name, kind, since in (
        ("scheduleToStartTimeout", "SCHEDULE_TO_START", 0.0 if activity.started else at),
        ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE", at),
        ("startToCloseTimeout", "START_TO_CLOSE", started_at),
        ("heartbeatTimeout", "HEARTBEAT", now if activity.started else 0.0),
    ):
        timeout = asked.get(name, NEVER)
        if since and timeout not in (NEVER, "0"):
            execution.effects.append(("deadline", since + int(timeout), kind, activity.scheduled))
