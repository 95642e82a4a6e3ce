"""The number of further runs that may be open at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping


class Room:
    """Room for further runs, of all these workflows together and of each of them.

    Args:
        names: the workflows whose open runs count for ``most_at_once``.
        most_at_once: None means no limit.
        most_of_each: limits by workflow, for workflows that have one.
    """

    def __init__(self, names: Collection[str], most_at_once: int | None, most_of_each: Mapping[str, int]) -> None:
        self._names, self._most_at_once, self._most_of_each = set(names), most_at_once, most_of_each
        self._open: Counter[str] | None = None if most_at_once is not None or most_of_each else Counter()

    @property
    def is_known(self) -> bool:
        """False until open runs have been counted; always True without limits."""
        return self._open is not None

    def look_at(self, running: Iterable[tuple[str, str]]) -> None:
        """Count the open runs: workflow name and identity of each, see `workers.runs.run_starts.open_runs`."""
        self._open = Counter(name for name, _ in running)

    def is_there_for(self, name: str) -> bool:
        """Return True if one more run of that workflow may be opened."""
        assert self._open is not None
        if self._open[name] >= self._most_of_each.get(name, self._open[name] + 1):
            return False
        return self._most_at_once is None or sum(self._open[one] for one in self._names) < self._most_at_once

    def take(self, name: str) -> None:
        """Count one more open run of that workflow."""
        assert self._open is not None
        self._open[name] += 1
