"""What must hold of the histories of a fleet, whatever has gone wrong meanwhile."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from simpleflow_nb import payload
from simpleflow_nb.constants import MAX_DATA_CHARACTERS
from simpleflow_nb.exceptions import NonDeterminismError
from simpleflow_nb.futures import FAILED
from simpleflow_nb.replay.calls import commands
from simpleflow_nb.replay.state.children import ChildFuture

from ..service.manual_client import Event, attributes
from ..service.related_histories import Histories, Id, check_related, is_closed
from .fan_invariants import check_fans
from .fleet import Fleet
from .hooked import AFTER, BEFORE, RETRIES, Judging, Looking, Raising
from .members import task_and_attempt
from .plans import Plan
from .request_invariants import CLOSING, Requests, is_park
from .simulated_activities import long_text
from .simulated_workflows import Planned, class_of
from .step_invariants import check_marks, check_steps

_HOOKS_OF_ENDS = {"WorkflowExecutionCompleted": "on_completed", "WorkflowExecutionFailed": "on_failure"}
_SENT_FAILED = ("SignalExternalWorkflowExecutionFailed", "RequestCancelExternalWorkflowExecutionFailed")
_REFUSED = CLOSING
_CLOSINGS = ("WorkflowExecution", *_REFUSED)
_RETURNED = ("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionContinuedAsNew")
_REASONS = ("Workflow execution error in ", "PlannedFailure: as planned", "as planned", "AggregateException: ")


def check(fleet: Fleet, histories: Histories) -> None:
    """Check all rules.

    Raises:
        AssertionError: one does not hold.
    """
    _check_parked(fleet, histories)
    check_related(histories, are_shapes_checked=fleet.seed % 10 == 0)
    for execution, events in histories.items():
        assert is_closed(events), f"{execution[0]} is open"
        _check_end(execution, events)
        _check_attempts(execution, events)
        _check_nothing_was_overlooked(execution, events)
        _check_refused_cancellation(fleet, execution, events)
        _check_looks(execution, events)
        _check_hooks(fleet, execution, events)
        _check_replay(fleet, execution, events)
        check_steps(fleet, execution, events)
        if issubclass(class_of(events), Planned):
            Requests(fleet, execution, events).check(plan_of(fleet, events))
    check_marks(fleet, histories)
    check_fans(fleet, histories)
    _check_long_results(fleet, histories)
    _check_effects(fleet, histories)
    _check_operator_signals(fleet, histories)
    _check_signals_of_workflows(histories)
    _check_nothing_open_was_missed(histories)


def _check_end(execution: Id, events: list[Event]) -> None:
    """Code fails for what its plan asks for, or for a task; not for a mistake of the engine's, or of this test."""
    if events[-1]["eventType"] == "WorkflowExecutionFailed":
        reason = attributes(events[-1])["reason"]
        assert reason.startswith(_REASONS), f"{execution[0]}: {attributes(events[-1])}"
    if events[-1]["eventType"] == "WorkflowExecutionTerminated":
        assert attributes(events[-1])["cause"] in ("OPERATOR_INITIATED", "CHILD_POLICY_APPLIED")


def _check_nothing_was_overlooked(execution: Id, events: list[Event]) -> None:
    """No execution closes itself before it has seen all that has come."""
    done = attributes(events[-1]).get("decisionTaskCompletedEventId")
    if not done:
        return
    started = attributes(events[done - 1])["startedEventId"]
    unseen = {event["eventType"] for event in events[started : done - 1]} - {"ActivityTaskStarted"}
    assert not unseen, f"{execution[0]}: {unseen}"


