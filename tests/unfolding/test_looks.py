"""Work is linear: what is looked at for each item is the same from 200 items to 100,000."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from deciders.steps.graph import Graph
from deciders.steps.outcomes import Outcome
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from tests.settings import is_soak
from tests.unit.steps.small_graphs import graph_of, outcome, scraps, step

SIZES = (200, 1_000, 5_000)
LARGEST = 100_000  # of one case always, of all in a soak


def fan(many: int) -> Graph:
    return graph_of(step("a", axes={"x": list(range(many))}, limit=many), step("t", takes=("a",)))


def bound(many: int) -> Graph:
    return graph_of(step("a", axes={"x": list(range(many))}, limit=many, max_parallel=8), step("t", takes=("a",)))


def family(many: int) -> Graph:
    return graph_of(
        step("a", axes={"x": list(range(many // 4))}, limit=many),
        step("b", follows="a", takes=("a",)),
        step("c", follows="b", takes=("a",), when={"scrap": "b.n"}, max_parallel=8),
        step("h", follows="c", when="always"),
        step("t", takes=("c",)),
    )


def nested(many: int) -> Graph:
    return graph_of(
        step("a", axes={"x": list(range(many // 10))}, limit=many),
        step("b", follows="a", repeat=9, limit=many, takes=("a",)),
        step("t", takes=("b",)),
    )


def failing(many: int) -> Graph:
    """One item in ten fails, and many labels take the fan."""
    takers = [step(f"t{number}", takes=("b",), after=("a",)) for number in range(20)]
    return graph_of(step("a", axes={"x": list(range(many // 2))}, limit=many), step("b", follows="a", takes=("a",)), *takers)


def opened(many: int) -> Graph:
    lists = {"x": scraps("a", "xs", flatten=True)}
    return graph_of(
        step("a", axes={"x": list(range(many // 4))}, limit=many), step("b", axes=lists, limit=many), step("t", takes=("b",))
    )


def chain(many: int) -> Graph:
    return graph_of(step("s0"), *(step(f"s{number}", takes=(f"s{number - 1}",)) for number in range(1, many // 10)))


def played(graph: Graph, *, order: str, fails: bool) -> tuple[float, int]:
    draw = random.Random(1)
    run = Unfolding(graph)
    good, bad = outcome({"n": 1, "xs": [1, 2, 3]}), Outcome(ItemState.FAILED)
    running: list[Item] = list(run.begin().starts)
    at = 0
    while at < len(running):
        if order == "random":
            other = draw.randrange(at, len(running))
            running[at], running[other] = running[other], running[at]
        item = running[at]
        at += 1
        running += run.ended(item, bad if fails and (item.index or 0) % 10 == 7 else good).starts
    assert run.is_over
    items = sum(len(run.states(label)) for label in graph.steps)
    return run.looks / items, items


@pytest.mark.parametrize("order", ["first", "random"])
@pytest.mark.parametrize(
    ("made", "most"),
    [(fan, 3), (bound, 3), (family, 7), (nested, 4), (failing, 4), (opened, 4), (chain, 4)],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_the_looks_for_an_item_are_as_many_in_a_large_fan_as_in_a_small_one(
    made: Callable[[int], Graph], most: int, order: str
) -> None:
    looks: list[float] = []
    is_long = is_soak() or (made is family and order == "random")
    for many in (*SIZES, *([LARGEST] if is_long else [])):
        each, items = played(made(many), order=order, fails=made is failing)
        assert items > many / 11
        looks.append(each)
    assert max(looks) <= most, looks
    assert max(looks) <= min(looks) * 1.25, looks


def test_a_wide_graph_is_looked_at_once_for_each_need() -> None:
    many = 400
    drafts: list[dict[str, Any]] = [step(f"p{number}") for number in range(many)]
    takes = tuple(f"p{number}" for number in range(many))
    graph = graph_of(*drafts, *(step(f"c{number}", takes=takes) for number in range(10)))
    looks, items = played(graph, order="first", fails=False)
    assert looks * items <= 2 * many * 10 + 4 * items
