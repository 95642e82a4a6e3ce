"""What groups, chains and func groups of these tests are made of."""

from __future__ import annotations

from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.canvas import Group

from .scenarios import clean, plot


class Child(Workflow):
    name, version, task_list = "child", "1", "decisions"

    def run(self, *args: Any) -> None:
        raise AssertionError("it is never run here")


def scheduled(*tasks: str) -> list[str]:
    return [f"ScheduleActivityTask {task}" for task in tasks]


def pair_of(n: int) -> Group[Any]:
    return Group((clean, n), (plot, n))
