"""The engine on SWF as its processes have it, beside simpleflow's on the same servers; and the price of a long poll."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import fields
from unittest import mock

from tests.benchmarks import peers
from tests.benchmarks.figures import Contestant, compared, milliseconds, print_table, ratio, timed
from tests.benchmarks.fleets import Commands, Fleet, Measured, fleet
from tests.benchmarks.histories import Chain, history
from tests.benchmarks.servers import CREDENTIALS, DOMAIN, SERVERS, canned, service_start

SUMMARY = "decider and worker processes on moto and on service.start, beside simpleflow; polls of long histories"
REPEATS = 3

_OURS = "simpleflow_nb"
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
            figures = compared({_OURS: _poll(ours, size), "boto3": _poll(plain, size)}, rounds)
        for name, one in figures.items():
            cells = (f"{size:,} events, {name}", milliseconds(one.minimum), milliseconds(one.median), milliseconds(one.cpu))
            rows.append((*cells, ratio(one, figures[_OURS])))
    print_table("A poll for a decision task, client's time, ms", ("", "minimum", "median", "CPU", "of ours"), rows)


def _poll(client: object, size: int) -> Contestant:
    poll: Callable[..., dict[str, object]] = client.poll_for_decision_task  # type: ignore[attr-defined]

    def action() -> None:
        answer = poll(domain=DOMAIN, taskList={"name": "bench"})
        events = answer["events"]
        assert isinstance(events, list)
        assert len(events) == size

    return timed(action, _POLLS_IN_A_ROUND)


def _commands(simpleflow: str | None) -> dict[str, Commands]:
    """One decider and two tasks at a time, each as its own manual starts them."""
    ours = [sys.executable, "-m", "simpleflow_nb"]
    commands = {
        _OURS: Commands(
            [*ours, "decider.start", "tests.benchmarks.flows.Chain", "tests.benchmarks.flows.FanOut", "--domain", DOMAIN],
            [*ours, "worker.start", "--domain", DOMAIN, "--task-list", "bench-workers", "--nb-slots", "2"],
            "bench",
        )
    }
    if simpleflow is not None:
        theirs = [simpleflow, "-m", "simpleflow"]
        module = "tests.benchmarks.peers.simpleflow_flows"
        commands[peers.REQUIREMENTS["simpleflow"].replace("==", " ")] = Commands(
            [*theirs, "decider.start", f"{module}.Chain", f"{module}.FanOut", "-d", DOMAIN, "-N", "1"],
            [*theirs, "worker.start", "-d", DOMAIN, "-t", "simpleflow-workers", "-N", "2"],
            "simpleflow",
        )
    return commands


def _measure_fleets(repeats: int, tasks: int, *, with_peers: bool) -> None:
    commands = _commands(peers.installed("simpleflow") if with_peers else None)
    for server, start in SERVERS.items():
        with ExitStack() as stack:
            endpoint = stack.enter_context(start())
            fleets = {name: stack.enter_context(fleet(endpoint, each)) for name, each in commands.items()}
            for workflow in ("fan-out", "chain"):
                _print_costs(
                    f"{workflow} of {tasks} on {server}, least of {repeats}", _in_turns(fleets, workflow, tasks, repeats)
                )


def _in_turns(fleets: Mapping[str, Fleet], workflow: str, tasks: int, repeats: int) -> dict[str, Measured]:
    """The least of each figure. A run of one task before each measured one lets everybody import what they need."""
    runs: dict[str, list[Measured]] = {name: [] for name in fleets}
    for _ in range(repeats):
        for name, each in fleets.items():
            each.measured(workflow, 1)
            runs[name].append(each.measured(workflow, tasks))
    return {
        name: Measured(*(min(getattr(run, field.name) for run in measured) for field in fields(Measured)))
        for name, measured in runs.items()
    }


def _print_costs(title: str, costs: Mapping[str, Measured]) -> None:
    ours = costs[_OURS]
    print_table(
        title,
        ("", "CPU s", "decider", "worker", "of ours", "wall s", "calls", "kB polled", "events", "decisions"),
        [
            (
                name,
                f"{one.cpu:.2f}",
                f"{one.decider_cpu:.2f}",
                f"{one.worker_cpu:.2f}",
                f"{one.cpu / ours.cpu:.1f}x",
                f"{one.elapsed:.2f}",
                one.calls,
                f"{one.polled_bytes / 1e3:.0f}",
                one.events,
                one.decisions,
            )
            for name, one in costs.items()
        ],
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
            _commands(None)[_OURS].worker,
            "bench",
        )
        with service_start() as endpoint, fleet(endpoint, commands) as each:
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
