"""SWF's quotas of calls and decisions in a time, as token buckets.

Quotas of calls and of decisions are those of an account in one Region, and hold for all domains of a service together.
https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dg-limits.html#swf-throttling-limits
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from ..constants import SECOND

_SWEPT_AT = 10_000  #: buckets; those that are full again are as good as none


class Rate(NamedTuple):
    """A quota: so many at once, and so many more with each second."""

    bucket: float
    per_second: float


def _rates(*rows: tuple[Rate, str]) -> Mapping[str, Rate]:
    return MappingProxyType({name: rate for rate, names in rows for name in names.split()})


CALLS = _rates(
    (
        Rate(2_000, 200),
        "PollForActivityTask PollForDecisionTask RespondActivityTaskCanceled RespondActivityTaskCompleted "
        "RespondActivityTaskFailed RespondDecisionTaskCompleted StartWorkflowExecution",
    ),
    (Rate(2_000, 160), "RecordActivityTaskHeartbeat"),
    (Rate(2_000, 60), "GetWorkflowExecutionHistory TerminateWorkflowExecution"),
    (Rate(2_000, 30), "RequestCancelWorkflowExecution SignalWorkflowExecution"),
    (
        Rate(2_000, 6),
        "CountClosedWorkflowExecutions CountOpenWorkflowExecutions DescribeActivityType DescribeWorkflowExecution "
        "DescribeWorkflowType",
    ),
    (Rate(200, 60), "RegisterActivityType RegisterWorkflowType"),
    (Rate(200, 48), "ListOpenWorkflowExecutions"),
    (
        Rate(200, 6),
        "CountPendingActivityTasks CountPendingDecisionTasks DeleteActivityType DeleteWorkflowType DeprecateActivityType "
        "DeprecateWorkflowType DescribeDomain ListActivityTypes ListClosedWorkflowExecutions ListWorkflowTypes "
        "UndeprecateActivityType UndeprecateWorkflowType",
    ),
    (Rate(100, 6), "DeprecateDomain ListDomains RegisterDomain UndeprecateDomain"),
    (Rate(50, 30), "ListTagsForResource TagResource UntagResource"),
)
DECISIONS = _rates(
    (Rate(2_000, 200), "StartTimer"),
    (Rate(1_200, 120), "RequestCancelExternalWorkflowExecution SignalExternalWorkflowExecution"),
    (Rate(1_000, 200), "ScheduleActivityTask"),
    (Rate(500, 12), "StartChildWorkflowExecution"),
)
OF_ONE_EXECUTION = _rates(
    (Rate(1_000, 1_000), "RecordActivityTaskHeartbeat SignalWorkflowExecution"),
    (Rate(400, 200), "GetWorkflowExecutionHistory"),
    (Rate(200, 200), "RequestCancelWorkflowExecution"),
)
ON_ONE_LIST = Rate(2_000, 2_000)
#: Causes with which decisions fail for their rate. The last two have no documented rate; one may be given.
RATE_CAUSES = {
    "ScheduleActivityTask": "ACTIVITY_CREATION_RATE_EXCEEDED",
    "StartTimer": "TIMER_CREATION_RATE_EXCEEDED",
    "StartChildWorkflowExecution": "CHILD_CREATION_RATE_EXCEEDED",
    "SignalExternalWorkflowExecution": "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    "RequestCancelExternalWorkflowExecution": "REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    "ContinueAsNewWorkflowExecution": "CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED",
    "ScheduleLambdaFunction": "LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED",
}


@dataclass(frozen=True, kw_only=True)
class RateQuotas:
    """Quotas by the names of calls and decisions; what is not listed has none. The defaults are SWF's.

    Raises:
        ValueError: SWF has no cause for a decision of that type that comes too fast.
    """

    calls: Mapping[str, Rate] = field(default_factory=lambda: CALLS)
    decisions: Mapping[str, Rate] = field(default_factory=lambda: DECISIONS)
    of_one_execution: Mapping[str, Rate] = field(default_factory=lambda: OF_ONE_EXECUTION)
    scheduled_on_one_list: Rate = field(default=ON_ONE_LIST)  #: activity tasks

    def __post_init__(self) -> None:
        unknown = sorted(self.decisions.keys() - RATE_CAUSES.keys())
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no decision that SWF limits in a time; those are {', '.join(RATE_CAUSES)}")


class Buckets:
    """Token buckets, each full at first. Any thread may use them.

    Args:
        now: gives the time in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now, self._lock = now, threading.Lock()
        self._levels: dict[Hashable, tuple[float, float, Rate]] = {}  # tokens left, at this moment

    def take(self, key: Hashable, rate: Rate) -> bool:
        """Take a token from a bucket; return False if there is none."""
        with self._lock:
            now = self._now()
            left = self._level(key, rate, now)
            is_there = left >= 1
            self._levels[key] = (left - 1 if is_there else left, now, rate)
            if len(self._levels) > _SWEPT_AT:
                self._drop_full(now)
            return is_there

    def _level(self, key: Hashable, rate: Rate, now: float) -> float:
        left, since, _ = self._levels.get(key, (rate.bucket, now, rate))
        return min(rate.bucket, left + max(0.0, now - since) / SECOND * rate.per_second)

    def _drop_full(self, now: float) -> None:
        self._levels = {key: level for key, level in self._levels.items() if self._level(key, level[2], now) < level[2].bucket}
