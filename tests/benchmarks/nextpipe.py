"""Flows written for nextpipe, here and there: the same programs, only their import lines differ."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from simpleflow_nb.dialects import nextpipe
from tests.benchmarks import flow_programs, peers
from tests.benchmarks.figures import Figures, compared, milliseconds, print_table, ratio, timed
from tests.benchmarks.peers import PeerError

SUMMARY = "a chain of trivial steps and a fan with its join, written for nextpipe, beside nextpipe"
REPEATS = 3

_OURS = "simpleflow_nb"


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    shapes = {"chain": (2 if tiny else 20, "steps"), "fan": (2 if tiny else 50, "items")}
    with ExitStack() as stack:
        others = _others(stack, with_peers)
        for shape, (size, what) in shapes.items():
            cls = flow_programs.imported(getattr(flow_programs, shape)(size), nextpipe.__name__)
            contestants = {_OURS: timed(cls("bench", 1).run)}
            contestants |= {name: peer.contestant(shape=shape, size=size) for name, peer in others.items()}
            _print(f"A {shape} of {size} {what}", compared(contestants, repeats), repeats)


def _others(stack: ExitStack, with_peers: bool) -> dict[str, Any]:
    """The peer under its name and version; none, and a line that says why, where it cannot be installed."""
    if not with_peers:
        return {}
    try:
        return {peer.name: peer for peer in stack.enter_context(peers.running(("nextpipe",))).values()}
    except PeerError as error:
        print(f"without the peer: {error}")
        return {}


def _print(title: str, figures: dict[str, Figures], repeats: int) -> None:
    print_table(
        f"{title}, minimum and median of {repeats}, milliseconds",
        ("", "minimum", "median", "CPU", "of ours"),
        [
            (name, milliseconds(one.minimum), milliseconds(one.median), milliseconds(one.cpu), ratio(one, figures[_OURS]))
            for name, one in figures.items()
        ],
    )
