"""Local runs as a user has them: a decider thread and worker threads on the service in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
_PATIENCE_SECONDS = 600  #: a fan of 20,000 on a busy machine takes a minute


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
                name: contestant_of(opened, workflow, steps, workers) for name, opened in journals.items()
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


def contestant_of(
    opened: Callable[[], LocalService], workflow: type[Workflow], tasks: int, workers: int, times: int = 1
) -> Contestant:
    """So many runs, one after another, each from its start to its end; the figures are for one.

    Opening and closing the service and its threads are not measured.
    """

    def contestant() -> Sample:
        with served(opened(), workflow, workers) as service:
            return timed(lambda: carried_out(service, workflow, tasks), times)()

    return contestant


@contextmanager
def served(service: LocalService, workflow: type[Workflow], workers: int) -> Iterator[LocalService]:
    """The service with a decider and so many worker threads in this process; all of it is closed at the end."""
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
        yield service
    finally:
        engine.stop()
        service.close()
        engine.join(10)


def carried_out(service: LocalService, workflow: type[Workflow], *arguments: int) -> None:
    """One run, from its start to its end."""
    started = service.start_workflow_execution(
        domain=DOMAIN,
        workflowId="bench",
        workflowType={"name": workflow.type_name(), "version": workflow.version},
        taskList={"name": _LIST},
        executionStartToCloseTimeout="31536000",
        input=execution_input(workflow, {"args": arguments}),
    )
    status = service.wait_closed("bench", started["runId"], _PATIENCE_SECONDS)
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
        {f"{count} timers": contestant_of(lambda: LocalService(clock=VirtualClock()), Timers, count, 1) for count in counts},
        repeats,
    )
    print_table(
        "Thirty virtual days, one timer after another, ms in all",
        ("", "minimum", "median", "CPU"),
        [(name, milliseconds(one.minimum), milliseconds(one.median), milliseconds(one.cpu)) for name, one in figures.items()],
    )
