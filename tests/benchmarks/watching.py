"""Looking for what is new, again and again: the owner of a journal, and a reader beside it, when much has happened before."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.local.watching import Watching
from tests.benchmarks.figures import Contestant, Sample, compared, milliseconds, print_table, timed

SUMMARY = "a look at what is new in a journal of 10,000 runs, by its owner and by a reader beside it"
REPEATS = 5

_KIND = {"name": "bench", "version": "1"}


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    for closed, opened in ((20, 2),) if tiny else ((10_000, 20), (10_000, 1_000)):
        with ExitStack() as stack:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory()), "journal.sqlite3")
            owner = stack.enter_context(closing(LocalService.open(path)))
            _fill(owner, closed, opened)
            reader = stack.enter_context(closing(JournalReader(path)))
            looks = 5 if tiny else 200
            contestants: dict[str, Contestant] = {}
            for name, service in (("owner", owner), ("reader", reader)):
                contestants[f"{name}, nothing new"] = timed(_look(service), looks)
                contestants[f"{name}, one new event"] = _after_an_event(owner, service, looks)
            contestants["a new reader"] = timed(lambda path=path: JournalReader(path).close())
            figures = compared(contestants, repeats)
        print_table(
            f"A look at a journal of {closed:,} closed runs and {opened:,} open ones, ms",
            ("", "minimum", "median", "CPU"),
            [
                (name, milliseconds(one.minimum), milliseconds(one.median), milliseconds(one.cpu))
                for name, one in figures.items()
            ],
        )


def _fill(owner: LocalService, closed: int, opened: int) -> None:
    owner.register_workflow_type(
        domain=DOMAIN,
        **_KIND,
        defaultTaskList={"name": "bench"},
        defaultTaskStartToCloseTimeout="NONE",
        defaultExecutionStartToCloseTimeout="86400",
        defaultChildPolicy="TERMINATE",
    )
    for number in range(closed + opened):
        workflow_id = f"run-{number}"
        owner.start_workflow_execution(
            domain=DOMAIN, workflowId=workflow_id, workflowType=_KIND, tagList=["bench", "2024-01-01"]
        )
        if number < closed:
            owner.terminate_workflow_execution(domain=DOMAIN, workflowId=workflow_id)


def _look(service: Watching) -> Callable[[], None]:
    position, seen = service.position, dict[str, int]()

    def look() -> None:
        nonlocal position
        changes = service.changes(position)
        position = changes.position
        for one in changes.executions:
            events = service.events(one.workflow_id, one.run_id, since=seen.get(one.run_id, 0))
            seen[one.run_id] = seen.get(one.run_id, 0) + len(events)

    return look


def _after_an_event(owner: LocalService, service: Watching, looks: int) -> Contestant:
    """The signal that makes something new is not measured."""
    workflow_id = owner.open_executions(DOMAIN)[0].workflow_id

    def contestant() -> Sample:
        gc.collect()
        look, spent, cpu = _look(service), 0.0, 0.0
        owner.signal_workflow_execution(domain=DOMAIN, workflowId=workflow_id, signalName="new")
        look()
        for _ in range(looks):
            owner.signal_workflow_execution(domain=DOMAIN, workflowId=workflow_id, signalName="new")
            busy, start = time.thread_time(), time.perf_counter()
            look()
            spent, cpu = spent + time.perf_counter() - start, cpu + time.thread_time() - busy
        return Sample(spent / looks, cpu / looks)

    return contestant
