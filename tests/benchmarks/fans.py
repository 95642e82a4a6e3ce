"""Fans of trivial activities, ``self.for_each``: what an item costs as they grow, and beside tools without a history."""

from __future__ import annotations

import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from simpleflow_nb.dialects import nextpipe
from simpleflow_nb.environment import usable_cores
from simpleflow_nb.local.service import LocalService
from simpleflow_nb.slices import SLICE_SIZE
from tests.benchmarks import flow_programs, peers
from tests.benchmarks.fan_workflow import Fan
from tests.benchmarks.figures import Contestant, Figures, Sample, compared, milliseconds, print_table, ratio, timed
from tests.benchmarks.local import contestant_of

SUMMARY = "for_each of 10 to 20,000 trivial activities on SQLite, beside nextpipe and a process pool"
REPEATS = 3

_OURS, _POOL = "for_each", "process pool"
_SIZES = (10, 200, 2_000, 20_000)
_TINY_SIZES = (1, 2, 3, SLICE_SIZE + 1)  #: the last one has slices
_COMPARED_AT = 50  #: lists that nextpipe gives to one step at most
_SAMPLED_ITEMS = 1_000  #: smaller fans are run several times in a row: one alone is over before it can be measured


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    sizes = _TINY_SIZES if tiny else _SIZES
    with _journals() as opened:
        _measure_sizes(repeats, sizes, 1 if tiny else _SAMPLED_ITEMS, opened)
        _measure_peers(repeats, 2 if tiny else _COMPARED_AT, opened, with_peers=with_peers)
    _measure_growth(sizes[1:])


@contextmanager
def _journals() -> Iterator[Callable[[], LocalService]]:
    """What opens a service with a new journal, as often as it is called."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = count(1)
        yield lambda: LocalService.open(Path(folder) / f"{next(numbers)}.sqlite3")


def _measure_sizes(repeats: int, sizes: tuple[int, ...], sampled_items: int, opened: Callable[[], LocalService]) -> None:
    workers = usable_cores()
    contestants: dict[str, Contestant] = {}
    for size in sizes:
        times = max(1, sampled_items // size)
        contestants[f"{_OURS}, {size:,}"] = contestant_of(opened, Fan, size, workers, times)
        contestants[f"{_POOL}, {size:,}"] = partial(_pool, size, workers)
    figures = compared(contestants, repeats)
    rows = []
    for who in (_OURS, _POOL):
        compared_to = figures[f"{who}, {sizes[1]:,}"]
        for size in sizes:
            name = f"{who}, {size:,}"
            one = figures[name]
            elapsed = one.median / size / (compared_to.median / sizes[1])
            cpu = _median_cpu(one) / size / (_median_cpu(compared_to) / sizes[1])
            each = (f"{seconds / size * 1e6:.0f}" for seconds in (one.minimum, one.median, one.cpu, _median_cpu(one)))
            rows.append((name, f"{size / one.median:,.0f}", *each, f"{elapsed:.2f}x", f"{cpu:.2f}x"))
    print_table(
        f"An item of a fan, us; {workers} worker threads, and as many processes in a pool of which the start counts "
        f"({repeats} rounds)",
        ("", "items/s", "minimum", "median", "CPU", "median CPU", f"of {sizes[1]:,}", "its CPU"),
        rows,
    )


def _median_cpu(one: Figures) -> float:
    return median(sample.cpu for sample in one.samples)


def _pool(size: int, processes: int) -> Sample:
    """A map from the start of its pool to its end; CPU seconds are those of all its processes."""

    def mapped() -> None:
        # forks, where that is possible: the cheapest start there is
        context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            assert sum(pool.map(_incremented, range(size))) == size * (size + 1) // 2

    before = _children_cpu()
    sample = timed(mapped)()
    return Sample(sample.elapsed, sample.cpu + _children_cpu() - before)


def _incremented(x: int) -> int:
    return x + 1


def _children_cpu() -> float:
    """CPU seconds of the children of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _measure_peers(repeats: int, size: int, opened: Callable[[], LocalService], *, with_peers: bool) -> None:
    workers = usable_cores()
    flow = flow_programs.imported(flow_programs.fan(size), nextpipe.__name__)
    contestants: dict[str, Contestant] = {
        _OURS: contestant_of(opened, Fan, size, workers),
        "a flow of nextpipe's, here": timed(flow("bench", 1).run),
        _POOL: partial(_pool, size, workers),
    }
    with ExitStack() as stack:
        for peer in stack.enter_context(peers.running(("nextpipe",) if with_peers else ())).values():
            contestants[peer.name] = peer.contestant(shape="fan", size=size)
        figures = compared(contestants, repeats)
    print_table(
        f"A fan of {size} items, ms; {repeats} rounds. The flow has a step before its items and a join",
        ("", "items/s", "minimum", "median", "CPU", f"of {_OURS}"),
        [
            (
                name,
                f"{size / one.median:,.0f}",
                *map(milliseconds, (one.minimum, one.median, one.cpu)),
                ratio(one, figures[_OURS]),
            )
            for name, one in figures.items()
        ],
    )


def _measure_growth(sizes: tuple[int, ...]) -> None:
    rows = []
    for size, *max_parallel in (*((size,) for size in sizes), (sizes[-1], SLICE_SIZE)):
        command = [sys.executable, "-m", "tests.benchmarks.fan_memory", *map(str, (size, *max_parallel))]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=peers.ENVIRONMENTS.parent)
        found = json.loads(done.stdout)
        name = f"{size:,}" + "".join(f", max_parallel={most}" for most in max_parallel)
        peak = found["peak_bytes"]
        each = (f"{peak / 2**20:.1f}", f"{peak / size / 2**10:.1f}")
        rows.append((name, found["executions"], f"{found['longest_events']:,}", *each))
    print_table(
        "Executions of a fan, and resident memory at its peak above that of the idle process",
        ("items", "executions", "longest history", "MiB", "KiB an item"),
        rows,
    )
