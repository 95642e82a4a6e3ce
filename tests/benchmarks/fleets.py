"""Decider and worker processes of one engine, on a service whose calls are counted."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

from tests.benchmarks.counting_proxy import POLLS, CountingProxy
from tests.benchmarks.peers import PeerError
from tests.benchmarks.servers import CREDENTIALS, DOMAIN

_PATIENCE_SECONDS = 300
_SETTLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run cost. CPU seconds are those of whole process trees, from the start of the run on."""

    elapsed: float
    decider_cpu: float
    worker_cpu: float
    calls: int
    polled_bytes: int
    polled_events: int
    events: int
    decisions: int

    @property
    def cpu(self) -> float:
        return self.decider_cpu + self.worker_cpu


@dataclass(frozen=True, slots=True)
class Commands:
    """How the processes of an engine are started."""

    decider: Sequence[str]
    worker: Sequence[str]
    decision_list: str


class Fleet:
    """One decider and one worker command at work. ``client`` is boto3's, straight to the service."""

    def __init__(self, client: Any, proxy: CountingProxy, commands: Commands, trees: tuple[psutil.Process, ...]) -> None:
        self.client, self.proxy, self.commands, self.trees = client, proxy, commands, trees

    def measured(self, workflow: str, tasks: int) -> Measured:
        """One run, from its start until it has completed with the right result.

        Raises:
            PeerError: it has not.
        """
        calls, polled, polled_events = sum(self.proxy.calls.values()), *self._polled()
        decider_cpu, worker_cpu = map(_cpu, self.trees)
        start = time.perf_counter()
        events = self._run(workflow, tasks)
        elapsed = time.perf_counter() - start
        time.sleep(_SETTLE_SECONDS)  # the answers to the last calls are read when the run has ended
        decider_cpu, worker_cpu = _cpu(self.trees[0]) - decider_cpu, _cpu(self.trees[1]) - worker_cpu
        return Measured(
            elapsed,
            decider_cpu,
            worker_cpu,
            sum(self.proxy.calls.values()) - calls,
            self._polled()[0] - polled,
            self._polled()[1] - polled_events,
            len(events),
            sum(event["eventType"] == "DecisionTaskCompleted" for event in events),
        )

    def _polled(self) -> tuple[int, int]:
        poll = "PollForDecisionTask"
        return self.proxy.answered_bytes[poll], self.proxy.answered_events[poll]

    def _run(self, workflow: str, tasks: int) -> list[dict[str, Any]]:
        execution = {"workflowId": f"{workflow}-{uuid.uuid4().hex}"}
        execution |= {
            "runId": self.client.start_workflow_execution(
                domain=DOMAIN,
                **execution,
                workflowType={"name": workflow, "version": "1"},
                taskList={"name": self.commands.decision_list},
                executionStartToCloseTimeout="3600",
                taskStartToCloseTimeout="60",
                childPolicy="TERMINATE",
                input=json.dumps({"args": [tasks], "kwargs": {}}),
            )["runId"]
        }

        def is_closed() -> bool:
            described = self.client.describe_workflow_execution(domain=DOMAIN, execution=execution)
            return bool(described["executionInfo"]["executionStatus"] == "CLOSED")

        _await(is_closed, f"the end of {workflow} of {tasks}", 0.1)
        events: list[dict[str, Any]] = []
        for page in self.client.get_paginator("get_workflow_execution_history").paginate(domain=DOMAIN, execution=execution):
            events += page["events"]
        last = events[-1]
        right = str(tasks if workflow == "chain" else tasks * (tasks + 1) // 2)  # of the others: the sum of 1 to tasks
        result = last.get("workflowExecutionCompletedEventAttributes", {}).get("result")
        if result != right:
            raise PeerError(f"{workflow} of {tasks} ended with {last['eventType']} and {result!r}; {right} was to come out")
        return events


@contextmanager
def fleet(endpoint: str, commands: Commands, workflows: Sequence[str]) -> Iterator[Fleet]:
    """The processes, started and waiting for work on these types of a domain that exists; killed with the ``with`` block.

    Raises:
        PeerError: they do not come to their first polls.
    """
    import boto3

    client = boto3.client(
        "swf",
        endpoint_url=endpoint,
        region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    _registered(client, workflows)
    with CountingProxy(endpoint) as proxy, tempfile.TemporaryFile() as said:
        values = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": proxy.endpoint, "LOG_LEVEL": "ERROR"}
        processes = [
            subprocess.Popen(command, env=values, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            for command in (commands.decider, commands.worker)
        ]
        try:
            _await(
                lambda: all(proxy.waiting[poll] for poll in POLLS) or any(process.poll() is not None for process in processes),
                f"the first polls of {' '.join(commands.decider)}",
                0.1,
            )
            if any(process.poll() is not None for process in processes):
                said.seek(0)
                raise PeerError(f"{' '.join(commands.decider)} ended: {said.read().decode(errors='replace')[-300:]}")
            yield Fleet(client, proxy, commands, tuple(psutil.Process(process.pid) for process in processes))
        finally:
            for process in processes:
                _kill(process)


def _registered(client: Any, workflows: Sequence[str]) -> None:
    """The domain and the workflow types, which no decider of simpleflow registers."""
    exceptions = client.exceptions
    for register, request in (
        (client.register_domain, {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"}),
        *((client.register_workflow_type, {"domain": DOMAIN, "name": name, "version": "1"}) for name in workflows),
    ):
        try:
            register(**request)
        except (exceptions.DomainAlreadyExistsFault, exceptions.TypeAlreadyExistsFault):
            continue


def _cpu(tree: psutil.Process) -> float:
    """CPU seconds of a process, of those it started, and of those that have ended."""
    total = 0.0
    for process in (tree, *tree.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue  # ended a moment ago: its parent has its seconds from the next look on
    return total


def _await(true: Callable[[], bool], what: str, pause_seconds: float) -> None:
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        if time.monotonic() > give_up:
            raise PeerError(f"{what} did not come within {_PATIENCE_SECONDS} s")
        time.sleep(pause_seconds)


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    for each in (process, *family):
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
