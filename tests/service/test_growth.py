"""What a service that lives for months keeps in memory of what has ended."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from simpleflow_nb.application.run_states import KEPT_ENDS, Watch

from .desk import Desk, complete, opened, schedule

_RUNS = 200
_OBJECTS_OF_A_RUN = 8  #: what listings show of it, and when it ended


def carried_out(desk: Desk, watch: Watch, numbers: range) -> None:
    for number in numbers:
        desk.start(f"run{number}", input='{"kwargs":{"a":[1,2,3]}}')
        desk.decide(schedule("a", heartbeatTimeout="120", startToCloseTimeout="80000"))
        desk.finish("1")
        watch.look()
        desk.decide(complete(result='{"state":"succeeded"}'))
        watch.look()
        desk.pass_time(1)


def objects() -> int:
    """Without weak references: a connection of sqlite3 keeps one for each of its last 200 cursors."""
    gc.collect()
    return sum(not isinstance(one, weakref.ref) for one in gc.get_objects())


def test_a_closed_run_leaves_a_few_objects_and_when_it_is_pruned_none(path: Path) -> None:
    desk = opened(path)
    watch = Watch(desk.local, ["flow"])
    desk.swf = desk.local  # the model of AWS would keep each answer
    carried_out(desk, watch, range(_RUNS))
    desk.local.prune(desk.local.clock.now() - _RUNS / 2)
    before = objects()
    carried_out(desk, watch, range(_RUNS, 2 * _RUNS))
    assert (objects() - before) / _RUNS <= _OBJECTS_OF_A_RUN
    assert (len(watch.runs), watch.earlier.ends.total()) == (KEPT_ENDS, 2 * _RUNS - KEPT_ENDS)
    assert desk.local.executions == {}
    desk.local.prune(desk.local.clock.now() - _RUNS / 2)
    assert (objects() - before) / _RUNS <= 0.5
    desk.close()
