"""Graphs that are refused from the file alone, with whole messages."""

from __future__ import annotations

from typing import Any

import pytest

from deciders.steps.graph_rules import GraphError

from .small_graphs import FAN, Draft, graph_of, notebooks, parameter, scraps, step

REFUSED: list[tuple[list[Draft], list[str]]] = [
    # circles, in the direction in which one needs the other, from the first of the file on
    ([step("a", takes=("b",)), step("b", after=("a",))], ["steps need each other in a circle: a -> b -> a"]),
    ([step("a", after=("a",))], ["steps need each other in a circle: a -> a"]),
    ([step("a", takes=("h",), on_failure="run:h"), step("h")], ["steps need each other in a circle: a -> h -> a"]),
    (
        [step("a", when={"state": "b", "is": "failed"}), step("b", takes=("a",))],
        ["steps need each other in a circle: a -> b -> a"],
    ),
    (
        [step("a", when={"scrap": "c.n"}), step("b", axes={"x": scraps("a", "xs")}), step("c", follows="b")],
        ["steps need each other in a circle: a -> c -> b -> a"],
    ),
    (
        [
            step("a", after=("b",)),
            step("b", after=("a",)),
            step("c", after=("d", "a")),
            step("d", takes=("c",)),
        ],
        ["steps need each other in a circle: a -> b -> a", "steps need each other in a circle: c -> d -> c"],
    ),
    # labels
    (
        [step("days"), step("a", takes=("day",), after=("zzz",))],
        [
            "'parameters' of 'a' names 'day', which is no label (did you mean 'days'?)",
            "'after' of 'a' names 'zzz', which is no label",
        ],
    ),
    (
        [step("a", follows="x"), step("b", axes={"q": notebooks("y")}, on_failure="run:z")],
        [
            "'for_each' of 'a' names 'x', which is no label",
            "'for_each' of 'b' names 'y', which is no label",
            "'on_failure' of 'b' names 'z', which is no label",
        ],
    ),
    (
        [step("a", axes=FAN), step("a.0"), step("a.x")],
        ["the label 'a.0' reads like an item of the fan 'a'; choose another name"],
    ),
    ([step("a"), step("b"), step("a")], ["the label 'a' is given twice"]),
    # fans
    (
        [step("a"), step("b", follows="a")],
        ["'for_each' of 'b' names 'a', which has one item only; take it as a parameter"],
    ),
    (
        [step("a", follows="x"), step("b", follows="a"), step("c"), step("d", follows="c"), step("e", follows="d")],
        [
            "'for_each' of 'a' names 'x', which is no label",
            "'for_each' of 'd' names 'c', which has one item only; take it as a parameter",
        ],
    ),
    ([step("a", axes=FAN), step("b", follows="a", axes=FAN)], ["'for_each' of 'b' takes axes or the label of a fan, not both"]),
    ([step("a", axes={"b": [1]}), step("b")], ["the axis 'b' of 'a' has the name of another label"]),
    (
        [step("a", axes={"reference_date": [1], "repeat_index": [2]})],
        [
            "the axis 'reference_date' of 'a' has the name of an automatic parameter",
            "the axis 'repeat_index' of 'a' has the name of an automatic parameter",
        ],
    ),
    (
        [step("a", axes={"x": parameter("siz")})],
        ["the axis 'x' of 'a' is the parameter 'siz', which there is not (did you mean 'size'?)"],
    ),
    ([step("a", zip=True)], ["'zip' of 'a' goes with axes, and it has none"]),
    (
        [step("a", axes={"x": [1], "y": [3, 4]}, zip=True)],
        ["'for_each' of 'a': axes that go in step have equal lengths, not x (1) and y (2)"],
    ),
    (
        [step("a"), step("b", axes={"x": [1], "y": [3, 4], "z": scraps("a", "zs")}, zip=True)],
        ["'for_each' of 'b': axes that go in step have equal lengths, not x (1) and y (2)"],
    ),
    (
        [step("a", axes={"x": [1, 2], "y": [3, 4, 5]}, limit=5)],
        ["'for_each' of 'a': x (2) x y (3) make 6 items, and limit is 5"],
    ),
    ([step("a", axes={"x": list(range(1_001))})], ["'for_each' of 'a': x (1,001) makes 1,001 items, and limit is 1,000"]),
    ([step("a", axes=FAN, repeat=2, limit=5)], ["'for_each' of 'a': x (3) x repeat (2) make 6 items, and limit is 5"]),
    (
        [step("a", axes={"x": [1, 2], "y": [1, 2]}, zip=True, limit=1)],
        ["'for_each' of 'a': x (2) makes 2 items, and limit is 1"],
    ),
    ([step("a", repeat=1_001)], ["'repeat' of 'a': repeat (1,001) makes 1,001 items, and limit is 1,000"]),
    (
        [step("a", axes=FAN), step("b", follows="a"), step("c", follows="b", repeat=4, limit=11)],
        ["'repeat' of 'c': b (3) x repeat (4) make 12 items, and limit is 11"],
    ),
    (
        [step("a", axes={"x": ["y" * 2_001]})],
        [
            f"'for_each' of 'a': value 0 of the axis 'x' has more than 2,000 characters of JSON: "
            f"'{'y' * 75} ...; let the axis hold names, "
            "and read what they stand for in the step"
        ],
    ),
    # policies
    ([step("a", repeat=-1)], ["'repeat' of 'a' is a number from 0, not -1"]),
    (
        [step("a", max_parallel=0, limit=0)],
        ["'max_parallel' of 'a' is a number from 1, not 0", "'limit' of 'a' is a number from 1, not 0"],
    ),
    (
        [step("a", on_failure="run:a")],
        ["'on_failure' of 'a' runs 'a' itself, which has failed then; name another label"],
    ),
    (
        [step("a", on_failure="run:h"), step("b", on_failure="run:h"), step("h", when="always")],
        ["'h' runs only if 'a' or 'b' fails, so it cannot run always"],
    ),
    # conditions
    (
        [step("a", axes=FAN), step("b", when={"state": "a", "is": ["failed", "timed_out"]})],
        ["'when' of 'b' asks if 'a' is timed_out, which only an item can be; a label has failed then"],
    ),
    (
        [step("a"), step("b", when={"not": {"all": [{"state": "a", "is": "timed_out"}]}})],
        ["'when' of 'b' asks if 'a' is timed_out, which only an item can be; a label has failed then"],
    ),
    (
        [step("a", when="mod"), step("b", when={"in": ["zzz", [1]]})],
        [
            "'when' of 'a' names 'mod', which is neither an axis nor a parameter (did you mean 'mode'?)",
            "'when' of 'b' names 'zzz', which is neither an axis nor a parameter",
        ],
    ),
    ([step("a", when={"less": ["repeat_index", 2]})], ["'when' of 'a' names 'repeat_index', and it has no 'repeat'"]),
    (
        [step("a", repeat=2, when={"less": ["repeat_seed", 2]})],
        ["'when' of 'a' names 'repeat_seed', which a condition cannot ask for"],
    ),
]


