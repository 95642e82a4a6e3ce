"""Play the fleet of one seed alone, and print what has come of it: ``python -m tests.simulation SEED [--histories]``."""

from __future__ import annotations

import argparse
import logging

from ..service.manual_client import attributes
from .fleet import played
from .invariants import check


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("seed", type=int)
    parser.add_argument("--histories", action="store_true", help="print every event")
    parser.add_argument("--log", action="store_true", help="print what deciders and workers log")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO if given.log else logging.CRITICAL, format="%(message)s")
    fleet, histories = played(given.seed)
    for (workflow_id, run_id), events in histories.items():
        print(f"{workflow_id} {run_id}: {len(events)} events, {events[-1]['eventType']}")
        for event in events if given.histories else ():
            print(f"  {event['eventId']} {event['eventTimestamp']:.1f} {event['eventType']} {attributes(event)}")
    print(", ".join(f"{what} {times}" for what, times in sorted((fleet.stats + fleet.network.stats).items())))
    check(fleet, histories)
    print("all rules hold")


main()
