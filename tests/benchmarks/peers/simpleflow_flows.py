"""The workflows of ``flows.py`` in simpleflow, for its own decider and worker processes."""

from __future__ import annotations

from typing import Any

from simpleflow import Workflow, activity  # type: ignore[import-not-found]


@activity.with_attributes(version="1", task_list="simpleflow-workers")
def increment(x: int) -> int:
    return x + 1


class Chain(Workflow):
    name, version, task_list = "chain", "1", "simpleflow"

    def run(self, n: int) -> Any:
        x = 0
        for _ in range(n):
            x = self.submit(increment, x).result
        return x


class FanOut(Workflow):
    name, version, task_list = "fan-out", "1", "simpleflow"

    def run(self, n: int) -> Any:
        return sum(future.result for future in [self.submit(increment, i) for i in range(n)])