@pytest.mark.parametrize(("drafts", "messages"), REFUSED)
def test_a_graph_is_refused_with_every_problem(drafts: list[Draft], messages: list[str]) -> None:
    with pytest.raises(GraphError) as caught:
        graph_of(*drafts, parameters=["mode", "size"], automatic=["reference_date"])
    assert [problem.message for problem in caught.value.problems] == messages
    assert str(caught.value) == "\n".join(messages)


@pytest.mark.parametrize(
    ("drafts", "places"),
    [
        ([step("b"), step("a", takes=("c",), when={"scrap": "b.n"})], [("a", "parameters")]),
        ([step("a", on_failure="run:h"), step("h", when="always")], [("h", "when")]),
        ([step("a", axes={"x": [1]}, limit=0)], [("a", "limit"), ("a", "for_each")]),
        ([step("a", axes=FAN), step("b", follows="a", repeat=2_000)], [("b", "repeat")]),
    ],
)
def test_a_problem_knows_the_step_and_the_key_that_it_stands_at(drafts: list[Draft], places: list[tuple[str, str]]) -> None:
    with pytest.raises(GraphError) as caught:
        graph_of(*drafts)
    assert [(problem.label, problem.key) for problem in caught.value.problems] == places


def test_a_circle_carries_its_labels_so_that_their_lines_can_be_shown() -> None:
    drafts = [step("x"), step("c", after=("b",)), step("a", after=("c",)), step("b", after=("a", "x"))]
    with pytest.raises(GraphError) as caught:
        graph_of(*drafts)
    (problem,) = caught.value.problems
    assert (problem.label, problem.circle) == ("c", ("c", "b", "a"))
    assert problem.message == "steps need each other in a circle: c -> b -> a -> c"


ALLOWED: list[tuple[str, list[Draft]]] = [
    ("an axis may hide a parameter, and its own label", [step("mode", axes={"mode": [1]}, when={"equals": ["mode", 1]})]),
    (
        "of an item it may be asked if it timed out",
        [step("a", axes=FAN), step("b", follows="a", when={"state": "a", "is": "timed_out"})],
    ),
    ("a condition may name an automatic parameter", [step("a", when={"less": ["reference_date", "2016-01-01"]})]),
    ("a label with a point and digits, where there is no fan", [step("a"), step("a.0")]),
    (
        "a follower may have more items than the limit, which is that of what it follows",
        [step("a", axes=FAN), step("b", follows="a", limit=1)],
    ),
    ("an axis may be an automatic parameter", [step("a", axes={"x": parameter("reference_date")})]),
    ("two labels may have one handler", [step("a", on_failure="run:h"), step("b", on_failure="run:h"), step("h")]),
]


@pytest.mark.parametrize(("why", "drafts"), ALLOWED, ids=[why for why, _ in ALLOWED])
def test_what_is_allowed_is_not_refused(why: str, drafts: list[Draft]) -> None:
    graph_of(*drafts, parameters=["mode", "size"], automatic=["reference_date"])


def test_parameters_that_are_not_known_are_not_missed() -> None:
    graph_of(step("a", when="mod"), step("b", axes={"x": parameter("sizes")}))


def test_a_long_chain_and_a_wide_graph_are_ordered() -> None:
    many = 3_000
    chain: list[dict[str, Any]] = [step("s0"), *(step(f"s{n}", takes=(f"s{n - 1}",)) for n in range(1, many))]
    assert graph_of(*reversed(chain)).order == [f"s{n}" for n in range(many)]


def test_the_values_that_conditions_and_axes_ask_for_are_wanted_of_their_labels() -> None:
    graph = graph_of(
        step("a"),
        step("b", axes={"x": scraps("a", "xs"), "y": notebooks("a")}, when={"less": [{"scrap": "a.n"}, {"output": "a.m"}]}),
        step("c", takes=("a",), when={"state": "a", "is": "failed"}),
    )
    assert {label: [str(value) for value in values] for label, values in graph.wanted.items()} == {
        "a": ["scrap 'xs'", "scrap 'n'", "output 'm'"],
        "b": [],
        "c": [],
    }
