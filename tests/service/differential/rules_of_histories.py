"""Known differences in histories, each as a function that mends it.

Rules for ``moto's events`` get moto's alone, with its own ids; those for ``history`` get both sides, moto's ids translated.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.service.differential.known_executions import CLOSINGS, Event
from tests.service.differential.script_steps import ACTIVITY_TIMEOUTS, WORK_DEFAULTS
from tests.service.differential.sides import Both

NUDGE = "nudge"  #: a signal to moto alone, where it forgot to schedule a decision task
CLOSES = tuple(CLOSINGS)
ACTIVITY_ENDS = ("ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut")
_MAY_BE_FALSY = ("control", "details", "executionContext", "input", "parentInitiatedEventId", "result", "startedEventId")


def without_nudges(both: Both) -> bool:
    kept = [event for event in both.moto if event["attributes"].get("signalName") != NUDGE]
    found, both.moto = len(kept) < len(both.moto), kept
    return found


def _without_after_close(both: Both, kind: str) -> bool:
    end = next((i for i, event in enumerate(both.moto) if event["eventType"] in CLOSES), None)
    if end is None:
        return False
    kept = both.moto[: end + 1] + [event for event in both.moto[end + 1 :] if event["eventType"] != kind]
    found, both.moto = len(kept) < len(both.moto), kept
    return found


def without_decision_tasks_of_closed_executions(both: Both) -> bool:
    return _without_after_close(both, "DecisionTaskScheduled")


def without_activities_of_closed_executions(both: Both) -> bool:
    return _without_after_close(both, "ActivityTaskStarted")


def one_open_decision_task(both: Both) -> bool:
    """Drops the surplus ones that were answered with nothing, and a Scheduled while another task waits."""
    surplus = both.game.surplus.get(both.run, set())
    kept: list[Event] = []
    waiting = 0
    for event in both.moto:
        kind, ids = event["eventType"], event["attributes"]
        if event["eventId"] in surplus or (kind == "DecisionTaskCompleted" and ids["startedEventId"] in surplus):
            continue
        if kind == "DecisionTaskScheduled":
            if waiting:
                both.aliases[event["eventId"]] = waiting
                continue
            waiting = event["eventId"]
        elif kind == "DecisionTaskStarted":
            waiting = 0
        kept.append(event)
    found, both.moto = len(kept) < len(both.moto), kept
    return found


def decision_task_after_the_one_that_is_started(both: Both) -> bool:
    """Moves a Scheduled that came while a task was started to the end of what that task decided."""
    surplus = both.game.surplus.get(both.run, set())
    events, kept = list(both.moto), []
    early: Event | None = None
    is_started = found = False
    while events:
        event = events.pop(0)
        kind = event["eventType"]
        if kind == "DecisionTaskScheduled" and is_started:
            early, found = event, True
            continue
        kept.append(event)
        if kind == "DecisionTaskStarted":
            is_started = event["eventId"] not in surplus
        elif kind in ("DecisionTaskCompleted", "DecisionTaskTimedOut") and is_started:
            is_started = False
            while events and (
                events[0]["attributes"].get("decisionTaskCompletedEventId") == event["eventId"]
                or events[0]["eventType"] == "TimerCancelled"
            ):
                kept.append(events.pop(0))
            if early is not None and kept[-1]["eventType"] not in CLOSES:
                kept.append(early)
            early = None
    both.moto = kept
    return found


def spelling_of_timer_canceled(both: Both) -> bool:
    found = False
    decided = 0
    for ours, theirs in zip(both.local, both.moto, strict=False):
        if ours["eventType"] == "DecisionTaskCompleted":
            decided = ours["eventId"]
        if (ours["eventType"], theirs["eventType"], theirs["attributes"]) == ("TimerCanceled", "TimerCancelled", {}):
            started = both.local[ours["attributes"]["startedEventId"] - 1]
            theirs["eventType"], found = "TimerCanceled", True
            theirs["attributes"] = {
                "timerId": started["attributes"].get("timerId"),
                "startedEventId": started["eventId"],
                "decisionTaskCompletedEventId": decided,
            }
    return found


def timer_of_a_failed_cancel(both: Both) -> bool:
    found = False
    for ours, theirs in both.pairs():
        if ours["eventType"] == "CancelTimerFailed" and "timerId" not in theirs["attributes"]:
            theirs["attributes"]["timerId"], found = ours["attributes"]["timerId"], True
    return found


def priority_in_the_history(both: Both) -> bool:
    priority = both.game.known.runs[both.run].priority
    found = False
    for _, theirs in both.pairs():
        if theirs["eventType"] in ("WorkflowExecutionStarted", "DecisionTaskScheduled") and priority is not None:
            theirs["attributes"]["taskPriority"], found = priority, True
    return found


def tags_of_an_execution(both: Both) -> bool:
    ours, theirs = both.local[0]["attributes"], both.moto[0]["attributes"]
    tags = both.game.known.runs[both.run].tags
    if not tags or "tagList" in theirs:
        return False
    theirs["tagList"] = tags
    return "tagList" in ours


def falsy_attributes(both: Both) -> bool:
    found = False
    for ours, theirs in both.pairs():
        for name, value in ours["attributes"].items():
            if name in _MAY_BE_FALSY and value in ("", 0) and name not in theirs["attributes"]:
                theirs["attributes"][name] = value
                found = True
    return found


def defaults_of_activity_types(both: Both) -> bool:
    found = False
    for ours, theirs in both.pairs():
        if ours["eventType"] == "ActivityTaskScheduled":
            for name in (*ACTIVITY_TIMEOUTS, "taskPriority"):
                default = WORK_DEFAULTS[f"defaultTask{name[0].upper()}{name[1:]}".replace("TaskTask", "Task")]
                if ours["attributes"].get(name) == default and name not in theirs["attributes"]:
                    theirs["attributes"][name] = default
                    found = True
    return found


def which_of_several_causes(both: Both) -> bool:
    found = False
    scheduled: set[str] = set()
    for ours, theirs in both.pairs():
        ids, kind = ours["attributes"], ours["eventType"]
        if kind == "ActivityTaskScheduled":
            scheduled.add(ids["activityId"])
        elif kind == "ScheduleActivityTaskFailed" and ids["cause"] != theirs["attributes"]["cause"]:
            causes = {ids["cause"], theirs["attributes"]["cause"]}
            in_use = "ACTIVITY_ID_ALREADY_IN_USE"
            if (in_use in causes) <= (ids["activityId"] in scheduled) and all(
                cause in (in_use, "ACTIVITY_TYPE_DOES_NOT_EXIST", "ACTIVITY_TYPE_DEPRECATED") or cause.startswith("DEFAULT_")
                for cause in causes
            ):
                theirs["attributes"]["cause"], found = ids["cause"], True
    return found


def _parts_at(both: Both) -> tuple[int, Event, Event]:
    """The place of the first difference, and the events there; empty ones where a side has none."""
    nothing: Event = {"eventType": "", "attributes": {}}
    index = next((i for i, (a, b) in enumerate(zip(both.local, both.moto, strict=False)) if a != b), None)
    if index is None:
        index = min(len(both.local), len(both.moto))
    return (
        index,
        both.local[index] if index < len(both.local) else nothing,
        both.moto[index] if index < len(both.moto) else nothing,
    )


def parting(rule: Callable[[Both, int, Event, Event], bool]) -> Callable[[Both], bool]:
    """A difference after which the services cannot be kept in step: what came before is compared, the rest is not."""

    def parted(both: Both) -> bool:
        if both.local == both.moto:
            return False
        index, ours, theirs = _parts_at(both)
        if not rule(both, index, ours, theirs):
            return False
        del both.local[index:], both.moto[index:]
        both.game.known.runs[both.run].parted = True
        return True

    return parted


def unhandled_decision(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    return (
        ours["eventType"] in ("CompleteWorkflowExecutionFailed", "FailWorkflowExecutionFailed")
        and ours["attributes"]["cause"] == "UNHANDLED_DECISION"
        and theirs["eventType"] in ("WorkflowExecutionCompleted", "WorkflowExecutionFailed")
    )


def activity_id_used_again(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    if (ours["eventType"], theirs["eventType"]) != ("ActivityTaskScheduled", "ScheduleActivityTaskFailed"):
        return False
    ids = [e["eventId"] for e in both.local[:index] if e["attributes"].get("activityId") == ours["attributes"]["activityId"]]
    ended = {e["attributes"].get("scheduledEventId") for e in both.local[:index] if e["eventType"] in ACTIVITY_ENDS}
    return theirs["attributes"]["cause"] == "ACTIVITY_ID_ALREADY_IN_USE" and bool(ended & set(ids))


def activity_timeout(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    """Only when the time that was asked for is really over."""
    a = ours["attributes"]
    if ours["eventType"] != "ActivityTaskTimedOut" or a["timeoutType"] == "HEARTBEAT":
        return False
    name = {
        "SCHEDULE_TO_START": "scheduleToStartTimeout",
        "SCHEDULE_TO_CLOSE": "scheduleToCloseTimeout",
        "START_TO_CLOSE": "startToCloseTimeout",
    }[a["timeoutType"]]
    since = a["startedEventId" if a["timeoutType"] == "START_TO_CLOSE" else "scheduledEventId"]
    return both.game.seconds_since(both.run, since) >= int(both.local[a["scheduledEventId"] - 1]["attributes"][name])


def early_heartbeat_timeout(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    """Only when it is early, or came out of order with another timeout because it was due earlier."""
    a = theirs["attributes"]
    if theirs["eventType"] != "ActivityTaskTimedOut" or a["timeoutType"] != "HEARTBEAT":
        return False
    scheduled = a["scheduledEventId"]
    started = next((e["eventId"] for e in both.local[:index] if _is(e, "ActivityTaskStarted", scheduled)), None)
    asked = int(both.local[scheduled - 1]["attributes"]["heartbeatTimeout"])
    return (
        started is None
        or both.game.seconds_since(both.run, started) < asked
        or any(_is(event, "ActivityTaskTimedOut", scheduled) for event in both.local[index:])
    )


def _is(event: Event, kind: str, scheduled: int) -> bool:
    return event["eventType"] == kind and event["attributes"]["scheduledEventId"] == scheduled


def cancel_after_a_timeout(both: Both, index: int, ours: Event, theirs: Event) -> bool:
    return (
        (ours["eventType"], theirs["eventType"]) == ("WorkflowExecutionCanceled", "CancelWorkflowExecutionFailed")
        and theirs["attributes"]["cause"] == "UNHANDLED_DECISION"
        and any(event["eventType"] == "DecisionTaskTimedOut" for event in both.local[:index])
    )
