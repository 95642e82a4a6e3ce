"""Histories of local runs that are old enough to go: who removes them when, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...exceptions import SimpleflowError
from ...inspection.task_rows import shown_time
from ...local.journal import MAY_PRUNE
from ...processes.allocator import give_back_memory
from ...processes.local_run import LocalRun
from .file_histories import histories_of_others
from .history_removal import remove_old, shown_executions
from .unrecorded_ends import unrecorded_ends

if TYPE_CHECKING:
    from deciders.specification import Specification


_LOOKED = "keep_history looked"  #: key of the journal: when it was looked at last
_DAY_SECONDS = 86_400.0
_SHORTEST_LOOK_SECONDS = 60.0
_LOOKS = 10  #: in the time that is kept, where that is short


class HistoryKeeping:
    """``keep_history`` of the files whose sensors this process carries out: removes what is older, once a day.

    Each file's word counts for what is its own (`file_histories`). What belongs to none of them stays.

    In a journal that a former version has made, nothing is removed by the process that first finds something to remove: it
    tells what the next one will remove.

    Args:
        tell: takes sentences for the user.
    """

    def __init__(self, run: LocalRun, outputs: Path, tell: Callable[[str], None]) -> None:
        self.run, self.outputs, self._tell = run, outputs, tell
        journal = run.service.journal
        assert journal is not None
        self.journal = journal
        self._may_remove = journal.noted(MAY_PRUNE) is not None
        self._next_look = 0.0

    def look(self, files: Sequence[Specification], *, unread: Callable[[], set[str]]) -> None:
        """Remove what is these files' and ended longer ago than each says, if it is time to look. Costs nothing else.

        ``unread`` are the run ids of what this process is still to tell of.
        """
        kept = [file.keep_history_seconds for file in files if file.keep_history_seconds is not None]
        if not kept or time.monotonic() < self._next_look:
            return
        is_first = not self._next_look
        pause = min(_DAY_SECONDS, max(min(kept) / _LOOKS, _SHORTEST_LOOK_SECONDS))
        self._next_look = time.monotonic() + pause
        try:
            looked = self.journal.noted(_LOOKED) if is_first else None
            if looked is not None and 0 <= time.time() - float(looked) < pause:
                return  # a former process has just done it
            found = sum([self._keep(file, unread(), names_file=len(files) > 1) for file in files])
            if found and not self._may_remove:
                self.journal.note(MAY_PRUNE, shown_time(time.time()))
            self.journal.note(_LOOKED, str(time.time()))
            self.journal.shrink_memory()
            give_back_memory()
        except (SimpleflowError, OSError) as error:
            self._tell(f"old histories are kept for now: {error}")

    def _keep(self, file: Specification, unread: set[str], *, names_file: bool) -> int:
        """Remove the old executions of the file, or leave them to the next process; return how many these are."""
        from deciders.dates.durations import shown_duration

        seconds = file.keep_history_seconds
        if seconds is None:
            return 0
        service, before, age = self.run.service, time.time() - seconds, shown_duration(seconds)
        prefix = f"{file.path.name}: " if names_file else ""
        spared = unread | unrecorded_ends(service, self.outputs, self.run.payloads, closed_before=before)
        spared |= histories_of_others(service, file, self.outputs, self.run.payloads, closed_before=before)
        if not self._may_remove:
            found = service.would_prune(before, spared=spared)
            if found.executions:
                self._tell(
                    f"{prefix}{shown_executions(found)} ended more than {age} ago; from the next start on such histories are "
                    "removed (keep_history of the file; 'forever' keeps them)"
                )
            return found.executions
        removal = remove_old(service, before, spared, self.run.payloads, self.journal)
        if removal.done.executions or removal.payloads:
            self._tell(f"{prefix}removed {removal.shown()}: older than {age} (keep_history)")
        for sentence in removal.left:
            self._tell(f"{prefix}{sentence}")
        return removal.done.executions
