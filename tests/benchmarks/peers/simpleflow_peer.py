"""simpleflow: events, already parsed, to decisions. boto's own parsing, which it needs too, is left out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simpleflow import Workflow, activity, canvas  # type: ignore[import-not-found]
from simpleflow.swf.executor import Executor  # type: ignore[import-not-found]
from simpleflow.swf.mapper.models.domain import Domain  # type: ignore[import-not-found]
from simpleflow.swf.mapper.models.history import History  # type: ignore[import-not-found]
from simpleflow.swf.mapper.responses import Response  # type: ignore[import-not-found]

from tests.benchmarks.peers.answering import answer


def _increment(x: int) -> int:
    return x + 1


_increment.__module__, _increment.__name__ = "benchmarks.work", "increment"
increment = activity.with_attributes(version="1", task_list="workers-default")(_increment)


class Chain(Workflow):
    name, version, task_list = "chain", "1", "deciders"

    def run(self, n: int) -> Any:
        x = 0
        for _ in range(n):
            x = self.submit(increment, x).result
        return x


class FanOut(Workflow):
    name, version, task_list = "fan-out", "1", "deciders"

    def run(self, n: int) -> Any:
        return sum(future.result for future in [self.submit(increment, i) for i in range(n)])


class Group(Workflow):
    name, version, task_list = "group", "1", "deciders"

    def run(self, n: int) -> Any:
        return sum(self.submit(canvas.Group(*((increment, i) for i in range(n)))).result)


class LimitedGroup(Workflow):
    name, version, task_list = "limited-group", "1", "deciders"

    def run(self, n: int) -> Any:
        return sum(self.submit(canvas.Group(*((increment, i) for i in range(n)), max_parallel=10)).result)


class CanvasChain(Workflow):
    name, version, task_list = "canvas-chain", "1", "deciders"

    def run(self, n: int) -> Any:
        return sum(self.submit(canvas.Chain(*((increment, i) for i in range(n)))).result)


_WORKFLOWS = {workflow.name: workflow for workflow in (Chain, FanOut, Group, LimitedGroup, CanvasChain)}


def prepared(shape: str, poll: str, tasks: int) -> Callable[[], None]:
    events = json.loads(Path(poll).read_text())["events"]
    workflow = _WORKFLOWS[shape]

    def replay() -> None:
        response = Response(token="t", history=History.from_event_list(events), execution=None)
        decisions = Executor(Domain("d"), workflow).replay(response).decisions
        if [decision["decisionType"] for decision in decisions] != ["CompleteWorkflowExecution"]:
            raise RuntimeError(f"it decided {decisions!r:.300}")

    return replay


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    answer(prepared)
