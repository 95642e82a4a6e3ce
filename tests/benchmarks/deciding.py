"""``decider.start`` for measurements: with the say over what it remembers."""

from __future__ import annotations

import argparse

from simpleflow_nb.processes.decider import CACHED_EVENTS, Decider
from simpleflow_nb.processes.decider_process import STICKY_SECONDS, DeciderProcess, collect_rarely
from simpleflow_nb.swf.client import Boto3Service
from tests.benchmarks.flows import Chain, FanOut
from tests.benchmarks.servers import DOMAIN


def main() -> None:
    """Decide until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sticky-seconds", type=int, default=STICKY_SECONDS)
    parser.add_argument("--cached-events", type=int, default=CACHED_EVENTS)
    options = parser.parse_args()
    decider = Decider(Boto3Service(), DOMAIN, "bench", [Chain, FanOut], cached_events=options.cached_events)
    decider.register_types()
    collect_rarely()
    DeciderProcess(decider, sticky_seconds=options.sticky_seconds).run()


if __name__ == "__main__":
    main()
