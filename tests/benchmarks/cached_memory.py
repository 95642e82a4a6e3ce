"""Resident memory of cached executions, in a process of its own: ``python -m tests.benchmarks.cached_memory STATE COUNT``.

Prints KiB an execution. STATE is one of those in `STATES`.
"""

from __future__ import annotations

import gc
import sys

import psutil

from tests.benchmarks.histories import Chain, FanOut, advanced, history, new_execution

#: what the executions wait for: (workflow, tasks in all, how many of them have ended)
STATES = {
    "blocked at its first task": (Chain, 1, 0),
    "100 tasks open": (FanOut, 100, 0),
    "100 tasks done, one open": (Chain, 101, 100),
}


def kibibytes_each(state: str, count: int) -> float:
    workflow, tasks, ended = STATES[state]
    made = history(workflow, tasks)
    # each end of a chain's task starts one decision more; the first one has none before it
    poll = made.poll(made.starts[ended])
    gc.collect()
    before = psutil.Process().memory_info().rss
    executions = []
    for _ in range(count):
        execution = new_execution(workflow)
        advanced(execution, poll)
        executions.append(execution)
    gc.collect()
    taken = psutil.Process().memory_info().rss - before
    for execution in executions:
        execution.kill()
    return taken / count / 1024


if __name__ == "__main__":
    print(kibibytes_each(sys.argv[1], int(sys.argv[2])))
