"""The local service over HTTP, beside moto's server: steps of chains, by clients that cost next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.benchmarks.figures import Contestant, Sample, compared, milliseconds, print_table, ratio
from tests.benchmarks.peers import PeerError
from tests.benchmarks.servers import DOMAIN, SERVERS
from tests.benchmarks.stepping import Client

SUMMARY = "steps of service.start with 1, 2 and 4 clients, beside moto's server"
REPEATS = 5


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    rows = []
    for clients in (1,) if tiny else (1, 2, 4):
        rows += _rows(clients, 3 if tiny else 60, repeats, with_peers=with_peers)
    print_table(
        f"A step (a decision and an activity, four calls) of chains, one a client, {repeats} rounds; the last event is on disk",
        ("", "steps/s", "minimum ms", "median ms", "of service.start", "answers 500"),
        rows,
    )


def _rows(clients: int, steps: int, repeats: int, *, with_peers: bool) -> list[tuple[str, ...]]:
    """Measure chains of so many steps on fresh servers: moto takes the longer, the more runs it has seen."""
    repeated: Counter[str] = Counter()
    with ExitStack() as stack:
        contestants = {}
        for name, start in SERVERS.items():
            if not with_peers and name != "service.start":
                continue
            endpoint = stack.enter_context(start())
            client = Client(endpoint)
            stack.callback(client.close)
            _registered(client)
            contestants[name] = _contestant(stack.enter_context(walkers(endpoint, clients)), steps, name, repeated)
        figures = compared(contestants, repeats)
    return [
        (
            f"{name}, {clients} client{'s' * (clients > 1)}",
            f"{1 / one.minimum:,.0f}",
            milliseconds(one.minimum),
            milliseconds(one.median),
            ratio(one, figures["service.start"]),
            f"{repeated[name]:,}",
        )
        for name, one in figures.items()
    ]


@contextmanager
def walkers(endpoint: str, number: int) -> Iterator[Sequence[subprocess.Popen[str]]]:
    """So many client processes, loaded and waiting."""
    command = [sys.executable, "-m", "tests.benchmarks.stepping", endpoint]
    with ExitStack() as stack:
        processes = []
        for _ in range(number):
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True),
            )
            stack.callback(process.kill)
            processes.append(process)
        yield processes


def _contestant(processes: Sequence[subprocess.Popen[str]], steps: int, name: str, repeated: Counter[str]) -> Contestant:
    """All clients at once; the sample is for one step of any of them. Calls that had to be repeated are added up by name."""

    def contestant() -> Sample:
        start = time.perf_counter()
        for process in processes:
            assert process.stdin is not None
            print(json.dumps({"run": uuid.uuid4().hex, "steps": steps}), file=process.stdin, flush=True)
        for process in processes:
            assert process.stdout is not None
            answer = process.stdout.readline()
            if not answer:
                raise PeerError(f"a client of {name} ended without an answer; what it said stands above")
            repeated[name] += json.loads(answer)["repeated"]
        return Sample((time.perf_counter() - start) / (steps * len(processes)), 0.0)

    return contestant


def _registered(client: Client) -> None:
    for operation, request in (
        ("RegisterDomain", {"name": DOMAIN, "workflowExecutionRetentionPeriodInDays": "1"}),
        ("RegisterWorkflowType", {"domain": DOMAIN, "name": "chain", "version": "1"}),
        ("RegisterActivityType", {"domain": DOMAIN, "name": "step", "version": "1"}),
    ):
        try:
            client.call(operation, **request)
        except RuntimeError as error:
            if "AlreadyExists" not in str(error):
                raise
