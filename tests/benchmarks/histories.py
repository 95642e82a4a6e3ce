"""Histories to replay: decided by the engine itself, written by the local service's rules, about 250-300 bytes an event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from simpleflow_nb import Workflow, activity
from simpleflow_nb.local.decisions import complete_decision
from simpleflow_nb.local.execution import LocalExecution
from simpleflow_nb.program import program
from simpleflow_nb.replay import Execution
from simpleflow_nb.workflow import execution_input

IDENTITY = '{"user":"analyst","hostname":"ip-10-0-12-34.eu-west-1.compute.internal","pid":12345}'
_NO_LIMIT = 10**9


@activity.with_attributes(version="1", name="benchmarks.work.increment", task_list="workers-default")
def increment(x: int) -> int:
    return x + 1


class Chain(Workflow):
    """Each task needs the result of the one before: a decision a task."""

    name = "chain"

    def run(self, n: int) -> int:
        x = 0
        for _ in range(n):
            x = self.submit(increment, x).result
        return x


class FanOut(Workflow):
    """All tasks at once."""

    name = "fan-out"

    def run(self, n: int) -> int:
        return sum(future.result for future in [self.submit(increment, i) for i in range(n)])


@dataclass(frozen=True)
class History:
    """A finished run."""

    workflow: type[Workflow]
    tasks: int
    events: list[dict[str, Any]]

    @property
    def starts(self) -> list[int]:
        """The ids of the DecisionTaskStarted events: what one poll brings ends with one of them."""
        return [event["eventId"] for event in self.events if event["eventType"] == "DecisionTaskStarted"]

    def poll(self, last: int, first: int = 1) -> bytes:
        """The body of the poll that brings the events from ``first`` to ``last``."""
        body = {"taskToken": "t", "startedEventId": last, "events": self.events[first - 1 : last]}
        return json.dumps(body, separators=(",", ":")).encode()


def new_execution(workflow: type[Workflow]) -> Execution:
    """An execution without limits, so that every history decides all at once what can be decided."""
    return Execution(program(workflow), open_activity_limit=_NO_LIMIT, decision_limit=_NO_LIMIT)


def advanced(execution: Execution, poll: bytes) -> list[dict[str, Any]]:
    """From the bytes of a poll to decisions: what is measured."""
    return execution.advance(json.loads(poll)["events"])


def history(workflow: type[Workflow], tasks: int, ended_per_decision: int = 10) -> History:
    """A run of so many tasks; of those open at once, so many end before each decision."""
    run, now, ended = LocalExecution(1, "local", "bench", "run"), 1.7e9, 0
    run.start(
        now,
        {
            "workflowType": {"name": workflow.type_name(), "version": "1"},
            "taskList": {"name": "deciders"},
            "taskStartToCloseTimeout": "60",
            "executionStartToCloseTimeout": "604800",
            "childPolicy": "TERMINATE",
            "input": execution_input(workflow, {"args": [tasks]}),
        },
    )
    execution = new_execution(workflow)
    while run.close_status is None:
        run.start_decision(now, IDENTITY)
        complete_decision(run, now, execution.advance(run.events[execution.next_id - 1 :]))
        now = round(now + 0.123, 3)
        for scheduled in list(run.activities)[:ended_per_decision]:
            ended += 1
            run.start_activity(now, scheduled, IDENTITY)
            run.end_activity(now, scheduled, "Completed", {"result": json.dumps(ended)})
    execution.kill()
    return History(workflow, tasks, run.events)
