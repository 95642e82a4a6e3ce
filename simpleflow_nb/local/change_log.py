"""The order in which executions have changed, so that whoever asks again is told of what is new alone."""

from __future__ import annotations

from itertools import takewhile

MOST_REMOVED = 10_000  #: executions of which it is remembered that they were removed; some 100 bytes each


class ChangeLog:
    """The last change of each execution. Used under the service's lock.

    A position counts changes. It means nothing to another object.
    """

    def __init__(self, most_removed: int = MOST_REMOVED) -> None:
        self.position = 0
        self._most_removed = most_removed
        self._whole_before = 1  # whoever asks since an earlier position has to begin anew
        self._changed: dict[int, int] = {}  # number of an execution -> position of its last change, ascending
        self._removed: dict[str, int] = {}  # run id -> position, ascending

    def note(self, number: int) -> None:
        """Remember that an execution was started, or has changed."""
        self.position += 1
        self._changed.pop(number, None)
        self._changed[number] = self.position

    def note_removed(self, number: int, run_id: str) -> None:
        """Remember that an execution is not there any more."""
        self.position += 1
        self._changed.pop(number, None)
        self._removed[run_id] = self.position
        if len(self._removed) > self._most_removed:
            self._whole_before = self._removed.pop(next(iter(self._removed)))

    def begin_anew(self) -> None:
        """Forget everything: nothing of it is there any more."""
        self.position += 1
        self._whole_before = self.position
        self._changed, self._removed = {}, {}

    def is_whole(self, since: int) -> bool:
        """Whether what is new since that position can only be told as everything that is there."""
        return not self._whole_before <= since <= self.position

    def changed(self, since: int) -> list[int]:
        """The numbers of the executions that have changed, in the order in which they were started."""
        if self.is_whole(since):
            return sorted(self._changed)
        return sorted(takewhile(lambda number: self._changed[number] > since, reversed(self._changed)))

    def removed(self, since: int) -> list[str]:
        """The run ids of the executions that were removed, in that order."""
        if self.is_whole(since):
            return []
        return list(takewhile(lambda run_id: self._removed[run_id] > since, reversed(self._removed)))[::-1]
