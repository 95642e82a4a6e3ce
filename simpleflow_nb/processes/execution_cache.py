"""The cache of executions between their decision tasks."""

from __future__ import annotations

import logging
from collections import OrderedDict

from ..replay import Execution

logger = logging.getLogger(__name__)

_WEIGHT = 40  #: of an execution without its events; an idle one takes about 10 KiB


class CachedExecution:
    """A cached execution, and the last response.

    Attributes:
        context: the execution context that the service has.
        answered_sticky: event id of the DecisionTaskStarted that was answered with the decider's own list; 0 for none.
    """

    __slots__ = ("answered_sticky", "context", "execution", "weight")

    def __init__(self, execution: Execution, context: str) -> None:
        self.execution, self.context, self.weight, self.answered_sticky = execution, context, _WEIGHT, 0


class ExecutionCache:
    """A cache that evicts the least recently used executions when their total weight is too large.

    Only the thread that created the executions may use it: evicting one ends its greenlet.
    """

    def __init__(self) -> None:
        self._cached: OrderedDict[str, CachedExecution] = OrderedDict()
        self._unkillable: list[Execution] = []
        self.weight = 0

    def __len__(self) -> int:
        return len(self._cached)

    def get(self, run_id: str) -> CachedExecution | None:
        cached = self._cached.get(run_id)
        if cached is not None:
            self._cached.move_to_end(run_id)
        return cached

    def put(self, run_id: str, cached: CachedExecution) -> None:
        self._cached[run_id] = cached
        self.weight += cached.weight

    def weigh(self, cached: CachedExecution, events: int) -> None:
        """Add the weight of events just read."""
        cached.weight += events
        self.weight += events

    def shrink(self, most: int) -> None:
        """Evict executions until the total weight is ``most`` or less."""
        while self.weight > most and self._cached:
            self.evict(next(iter(self._cached)))

    def evict(self, run_id: str) -> None:
        cached = self._cached.pop(run_id, None)
        if cached is not None:
            self.weight -= cached.weight
            self.kill(cached.execution)

    def evict_all(self) -> None:
        for run_id in list(self._cached):
            self.evict(run_id)

    def kill(self, execution: Execution) -> None:
        """End the code of an execution; if it swallows GreenletExit, it is kept for good, as dropping it would raise again."""
        if not execution.kill():
            stack = execution.where()
            line = f"{stack[-1].filename}:{stack[-1].lineno}" if stack else "its code"
            logger.warning("%s: %s swallows every exception and cannot be evicted", execution.workflow_id, line)
            self._unkillable.append(execution)