def _check_attempts(execution: Id, events: list[Event]) -> None:
    """The attempts at each task are counted from 1, one at a time, and none comes after one that completed."""
    scheduled: dict[int, tuple[str, int]] = {}
    last: Counter[str] = Counter()
    opened: set[str] = set()
    completed: set[str] = set()
    for event in events:
        a, kind = attributes(event), event["eventType"]
        if kind == "ActivityTaskScheduled":
            task, attempt = scheduled[event["eventId"]] = task_and_attempt(a["activityId"])
            assert attempt == last[task] + 1, f"{execution[0]}: attempt {attempt} of {task} after {last[task]}"
            assert task not in opened | completed, f"{execution[0]}: {a['activityId']} though it is open, or done"
            last[task] = attempt
            opened.add(task)
        elif kind in ("ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut", "ActivityTaskCanceled"):
            task, _ = scheduled[a["scheduledEventId"]]
            opened.remove(task)
            if kind == "ActivityTaskCompleted":
                completed.add(task)


def _check_parked(fleet: Fleet, histories: Histories) -> None:
    """Nothing is parked but by deciders with the former code, of runs that have taken the new path of a patch."""
    for parked in fleet.parked:  # by former code: anything else fails at once
        assert isinstance(parked.error, NonDeterminismError), f"{parked.workflow_id}: {parked.error}"
        names = {attributes(event).get("markerName") or "" for event in histories[parked.workflow_id, parked.run_id]}
        assert any(name.startswith(commands.PATCH) for name in names), f"{parked.workflow_id}: {parked.error}"


def _check_refused_cancellation(fleet: Fleet, execution: Id, events: list[Event]) -> None:
    """A run whose ``should_cancel`` refuses ends as cancelled only by itself; its plan says so once its code has begun."""
    if events[-1]["eventType"] != "WorkflowExecutionCanceled" or not issubclass(class_of(events), Planned):
        return
    plan = plan_of(fleet, events)
    requested = (event["eventId"] for event in events if event["eventType"] == "WorkflowExecutionCancelRequested")
    decided = (attributes(event)["startedEventId"] for event in events if event["eventType"] == "DecisionTaskCompleted")
    if plan["on_cancel"] == "refuse" and plan["end"] != "cancel":
        assert next(requested) < next(decided), f"{execution[0]} had refused"


def _check_looks(execution: Id, events: list[Event]) -> None:
    """What hooks and queries only try to do is in no history."""
    for event in events:
        a = attributes(event)
        names = (a.get("markerName"), a.get("activityType", {}).get("name"))
        assert "forbidden" not in names, f"{execution[0]}, event {event['eventId']}: {names}"
        assert "simulated.forbidden" not in names, f"{execution[0]}, event {event['eventId']}: {names}"


def _check_hooks(fleet: Fleet, execution: Id, events: list[Event]) -> None:
    """Each decision that is recorded has called the hooks around it, and the end of a run those of its end."""
    if not issubclass(class_of(events), Looking):
        return
    called = {(name, at): reason for (*ids, name, at, reason) in fleet.called if tuple(ids) == execution}
    has_ended = False
    for event, after in pairwise([*events, events[-1]]):
        has_ended = has_ended or event["eventType"].startswith(_REFUSED)  # the code does not go on after that
        if event["eventType"] == "DecisionTaskCompleted" and not is_park(after):
            at = attributes(event)["startedEventId"]
            missing = [name for name in (BEFORE, AFTER) if (name, at) not in called]
            assert has_ended or not missing, f"{execution[0]}: nobody has called {missing} at event {at}"
    done = attributes(events[-1]).get("decisionTaskCompletedEventId")
    if not done or has_ended:
        return
    at = attributes(events[done - 1])["startedEventId"]
    kind = events[-1]["eventType"]
    wanted = {"after_closed", _HOOKS_OF_ENDS.get(kind, "after_closed")}
    if kind == "WorkflowExecutionCanceled" and _is_canceled_from_outside(fleet, events):
        wanted.add("on_canceled")
    missing = [name for name in wanted if (name, at) not in called]
    assert not missing, f"{execution[0]}: nobody has called {missing} at event {at}, of its end"
    if kind == "WorkflowExecutionFailed":
        assert called["on_failure", at] == attributes(events[-1])["reason"]


def _is_canceled_from_outside(fleet: Fleet, events: list[Event]) -> bool:
    """Tell whether a run was ended by a request, and not by its own code."""
    plan = plan_of(fleet, events)
    return plan["end"] != "cancel" and plan["on_cancel"] != "clean up"


