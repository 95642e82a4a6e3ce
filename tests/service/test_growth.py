"""What a service that lives for months keeps in memory of what has ended."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from simpleflow_nb.application.states.run_states import KEPT_ENDS, Watch

from .manual_client import ManualClient, complete, opened, schedule

_RUNS = 200
_OBJECTS_OF_A_RUN = 8  #: what listings show of it, and when it ended


def carried_out(client: ManualClient, watch: Watch, numbers: range) -> None:
    for number in numbers:
        client.start(f"run{number}", input='{"kwargs":{"a":[1,2,3]}}')
        client.decide(schedule("a", heartbeatTimeout="120", startToCloseTimeout="80000"))
        client.finish("1")
        watch.look()
        client.decide(complete(result='{"state":"succeeded"}'))
        watch.look()
        client.pass_time(1)


def objects() -> int:
    """Without weak references: a connection of sqlite3 keeps one for each of its last 200 cursors."""
    gc.collect()
    return sum(not isinstance(one, weakref.ref) for one in gc.get_objects())


def test_a_closed_run_leaves_a_few_objects_and_when_it_is_pruned_none(path: Path) -> None:
    client = opened(path)
    watch = Watch(client.local, ["flow"])
    client.swf = client.local  # the model of AWS would keep each answer
    carried_out(client, watch, range(_RUNS))
    client.local.prune(client.local.clock.now() - _RUNS / 2)
    before = objects()
    carried_out(client, watch, range(_RUNS, 2 * _RUNS))
    assert (objects() - before) / _RUNS <= _OBJECTS_OF_A_RUN
    assert (len(watch.runs), watch.earlier.ends.total()) == (KEPT_ENDS, 2 * _RUNS - KEPT_ENDS)
    assert client.local.executions == {}
    client.local.prune(client.local.clock.now() - _RUNS / 2)
    assert (objects() - before) / _RUNS <= 0.5
    client.close()
