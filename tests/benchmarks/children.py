"""Parents and their child executions in decider and worker processes, beside simpleflow's on the same service."""

from __future__ import annotations

import os
from contextlib import ExitStack
from unittest import mock

from tests.benchmarks.engines import commands_of, in_turns, print_costs
from tests.benchmarks.fleets import fleet
from tests.benchmarks.servers import CREDENTIALS, service_start

SUMMARY = "a parent that starts child executions of one activity each, on service.start, beside simpleflow"
REPEATS = 3

_WORKFLOWS = ("family", "child")


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    with mock.patch.dict(os.environ, CREDENTIALS), ExitStack() as stack:
        endpoint = stack.enter_context(service_start())
        fleets = {
            name: stack.enter_context(fleet(endpoint, each, _WORKFLOWS))
            for name, each in commands_of(_WORKFLOWS, with_peers=with_peers).items()
        }
        for children in (2,) if tiny else (50, 200):
            print_costs(
                f"A parent of {children} children on service.start, minimum of {repeats} (events and decisions: the parent's)",
                in_turns(fleets, "family", children, repeats),
            )
