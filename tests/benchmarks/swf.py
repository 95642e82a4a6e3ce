"""The engine on SWF as its processes have it, beside simpleflow's on the same servers; and the price of a long poll."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from unittest import mock

from tests.benchmarks.engines import OURS, commands_of, in_turns, print_costs
from tests.benchmarks.figures import Contestant, compared, milliseconds, print_table, ratio, timed
from tests.benchmarks.fleets import Commands, fleet
from tests.benchmarks.histories import Chain, history
from tests.benchmarks.servers import CREDENTIALS, DOMAIN, SERVERS, canned, service_start

SUMMARY = "decider and worker processes on moto and on service.start, beside simpleflow; polls of long histories"
REPEATS = 3

_SHAPES = ("fan-out", "chain")
_POLLS_IN_A_ROUND = 20


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    with mock.patch.dict(os.environ, CREDENTIALS):
        _measure_polls(1 if tiny else 5 * repeats, (10,) if tiny else (10, 100, 1_000))
        _measure_fleets(repeats, 5 if tiny else 100, with_peers=with_peers)
        _measure_long_chain(5 if tiny else 1_000, dict(list(_MEMORIES.items())[:1]) if tiny else _MEMORIES)


def _measure_polls(rounds: int, sizes: tuple[int, ...]) -> None:
    """The client's time for polls, on a server that has its answer ready."""
    import boto3

    from simpleflow_nb.swf.client import Boto3Service

    rows = []
    for size in sizes:
        body = history(Chain, size // 6 + 1).poll(size)
        with canned(body) as endpoint, ExitStack() as stack:
            ours = Boto3Service(region=CREDENTIALS["AWS_DEFAULT_REGION"], endpoint_url=endpoint)
            stack.callback(ours.close)
            plain = boto3.client("swf", region_name=CREDENTIALS["AWS_DEFAULT_REGION"], endpoint_url=endpoint)
            stack.callback(plain.close)
            figures = compared({OURS: _poll(ours, size), "boto3": _poll(plain, size)}, rounds)
        for name, one in figures.items():
            cells = (f"{size:,} events, {name}", milliseconds(one.minimum), milliseconds(one.median), milliseconds(one.cpu))
            rows.append((*cells, ratio(one, figures[OURS])))
    print_table("A poll for a decision task, client's time, ms", ("", "minimum", "median", "CPU", "of ours"), rows)


def _poll(client: object, size: int) -> Contestant:
    poll: Callable[..., dict[str, object]] = client.poll_for_decision_task  # type: ignore[attr-defined]

    def action() -> None:
        answer = poll(domain=DOMAIN, taskList={"name": "bench"})
        events = answer["events"]
        assert isinstance(events, list)
        assert len(events) == size

    return timed(action, _POLLS_IN_A_ROUND)


def _measure_fleets(repeats: int, tasks: int, *, with_peers: bool) -> None:
    commands = commands_of(_SHAPES, with_peers=with_peers)
    for server, start in SERVERS.items():
        with ExitStack() as stack:
            endpoint = stack.enter_context(start())
            fleets = {name: stack.enter_context(fleet(endpoint, each, _SHAPES)) for name, each in commands.items()}
            for workflow in _SHAPES:
                print_costs(
                    f"{workflow} of {tasks} on {server}, least of {repeats}", in_turns(fleets, workflow, tasks, repeats)
                )


#: how a decider is started that remembers its runs so well
_MEMORIES: dict[str, tuple[str, ...]] = {
    "sticky": (),
    "cache, no list of its own": ("--sticky-seconds", "0"),
    "no cache: every decision replays": ("--sticky-seconds", "0", "--cached-events", "0"),
}


def _measure_long_chain(tasks: int, memories: Mapping[str, tuple[str, ...]]) -> None:
    """What a decider spends on a chain, when it remembers the run on its own list, when it remembers it only, and never."""
    rows = []
    for name, words in memories.items():
        commands = Commands(
            [sys.executable, "-m", "tests.benchmarks.deciding", *words],
            commands_of(("chain",), with_peers=False)[OURS].worker,
            "bench",
        )
        with service_start() as endpoint, fleet(endpoint, commands, ("chain",)) as each:
            each.measured("chain", 1)
            one = each.measured("chain", tasks)
        per_decision = one.polled_events / one.decisions
        cells = (
            f"{one.decider_cpu:.2f}",
            f"{one.elapsed:.1f}",
            one.calls,
            f"{one.polled_bytes / 1e6:.1f}",
            f"{per_decision:.1f}",
        )
        rows.append((name, *cells))
    print_table(
        f"Chain of {tasks:,} through boto3 on service.start: the decider",
        ("", "CPU s", "wall s", "calls of all", "MB polled", "events a decision"),
        rows,
    )
