"""The workflows of ``flows.py`` in simpleflow, for its own decider and worker processes."""

from __future__ import annotations

from typing import Any

from simpleflow import Workflow, activity, canvas  # type: ignore[import-not-found]


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


class Group(Workflow):
    name, version, task_list = "group", "1", "simpleflow"

    def run(self, n: int) -> Any:
        return sum(self.submit(canvas.Group(*((increment, i) for i in range(n)))).result)


class LimitedGroup(Workflow):
    name, version, task_list = "limited-group", "1", "simpleflow"

    def run(self, n: int) -> Any:
        return sum(self.submit(canvas.Group(*((increment, i) for i in range(n)), max_parallel=10)).result)


class CanvasChain(Workflow):
    name, version, task_list = "canvas-chain", "1", "simpleflow"

    def run(self, n: int) -> Any:
        return sum(self.submit(canvas.Chain(*((increment, i) for i in range(n)))).result)


class Child(Workflow):
    name, version, task_list = "child", "1", "simpleflow"
    execution_timeout, decision_tasks_timeout = 3600, 60

    def run(self, x: int) -> Any:
        return self.submit(increment, x).result


class Family(Workflow):
    name, version, task_list = "family", "1", "simpleflow"

    def run(self, n: int) -> Any:
        return sum(future.result for future in [self.submit(Child, i) for i in range(n)])
