"""Fleets with many executions and every kind of fault: nothing is lost, done twice, stuck, or decided in two ways."""

from __future__ import annotations

from collections import Counter

import pytest

from ..service.manual_client import attributes
from ..settings import count
from .fleet import Fleet, played
from .invariants import check

_AT_A_TIME = count(10, 100)


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
        for events in histories.values():
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
    return found


_WANTED = {
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
