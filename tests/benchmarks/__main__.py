"""``python -m tests.benchmarks [NAME]``: measure one benchmark, or list them all."""

from __future__ import annotations

import argparse
import difflib
import sys
from typing import Protocol

from tests.benchmarks import (
    children,
    due_runs,
    fans,
    groups,
    local,
    nextpipe,
    notebooks,
    records,
    replay,
    reports,
    sensor,
    service,
    swf,
    watching,
)
from tests.benchmarks.figures import machine
from tests.benchmarks.peers import PeerError


class Benchmark(Protocol):
    """What a module of this package offers."""

    SUMMARY: str  #: one line for the list
    REPEATS: int  #: rounds of all contestants when none are asked for

    def measure(self, repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
        """Print the figures. ``tiny`` takes the smallest sizes that run every line: it proves nothing about speed.

        Raises:
            PeerError: a peer cannot be installed or does not answer.
        """


BENCHMARKS: dict[str, Benchmark] = {
    "replay": replay,
    "local": local,
    "due-runs": due_runs,
    "swf": swf,
    "service": service,
    "children": children,
    "groups": groups,
    "fans": fans,
    "notebooks": notebooks,
    "sensor": sensor,
    "reports": reports,
    "watching": watching,
    "records": records,
    "nextpipe": nextpipe,
}


def main(arguments: list[str] | None = None) -> int:
    """0 when measured or listed, 1 when a peer is at fault, 2 when the command line is."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure one benchmark; without a name, list them.")
    parser.add_argument("name", nargs="?", help=" | ".join(BENCHMARKS))
    parser.add_argument("--repeats", type=int, help="rounds in which every contestant runs once")
    parser.add_argument("--no-peers", action="store_true", help="ours alone; installs nothing")
    options = parser.parse_args(arguments)
    if options.repeats is not None and options.repeats < 1:
        parser.error(f"--repeats {options.repeats}: at least one round is needed")
    if options.name is None:
        for name, benchmark in BENCHMARKS.items():
            print(f"{name:10} {benchmark.SUMMARY}")
        return 0
    if options.name not in BENCHMARKS:
        near = difflib.get_close_matches(options.name, BENCHMARKS, n=1)
        guess = f" (did you mean {near[0]!r}?)" if near else ""
        parser.error(f"{options.name!r} is not a benchmark; there are {', '.join(BENCHMARKS)}{guess}")
    benchmark = BENCHMARKS[options.name]
    print(f"{options.name}: {benchmark.SUMMARY}\n{machine()}", flush=True)
    try:
        benchmark.measure(options.repeats or benchmark.REPEATS, with_peers=not options.no_peers)
    except PeerError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
