"""Local runs as a user has them: a decider thread and worker threads on the service in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from simpleflow_nb import Workflow
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.workflow import execution_input
from tests.benchmarks import peers
from tests.benchmarks.figures import Contestant, Figures, Sample, compared, milliseconds, print_table, ratio, timed
from tests.benchmarks.histories import Chain, FanOut

SUMMARY = "a local step in memory, on SQLite and durable, beside DBOS on SQLite; a month of timers"
REPEATS = 5

_LIST = "bench"


class Timers(Workflow):
    """Thirty days, one timer after another."""

    name = "timers"

    def run(self, timers: int) -> int:
        for _ in range(timers):
            self.timer(timedelta(days=30) / timers).result
        return timers


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    steps = 20 if tiny else 1_000
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        others = stack.enter_context(peers.running(("dbos",) if with_peers else ()))
        journals = _journals(folder)
        for workflow, workers in ((Chain, 1), (FanOut, 8)):
            contestants: dict[str, Contestant] = {
                name: _contestant(opened, workflow, steps, workers) for name, opened in journals.items()
            }
            if workflow is Chain:
                contestants |= {peer.name: peer.contestant(steps=steps) for peer in others.values()}
            _print_steps(f"{workflow.type_name()} of {steps:,}, {workers} workers", steps, compared(contestants, repeats))
    _measure_timers(repeats, (3,) if tiny else (30, 720))


def _journals(folder: Path) -> dict[str, Callable[[], LocalService]]:
    """How to open a service with an empty journal of each kind."""
    opened = 0

    def path() -> Path:
        nonlocal opened
        opened += 1
        return folder / f"{opened}.sqlite3"

    return {
        "memory": LocalService,
        "SQLite NORMAL": lambda: LocalService.open(path()),
        "SQLite durable": lambda: LocalService.open(path(), durable=True),
    }


def _contestant(opened: Callable[[], LocalService], workflow: type[Workflow], tasks: int, workers: int) -> Contestant:
    """One run from its start to its end; opening and closing the service and its threads are not measured."""

    def contestant() -> Sample:
        service = opened()
        engine = Engine(
            service,
            DOMAIN,
            decision_list=_LIST,
            task_lists={_LIST: workers},
            workflows=[workflow],
            activity_task_list=_LIST,
        )
        engine.start()
        try:
            return timed(lambda: _run(service, workflow, tasks))()
        finally:
            engine.stop()
            service.close()
            engine.join(10)

    return contestant


def _run(service: LocalService, workflow: type[Workflow], tasks: int) -> None:
    started = service.start_workflow_execution(
        domain=DOMAIN,
        workflowId="bench",
        workflowType={"name": workflow.type_name(), "version": workflow.version},
        taskList={"name": _LIST},
        executionStartToCloseTimeout="31536000",
        input=execution_input(workflow, {"args": [tasks]}),
    )
    status = service.wait_closed("bench", started["runId"], 120)
    assert status == "COMPLETED", status


def _print_steps(title: str, steps: int, figures: dict[str, Figures]) -> None:
    print_table(
        f"A step of a {title}, ms",
        ("", "minimum", "median", "CPU", "of NORMAL"),
        [
            (
                name,
                milliseconds(one.minimum / steps),
                milliseconds(one.median / steps),
                milliseconds(one.cpu / steps),
                ratio(one, figures["SQLite NORMAL"]),
            )
            for name, one in figures.items()
        ],
    )


def _measure_timers(repeats: int, counts: tuple[int, ...]) -> None:
    figures = compared(
        {f"{count} timers": _contestant(lambda: LocalService(clock=VirtualClock()), Timers, count, 1) for count in counts},
        repeats,
    )
    print_table(
        "Thirty virtual days, one timer after another, ms in all",
        ("", "minimum", "median", "CPU"),
        [(name, milliseconds(one.minimum), milliseconds(one.median), milliseconds(one.cpu)) for name, one in figures.items()],
    )
