"""Slices of fans, unfolded by themselves, end as their items do in the whole run."""

from __future__ import annotations

import random

import pytest

from deciders.steps.graph import Graph
from deciders.steps.labels.slices import Slice
from deciders.steps.outcomes import Outcome
from deciders.steps.step import OnItemFailure
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from tests.settings import count
from tests.unit.steps.small_graphs import FAN, graph_of, notebooks, step

from .random_graphs import PARAMETERS, random_graph, random_outcome
from .watched_plays import watched_play

_AT_A_TIME = 100


def played_slice(graph: Graph, part: Slice, seed: int) -> tuple[Unfolding, set[Item]]:
    draw = random.Random(f"slice {seed}")
    run, started = Unfolding.of_slice(graph, part, PARAMETERS), set()
    running = list(run.begin().starts)
    while running:
        item = running.pop(draw.randrange(len(running)))
        started.add(item)
        assert item.index is not None
        running += run.ended(item, random_outcome(seed, item.label, item.index)).starts
    assert run.is_over
    return run, started


def same_ends(whole: Unfolding, run: Unfolding, part: Slice, end: int) -> int:
    """Compare the items of a slice with those of the whole run; returns how many there were."""
    items = 0
    for label in part.members:
        family = whole.graph.shapes[label].family
        assert family is not None
        share = whole.graph.lines[family][part.family]
        first, last = part.first * share, end * share
        assert run.states(label) == whole.states(label)[first:last], label
        for item in (Item(label, first + place) for place in range(len(run.states(label)))):
            items += 1
            assert run.cause(item) == whole.cause(item)
            assert run.axes(item) == whole.axes(item)
            assert run.arguments(item) == whole.arguments(item)
    return items


def check(seed: int) -> int:
    graph = random_graph(seed)
    if any(step.on_item_failure is OnItemFailure.STOP for step in graph.steps.values()):
        return 0
    whole = watched_play(graph, seed, 0).run
    items = 0
    for family in [label for label, line in graph.lines.items() if set(line) == {label}]:
        length = whole.length(family)
        stages = graph.stages(family)
        assert [label for stage in stages for label in stage if graph.shapes[label].family is None] == []
        if length is None:
            continue
        for members in stages:
            for first in range(0, length, 2):
                end = min(first + 2, length)
                part = whole.slice_of(family, members, first, end)
                run, started = played_slice(graph, part, seed)
                assert {item.label for item in started} <= set(members)
                items += same_ends(whole, run, part, end)
    return items


@pytest.mark.parametrize("first", range(0, count(200, 5_000), _AT_A_TIME))
def test_a_slice_ends_as_its_items_do_in_the_whole_run(first: int) -> None:
    items = 0
    for seed in range(first, first + _AT_A_TIME):
        try:
            items += check(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: play it alone with tests.unfolding.test_slices.check({seed})")
            raise
    assert items > _AT_A_TIME


def test_members_behind_a_join_over_their_family_are_in_a_later_stage() -> None:
    graph = graph_of(
        step("day", axes=FAN),
        step("clean", follows="day"),
        step("twice", follows="day", repeat=2),
        step("total", takes=("clean",)),
        step("late", follows="day", takes=("total",)),
        step("later", follows="late"),
        step("sums", axes={"t": notebooks("twice")}),
        step("last", follows="later", after=("sums",)),
        step("list", follows="day", takes=("twice",)),
        step("other", axes=FAN),
    )
    assert graph.stages("day") == [("day", "clean", "twice"), ("late", "later", "list"), ("last",)]
    assert graph.stages("other") == [("other",)]


def test_items_of_a_slice_have_the_indexes_of_the_run() -> None:
    graph = graph_of(step("a", axes={"x": list(range(10))}), step("b", follows="a", repeat=2, takes=("a",), max_parallel=3))
    part = Slice("a", 4, [{"x": 4}, {"x": 5}], ["a", "b"])
    run = Unfolding.of_slice(graph, part)
    assert run.begin().starts == [Item("a", 4), Item("a", 5)]
    turn = run.ended(Item("a", 5), random_outcome(0, "any", 1))
    assert turn.starts == [Item("b", 10), Item("b", 11)]
    assert (run.arguments(Item("b", 11)), run.axes(Item("b", 11))) == ({"a": Item("a", 5)}, {"x": 5, "repeat_index": 1})


def test_a_member_that_is_taken_whole_is_known_whole_beside_the_part_of_it_that_belongs_to_the_slice() -> None:
    graph = graph_of(
        step("a", axes=FAN),
        step("b", follows="a", repeat=2),
        step("j", takes=("b",)),
        step("c", follows="b", takes=("b",), after=("j",)),
        step("d", follows="a", takes=("b",), when={"state": "b", "is": "succeeded"}),
    )
    whole = Unfolding(graph)
    running = list(whole.begin().starts)
    while running:
        running += whole.ended(running.pop(0), Outcome(ItemState.SUCCEEDED)).starts
    assert graph.stages("a") == [("a", "b"), ("c", "d")]
    run = Unfolding.of_slice(graph, whole.slice_of("a", ("c", "d"), 1, 2))
    assert run.begin().starts == [Item("c", 2), Item("c", 3), Item("d", 1)]
    assert run.arguments(Item("c", 3)) == {"b": Item("b", 3)}
    assert run.arguments(Item("d", 1)) == {"b": [Item("b", index) for index in range(6)]}


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (Slice("a", 0, [], ["b"]), "'b' needs 'a', of which the slice says nothing"),
        (Slice("a", 0, [], ["a", "c"]), "'c' has no items in the family of 'a'"),
    ],
)
def test_a_slice_that_lacks_something_is_refused(part: Slice, sentence: str) -> None:
    graph = graph_of(step("a", axes=FAN), step("b", follows="a"), step("c", takes=("b",)))
    with pytest.raises(ValueError, match=r"slice|family") as caught:
        Unfolding.of_slice(graph, part)
    assert str(caught.value) == sentence
