"""What programs ask of the machine, and no file: combinations as one list, repeats in rounds, null in place of no items."""

from __future__ import annotations

from typing import Any

import pytest

from deciders.steps.graph_rules import GraphError
from deciders.steps.outcomes import Outcome, Outside, Part
from deciders.steps.references import ValueKind, ValueName
from deciders.steps.step import FromLabel
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState

from .small_graphs import FAN, Draft, graph_of, notebooks, outputs, play, scraps, short, step

OUTPUT = ValueName(ValueKind.OUTPUT, None)


def gathered(run: Unfolding, label: str, index: int = 0) -> dict[str, Any]:
    return {axis: short(list(one)) for axis, one in run.gathered(Item(label, index)).items()}


def test_what_gathers_takes_all_combinations_of_its_axes_in_one_item() -> None:
    run = play(
        step("a", axes=FAN),
        step("b", axes={"y": ["p", "q"]}),
        step("c", axes={"left": notebooks("a"), "right": scraps("b", "n"), "own": [1, 2]}, gathers=True, takes=("b",)),
        step("d", takes=("c",)),
        ends={"b:0": {"n": 5}, "b:1": {"n": 6}},
    )
    assert run.states("c") == ["succeeded"]
    assert gathered(run.run, "c") == {"left": ["a:0", "a:1", "a:2"], "right": [5, 6], "own": [1, 2]}
    assert run.given["c:0"] == {"b": ["b:0", "b:1"]}
    assert run.given["d:0"] == {"c": "c:0"}
    assert gathered(run.run, "d") == {}


@pytest.mark.parametrize(("repeat", "states"), [(0, []), (2, ["succeeded", "succeeded"])])
def test_what_gathers_can_be_repeated_with_the_same_lists(repeat: int, states: list[str]) -> None:
    run = play(step("a", axes=FAN), step("b", axes={"x": notebooks("a")}, gathers=True, repeat=repeat))
    assert run.states("b") == states
    for index in range(repeat):
        assert gathered(run.run, "b", index) == {"x": ["a:0", "a:1", "a:2"]}
        assert run.run.axes(Item("b", index)) == {"repeat_index": index}


def test_the_limit_counts_items_and_not_what_each_of_them_gathers() -> None:
    fan = [step("a", axes={"x": list(range(40))}, limit=40), step("b", axes={"x": notebooks("a")}, gathers=True, limit=1)]
    assert play(*fan).states("b") == ["succeeded"]
    with pytest.raises(GraphError, match="limit is 1"):
        graph_of(fan[0], {**fan[1], "repeat": 2})


def test_lists_that_are_gathered_in_step_have_equal_lengths() -> None:
    axes = {"x": scraps("a", "xs"), "y": scraps("b", "xs")}
    steps = [step("a"), step("b"), step("c", axes=axes, zip=True, gathers=True)]
    run = play(*steps, ends={"a": {"xs": [1, 2]}, "b": {"xs": [3, 4]}})
    assert gathered(run.run, "c") == {"x": [1, 2], "y": [3, 4]}
    run = play(*steps, ends={"a": {"xs": [1, 2]}, "b": {"xs": [3]}})
    assert run.states("c") == "failed"
    message = "the items of 'c' cannot be made: axes that go in step have equal lengths, not x (2) and y (1)"
    assert run.cause("c") == message


def test_what_cannot_gather_has_no_items_for_its_followers_either() -> None:
    run = play(
        step("a"),
        step("b", axes={"x": scraps("a", "xs")}, gathers=True, repeat=2),
        step("c", follows="b", when="always"),
        ends={"a": {"xs": "no list"}},
    )
    assert (run.states("b"), run.states("c")) == ("failed", [])


def test_of_what_stays_outside_tokens_are_gathered() -> None:
    run = Unfolding(graph_of(step("a"), step("b", axes={"x": outputs("a")}, gathers=True)))
    run.begin()
    told = Outcome(ItemState.SUCCEEDED, values={OUTPUT: Outside(2)})
    assert run.ended(Item("a", 0), told).starts == [Item("b", 0)]
    assert run.gathered(Item("b", 0)) == {"x": [Part(Item("a", 0), OUTPUT, 0), Part(Item("a", 0), OUTPUT, 1)]}


def test_repeats_in_rounds_vary_slowest() -> None:
    run = play(step("a", axes={"x": [1, 2], "y": ["p", "q"]}, repeat=2, rounds=True))
    rows = [run.run.axes(Item("a", index)) for index in range(8)]
    assert [list(row.values()) for row in rows] == [[round_, x, y] for round_ in (0, 1) for x in (1, 2) for y in ("p", "q")]
    assert list(rows[0]) == ["repeat_index", "x", "y"]


@pytest.mark.parametrize(("is_null", "items", "given"), [(True, ["succeeded"], {"x": [None]}), (False, [], {"x": []})])
def test_a_label_that_ended_whole_can_stand_for_one_null(is_null: bool, items: list[str], given: dict[str, Any]) -> None:
    source = FromLabel("b", or_null=is_null)
    run = play(
        step("a", axes=FAN),
        step("b", follows="a", when={"state": "s", "is": "failed"}),
        step("s"),
        step("c", axes={"x": source}, when_skipped="null"),
        step("d", axes={"x": source}, when_skipped="null", gathers=True),
    )
    assert run.states("b") == "skipped"
    assert run.states("c") == items
    assert gathered(run.run, "d") == given


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (step("b", gathers=True), "'b' gathers the combinations of axes, and it has none"),
        (step("b", axes=FAN, rounds=True), "'b' is repeated in rounds, which takes 'repeat' and axes that make items"),
        (
            step("b", follows="a", repeat=2, rounds=True),
            "'b' is repeated in rounds, which takes 'repeat' and axes that make items",
        ),
        (
            step("b", axes=FAN, repeat=2, rounds=True, gathers=True),
            "'b' is repeated in rounds, which takes 'repeat' and axes that make items",
        ),
    ],
)
def test_what_cannot_gather_or_be_repeated_in_rounds_is_refused(draft: Draft, message: str) -> None:
    with pytest.raises(GraphError) as raised:
        graph_of(step("a", axes=FAN), draft)
    assert str(raised.value) == message


def test_what_gathers_without_repeats_is_no_fan() -> None:
    with pytest.raises(GraphError) as raised:
        graph_of(step("a", axes=FAN), step("b", axes={"x": notebooks("a")}, gathers=True), step("c", follows="b"))
    assert str(raised.value) == "'for_each' of 'c' names 'b', which has one item only; take it as a parameter"
