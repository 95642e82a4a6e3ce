"""Workflows for decider and worker processes of their own; ``peers/simpleflow_flows.py`` has the same ones for simpleflow."""

from __future__ import annotations

from simpleflow_nb import Workflow, activity


@activity.with_attributes(version="1", task_list="bench-workers")
def increment(x: int) -> int:
    return x + 1


class Chain(Workflow):
    """Each task needs the result of the one before."""

    name, version, task_list = "chain", "1", "bench"

    def run(self, n: int) -> int:
        x = 0
        for _ in range(n):
            x = self.submit(increment, x).result
        return x


class FanOut(Workflow):
    """All tasks at once."""

    name, version, task_list = "fan-out", "1", "bench"

    def run(self, n: int) -> int:
        return sum(future.result for future in [self.submit(increment, i) for i in range(n)])
