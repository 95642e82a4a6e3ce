"""Histories of local runs that are old enough to go: who removes them when, and what is said of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ..exceptions import SimpleflowError
from ..inspection.task_rows import shown_time
from ..local.journal import MAY_PRUNE
from ..local.pruning import Pruned
from ..processes.allocator import give_back_memory
from ..processes.payload_pruning import remove_unreferenced
from .local_run import LocalRun, say
from .unrecorded_ends import unrecorded_ends

_LOOKED = "keep_history looked"  #: key of the journal: when it was looked at last
_DAY_SECONDS = 86_400.0
_SHORTEST_LOOK_SECONDS = 60.0
_LOOKS = 10  #: in the time that is kept, where that is short
_MEGABYTE = 1_000_000


class HistoryKeeping:
    """``keep_history`` of a sensor of this machine: removes what is older, once a day.

    In a journal that a former version has made, nothing is removed by the process that first finds something to remove: it says
    what the next one will remove.
    """

    def __init__(self, run: LocalRun, outputs: Path) -> None:
        self.run, self.outputs = run, outputs
        journal = run.service.journal
        assert journal is not None
        self.journal = journal
        self._may_remove = journal.noted(MAY_PRUNE) is not None
        self._next_look = 0.0

    def look(self, keep_seconds: int | None, *, unread: Callable[[], set[str]]) -> None:
        """Remove what ended longer ago than that, if it is time to look; None keeps everything. Costs nothing else.

        ``unread`` are the run ids of what this process is still to tell of.
        """
        if keep_seconds is None or time.monotonic() < self._next_look:
            return
        is_first = not self._next_look
        pause = min(_DAY_SECONDS, max(keep_seconds / _LOOKS, _SHORTEST_LOOK_SECONDS))
        self._next_look = time.monotonic() + pause
        try:
            looked = self.journal.noted(_LOOKED) if is_first else None
            if looked is not None and 0 <= time.time() - float(looked) < pause:
                return  # a former process has just done it
            self._keep(keep_seconds, unread())
            self.journal.note(_LOOKED, str(time.time()))
            self.journal.shrink_memory()
            give_back_memory()
        except (SimpleflowError, OSError) as error:
            say(f"old histories are kept for now: {error}")

    def _keep(self, seconds: int, unread: set[str]) -> None:
        from deciders.durations import shown_duration

        service, before = self.run.service, time.time() - seconds
        spared = unread | unrecorded_ends(service, self.outputs, self.run.payloads, closed_before=before)
        age = shown_duration(seconds)
        if not self._may_remove:
            found = service.would_prune(before, spared=spared)
            if found.executions:
                say(
                    f"{shown_executions(found)} ended more than {age} ago; from the next start on such histories are removed "
                    "(keep_history of the file; 'forever' keeps them)"
                )
                self.journal.note(MAY_PRUNE, shown_time(time.time()))
            return
        done = service.prune(before, spared=spared)
        payloads = remove_unreferenced(self.run.payloads, self.journal)
        if done.executions or payloads:
            say(f"removed {shown_removal(done, payloads)}: older than {age} (keep_history)")


def longest_kept(kept: Iterable[int | None]) -> int | None:
    """``keep_history`` of files that share a journal, in seconds: the longest, as its histories are not told apart by file.
    None: for ever."""
    return max(kept, key=lambda seconds: math.inf if seconds is None else seconds)


def shown_executions(found: Pruned) -> str:
    number = found.executions
    return f"{number} execution{'s' if number != 1 else ''} ({found.history_bytes / _MEGABYTE:.1f} MB of history)"


def shown_removal(done: Pruned, payloads: int) -> str:
    text = f"the histories of {shown_executions(done)}"
    return f"{text} and {payloads} payload{'s' if payloads != 1 else ''}" if payloads else text
