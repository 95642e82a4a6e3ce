"""Fleets with many executions and every kind of fault: nothing is lost, done twice, stuck, or decided in two ways."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from simpleflow_nb import payload
from simpleflow_nb.replay.calls import commands
from simpleflow_nb.step.submittable import MARKER

from ..service.manual_client import Event, attributes
from ..service.related_histories import Id
from ..settings import count
from .fleet import Fleet, played
from .invariants import check, plan_of
from .plans import VERDICTS
from .request_invariants import Requests

_AT_A_TIME = count(10, 100)


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> None:
    """Do without the tracebacks of all failures that plans ask for: to format them takes a fifth of the time."""
    caplog.set_level(logging.CRITICAL, "simpleflow_nb")


@pytest.mark.parametrize("first", range(0, count(60, 10_000), _AT_A_TIME))
def test_whatever_goes_wrong_every_execution_ends_and_the_histories_agree(first: int) -> None:
    for seed in range(first, first + _AT_A_TIME):
        try:
            check(*played(seed))
        except Exception as error:
            error.add_note(f"seed {seed}: play it alone with python -m tests.simulation {seed}")
            raise


def test_a_seed_is_always_the_same_run() -> None:
    for seed in (3, 4, 7):
        (_, one), (_, other) = played(seed), played(seed)
        assert one == other


def test_everything_that_can_go_wrong_does() -> None:
    """A simulation that stops doing something would pass the test above for nothing."""
    stats: Counter[str] = Counter()
    missing = set(_WANTED)
    for seed in range(1_000, 1_000 + count(150, 600)):
        fleet, histories = played(seed)
        stats += _happened(fleet)
        for execution, events in histories.items():
            stats += _told(fleet, execution, events)
            for event in events:
                stats[event["eventType"]] += 1
                stats[f"cause {attributes(event).get('cause')}"] += 1
        missing = {what for what in missing if not stats[what]}
        if not missing:
            break
    assert missing == set()


def _happened(fleet: Fleet) -> Counter[str]:
    found = fleet.stats + fleet.network.stats + fleet.throttle.causes
    found["a journal"] += fleet.path is not None
    found["workers inside"] += fleet.workers_inside
    found["rate quotas"] += fleet.rates is not None
    found["sticky lists"] += fleet.sticky_seconds > 0
    found["parked by former code"] += len(fleet.parked)
    found["long result read"] += fleet.effects.read
    found.update(f"hook {name}" for _, _, name, _, _ in fleet.called)
    return found


def _told(fleet: Fleet, execution: Id, events: list[Event]) -> Counter[str]:
    """Count what one history tells of updates, steps, verdicts and deployed code."""
    found: Counter[str] = Counter()
    requests = Requests(fleet, execution, events)
    answers = {id: answer for id, _, answer in requests.answers}
    end = events[-1]["eventType"].removeprefix("WorkflowExecution")
    for id in requests.arrived:
        kind = fleet.operator.requests[id].kind
        found[f"update {kind}: {next(iter(answers[id])) if id in answers else f'open, {end}'}"] += 1
    for event in events:
        a = attributes(event)
        name = a.get("markerName") or ""
        if name == MARKER:
            details = payload.decode(a["details"])
            found[f"step {details['status']}{' by force' if details['forced'] else ''}"] += 1
        found["patched"] += name.startswith(commands.PATCH + "u")
        found["failed activity"] += event["eventType"] == "ActivityTaskFailed"
    kind = attributes(events[0])["workflowType"]["name"]
    found[f"type {kind}"] += 1
    if kind == "simulated.named" and found["failed activity"]:
        found[f"verdict {plan_of(fleet, events)['verdict']}"] += 1
    return found


_WANTED = {
    *("update asked again", "update refused beforehand", "queried", "queried what is cached", "former code", "patched"),
    *("parked by former code", "long result read", "type simpleflow_nb.slice"),
    *("update add: result", "update add: refused", "update work: result", "update work: failed", "update leave: result"),
    *("update wait for: result", "update long: result", "update broken: failed", "update again: result"),
    *("update unknown: refused", "update wrong arguments: refused", "update lost arguments: refused"),
    *("update again: open, ContinuedAsNew", "update work: open, ContinuedAsNew", "update wait for: open, Completed"),
    *(
        f"hook {name}"
        for name in ("before_replay", "after_replay", "on_completed", "on_failure", "on_canceled", "after_closed")
    ),
    *("step scheduled", "step scheduled by force", "step completed", "step completed by force", "step skipped"),
    *(f"verdict {verdict}" for verdict in VERDICTS),
    "step skipped by force",
    *(
        "a journal",
        "workers inside",
        "sticky lists",
        "rate quotas",
        "decided cold",
        "process killed",
        "service restarted",
        "came too late",
    ),
    *("lost: respond", "answer lost: respond", "doubled: respond", "doubled later: respond", "late: respond"),
    *("throttled: respond", "killed before: respond", "killed after: respond", "lost: poll_for_decision_task"),
    *("answer lost: poll_for_decision_task", "answer lost: poll_for_activity_task", "lost: record_activity_task_heartbeat"),
    *("came late: respond_decision_task_completed", "came late: respond_activity_task_completed"),
    *("CHILD_CREATION_RATE_EXCEEDED", "ACTIVITY_CREATION_RATE_EXCEEDED", "OPEN_CHILDREN_LIMIT_EXCEEDED"),
    *("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED", "TIMER_CREATION_RATE_EXCEEDED"),
    *("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionCanceled", "WorkflowExecutionTerminated"),
    *("WorkflowExecutionTimedOut", "WorkflowExecutionContinuedAsNew"),
    *("ChildWorkflowExecutionCompleted", "ChildWorkflowExecutionFailed", "ChildWorkflowExecutionCanceled"),
    *("ChildWorkflowExecutionTerminated", "ChildWorkflowExecutionTimedOut", "StartChildWorkflowExecutionFailed"),
    *("ExternalWorkflowExecutionSignaled", "ExternalWorkflowExecutionCancelRequested"),
    *("SignalExternalWorkflowExecutionFailed", "RequestCancelExternalWorkflowExecutionFailed"),
    *("ActivityTaskFailed", "ActivityTaskTimedOut", "ActivityTaskCanceled", "ActivityTaskCancelRequested"),
    *("DecisionTaskTimedOut", "TimerCanceled", "MarkerRecorded"),
    *("cause CHILD_POLICY_APPLIED", "cause UNHANDLED_DECISION", "cause WORKFLOW_ALREADY_RUNNING"),
    "cause UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
}
