"""The best of several random tours through the stops of each region, and a summary.

::

    python -m examples.nextpipe.routes
    simpleflow-nb workflow.start examples.nextpipe.routes.Routes --local --input-file examples/nextpipe/stops.json
"""

import json
import random
from itertools import pairwise
from pathlib import Path

from simpleflow_nb.dialects.nextpipe import FlowSpec, foreach, join, log, needs, optional, step


def length(tour):
    return round(sum(abs(a - b) + abs(c - d) for (a, c), (b, d) in pairwise(tour)), 1)


class Routes(FlowSpec):
    @foreach()
    @step
    def regions(input):
        """One item for each region that has stops."""
        return [{"region": name, "stops": stops} for name, stops in sorted(input["regions"].items()) if stops]

    @foreach()
    @needs(predecessors=[regions])
    @step
    def tries(region):
        """Seeds, with which the tours of a region are drawn."""
        return [{**region, "seed": seed} for seed in range(3)]

    @needs(predecessors=[tries])
    @step
    def tour(attempt):
        stops = list(attempt["stops"])
        random.Random(attempt["seed"]).shuffle(stops)
        log(f"{attempt['region']}: {length(stops)} km")
        return {"region": attempt["region"], "seed": attempt["seed"], "km": length(stops)}

    @join()
    @needs(predecessors=[tour])
    @step
    def best(tours):
        """The shortest tour of each region; a join gets a list with a list for each combination."""
        found = {}
        for (one,) in tours:
            if one["region"] not in found or one["km"] < found[one["region"]]["km"]:
                found[one["region"]] = one
        return found

    @optional(condition=lambda step: False)
    @needs(predecessors=[best])
    @step
    def published(best):
        """Off for now: what needs it gets None."""
        return f"https://routes.example.com/{len(best)}"

    @needs(predecessors=[best, published])
    @step
    def summary(best, published):
        return {"regions": len(best), "km": round(sum(one["km"] for one in best.values()), 1), "published": published}


if __name__ == "__main__":
    flow = Routes("routes", json.loads(Path(__file__).with_name("stops.json").read_text())["input"])
    flow.run()
    print(json.dumps(flow.get_result(flow.summary)))
