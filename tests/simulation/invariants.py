"""What must hold of the histories of a fleet, whatever has gone wrong meanwhile."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from simpleflow_nb import payload
from simpleflow_nb.replay.children import ChildFuture

from ..service.manual_client import Event, attributes
from ..service.related_histories import Histories, Id, check_related, is_closed
from .fleet import Fleet
from .members import task_and_attempt
from .simulated_activities import long_text

_SENT_FAILED = ("SignalExternalWorkflowExecutionFailed", "RequestCancelExternalWorkflowExecutionFailed")
_REFUSED = ("CompleteWorkflow", "FailWorkflow", "CancelWorkflow", "ContinueAsNewWorkflow")
_CLOSINGS = ("WorkflowExecution", *_REFUSED)
_RETURNED = ("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionContinuedAsNew")
_REASONS = ("Workflow execution error in ", "PlannedFailure: as planned", "as planned", "AggregateException: ")


def check(fleet: Fleet, histories: Histories) -> None:
    """Check all rules.

    Raises:
        AssertionError: one does not hold.
    """
    assert [str(one.error) for one, is_former in fleet.parked if not is_former] == []
    check_related(histories, are_shapes_checked=fleet.seed % 10 == 0)
    for execution, events in histories.items():
        assert is_closed(events), f"{execution[0]} is open"
        _check_end(execution, events)
        _check_attempts(execution, events)
        _check_nothing_was_overlooked(execution, events)
        _check_replay(fleet, execution, events)
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


def _check_replay(fleet: Fleet, execution: Id, events: list[Event]) -> None:
    """A decider that has never seen the execution makes all its decisions again, none more and none less."""
    cold = fleet.cold(*execution, events)
    try:
        assert cold.advance(json.loads(json.dumps(events))) == []
        assert cold.closed
        cancelled = {one.key for one in cold.tasks.values() if isinstance(one, ChildFuture) and one.cancelling and one.run_id}
    finally:
        cold.kill()
    _check_cancelled(execution, events, cancelled)


def _check_cancelled(execution: Id, events: list[Event], cancelled: set[str]) -> None:
    """A child that has started and was cancelled is asked to end, by any run that goes on until its code has ended."""
    kinds = {event["eventType"] for event in events}
    if events[-1]["eventType"] not in _RETURNED or any(kind.startswith(_REFUSED) for kind in kinds):
        return
    asked = {attributes(event)["workflowId"] for event in events if event["eventType"].startswith("RequestCancelExternal")}
    assert cancelled <= asked, f"{execution[0]}: {cancelled - asked}"


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
