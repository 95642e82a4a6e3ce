"""Random graphs of steps and random outcomes of their items, by seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deciders.steps.condition_parsing import parse_condition
from deciders.steps.graph import Graph
from deciders.steps.graph_rules import GraphError
from deciders.steps.outcomes import Outcome
from deciders.steps.references import ValueKind, ValueName
from deciders.steps.step import FromLabel, FromParameter, Listed, OnFailure, OnItemFailure, Step, WhenSkipped
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from deciders.values.light import Light

PARAMETERS = {"mode": "fast", "threshold": 2, "flag": True, "off": False, "sizes": [1, [2, 3]], "nothing": None}
N, OK, XS = (ValueName(ValueKind.SCRAP, name) for name in ("n", "ok", "xs"))


def random_outcome(seed: int, label: str, index: int) -> Outcome:
    """The same for an item however the run goes; labels with one item fail more often than items of fans."""
    draw = random.Random(f"{seed}/{label}/{index}")
    roll, failing = draw.random(), 0.25 if index else 1.0
    state = ItemState.SUCCEEDED
    if roll < 0.12 * failing:
        state = ItemState.FAILED if roll < 0.08 * failing else ItemState.TIMED_OUT
        state = ItemState.CANCELLED if roll > 0.1 * failing else state
    elif roll > 0.91:
        state = ItemState.SKIPPED if roll > 0.96 else ItemState.CACHED
    lists = [draw.randrange(3) for _ in range(draw.choice([0, 1, 2, 3, 4]))]
    xs: Any = [[one] if draw.random() < 0.1 else one for one in lists]
    if (odd := draw.random()) < 0.04:
        xs = "no list" if odd < 0.02 else None if odd < 0.03 else [1, None]
    values = {N: draw.randrange(4), OK: draw.random() < 0.6, XS: xs}
    light = draw.choice([Light.GREEN, Light.GREEN, Light.ORANGE])
    return Outcome(state, light, values) if state.ended_well else Outcome(state)


def random_kept(seed: int, item: Item) -> Outcome | None:
    """What a former run has left of an item: of a third of those that would end well."""
    assert item.index is not None
    outcome = random_outcome(seed, item.label, item.index)
    if not outcome.state.ended_well or random.Random(f"kept {seed}/{item}").random() > 0.33:
        return None
    return replace(outcome, state=ItemState.CACHED)


def random_graph(seed: int, largest: int = 9) -> Graph:
    """Graphs that would be refused, for circles through handlers and the like, are left out."""
    draw = random.Random(seed)
    while True:
        try:
            return _graph(draw, largest)
        except GraphError:
            continue


def _graph(draw: random.Random, largest: int) -> Graph:
    steps: list[Step] = []
    axes: dict[str, list[str]] = {}
    stops = draw.random() < 0.5
    for number in range(draw.randint(1, largest)):
        steps.append(_step(draw, f"s{number}", steps, axes, stops))
    for place, step in enumerate(steps):
        if draw.random() < 0.08 and place + 1 < len(steps):
            handler = draw.choice(steps[place + 1 :])
            if handler.when != "always":
                steps[place] = replace(step, on_failure=OnFailure.STOP, handler=handler.label)
    draw.shuffle(steps)
    graph = Graph(steps, parameters=PARAMETERS)
    try:
        return Graph([_varied(draw, step) for step in steps], parameters=PARAMETERS)
    except GraphError:  # its axes make no items now, and another step means one of those
        return graph


def _varied(draw: random.Random, step: Step) -> Step:
    """What programs ask for, and no file: combinations as one list, repeats in rounds, null in place of no items."""
    if not step.axes:
        return step
    nulls = {
        axis: replace(source, or_null=draw.random() < 0.3) if isinstance(source, FromLabel) else source
        for axis, source in step.axes.items()
    }
    gathers = draw.random() < 0.3
    rounds = not gathers and step.repeat is not None and draw.random() < 0.5
    return replace(step, axes=nulls, gathers=gathers, rounds=rounds)


def _step(draw: random.Random, label: str, steps: Sequence[Step], axes: dict[str, list[str]], stops: bool) -> Step:
    before = [step.label for step in steps]
    fans = [one for one in before if axes[one]]

    def some(most: int) -> tuple[str, ...]:
        return tuple(draw.sample(before, min(len(before), draw.randrange(most + 1))))

    more: dict[str, Any] = {"takes": some(2), "after": some(1)}
    own: list[str] = []
    kind = draw.random()
    if kind < 0.4 and fans:
        more["follows"] = draw.choice(fans)
        own = list(axes[more["follows"]])
        if draw.random() < 0.25:
            more["repeat"] = draw.choice([0, 1, 2, 2])
            more["limit"] = draw.choice([5, 1_000])
    elif kind < 0.7:
        more["axes"] = {f"x{k}": _source(draw, before) for k in range(draw.choice([1, 1, 2]))}
        more |= {"zip": draw.random() < 0.25, "limit": draw.choice([6, 40, 1_000])}
        if draw.random() < 0.15:
            more["repeat"] = draw.choice([0, 1, 2])
        own = list(more["axes"])
    elif kind < 0.77:
        more["repeat"] = draw.choice([0, 1, 3])
    if more.get("repeat") is not None:
        own = list(dict.fromkeys([*own, "repeat_index"]))
    axes[label] = own
    roll = draw.random()
    if roll < 0.22:
        more["when"] = parse_condition(_condition(draw, before, own), before, own)
    elif roll < 0.32:
        more["when"] = "always"
    more["when_skipped"] = draw.choice([WhenSkipped.SKIP, WhenSkipped.SKIP, WhenSkipped.NULL])
    more["on_failure"] = draw.choice([OnFailure.STOP, OnFailure.STOP, OnFailure.CONTINUE])
    more["on_item_failure"] = OnItemFailure.STOP if stops and draw.random() < 0.25 else OnItemFailure.CONTINUE
    more["max_parallel"] = draw.choice([None, None, 1, 2])
    return Step(label, **more)


def _source(draw: random.Random, before: Sequence[str]) -> Listed | FromParameter | FromLabel:
    roll = draw.random()
    if roll < 0.05:
        return FromParameter("sizes", draw.random() < 0.5)
    if before and roll < 0.65:
        value = draw.choice([N, None]) if draw.random() < 0.15 else XS
        return FromLabel(draw.choice(before), value, draw.random() < 0.5)
    return Listed(tuple(draw.randrange(3) for _ in range(draw.choice([0, 1, 2, 3]))))


def _condition(draw: random.Random, labels: Sequence[str], names: Sequence[str], depth: int = 0) -> Any:
    kind = draw.randrange(11 if depth < 2 else 7)
    label = draw.choice(labels) if labels else None
    if kind == 0 or label is None:
        return draw.choice(["mode", "flag", "off", {"equals": ["mode", "fast"]}, {"in": ["threshold", [1, 2]]}])
    if kind == 1:
        return {"scrap": f"{label}.ok"}
    if kind == 2:
        state = draw.choice(["failed", "succeeded", ["skipped", "failed", "cancelled"], "cached", ["skipped", "succeeded"]])
        return {"state": label, "is": state}
    if kind == 3:
        return {"light": label, "is": draw.choice(["orange", "red", ["green", "orange"], "green"])}
    if kind == 4:
        return {"less": [{"scrap": f"{label}.n"}, draw.choice([1, 2, {"parameter": "threshold"}])]}
    if kind == 5:
        return {"any": {"scrap": f"{label}.ok"}} if draw.random() < 0.3 else {"equals": [{"scrap": f"{label}.n"}, 1]}
    if kind == 6 and names:
        return {"in": [draw.choice(names), [0, 1, "a"]]}
    if kind in (7, 8):
        return {"not": _condition(draw, labels, names, depth + 1)}
    parts = [_condition(draw, labels, names, depth + 1) for _ in range(draw.choice([1, 2]))]
    return {draw.choice(["all", "any"]): parts}
