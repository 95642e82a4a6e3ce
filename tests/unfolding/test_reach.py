"""Random graphs reach everything: a generator that stops making something would make other tests pass for nothing."""

from __future__ import annotations

from collections import Counter

from deciders.steps.step import FromLabel, OnItemFailure

from .random_graphs import random_graph
from .watched_plays import counted, watched_play

_GRAPHS = 200


def test_random_runs_end_in_every_way() -> None:
    seen: Counter[str] = Counter()
    for seed in range(_GRAPHS):
        graph = random_graph(seed)
        seen += counted(watched_play(graph, seed, 0).run)
        cancelled = watched_play(graph, seed, 2, cancelled=True)
        seen += Counter({f"cancelled: {what}": times for what, times in counted(cancelled.run).items()})
        stopped = watched_play(graph, seed, 3, stop_run=True)
        seen += Counter({f"stopped: {what}": times for what, times in counted(stopped.run).items()})
    wanted = {
        *("succeeded", "cached", "failed failure", "timed_out failure", "cancelled failure", "cancelled stopped"),
        *("skipped", "skipped condition", "skipped failure", "skipped need_skipped", "skipped nothing_failed"),
        *("whole failed failure", "whole skipped condition", "whole skipped failure", "whole skipped need_skipped"),
        *("whole skipped nothing_failed", "label cancelled", "label cached", "label skipped", "label failed"),
        *("run succeeded green", "run succeeded orange", "run failed red", "run skipped green"),
        *("cancelled: cancelled cancelled", "cancelled: whole cancelled cancelled", "cancelled: run cancelled red"),
        *("cancelled: run succeeded green", "cancelled: run failed red"),
        *("stopped: cancelled stopped", "stopped: whole cancelled stopped", "stopped: run succeeded orange"),
    }
    assert {what for what in wanted if not seen[what]} == set()


def test_random_graphs_have_every_kind_of_step() -> None:
    seen: Counter[str] = Counter()
    for seed in range(_GRAPHS):
        graph = random_graph(seed)
        for shape in graph.shapes.values():
            step = shape.step
            seen["fan"] += bool(step.axes)
            seen["fan of a fan"] += any(graph.shapes[label].family is not None for label in step.sources)
            seen["opened"] += any(isinstance(source, FromLabel) and source.flatten for source in step.axes.values())
            seen["in step"] += step.zip
            seen["repeated"] += step.repeat is not None
            seen["gathered"] += step.gathers
            seen["repeated in rounds"] += step.rounds
            seen["null for no items"] += any(isinstance(one, FromLabel) and one.or_null for one in step.axes.values())
            seen["follower"] += step.follows is not None
            seen["repeated follower"] += step.follows is not None and step.repeat is not None
            seen["repeated no times"] += step.repeat == 0
            seen["join"] += any(not need.share and graph.shapes[need.label].family for need in shape.needs.values())
            seen["shared item"] += any(need.share > 1 for need in shape.needs.values())
            seen["always"] += step.when == "always"
            seen["asked of items"] += shape.asks_items
            seen["asked of the whole"] += step.condition is not None and not shape.asks_items
            seen["handler"] += bool(shape.handles)
            seen["handler of items"] += any(shape.needs[label].share for label in shape.handles)
            seen["stop"] += step.on_item_failure is OnItemFailure.STOP
            seen["bound"] += step.max_parallel is not None
            seen[f"when_skipped {step.when_skipped}"] += 1
            seen[f"on_failure {step.on_failure}"] += 1
    assert {what: times for what, times in seen.items() if times < 10} == {}
