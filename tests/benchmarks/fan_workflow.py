"""A workflow that is one fan of a trivial activity."""

from __future__ import annotations

from simpleflow_nb import Workflow
from tests.benchmarks.histories import increment


class Fan(Workflow):
    """Runs an activity for each of so many items, in slices if they are many; what it returns stays short."""

    name = "for-each"

    def run(self, n: int, max_parallel: int | None = None) -> int:
        return sum(self.for_each(increment, range(n), max_parallel=max_parallel).result)
