"""Memory and histories of one large fan, in a process of its own.

``python -m tests.benchmarks.fan_memory ITEMS [MAX_PARALLEL]`` prints a JSON object with the attributes of `Growth`.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from simpleflow_nb.environment import usable_cores
from simpleflow_nb.local.service import DOMAIN, LocalService
from tests.benchmarks.fan_workflow import Fan
from tests.benchmarks.local import carried_out, served

_SAMPLED_SECONDS = 0.01


@dataclass(frozen=True)
class Growth:
    """How large one fan became."""

    peak_bytes: int  #: resident memory at its highest, less that of the process before the run
    executions: int  #: the run and its slices
    longest_events: int  #: of the longest of their histories


class Peak:
    """The highest resident memory of this process that a thread has seen, in bytes.

    The kernel's own figure will not do: a process inherits that of the one that started it.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._process, self._is_over = psutil.Process(), threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _watch(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._is_over.wait(_SAMPLED_SECONDS)
            self.bytes = max(self.bytes, self._process.memory_info().rss)


def growth(items: int, *max_parallel: int) -> Growth:
    """Carry out a fan on a new journal; without ``max_parallel`` all its items are open at once."""
    with tempfile.TemporaryDirectory() as folder:
        opened = LocalService.open(Path(folder) / "journal.sqlite3")
        with served(opened, Fan, usable_cores()) as service:
            carried_out(service, Fan, 1)  # loads what every run needs
            gc.collect()
            before, peak = psutil.Process().memory_info().rss, Peak()
            with peak.watched():
                carried_out(service, Fan, items, *max_parallel)
            lengths = lengths_of_histories(service)[1:]
    return Growth(peak.bytes - before, len(lengths), max(lengths))


def lengths_of_histories(service: LocalService) -> list[int]:
    """The events of each closed execution, in the order of their starts."""
    lengths: list[int] = []
    token: dict[str, str] = {}
    while True:
        page = service.list_closed_workflow_executions(
            domain=DOMAIN, startTimeFilter={"oldestDate": 0}, reverseOrder=True, **token
        )
        for info in page["executionInfos"]:
            history = service.get_workflow_execution_history(
                domain=DOMAIN, execution=info["execution"], maximumPageSize=1, reverseOrder=True
            )
            lengths.append(history["events"][0]["eventId"])
        if "nextPageToken" not in page:
            return lengths
        token = {"nextPageToken": page["nextPageToken"]}


if __name__ == "__main__":
    print(json.dumps(asdict(growth(*map(int, sys.argv[1:])))))
