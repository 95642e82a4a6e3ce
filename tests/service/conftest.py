"""What the tests of the service share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.local.service import LocalService
from simpleflow_nb.testing import workflows as testing

from .conformance import Conforming, history_problems
from .desk import Desk, StillClock
from .floor import Floor
from .one_activity import One
from .slow_journal import SlowJournal
from .stage import Stage


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A service in memory on which nothing happens by itself; at the end nothing may have broken the service model."""
    desk = Desk()
    yield desk
    desk.close()
    assert desk.swf.found == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a journal that is not there yet, nor is its folder."""
    return tmp_path / "state" / "journal.sqlite3"


@pytest.fixture
def slow(path: Path) -> Iterator[Desk]:
    """A desk whose journal writes only with leave: ``slow.journal.leave``."""
    path.parent.mkdir()
    journal = SlowJournal(path)
    desk = Desk(LocalService(journal, poll_seconds=0, clock=StillClock()))
    desk.journal = journal  # type: ignore[attr-defined]
    yield desk
    journal.leave.set()
    desk.close()


@pytest.fixture
def floor() -> Iterator[Floor]:
    """A service in memory on which deciders and workers are started one by one."""
    floor = Floor()
    yield floor
    floor.close()


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, list[dict[str, Any]]]]:
    """Runs an activity in a workflow of its own: what came out, and the history."""

    def run(task: Any, *args: Any, **kwargs: Any) -> tuple[Any, list[dict[str, Any]]]:
        monkeypatch.setattr(One, "task", task)
        with testing.harness(One, workers=1) as opened:
            started = opened.start(One, *args, **kwargs)
            return opened.result(*started), opened.history(*started)

    return run


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    """Makes a :class:`Stage` for the workflows given, and closes it."""
    opened: list[Stage] = []

    def opening(*workflows: Any, **options: Any) -> Stage:
        opened.append(Stage(*workflows, **options))
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
