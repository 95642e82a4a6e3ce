"""Play the fleet of one seed alone, and print what has come of it: ``python -m tests.simulation SEED [--histories]``.

``python -m tests.simulation SEED --seeds 1000`` plays so many seeds, and says which fail.
"""

from __future__ import annotations

import argparse
import logging
import sys
import traceback

from ..service.manual_client import attributes
from .fleet import played
from .invariants import check


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("seed", type=int)
    parser.add_argument("--seeds", type=int, help="play so many, beginning with SEED, and print those that fail")
    parser.add_argument("--first", action="store_true", help="stop at the first that fails")
    parser.add_argument("--histories", action="store_true", help="print every event")
    parser.add_argument("--log", action="store_true", help="print what deciders and workers log")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO if given.log else logging.CRITICAL, format="%(message)s")
    if given.seeds is not None:
        return _play_many(range(given.seed, given.seed + given.seeds), is_first_enough=given.first)
    fleet, histories = played(given.seed)
    for (workflow_id, run_id), events in histories.items():
        print(f"{workflow_id} {run_id}: {len(events)} events, {events[-1]['eventType']}")
        for event in events if given.histories else ():
            print(f"  {event['eventId']} {event['eventTimestamp']:.1f} {event['eventType']} {attributes(event)}")
    print(", ".join(f"{what} {times}" for what, times in sorted((fleet.stats + fleet.network.stats).items())))
    check(fleet, histories)
    print("all rules hold")
    return 0


def _play_many(seeds: range, *, is_first_enough: bool) -> int:
    failed = 0
    for seed in seeds:
        try:
            check(*played(seed))
        except Exception:
            failed += 1
            print(f"seed {seed}:\n{traceback.format_exc()}", flush=True)
            if is_first_enough:
                break
    print(f"{failed} of the seeds {seeds.start} to {seeds.stop - 1} failed")
    return 1 if failed else 0


sys.exit(main())
