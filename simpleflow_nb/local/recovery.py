"""Going on after a restart: open tasks go back to their lists, those that the former process had in its hands end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..constants import PROCESS_GONE
from .run import NEVER, OpenActivity, OpenDecision, Run
from .store import Store

if TYPE_CHECKING:
    from ..replay.events import HistoryEvent


def recover(store: Store, *, workers_are_gone: bool = True) -> list[tuple[Run, HistoryEvent]]:
    """Put the open tasks of a freshly opened store to work again.

    History is never rewritten: a started decision task times out, a started activity times out with HEARTBEAT, which is
    not counted as one of its attempts. Returns the activities so ended, each with its ActivityTaskScheduled event.
    """
    lost: list[tuple[Run, HistoryEvent]] = []
    with store.lock:
        now = store.clock.timestamp()
        for run in store.open_runs():
            for scheduled, activity in list(run.activities.items()):
                if activity.started and workers_are_gone:
                    lost.append((run, run.events[scheduled - 1]))
                    run.time_out_activity(now, scheduled, "HEARTBEAT", PROCESS_GONE)
                else:
                    _reschedule(run, activity, now)
            decision = run.decision
            if decision is not None and decision.started and workers_are_gone:
                run.time_out_decision(now)
            elif decision is not None and not any(effect[0] == "decision" for effect in run.effects):
                _reschedule_decision(run, decision)
            for timer_id, (started, due) in run.timers.items():
                run.effects.append(("deadline", due, "timer", (timer_id, started)))
            timeout = run.started_attributes.get("executionStartToCloseTimeout", NEVER)
            if timeout != NEVER:
                run.effects.append(("deadline", run.started_at + int(timeout), "run", 0))
            store.dirty[run.number] = run
        if store.dirty:
            store.commit()
    return lost


def _reschedule_decision(run: Run, decision: OpenDecision) -> None:
    run.effects.append(("decision", decision.scheduled))
    scheduled = run.events[decision.scheduled - 1]
    if decision.started:
        timeout = run.started_attributes.get("taskStartToCloseTimeout", NEVER)
        since, kind, key = run.events[decision.started - 1]["eventTimestamp"], "decision", decision.started
    else:
        timeout = scheduled["decisionTaskScheduledEventAttributes"].get("scheduleToStartTimeout", NEVER)
        since, kind, key = scheduled["eventTimestamp"], "decision not started", decision.scheduled
    if timeout != NEVER:
        run.effects.append(("deadline", since + int(timeout), kind, key))


def _reschedule(run: Run, activity: OpenActivity, now: float) -> None:
    event = run.events[activity.scheduled - 1]
    asked: Any = event["activityTaskScheduledEventAttributes"]
    at = event["eventTimestamp"]
    if not activity.started:
        run.effects.append(("activity", activity.scheduled))
    started_at = run.events[activity.started - 1]["eventTimestamp"] if activity.started else 0.0
    if activity.started:
        activity.last_beat = now  # nobody could hear its heart while the service was away
    for name, kind, since in (
        ("scheduleToStartTimeout", "SCHEDULE_TO_START", 0.0 if activity.started else at),
        ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE", at),
        ("startToCloseTimeout", "START_TO_CLOSE", started_at),
        ("heartbeatTimeout", "HEARTBEAT", now if activity.started else 0.0),
    ):
        timeout = asked.get(name, NEVER)
        if since and timeout not in (NEVER, "0"):
            run.effects.append(("deadline", since + int(timeout), kind, activity.scheduled))
