"""Random workflows against a random service: however a decision is come by, it is the same decision.

Two-way comparisons are blind to rules that are broken the same way everywhere; those have tests of their own in
``test_rules_01_to_05.py`` to ``test_rules_34_to_40.py``, and ``test_sabotage.py`` says which.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.settings import count

from .random_runs import random_run

_AT_A_TIME = 100


@cache
def stats_of(seed: int) -> Counter[str]:
    """What has happened in the run of that seed, which is played once for both tests.

    Raises:
        Exception: two executions decide otherwise.
    """
    try:
        return random_run(seed).stats
    except Exception as error:
        error.add_note(f"seed {seed}: play it alone with tests.replay.random_runs.random_run({seed})")
        raise


@pytest.mark.parametrize("first", range(0, count(400, 30_000), _AT_A_TIME))
def test_a_cached_a_replayed_and_a_reloaded_execution_decide_the_same(first):
    for seed in range(first, first + _AT_A_TIME):
        stats_of(seed)


def test_the_random_service_does_everything_that_a_service_can_do():
    """A generator that stops making some event would make the test above pass for nothing."""
    stats: Counter[str] = Counter()
    for seed in range(400):
        stats += stats_of(seed)
    wanted = {
        *("cached", "stale", "left behind", "decision tasks timed out", "decision tasks parked"),
        *("deployed with a patch", "deployed with other limits"),
        *("ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut", "ActivityTaskCanceled"),
        *("ActivityTaskCancelRequested", "RequestCancelActivityTaskFailed", "ScheduleActivityTaskFailed"),
        *("TimerFired", "TimerCanceled", "CancelTimerFailed", "StartTimerFailed", "MarkerRecorded"),
        *("WorkflowExecutionSignaled", "WorkflowExecutionCancelRequested", "DecisionTaskTimedOut"),
        *("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionCanceled"),
        *("WorkflowExecutionContinuedAsNew", "WorkflowExecutionTerminated"),
        *("CompleteWorkflowExecutionFailed", "FailWorkflowExecutionFailed", "CancelWorkflowExecutionFailed"),
        *("cause ACTIVITY_CREATION_RATE_EXCEEDED", "cause OPEN_ACTIVITIES_LIMIT_EXCEEDED"),
        *("cause ACTIVITY_TYPE_DOES_NOT_EXIST", "cause OPEN_TIMERS_LIMIT_EXCEEDED"),
        *("ChildWorkflowExecutionStarted", "ChildWorkflowExecutionCompleted", "ChildWorkflowExecutionFailed"),
        *("ChildWorkflowExecutionTimedOut", "ChildWorkflowExecutionCanceled", "ChildWorkflowExecutionTerminated"),
        *("StartChildWorkflowExecutionInitiated", "StartChildWorkflowExecutionFailed"),
        *("SignalExternalWorkflowExecutionInitiated", "SignalExternalWorkflowExecutionFailed"),
        *("ExternalWorkflowExecutionSignaled", "ExternalWorkflowExecutionCancelRequested"),
        *("RequestCancelExternalWorkflowExecutionInitiated", "RequestCancelExternalWorkflowExecutionFailed"),
        *("cause CHILD_CREATION_RATE_EXCEEDED", "cause OPEN_CHILDREN_LIMIT_EXCEEDED", "cause WORKFLOW_ALREADY_RUNNING"),
        *("cause OPEN_WORKFLOWS_LIMIT_EXCEEDED", "cause UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"),
        *("cause SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED", "cause OPERATION_NOT_PERMITTED"),
        *("cause UNHANDLED_DECISION", "cause TIMER_ID_UNKNOWN", "cause ACTIVITY_ID_UNKNOWN"),
    }
    assert {what for what in wanted if not stats[what]} == set()
