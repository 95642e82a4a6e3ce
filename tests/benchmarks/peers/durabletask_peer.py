"""durabletask: the bytes of one orchestrator request (protobuf, parsed in C) to actions, for the same tasks.

The histories are those that its own in-memory backend writes: each turn lies between two orchestrator events, so a
task of a chain takes four events, not six.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb  # type: ignore[import-not-found]
from durabletask import task
from durabletask.internal import helpers
from durabletask.serialization import JsonDataConverter  # type: ignore[import-not-found]
from durabletask.worker import _OrchestrationExecutor, _Registry  # type: ignore[import-not-found]

from tests.benchmarks.peers.answering import answer

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
LOGGER = logging.getLogger("durabletask")


def increment(context: Any, x: int) -> int:
    return x + 1


def chain(context: Any, n: int) -> Any:
    x = 0
    for _ in range(n):
        x = yield context.call_activity(increment, input=x)
    return x


def fan_out(context: Any, n: int) -> Any:
    results = yield task.when_all([context.call_activity(increment, input=i) for i in range(n)])
    return sum(results)


REGISTRY = _Registry()
ORCHESTRATORS = {"chain": REGISTRY.add_orchestrator(chain), "fan-out": REGISTRY.add_orchestrator(fan_out)}
REGISTRY.add_activity(increment)


@functools.cache
def request_bytes(shape: str, tasks: int) -> bytes:
    started = helpers.new_orchestrator_started_event
    events = [started(MOMENT), helpers.new_execution_started_event(ORCHESTRATORS[shape], "i", json.dumps(tasks))]
    first = tasks if shape == "fan-out" else 1
    events += [helpers.new_task_scheduled_event(n, "increment", json.dumps(n - 1)) for n in range(1, first + 1)]
    step = 10 if shape == "fan-out" else 1
    for ended in range(0, tasks, step):
        turn = [started(MOMENT)]
        turn += [helpers.new_task_completed_event(n, json.dumps(n)) for n in range(ended + 1, min(ended + step, tasks) + 1)]
        if ended + step >= tasks:
            whole = pb.OrchestratorRequest(instanceId="i", pastEvents=events, newEvents=turn)
            return bytes(whole.SerializeToString())
        events += [helpers.new_orchestrator_completed_event(), *turn] if ended == 0 else turn
        if shape == "chain":
            events.append(helpers.new_task_scheduled_event(ended + 2, "increment", json.dumps(ended + 1)))
        events.append(helpers.new_orchestrator_completed_event())
    raise AssertionError("no tasks")


def prepared(shape: str, poll: str, tasks: int) -> Callable[[], None]:
    raw = request_bytes(shape, tasks)

    def replay() -> None:
        request = pb.OrchestratorRequest.FromString(raw)
        executor = _OrchestrationExecutor(REGISTRY, LOGGER, JsonDataConverter())
        result = executor.execute("i", request.pastEvents, request.newEvents)
        ended = [action.completeOrchestration.orchestrationStatus for action in result.actions]
        if ended != [pb.ORCHESTRATION_STATUS_COMPLETED]:
            raise RuntimeError(f"it decided {result.actions!r:.300}")

    return replay


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    answer(prepared)