def plan_of(fleet: Fleet, events: list[Event]) -> Plan:
    """Return the plan of a run, from its input."""
    plan: Plan = payload.decode_input(attributes(events[0])["input"], fleet.payloads.load)["args"][0]
    return plan


def _check_replay(fleet: Fleet, execution: Id, events: list[Event]) -> None:
    """A decider that has never seen the execution makes all its decisions again, none more and none less."""
    cold = fleet.cold(*execution, events)
    try:
        assert cold.advance(json.loads(json.dumps(events))) == []
        assert cold.closed
        cancelled = {one.key for one in cold.tasks.values() if isinstance(one, ChildFuture) and one.cancelling and one.run_id}
        if issubclass(class_of(events), Judging):
            _check_verdicts(plan_of(fleet, events)["verdict"], execution, events, list(cold.tasks.values()))
    finally:
        cold.kill()
    _check_cancelled(fleet, execution, events, cancelled)


def _check_verdicts(verdict: str | None, execution: Id, events: list[Event], tasks: list[Any]) -> None:
    """A failed attempt is followed by what ``on_task_failure`` has decided: by no other, or by as many as it allows."""
    failures: Counter[str] = Counter()
    for event in events:
        a = attributes(event)
        is_timeout = event["eventType"] == "ActivityTaskTimedOut" and a["timeoutType"] != "HEARTBEAT"  # of a lost worker
        if event["eventType"] == "ActivityTaskFailed" or is_timeout:
            failures[task_and_attempt(attributes(events[a["scheduledEventId"] - 1])["activityId"])[0]] += 1
        elif event["eventType"] == "ActivityTaskScheduled" and verdict in ("abort", "ignore", "cancel"):
            task, _ = task_and_attempt(a["activityId"])
            is_judged = a["activityType"]["name"].startswith("simulated.")
            assert not (is_judged and failures[task]), f"{execution[0]}: {a['activityId']} though the hook has said {verdict}"
    if verdict not in ("retry", "retry later", "handled") or any(one["eventType"].startswith(_REFUSED) for one in events):
        return
    refused = {attributes(one)["timerId"] for one in events if one["eventType"] == "StartTimerFailed"}
    for task in tasks:
        if any(timer.startswith(f"{commands.RETRY}{task.id}-") for timer in refused):
            continue  # nothing can carry the wait before its next attempt
        is_judged = task.type == "ScheduleActivityTask" and task.name.startswith("simulated.")
        if is_judged and task.stage == FAILED and not task.cancelling and failures[task.id]:
            assert failures[task.id] > RETRIES, f"{execution[0]}: {task.id} has failed after {failures[task.id]} attempts"


def _check_cancelled(fleet: Fleet, execution: Id, events: list[Event], cancelled: set[str]) -> None:
    """A child that has started and was cancelled is asked to end, by any run that goes on until its code has ended."""
    kinds = {event["eventType"] for event in events}
    if events[-1]["eventType"] not in _RETURNED or any(kind.startswith(_REFUSED) for kind in kinds):
        return
    if issubclass(class_of(events), Raising) and "WorkflowExecutionCancelRequested" in kinds:
        return  # its on_canceled fails the run
    asked = {attributes(event)["workflowId"] for event in events if event["eventType"].startswith("RequestCancelExternal")}
    assert cancelled <= asked, f"{execution[0]}: {cancelled - asked}"


def _check_long_results(fleet: Fleet, histories: Histories) -> None:
    """A result arrives as it was where it is an argument, however long it is; and no text of a history is too long for it."""
    assert fleet.effects.damaged == []
    for (workflow_id, _), events in histories.items():
        for event in events:
            longest = max((len(text) for text in attributes(event).values() if isinstance(text, str)), default=0)
            assert longest <= MAX_DATA_CHARACTERS, f"{workflow_id}, event {event['eventId']}: {longest} characters"


