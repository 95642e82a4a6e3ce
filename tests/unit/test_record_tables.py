"""Descriptions of tables: every thread of a process has the same ones."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from workers.records import run_items, run_tables


@pytest.mark.parametrize(("module", "name"), [(run_items, "items_table"), (run_tables, "runs_table")])
def test_threads_that_ask_at_once_get_the_same_table(module, name):
    meeting = threading.Barrier(2)

    def table():
        try:
            meeting.wait(0.5)  # passed only by two that build it at once
        except threading.BrokenBarrierError:
            pass
        return build()

    build = getattr(module, name).__wrapped__
    asked = run_tables.built_once(table)
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(lambda _: asked(), range(2))
    assert one is other is asked()
    assert getattr(module, name)() is getattr(module, name)()
