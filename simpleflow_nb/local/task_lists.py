"""Task lists: scheduled tasks in order of priority and age, and the pollers that wait for them."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from typing import Any

_POLLED_SECONDS = 3  #: since the last poll, until a list counts as one that nobody polls


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

    def put(self, run: Any, scheduled: int, priority: int = 0) -> None:
        """Higher priority first, then first come first served."""
        self._serial += 1
        heapq.heappush(self._heap, (-priority, self._serial, run, scheduled))
        if self.waiting:
            self.ready.notify()

    def count(self, is_there: Callable[[Any, int], bool]) -> int:
        """The tasks that can still be taken; those of closed executions stay until somebody comes by."""
        return len({(run.number, scheduled) for _, _, run, scheduled in self._heap if is_there(run, scheduled)})

    def take(self) -> tuple[Any, int]:
        _, _, run, scheduled = heapq.heappop(self._heap)
        return run, scheduled

    def is_polled(self) -> bool:
        """Whether somebody waits, or did a moment ago: a task here will soon be taken."""
        return self.waiting > 0 or time.monotonic() - self.last_poll < _POLLED_SECONDS
