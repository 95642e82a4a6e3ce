"""Room: how many more runs may be open at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping


class Room:
    """Room for runs of all these workflows together, and of each of them.

    Args:
        names: the workflows whose open runs count for ``most_at_once``.
        most_at_once: None means that there is room for any number.
        most_of_each: by workflow, for those that have a limit of their own.
    """

    def __init__(self, names: Collection[str], most_at_once: int | None, most_of_each: Mapping[str, int]) -> None:
        self._names, self._most_at_once, self._most_of_each = set(names), most_at_once, most_of_each
        self._open: Counter[str] | None = None if most_at_once is not None or most_of_each else Counter()

    @property
    def is_known(self) -> bool:
        """False until somebody has looked what is open; where nothing is limited nobody has to."""
        return self._open is not None

    def look_at(self, running: Iterable[tuple[str, str]]) -> None:
        """Count what is open now: workflow name and identity of each run, see `workers.runs.run_starts.open_runs`."""
        self._open = Counter(name for name, _ in running)

    def is_there_for(self, name: str) -> bool:
        """Whether one more run of that workflow may be opened."""
        assert self._open is not None
        if self._open[name] >= self._most_of_each.get(name, self._open[name] + 1):
            return False
        return self._most_at_once is None or sum(self._open[one] for one in self._names) < self._most_at_once

    def take(self, name: str) -> None:
        """One more run of that workflow is open."""
        assert self._open is not None
        self._open[name] += 1
