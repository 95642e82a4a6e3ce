"""Groups, chains and waits for many tasks: replayed alone, and in processes beside simpleflow's."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

from simpleflow_nb import Workflow, canvas, futures
from simpleflow_nb.processes.decider_process import collect_rarely
from tests.benchmarks import peers
from tests.benchmarks.engines import OURS, commands_of, in_turns, print_costs
from tests.benchmarks.figures import Contestant, Figures, compared, milliseconds, print_table
from tests.benchmarks.fleets import fleet
from tests.benchmarks.histories import increment
from tests.benchmarks.polls import WholePoll
from tests.benchmarks.servers import CREDENTIALS, service_start

SUMMARY = "groups and chains of up to 5,000 members and waits for up to 10,000 tasks, beside simpleflow"
REPEATS = 3

_SHAPES = ("group", "limited-group", "canvas-chain")


class Group(Workflow):
    name = "group"

    def run(self, n: int) -> int:
        return sum(self.submit(canvas.Group(*((increment, i) for i in range(n)))).result)


class LimitedGroup(Workflow):
    name = "limited-group"

    def run(self, n: int) -> int:
        return sum(self.submit(canvas.Group(*((increment, i) for i in range(n)), max_parallel=10)).result)


class CanvasChain(Workflow):
    name = "canvas-chain"

    def run(self, n: int) -> int:
        return sum(self.submit(canvas.Chain(*((increment, i) for i in range(n)))).result)


class AsCompleted(Workflow):
    name = "as_completed"

    def run(self, n: int) -> int:
        return sum(future.result for future in futures.as_completed([self.submit(increment, i) for i in range(n)]))


class Completions(Workflow):
    """Ten tasks at a time: one is added for each that has ended."""

    name = "Completions"

    def run(self, n: int) -> int:
        queue = futures.Completions(self.submit(increment, i) for i in range(min(n, 10)))
        total = 0
        for i in range(10, n + 10):
            total += queue.next().result
            if i < n:
                queue.add(self.submit(increment, i))
        return total


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    collect_rarely()
    _measure_replays(repeats, (5, 10, 20) if tiny else (500, 1_000, 5_000), with_peers=with_peers)
    _measure_waits(repeats, (5, 10) if tiny else (1_000, 10_000))
    with mock.patch.dict(os.environ, CREDENTIALS):
        _measure_fleets(repeats, 3 if tiny else 100, _SHAPES, with_peers=with_peers)
        if not tiny:
            _measure_fleets(1, 1_000, _SHAPES[:1], with_peers=with_peers)


def _measure_replays(repeats: int, sizes: tuple[int, ...], *, with_peers: bool) -> None:
    """The last decision of a run whose every member has ended, replayed from its first event on."""
    rows = []
    with ExitStack() as stack:
        others = stack.enter_context(peers.running(("simpleflow",) if with_peers else ()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for workflow in (Group, LimitedGroup, CanvasChain):
            polls = [WholePoll.of(workflow, size) for size in sizes]
            contestants: dict[str, Contestant] = {f"{OURS}, {poll.tasks:,}": poll.contestant() for poll in polls}
            for poll in polls:
                file = folder / f"{workflow.name}-{poll.tasks}.json"
                file.write_bytes(poll.body)
                for peer in others.values():
                    contestants[f"{peer.name}, {poll.tasks:,}"] = peer.contestant(
                        shape=workflow.name, poll=str(file), tasks=poll.tasks, times=poll.times
                    )
            figures = compared(contestants, repeats)
            for n, (name, one) in enumerate(figures.items()):
                poll, first = polls[n % len(polls)], list(figures.values())[n - n % len(polls)]
                ours = figures[f"{OURS}, {poll.tasks:,}"]
                cells = (milliseconds(one.minimum), milliseconds(one.median), milliseconds(one.cpu))
                growth = one.cpu / poll.tasks / (first.cpu / polls[0].tasks)
                each = f"{one.cpu / poll.tasks * 1e6:.1f}"
                rows.append((f"{workflow.name}, {name}", *cells, each, f"{growth:.2f}x", f"{one.cpu / ours.cpu:.1f}x"))
    print_table(
        "One replay of all members, ms (ours from bytes on, with the collector of a decider; simpleflow without parsing)",
        ("", "minimum", "median", "CPU", "us a member", f"of {sizes[0]:,}", "of ours"),
        rows,
    )


def _measure_waits(repeats: int, sizes: tuple[int, ...]) -> None:
    """One wait for each task in the order in which they end; ten of them end before each decision."""
    rows = []
    for workflow in (AsCompleted, Completions):
        polls = [WholePoll.of(workflow, size) for size in sizes]
        figures = compared({f"{workflow.name}, {poll.tasks:,}": poll.contestant() for poll in polls}, repeats)
        first = next(iter(figures.values()))
        for poll, (name, one) in zip(polls, figures.items(), strict=True):
            rows.append((name, *_each(one, poll.tasks), f"{one.cpu / poll.tasks / (first.cpu / polls[0].tasks):.2f}x"))
    print_table("A task and the wait for it, us", ("", "minimum", "median", "CPU", f"of {sizes[0]:,}"), rows)


def _each(one: Figures, tasks: int) -> tuple[str, ...]:
    return tuple(f"{seconds / tasks * 1e6:.1f}" for seconds in (one.minimum, one.median, one.cpu))


def _measure_fleets(repeats: int, members: int, shapes: tuple[str, ...], *, with_peers: bool) -> None:
    with ExitStack() as stack:
        endpoint = stack.enter_context(service_start())
        fleets = {
            name: stack.enter_context(fleet(endpoint, each, shapes))
            for name, each in commands_of(shapes, with_peers=with_peers).items()
        }
        for shape in shapes:
            title = f"{shape} of {members:,} on service.start, least of {repeats}"
            print_costs(title, in_turns(fleets, shape, members, repeats))
