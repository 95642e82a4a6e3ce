"""The local service of a simulated fleet: in one thread, on a clock that stands still, with ids that only the seed decides."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from simpleflow_nb.local import task_handling
from simpleflow_nb.local.deciding import Attributes
from simpleflow_nb.local.domain_rules import DomainRules
from simpleflow_nb.local.rate_quotas import Rate, RateQuotas
from simpleflow_nb.local.service import LocalService

from ..service.manual_client import StillClock

#: Causes of decisions that the service refuses for their rate, and for the number of what is open.
_REFUSALS = {
    "ScheduleActivityTask": ("ACTIVITY_CREATION_RATE_EXCEEDED", "OPEN_ACTIVITIES_LIMIT_EXCEEDED"),
    "StartTimer": ("TIMER_CREATION_RATE_EXCEEDED",),
    "StartChildWorkflowExecution": (
        "CHILD_CREATION_RATE_EXCEEDED",
        "CHILD_CREATION_RATE_EXCEEDED",
        "OPEN_CHILDREN_LIMIT_EXCEEDED",
    ),
    "SignalExternalWorkflowExecution": ("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",),
    "RequestCancelExternalWorkflowExecution": ("REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",),
}


#: Quotas that stay for the whole run. None of timers: one that is refused fails its task.
_DECISIONS = {
    "ScheduleActivityTask": Rate(4, 2),
    "StartChildWorkflowExecution": Rate(2, 0.5),
    "SignalExternalWorkflowExecution": Rate(2, 0.5),
    "RequestCancelExternalWorkflowExecution": Rate(1, 0.2),
}
RATES = RateQuotas(calls={}, decisions=_DECISIONS, of_one_execution={})


class SteppedService(LocalService):
    """A service that does nothing by itself: timers fire and tasks time out in :meth:`advance` alone."""

    def keep_time(self) -> None:
        self._timekeeper = threading.Thread(target=_nothing, daemon=True)
        super().keep_time()

    def next_moment(self) -> float | None:
        """Return the moment of the earliest timer or timeout that still counts, None without one."""
        with self.lock:
            self._deadlines.pop_stale(self._is_live)
            return self._deadlines.next_moment()

    def forget_unwritten(self) -> None:
        """Lose what is not durable yet, as a process does that is killed; it is to be closed then."""
        with self.lock:
            self.dirty.clear()


def _nothing() -> None:
    pass


class Throttle:
    """Decides which decisions the service refuses, for a share of them."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.share = 0.0
        self.causes: Counter[str] = Counter()

    def refusal(self, kind: str, attributes: Attributes) -> str | None:
        if not self.share or kind not in _REFUSALS or self.rng.random() >= self.share:
            return None
        cause = self.rng.choice(_REFUSALS[kind])
        if kind == "StartTimer" and self.rng.random() < 0.6:  # a refused timer fails its task, so there are few of them
            return None
        self.causes[cause] += 1
        return cause


@contextmanager
def simulated(rng: random.Random, throttle: Throttle) -> Iterator[None]:
    """Have ids drawn from a stream, and decisions refused by a throttle, for a ``with`` block."""

    others, this_thread = uuid.uuid4, threading.get_ident()

    def drawn() -> uuid.UUID:
        if threading.get_ident() != this_thread:  # a thread that another test has left behind
            return others()
        return uuid.UUID(int=rng.getrandbits(128), version=4)

    class ThrottledRules(DomainRules):
        def refusal(self, kind: str, attributes: Attributes) -> str | None:
            return super().refusal(kind, attributes) or throttle.refusal(kind, attributes)

    with patch("uuid.uuid4", drawn), patch.object(task_handling, "DomainRules", ThrottledRules):
        yield


def opened_service(
    path: Path | None, clock: StillClock, *, workers_inside: bool, rates: RateQuotas | None = None
) -> SteppedService:
    """Open a service on a journal, None for one in memory."""
    options: dict[str, Any] = {"clock": clock, "poll_seconds": 0, "workers_inside": workers_inside, "rates": rates}
    if path is None:
        return SteppedService(**options)
    opened = SteppedService.open(path, **options)
    assert isinstance(opened, SteppedService)
    return opened
