"""What the tests of the service share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.local.service import LocalService
from simpleflow_nb.testing import workflows as testing

from .conformance import Conforming, history_problems
from .manual_client import ManualClient, StillClock
from .one_activity import One
from .process_threads import ProcessThreads
from .slow_journal import SlowJournal
from .stepped_processes import SteppedProcesses


@pytest.fixture
def client() -> Iterator[ManualClient]:
    """A client of a service in memory on which nothing happens by itself; fails if anything broke the service model."""
    client = ManualClient()
    yield client
    client.close()
    assert client.swf.found == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Path of a journal that does not exist yet, nor does its folder."""
    return tmp_path / "state" / "journal.sqlite3"


@pytest.fixture
def slow(path: Path) -> Iterator[ManualClient]:
    """A client whose journal waits before each write until ``slow.journal.leave`` is set."""
    path.parent.mkdir()
    journal = SlowJournal(path)
    client = ManualClient(LocalService(journal, poll_seconds=0, clock=StillClock()))
    client.journal = journal  # type: ignore[attr-defined]
    yield client
    journal.leave.set()
    client.close()


@pytest.fixture
def processes() -> Iterator[ProcessThreads]:
    """Deciders and workers as threads on a service in memory, started one by one."""
    processes = ProcessThreads()
    yield processes
    processes.close()


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, list[dict[str, Any]]]]:
    """Run an activity in a workflow of its own; return the outcome and the history."""

    def run(task: Any, *args: Any, **kwargs: Any) -> tuple[Any, list[dict[str, Any]]]:
        monkeypatch.setattr(One, "task", task)
        with testing.harness(One, workers=1) as opened:
            started = opened.start(One, *args, **kwargs)
            return opened.result(*started), opened.history(*started)

    return run


@pytest.fixture
def stepped() -> Iterator[Callable[..., SteppedProcesses]]:
    """Make :class:`SteppedProcesses` for the workflows given, and close them."""
    opened: list[SteppedProcesses] = []

    def opening(*workflows: Any, **options: Any) -> SteppedProcesses:
        opened.append(SteppedProcesses(*workflows, **options))
        return opened[-1]

    yield opening
    for one in opened:
        one.close()


@pytest.fixture(autouse=True)
def harnesses_keep_to_the_service_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every harness of a test runs on a service that checks each request, each answer, and in the end each history."""
    made: list[Conforming] = []

    def checked(**options: Any) -> Conforming:
        made.append(Conforming(LocalService(**options)))
        return made[-1]

    monkeypatch.setattr(testing, "LocalService", checked)
    yield
    for one in made:
        assert one.found == []
        for run in one.service.runs.values():
            assert history_problems(run.events) == []
