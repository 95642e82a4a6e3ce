"""Timers and timeouts, in the order in which they fall due."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

_SWEPT_AT = 64  #: entries; those of closed executions keep all their events in memory


class Deadlines:
    """A heap of (moment, execution, kind, key). Stale entries stay in it and are ignored when they come up."""

    __slots__ = ("_heap", "_serial", "_swept_at")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Any, str, Any]] = []
        self._serial = 0
        self._swept_at = _SWEPT_AT

    def push(self, moment: float, execution: Any, kind: str, key: Any) -> bool:
        """Add a deadline; return whether it is now the next one."""
        self._serial += 1
        heapq.heappush(self._heap, (moment, self._serial, execution, kind, key))
        return self._heap[0][1] == self._serial

    def next_moment(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> tuple[float, Any, str, Any] | None:
        if not self._heap or self._heap[0][0] > now:
            return None
        moment, _, execution, kind, key = heapq.heappop(self._heap)
        return moment, execution, kind, key

    def drop_stale(self, is_live: Callable[[Any, str, Any], bool]) -> None:
        """Drop stale entries; does nothing until there are twice as many entries as were left the last time."""
        if len(self._heap) < self._swept_at:
            return
        self._heap = [entry for entry in self._heap if is_live(entry[2], entry[3], entry[4])]
        heapq.heapify(self._heap)
        self._swept_at = max(_SWEPT_AT, 2 * len(self._heap))

    def pop_stale(self, is_live: Callable[[Any, str, Any], bool]) -> None:
        """Drop stale entries at the head, so that the next moment is a real one."""
        while self._heap and not is_live(*self._heap[0][2:]):
            heapq.heappop(self._heap)
