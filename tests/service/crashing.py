"""The child of ``test_crash.py``: a whole local run that says what was acknowledged, until it is killed.

``main(JOURNAL)`` prints ``open``, a line for each start and each result that was acknowledged, and ``end`` when all runs
are closed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.exceptions import TaskFailed
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.workflow import execution_input

RUNS, ROUNDS, WIDTH = 10, 10, 4


@activity.with_attributes(retry=0)
def add(x: int, y: int) -> int:
    return x + y


@activity.with_attributes(retry=0, raises_on_failure=False)
def break_down(x: int) -> None:
    raise ValueError(str(x))


class Sums(Workflow):
    """Fans out, takes timers and failures, and knows what must come out."""

    name, version = "crash.sums", "1"

    def run(self, start: int) -> dict[str, int]:
        total, failures = start, 0
        for n in range(ROUNDS):
            futures_ = [self.submit(add, total, k) for k in range(WIDTH)]
            failing = self.submit(break_down, n)
            if n % 3 == 0:
                self.timer(0).result
            total = sum(futures.wait(*futures_)) % 1_000_003
            failures += isinstance(failing.exception, TaskFailed)
        return {"total": total, "failures": failures}


def expected(start: int) -> dict[str, int]:
    total = start
    for _ in range(ROUNDS):
        total = sum(total + k for k in range(WIDTH)) % 1_000_003
    return {"total": total, "failures": ROUNDS}


class PrintingService:
    """The service, saying aloud what it has acknowledged."""

    def __init__(self, service: LocalService) -> None:
        self.service = service

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.service, name)
        if not name.startswith("respond_activity_task_"):
            return call

        def told(**request: Any) -> Any:
            answer = call(**request)
            os.write(1, f"{request['taskToken']}\n".encode())
            return answer

        return told


def main(path: str) -> None:
    service = LocalService.open(Path(path))
    os.write(1, b"open\n")
    engine = Engine(PrintingService(service), DOMAIN, decision_list="crash", task_lists={"crash": 4}, workflows=[Sums])
    engine.start()
    for n in range(RUNS):
        try:
            started = service.start_workflow_execution(
                domain=DOMAIN,
                workflowId=f"run-{n}",
                workflowType={"name": Sums.type_name(), "version": Sums.version},
                taskList={"name": "crash"},
                input=execution_input(Sums, {"args": [n]}),
            )
        except Fault:
            continue  # it is open
        os.write(1, f"started {started['runId']}\n".encode())
    for workflow_id, run_id in list(service.numbers):
        service.wait_closed(workflow_id, run_id)
    os.write(1, b"end\n")
    os._exit(0)