def _check_effects(fleet: Fleet, histories: Histories) -> None:
    """The effect of each completed activity is recorded once, as the result of the task that has had it."""
    recorded: dict[int, tuple[str, str]] = {}
    for (workflow_id, run_id), events in histories.items():
        for event in events:
            if event["eventType"] != "ActivityTaskCompleted":
                continue
            a = attributes(event)
            task, _ = task_and_attempt(attributes(events[a["scheduledEventId"] - 1])["activityId"])
            if "simpleflow_nb.step" in task:
                continue
            effect = payload.decode(a["result"], fleet.payloads.load)
            if isinstance(effect, list):
                assert effect[1] == long_text(effect[0], fleet.effects.sizes[effect[0]])
                effect = effect[0]
            assert effect not in recorded, f"{workflow_id}: the effect of {recorded[effect]} again, by {task}"
            assert fleet.effects.numbers[run_id, task] == effect
            recorded[effect] = (run_id, task)


def _check_operator_signals(fleet: Fleet, histories: Histories) -> None:
    """What the operator has sent has arrived as often as the service has acknowledged it."""
    arrived: Counter[tuple[str, str, str]] = Counter()
    for (workflow_id, run_id), events in histories.items():
        for event in events:
            a = attributes(event)
            if event["eventType"] == "WorkflowExecutionSignaled" and "externalWorkflowExecution" not in a:
                arrived[workflow_id, run_id, a["input"]] += 1
    assert arrived == fleet.operator.signals


def _check_signals_of_workflows(histories: Histories) -> None:
    """A signal that a workflow has sent reaches a target once, and arrives there once, however it is sent on."""
    for (workflow_id, _), events in histories.items():
        arrived: Counter[str] = Counter()
        reached: Counter[tuple[str, str]] = Counter()
        for event in events:
            a = attributes(event)
            if event["eventType"] == "WorkflowExecutionSignaled":
                arrived[a["input"]] += 1
            elif event["eventType"] == "ExternalWorkflowExecutionSignaled":
                initiated = attributes(events[a["initiatedEventId"] - 1])
                reached[initiated["input"], initiated["workflowId"]] += 1
        twice = [text for text, number in arrived.items() if number > 1 and "operator-" not in text]
        twice += [text for (text, _), number in reached.items() if number > 1 and "operator-" not in text]
        assert not twice, f"{workflow_id}: {twice}"


def _check_nothing_open_was_missed(histories: Histories) -> None:
    """What was sent to an execution that was open at that time was not refused as sent to nobody.

    But for a signal that is sent on to a parent which has been continued as new: its next run does not have that child. What
    was sent to the first run of a child is sent to its present one instead.
    """
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for (workflow_id, _), events in histories.items():
        times[workflow_id].append((events[0]["eventTimestamp"], events[-1]["eventTimestamp"]))
    for (workflow_id, _), events in histories.items():
        parent = attributes(events[0]).get("parentWorkflowExecution")
        for event in events:
            a: dict[str, Any] = attributes(event)
            if event["eventType"] not in _SENT_FAILED or a["cause"] != "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION":
                continue
            if {"workflowId": a["workflowId"], "runId": a.get("runId")} == parent:
                continue
            now = event["eventTimestamp"]
            missed = [(first, last) for first, last in times[a["workflowId"]] if first < now < last]
            if missed and not (a.get("runId") and _is_sent_again(event, events)):
                raise AssertionError(f"{workflow_id}, event {event['eventId']}: {a['workflowId']} was open")


def _is_sent_again(refused: Event, events: list[Event]) -> bool:
    """Tell whether the next decision sends it to whichever run is open, unless it ends the execution."""
    kind, target = refused["eventType"].replace("Failed", "Initiated"), attributes(refused)["workflowId"]
    done = 0
    for event in events[refused["eventId"] :]:
        a = attributes(event)
        if not done and event["eventType"] == "DecisionTaskCompleted" and a["startedEventId"] > refused["eventId"]:
            done = event["eventId"]
        if done and a.get("decisionTaskCompletedEventId") == done:
            is_same = event["eventType"] in (kind, refused["eventType"])  # refused at once for the rate, it is sent later
            if is_same and a["workflowId"] == target and not a.get("runId"):
                return True
            if event["eventType"].startswith(_CLOSINGS):
                return True
    return not done
