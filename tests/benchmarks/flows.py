"""Workflows for decider and worker processes of their own; ``peers/simpleflow_flows.py`` has the same ones for simpleflow."""

from __future__ import annotations

from simpleflow_nb import Workflow, activity, canvas


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


class Group(Workflow):
    """All tasks at once, as one group."""

    name, version, task_list = "group", "1", "bench"

    def run(self, n: int) -> int:
        return sum(self.submit(canvas.Group(*((increment, i) for i in range(n)))).result)


class LimitedGroup(Workflow):
    """A group of which ten run at a time."""

    name, version, task_list = "limited-group", "1", "bench"

    def run(self, n: int) -> int:
        return sum(self.submit(canvas.Group(*((increment, i) for i in range(n)), max_parallel=10)).result)


class CanvasChain(Workflow):
    """One task after another, submitted as one chain."""

    name, version, task_list = "canvas-chain", "1", "bench"

    def run(self, n: int) -> int:
        return sum(self.submit(canvas.Chain(*((increment, i) for i in range(n)))).result)


class Child(Workflow):
    """An execution with one task."""

    name, version, task_list = "child", "1", "bench"

    def run(self, x: int) -> int:
        return self.submit(increment, x).result


class Family(Workflow):
    """All children at once."""

    name, version, task_list = "family", "1", "bench"

    def run(self, n: int) -> int:
        return sum(future.result for future in [self.submit(Child, i) for i in range(n)])
