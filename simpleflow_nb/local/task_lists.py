"""Task lists: scheduled tasks in order of priority and age, and the pollers that wait for them."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from typing import Any

_POLLED_SECONDS = 3  #: after the last poll, until a list counts as not polled


class TaskList:
    """The scheduled tasks of one list and kind. Used under the service's lock."""

    __slots__ = ("_heap", "_serial", "last_poll", "ready", "waiting")

    def __init__(self, lock: threading.Lock) -> None:
        self._heap: list[tuple[int, int, Any, int]] = []
        self._serial = 0
        self.ready = threading.Condition(lock)
        self.waiting = 0  # pollers
        self.last_poll = 0.0

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, execution: Any, scheduled: int, priority: int = 0) -> None:
        """Add a task: higher priority comes first, then the older one."""
        self._serial += 1
        heapq.heappush(self._heap, (-priority, self._serial, execution, scheduled))
        if self.waiting:
            self.ready.notify()

    def count(self, is_there: Callable[[Any, int], bool]) -> int:
        """Count the tasks that can still be taken; those of closed executions stay until the next poll."""
        return len(
            {(execution.number, scheduled) for _, _, execution, scheduled in self._heap if is_there(execution, scheduled)}
        )

    def take(self) -> tuple[Any, int]:
        _, _, execution, scheduled = heapq.heappop(self._heap)
        return execution, scheduled

    def is_polled(self) -> bool:
        """Return whether somebody polls, or did a moment ago: a task here will soon be taken."""
        return self.waiting > 0 or time.monotonic() - self.last_poll < _POLLED_SECONDS
