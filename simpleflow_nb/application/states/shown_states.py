"""States of tasks and executions, in the words that a terminal shows.

Python workflows are shown as well, by commands that do without our application: so these are not the states of its runs and
labels, which `deciders.values` has, and which read these words.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ShownState(StrEnum):
    """The state of a task of an execution, such as a notebook or a report."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    SKIPPED = "skipped"
    FAILED = "FAILED"
    CANCELLED = "cancelled"

    @classmethod
    def of_task(cls, state: str) -> ShownState:
        """Return the state of a task in the words of `inspection.task_rows`."""
        return _OF_TASKS.get(state, cls.FAILED)

    @classmethod
    def of_item(cls, state: str) -> ShownState:
        """Return the state of an item in the words of `deciders.values.item_state`; a timeout is a failure here."""
        return _OF_ITEMS.get(state, cls.FAILED)


_OF_TASKS = {
    "scheduled": ShownState.WAITING,
    "started": ShownState.RUNNING,
    "completed": ShownState.DONE,
    "canceled": ShownState.CANCELLED,
}


_OF_ITEMS = {
    "pending": ShownState.WAITING,
    "running": ShownState.RUNNING,
    "succeeded": ShownState.DONE,
    "cached": ShownState.CACHED,
    "skipped": ShownState.SKIPPED,
    "cancelled": ShownState.CANCELLED,
}


class ShownEnd(StrEnum):
    """End of an execution, or that it is open."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FAILED = "failed"


#: of rich
STYLES: Mapping[ShownState, str] = {
    ShownState.DONE: "green",
    ShownState.CACHED: "green",
    ShownState.SKIPPED: "green",
    ShownState.RUNNING: "cyan",
    ShownState.WAITING: "dim",
    ShownState.FAILED: "bold red",
    ShownState.CANCELLED: "yellow",
}
WARNED_STYLE = "yellow"  #: of what is done with warnings
