"""Polls that bring a whole history, and their replay."""

from __future__ import annotations

import json
from dataclasses import dataclass

from simpleflow_nb import Workflow
from tests.benchmarks.figures import Contestant, timed
from tests.benchmarks.histories import advanced, history, new_execution


@dataclass(frozen=True)
class WholePoll:
    """What is left of a history once it is bytes: its events would cost every collection of garbage that is measured."""

    workflow: type[Workflow]
    tasks: int
    events: int
    body: bytes

    @classmethod
    def of(cls, workflow: type[Workflow], tasks: int) -> WholePoll:
        """The poll for the last decision of a run of so many tasks."""
        made = history(workflow, tasks)
        last = made.starts[-1]
        return cls(workflow, tasks, last, made.poll(last))

    @property
    def times(self) -> int:
        """How often it is replayed in a row for one measurement."""
        return max(1, 5_000 // self.events)

    def contestant(self) -> Contestant:
        return timed(self.replay, self.times)

    def replay(self) -> None:
        decisions = advanced(new_execution(self.workflow), self.body)
        assert [one["decisionType"] for one in decisions] == ["CompleteWorkflowExecution"], decisions

    def parse(self) -> None:
        json.loads(self.body)
