"""A local run, followed to its end: what changes about its runs, as events; and waiting for what a service carries out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator

from ..processes.local_run import Execution, LocalRun
from .events import Event, Look, Note, RunChanged, Watching
from .states.run_states import Watch

LOOK_SECONDS = 0.1
ASK_SECONDS = 2.0  #: between two questions to a service


def paused(seconds: float = ASK_SECONDS) -> Generator[Look, None, None]:
    """Wait that long, with a `Look` ten times a second."""
    for _ in range(round(seconds / LOOK_SECONDS)):
        yield Look()
        time.sleep(LOOK_SECONDS)


def followed(
    run: LocalRun,
    watch: Watch,
    is_over: Callable[[], bool],
    *,
    mine: Callable[[], list[Execution]],
    told: deque[str] | None = None,
) -> Generator[Event, None, bool]:
    """Follow the run until ``is_over`` says so; False when somebody stopped it before.

    When the iteration is given up, what is under way ends first.

    Args:
        mine: the executions to cancel when the user interrupts for the second time.
        told: sentences that ``is_over`` leaves for the user; taken out.

    Raises:
        ServiceError: the local service broke on the way.
    """
    told = told if told is not None else deque()
    yield Watching(watch)
    try:
        for sentence in run.follow(is_over, mine=mine):
            yield from _notes(told)
            if sentence is not None:
                yield Note(sentence)
            if watch.is_rested():
                yield from _changes(watch)
            yield Look()
    except GeneratorExit:
        run.finish_tasks()
        raise
    except Exception:
        yield from _changes(watch)  # what was done until then is told all the same
        raise
    yield from _notes(told)
    yield from _changes(watch)
    return not run.was_interrupted


def _notes(told: deque[str]) -> Generator[Note, None, None]:
    while told:
        yield Note(told.popleft())


def _changes(watch: Watch) -> Generator[RunChanged, None, None]:
    for changed in watch.look():
        yield RunChanged(changed)
