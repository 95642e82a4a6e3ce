"""The order in which executions changed, so that a caller who asks again gets only the changes since."""

from __future__ import annotations

from itertools import takewhile

MOST_REMOVED = 10_000  #: removed executions that are remembered; some 100 bytes each


class ChangeLog:
    """The last change of each execution. Used under the service's lock.

    A position is a count of changes; it is valid for this object alone.
    """

    def __init__(self, most_removed: int = MOST_REMOVED) -> None:
        self.position = 0
        self._most_removed = most_removed
        self._whole_before = 1  # a caller with an earlier position has to start over
        self._changed: dict[int, int] = {}  # number of an execution -> position of its last change, ascending
        self._removed: dict[str, int] = {}  # run id -> position, ascending

    def note(self, number: int) -> None:
        """Record that an execution was started or has changed."""
        self.position += 1
        self._changed.pop(number, None)
        self._changed[number] = self.position

    def note_removed(self, number: int, run_id: str) -> None:
        """Record that an execution was removed."""
        self.position += 1
        self._changed.pop(number, None)
        self._removed[run_id] = self.position
        if len(self._removed) > self._most_removed:
            self._whole_before = self._removed.pop(next(iter(self._removed)))

    def begin_anew(self) -> None:
        """Forget everything: the executions belong to another file now."""
        self.position += 1
        self._whole_before = self.position
        self._changed, self._removed = {}, {}

    def is_whole(self, since: int) -> bool:
        """Return whether the position is too old, so that the answer has to list everything."""
        return not self._whole_before <= since <= self.position

    def changed(self, since: int) -> list[int]:
        """Return the numbers of the executions changed since, in the order in which they were started."""
        if self.is_whole(since):
            return sorted(self._changed)
        return sorted(takewhile(lambda number: self._changed[number] > since, reversed(self._changed)))

    def removed(self, since: int) -> list[str]:
        """Return the run ids of the executions removed since, in order of removal."""
        if self.is_whole(since):
            return []
        return list(takewhile(lambda run_id: self._removed[run_id] > since, reversed(self._removed)))[::-1]
