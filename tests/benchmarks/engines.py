"""Our processes and simpleflow's, each as its own manual starts them, and what their runs cost side by side."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields

from tests.benchmarks import peers
from tests.benchmarks.figures import print_table
from tests.benchmarks.fleets import Commands, Fleet, Measured
from tests.benchmarks.servers import DOMAIN

OURS = "simpleflow_nb"

#: the classes of ``flows.py`` and ``peers/simpleflow_flows.py``, by the name of their type
_CLASSES = {
    "chain": "Chain",
    "fan-out": "FanOut",
    "group": "Group",
    "limited-group": "LimitedGroup",
    "canvas-chain": "CanvasChain",
    "family": "Family",
    "child": "Child",
}


def commands_of(workflows: Sequence[str], *, with_peers: bool) -> dict[str, Commands]:
    """Return how one decider and two tasks at a time are started: for us, and for simpleflow with ``with_peers``.

    Raises:
        PeerError: simpleflow cannot be installed.
    """
    ours = [sys.executable, "-m", "simpleflow_nb"]
    classes = [_CLASSES[name] for name in workflows]
    commands = {
        OURS: Commands(
            [*ours, "decider.start", *(f"tests.benchmarks.flows.{each}" for each in classes), "--domain", DOMAIN],
            [*ours, "worker.start", "--domain", DOMAIN, "--task-list", "bench-workers", "--nb-slots", "2"],
            "bench",
        )
    }
    if with_peers:
        theirs = [peers.installed("simpleflow"), "-m", "simpleflow"]
        module = "tests.benchmarks.peers.simpleflow_flows"
        commands[peers.REQUIREMENTS["simpleflow"].replace("==", " ")] = Commands(
            [*theirs, "decider.start", *(f"{module}.{each}" for each in classes), "-d", DOMAIN, "-N", "1"],
            [*theirs, "worker.start", "-d", DOMAIN, "-t", "simpleflow-workers", "-N", "2"],
            "simpleflow",
        )
    return commands


def in_turns(fleets: Mapping[str, Fleet], workflow: str, tasks: int, repeats: int) -> dict[str, Measured]:
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


def print_costs(title: str, costs: Mapping[str, Measured]) -> None:
    ours = costs[OURS]
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
