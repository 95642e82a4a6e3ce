"""Fans: the items that axes make, families and their names, conditions and handlers item by item."""

from __future__ import annotations

from typing import Any

import pytest

from deciders.steps.outcomes import Outcome, Outside, Part
from deciders.steps.references import ValueKind, ValueName
from deciders.steps.step import FromLabel
from deciders.values.item import Item
from deciders.values.item_state import ItemState

from .small_graphs import FAN, Draft, Play, notebooks, outputs, parameter, play, scraps, short, step

OUTPUT = ValueName(ValueKind.OUTPUT, None)


def rows(played: Play, label: str) -> list[Any]:
    return [list(short(played.run.axes(Item(label, index))).values()) for index in range(played.run.length(label) or 0)]


@pytest.mark.parametrize(
    ("draft", "made"),
    [
        ({}, [[]]),
        ({"axes": {"x": [1, 2]}}, [[1], [2]]),
        ({"axes": {"x": [1, 2], "y": ["p", "q"]}}, [[1, "p"], [1, "q"], [2, "p"], [2, "q"]]),
        ({"axes": {"x": [1, 2], "y": ["p", "q"]}, "zip": True}, [[1, "p"], [2, "q"]]),
        ({"repeat": 3}, [[0], [1], [2]]),
        ({"repeat": 0}, []),
        ({"axes": {"x": [1, 2]}, "repeat": 2}, [[1, 0], [1, 1], [2, 0], [2, 1]]),
        ({"axes": {"x": [1, 2], "y": [3, 4]}, "zip": True, "repeat": 2}, [[1, 3, 0], [1, 3, 1], [2, 4, 0], [2, 4, 1]]),
        ({"axes": {"x": [], "y": [1, 2]}}, []),
        ({"axes": {"x": [1, 1]}}, [[1], [1]]),
        ({"axes": {"x": [{"a": [1]}, None, True]}}, [[{"a": [1]}], [None], [True]]),
        ({"axes": {"x": parameter("sizes")}}, [[1], [[2, 3]]]),
        ({"axes": {"x": parameter("sizes", flatten=True)}}, [[1], [2], [3]]),
        ({"axes": {"x": scraps("one", "xs")}}, [[5], [[6, 7]]]),
        ({"axes": {"x": scraps("one", "xs", flatten=True)}}, [[5], [6], [7]]),
        ({"axes": {"x": scraps("fan", "ys")}}, [[[1, 2]], [[]], [[3]]]),
        ({"axes": {"x": scraps("fan", "ys", flatten=True)}}, [[1], [2], [3]]),
        ({"axes": {"x": notebooks("one")}}, [["one:0"]]),
        ({"axes": {"x": notebooks("fan"), "q": [0, 1]}, "limit": 6}, [[f"fan:{i}", q] for i in range(3) for q in (0, 1)]),
    ],
)
def test_the_last_axis_varies_fastest_and_repeats_are_faster_still(draft: Draft, made: list[Any]) -> None:
    ends = {"one": {"xs": [5, [6, 7]]}, "fan:0": {"ys": [1, 2]}, "fan:1": {"ys": []}, "fan:2": {"ys": [3]}}
    played = play(step("one"), step("fan", axes=FAN), step("a", **draft), ends=ends, parameters={"sizes": [1, [2, 3]]})
    assert rows(played, "a") == made
    assert played.run.state("a") == "succeeded"


MADE = "the items of 'b' cannot be made: "


@pytest.mark.parametrize(
    ("draft", "end", "sentence"),
    [
        ({"axes": {"x": scraps("a", "xs")}}, {"xs": None}, "the axis 'x' takes a list, and a gave null"),
        ({"axes": {"x": scraps("a", "xs")}}, {"xs": "text"}, "the axis 'x' takes a list, and a gave 'text'"),
        ({"axes": {"x": scraps("a", "xs")}}, {"xs": {"a": 1}}, "the axis 'x' takes a list, and a gave {'a': 1}"),
        (
            {"axes": {"x": scraps("a", "xs", flatten=True)}},
            {"xs": [[1], None]},
            "the axis 'x' opens lists, and a gave null for one",
        ),
        (
            {"axes": {"x": scraps("a", "xs")}},
            {"ys": [1]},
            "the axis 'x' cannot be made: a has left no scrap 'xs'; there are scrap 'ys'",
        ),
        ({"axes": {"x": scraps("a", "xs")}}, "succeeded", "the axis 'x' cannot be made: a has left no scrap 'xs'"),
        ({"axes": {"x": parameter("n")}}, "succeeded", "the axis 'x' takes a list, and the parameter 'n' gave 3"),
        ({"axes": {"x": parameter("null")}}, "succeeded", "the axis 'x' takes a list, and the parameter 'null' gave null"),
        ({"axes": {"x": parameter("zz")}}, "succeeded", "the axis 'x' is the parameter 'zz', which there is not"),
        (
            {"axes": {"x": scraps("a", "xs"), "y": [1, 2, 3]}, "limit": 5},
            {"xs": [1, 2]},
            "x (2) x y (3) make 6 items, and limit is 5",
        ),
        (
            {"axes": {"x": scraps("a", "xs")}, "repeat": 600},
            {"xs": [1, 2]},
            "x (2) x repeat (600) make 1,200 items, and limit is 1,000",
        ),
        (
            {"axes": {"x": scraps("a", "xs"), "y": [1, 2, 3]}, "zip": True},
            {"xs": [1, 2]},
            "axes that go in step have equal lengths, not x (2) and y (3)",
        ),
        (
            {"axes": {"x": scraps("a", "xs")}},
            {"xs": [1, ["y" * 2_000]]},
            f"value 1 of the axis 'x' has more than 2,000 characters of JSON: ['{'y' * 74} ...; let the axis hold names, "
            "and read what they stand for in the step",
        ),
    ],
)
def test_axes_that_cannot_be_used_fail_their_label_before_any_item(draft: Draft, end: Any, sentence: str) -> None:
    steps = [step("a"), step("b", **draft), step("c", follows="b"), step("d", takes=("b",))]
    played = play(*steps, ends={"a": end}, parameters={"n": 3, "null": None})
    assert (played.states("b"), played.cause("b")) == ("failed", MADE + sentence)
    assert (played.states("c"), played.cause("c"), played.states("d")) == ("skipped", MADE + sentence, "skipped")
    outcome = played.run.run_outcome()
    assert (outcome.state, outcome.reason) == ("failed", MADE + sentence)


@pytest.mark.parametrize(
    ("producer", "ends", "consumer", "made"),
    [
        ({"on_failure": "continue"}, {"a": "failed"}, {}, []),
        ({"when": "off"}, {}, {"when_skipped": "null"}, []),
        ({"when": "off"}, {}, {"when": "always"}, []),
        ({}, {"a": "failed"}, {"when": "always"}, []),
        ({}, {"a": "failed"}, {"when": {"state": "a", "is": "failed"}}, []),
        ({"when": "off"}, {}, {}, "skipped"),
        ({}, {"a": "skipped"}, {}, "skipped"),
        ({}, {"a": "failed"}, {}, "skipped"),
    ],
)
def test_null_where_an_axis_should_come_from_is_no_items(producer: Draft, ends: Any, consumer: Draft, made: Any) -> None:
    steps = [step("a", **producer), step("b", axes={"x": scraps("a", "xs")}, **consumer), step("c", follows="b")]
    played = play(*steps, ends=ends, parameters={"off": False})
    assert (played.states("b"), played.states("c")) == (made, made)


def test_an_empty_list_makes_an_empty_fan_and_its_joins_get_an_empty_list() -> None:
    played = play(
        step("a", axes={"x": []}),
        step("b", follows="a"),
        step("c", takes=("b",)),
        step("d", axes={"y": scraps("b", "n")}),
    )
    assert [played.run.state(label) for label in "abcd"] == ["succeeded"] * 4
    assert (played.states("b"), played.states("d"), played.given["c:0"]) == ([], [], {"b": []})


def test_values_of_a_fan_keep_the_places_of_its_list_and_opened_ones_do_not() -> None:
    """A follower of the lists must find beside each value what it belongs to; an opened list has no such places."""
    steps = [step("a", axes=FAN, on_failure="continue", when={"less": ["x", 25]})]
    ends = {"a:0": "failed", "a:1": {"n": 7, "xs": [8, 9]}}
    flat = {"x": scraps("a", "xs", flatten=True)}
    played = play(
        *steps,
        step("plain", axes={"x": scraps("a", "n")}, takes=("a",)),
        step("nulls", axes={"x": scraps("a", "n")}, when_skipped="null"),
        step("always", axes={"x": scraps("a", "n")}, when="always"),
        step("flat", axes=flat),
        step("flat_nulls", axes=flat, when_skipped="null"),
        ends=ends,
    )
    assert played.given["plain:0"] == {"a": [None, "a:1"]}
    found = {label: rows(played, label) for label in ("plain", "nulls", "always", "flat", "flat_nulls")}
    assert found == {
        "plain": [[None], [7]],
        "nulls": [[None], [7], [None]],
        "always": [[None], [7], [None]],
        "flat": [[8], [9]],
        "flat_nulls": [[8], [9]],
    }


def test_values_may_stay_outside_and_axes_need_their_lengths_alone() -> None:
    ends = {
        "a": Outcome(ItemState.SUCCEEDED, values={OUTPUT: Outside(2)}),
        "b:0": Outcome(ItemState.SUCCEEDED, values={OUTPUT: Outside(2)}),
        "b:1": Outcome(ItemState.SUCCEEDED, values={OUTPUT: Outside(1)}),
    }
    played = play(
        step("a"),
        step("b", axes={"v": outputs("a")}),
        step("c", axes={"v": outputs("b", flatten=True)}),
        step("d", axes={"v": outputs("b")}),
        step("e", takes=("c",)),
        ends=ends,
    )
    assert rows(played, "b") == [[Part(Item("a", 0), OUTPUT, 0)], [Part(Item("a", 0), OUTPUT, 1)]]
    assert rows(played, "c") == [
        [Part(Item("b", 0), OUTPUT, 0)],
        [Part(Item("b", 0), OUTPUT, 1)],
        [Part(Item("b", 1), OUTPUT, 0)],
    ]
    assert rows(played, "d") == [[Part(Item("b", 0), OUTPUT, None)], [Part(Item("b", 1), OUTPUT, None)]]
    assert played.given["e:0"] == {"c": ["c:0", "c:1", "c:2"]}


def test_a_value_outside_that_is_no_list_is_no_axis_and_no_condition_asks_for_it() -> None:
    ends = {"a": Outcome(ItemState.SUCCEEDED, values={OUTPUT: Outside()})}
    played = play(
        step("a"),
        step("b", axes={"v": outputs("a")}),
        step("c", when={"output": "a"}),
        step("d", axes={"v": notebooks("a")}, when={"equals": ["v", "x"]}),
        ends=ends,
    )
    assert played.cause("b") == MADE + "the axis 'v' takes a list, and a gave something else, which is not told here"
    assert played.cause("c") == "'when' of c cannot be decided: {output: a} is not told here, so a condition cannot ask for it"
    assert played.cause("d", 0) == (
        "'when' of d:0 cannot be decided: the axis 'v' holds what labels have made, which a condition cannot ask for"
    )


# ---- families ---------------------------------------------------------------------------------------------------------------


def test_between_members_of_a_family_a_name_means_the_item_of_the_same_number() -> None:
    played = play(
        step("a", axes=FAN),
        step("b", follows="a"),
        step("c", follows="a"),
        step("d", follows="b", takes=("c", "a", "b"), after=("e",)),
        step("e", takes=("a",)),
    )
    assert played.given["d:2"] == {"c": "c:2", "a": "a:2", "b": "b:2"}
    assert played.given["e:0"] == {"a": ["a:0", "a:1", "a:2"]}
    assert rows(played, "d") == [[10], [20], [30]]


def test_a_follower_with_repeats_founds_a_family_within() -> None:
    played = play(
        step("a", axes=FAN),
        step("b", follows="a", repeat=2, takes=("a",)),
        step("c", follows="b", takes=("a", "b")),
        step("d", follows="a", takes=("b",)),
        step("e", follows="c", repeat=2, takes=("a", "b", "c")),
    )
    assert rows(played, "b")[2:4] == [[20, 0], [20, 1]]
    assert (played.given["b:3"], played.given["c:3"]) == ({"a": "a:1"}, {"a": "a:1", "b": "b:3"})
    assert played.given["d:0"]["b"] == [f"b:{index}" for index in range(6)]
    assert played.given["e:7"] == {"a": "a:1", "b": "b:3", "c": "c:3"}
    assert played.run.length("e") == 12


def test_a_follower_that_is_repeated_no_times_has_no_items_and_still_its_place_in_the_family() -> None:
    steps = [step("a", axes=FAN), step("b", follows="a", repeat=0, takes=("a",)), step("c", follows="b", takes=("a", "b"))]
    played = play(*steps, ends={"a:1": "failed"})
    assert [played.states(label) for label in "bc"] == [[], []]
    assert [played.run.state(label) for label in "bc"] == ["succeeded", "succeeded"]


def test_families_within_families_need_no_stack_of_python() -> None:
    many = 400
    nested = [step("f0", repeat=1), *(step(f"f{n}", follows=f"f{n - 1}", repeat=1) for n in range(1, many))]
    played = play(*nested, ends={"f0": "failed"})
    assert played.cause(f"f{many - 1}", 0) == "f0:0 failed"
    off = play(step("f0", repeat=1, when="off"), *nested[1:], parameters={"off": False})
    assert off.cause(f"f{many - 1}") == f"f{many - 2}, which it needs, was skipped"


def test_the_limit_of_repeated_followers_counts_what_they_follow_times_the_repeats() -> None:
    steps = [step("l"), step("a", axes={"x": scraps("l", "xs")}), step("b", follows="a", repeat=3, limit=5)]
    played = play(*steps, ends={"l": {"xs": [1, 2]}})
    assert played.cause("b") == MADE + "a (2) x repeat (3) make 6 items, and limit is 5"


def test_the_axes_of_a_fan_take_the_whole_of_another_fan() -> None:
    played = play(step("a", axes=FAN), step("b", axes={"n": FromLabel("a")}, takes=("a",)))
    assert played.given["b:1"] == {"a": ["a:0", "a:1", "a:2"]}


def test_items_that_take_a_fan_share_one_list() -> None:
    played = play(step("a", axes=FAN), step("b", axes={"y": [1, 2]}, takes=("a",)))
    first, second = (played.run.arguments(Item("b", index))["a"] for index in range(2))
    assert first is second


def test_a_follower_of_what_was_skipped_as_a_whole_is_skipped_in_whatever_way_it_names_it() -> None:
    for more in ({}, {"after": ("a",)}, {"takes": ("a",)}):
        steps = [step("a", axes=FAN, when="off"), step("b", follows="a"), step("c", follows="b", **more)]
        played = play(*steps, parameters={"off": False})
        assert [played.states(label) for label in "abc"] == ["skipped"] * 3
        assert played.cause("c") == "a, which it needs, was skipped"


# ---- conditions -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "states"),
    [
        ({"less": ["x", 25]}, ["succeeded", "succeeded", "skipped"]),
        ({"in": [{"parameter": "x"}, [20]]}, ["skipped", "succeeded", "skipped"]),
        ({"all": ["on", {"not": {"equals": ["x", 10]}}]}, ["skipped", "succeeded", "succeeded"]),
        ({"scrap": "a.ok"}, ["succeeded", "skipped", "succeeded"]),
        ({"light": "a", "is": "orange"}, ["skipped", "succeeded", "skipped"]),
        ({"all": [{"scrap": "one.ok"}, {"scrap": "a.ok"}]}, ["succeeded", "skipped", "succeeded"]),
        ({"any": ["off", {"state": "a", "is": "cached"}]}, ["skipped", "skipped", "succeeded"]),
        ("on", ["succeeded", "succeeded", "succeeded"]),
        ("off", "skipped"),
        ({"equals": ["on", False]}, "skipped"),
        ({"not": {"scrap": "one.ok"}}, "skipped"),
        ({"state": "one", "is": "skipped"}, "skipped"),
        ({"light": "other", "is": "green"}, ["succeeded", "succeeded", "succeeded"]),
    ],
)
def test_a_condition_is_asked_of_each_item_if_it_names_an_axis_or_a_member_of_the_family_and_once_else(
    when: Any, states: Any
) -> None:
    cached = Outcome(ItemState.CACHED, values={ValueName(ValueKind.SCRAP, "ok"): True})
    ends = {"a:0": {"ok": True}, "a:1": {"ok": False, "light": "orange"}, "a:2": cached, "one": {"ok": True}}
    steps = [step("one"), step("other", axes=FAN), step("a", axes=FAN), step("b", follows="a", when=when)]
    assert play(*steps, ends=ends, parameters={"on": True, "off": False}).states("b") == states


@pytest.mark.parametrize(
    ("when", "states"),
    [
        ({"state": "a", "is": "failed"}, ["succeeded", "succeeded", "skipped"]),
        ({"state": "a", "is": "timed_out"}, ["succeeded", "skipped", "skipped"]),
        ({"light": "a", "is": "red"}, ["succeeded", "succeeded", "skipped"]),
        ({"all": [{"less": ["x", 15]}, {"state": "a", "is": "failed"}]}, ["succeeded", "skipped", "skipped"]),
        ({"less": ["x", 15]}, ["skipped", "skipped", "skipped"]),
    ],
)
def test_a_condition_on_the_state_of_an_item_is_asked_also_if_the_item_failed(when: Any, states: list[str]) -> None:
    steps = [step("a", axes=FAN), step("b", follows="a", when=when)]
    assert play(*steps, ends={"a:0": "timed_out", "a:1": "failed"}).states("b") == states


def test_a_condition_on_the_whole_is_asked_before_the_axes_are_looked_at() -> None:
    steps = [
        step("a"),
        step("b", axes={"x": scraps("a", "xs")}, when="off"),
        step("c", repeat=2, when={"less": ["repeat_index", 1]}),
    ]
    played = play(*steps, ends={"a": {"xs": "no list"}}, parameters={"off": False})
    assert (played.states("b"), played.cause("b")) == ("skipped", "its condition does not hold")
    assert played.states("c") == ["succeeded", "skipped"]


def test_an_axis_hides_the_parameter_of_its_name_from_the_conditions_of_its_items() -> None:
    steps = [step("a", axes=FAN, when={"less": ["x", 25]}), step("b", when={"less": ["x", 25]})]
    played = play(*steps, parameters={"x": 99})
    assert (played.states("a"), played.states("b")) == (["succeeded", "succeeded", "skipped"], "skipped")


def test_whether_items_are_asked_depends_on_the_condition_and_not_on_labels_that_a_step_handles() -> None:
    steps = [step("a", axes=FAN, on_failure="run:h"), step("h", follows="a", when="off")]
    played = play(*steps, ends={"a:1": "failed"}, parameters={"off": False})
    assert played.states("h") == "skipped"


@pytest.mark.parametrize(
    ("drafts", "ends", "cause"),
    [
        (
            [step("a"), step("b", when={"less": [{"scrap": "a.n"}, 3]})],
            {"a": {"n": "two"}},
            "'when' of b cannot be decided: 'less' compares two numbers or two texts, not 'two' and 3",
        ),
        (
            [step("a", on_failure="continue"), step("b", when={"less": [{"scrap": "a.n"}, 3]})],
            {"a": "failed"},
            "'when' of b cannot be decided: 'less' compares two numbers or two texts, not null and 3",
        ),
        (
            [step("a"), step("b", when={"scrap": "a.n"})],
            {"a": {"m": 1}},
            "'when' of b cannot be decided: a has left no scrap 'n'; there are scrap 'm'",
        ),
        ([step("b", when="nobody")], {}, "'when' of b cannot be decided: there is neither an axis nor a parameter 'nobody'"),
    ],
)
def test_a_condition_that_cannot_be_decided_is_a_failure_of_its_step(drafts: list[Draft], ends: Any, cause: str) -> None:
    played = play(*drafts, step("c", takes=("b",)), ends=ends)
    assert (played.states("b"), played.cause("b"), played.cause("c")) == ("failed", cause, cause)
    assert played.run.run_outcome().failed[-1] == "b"


def test_a_condition_that_cannot_be_decided_for_one_item_fails_that_one() -> None:
    steps = [step("a", axes=FAN), step("b", follows="a", when={"less": [{"scrap": "a.n"}, 3]}), step("c", follows="b")]
    played = play(*steps, ends={"a:0": {"n": 1}, "a:1": {"n": "x"}, "a:2": {"n": 5}})
    assert played.states("b") == ["succeeded", "failed", "skipped"]
    cause = "'when' of b:1 cannot be decided: 'less' compares two numbers or two texts, not 'x' and 3"
    assert (played.cause("b", 1), played.cause("c", 1)) == (cause, cause)


def test_any_and_all_ask_the_list_of_a_fan() -> None:
    steps = [
        step("a", axes=FAN),
        step("some", when={"any": {"scrap": "a.ok"}}),
        step("every", when={"all": {"scrap": "a.ok"}}),
    ]
    played = play(*steps, ends={"a:0": {"ok": False}, "a:1": {"ok": True}, "a:2": {"ok": True}})
    assert (played.states("some"), played.states("every")) == (["succeeded"], "skipped")


# ---- handlers ---------------------------------------------------------------------------------------------------------------


def test_a_handler_runs_only_if_a_label_that_names_it_has_failed() -> None:
    steps = [step("a", on_failure="run:h"), step("b", on_failure="run:h"), step("h", takes=("a",)), step("k", takes=("h",))]
    failed = play(*steps, ends={"b": "failed"})
    assert (failed.states("h"), failed.states("k"), failed.run.run_outcome().state) == (["succeeded"], ["succeeded"], "failed")
    assert failed.given["h:0"] == {"a": "a:0"}
    fine = play(*steps)
    assert (fine.states("h"), fine.states("k"), fine.run.run_outcome().state) == ("skipped", "skipped", "succeeded")
    assert (fine.cause("h"), fine.run.run_outcome().light) == ("it runs only if 'a' or 'b' fails", "green")


def test_a_handler_that_follows_runs_for_the_items_that_failed() -> None:
    steps = [step("a", axes=FAN, on_failure="run:h"), step("h", follows="a", takes=("a",))]
    played = play(*steps, ends={"a:1": "failed", "a:2": "timed_out"})
    assert (played.states("h"), played.given["h:1"]) == (["skipped", "succeeded", "succeeded"], {"a": None})
    assert played.cause("h", 0) == "it runs only if 'a' fails"


def test_a_handler_of_a_fan_that_it_does_not_follow_runs_once() -> None:
    played = play(step("a", axes=FAN, on_failure="run:h"), step("h", takes=("a",)), ends={"a:1": "failed"})
    assert played.given["h:0"] == {"a": ["a:0", None, "a:2"]}


def test_a_handler_of_a_whole_label_and_of_items_runs_for_all_if_the_whole_failed() -> None:
    steps = [step("w", on_failure="run:h"), step("a", axes=FAN, on_failure="run:h"), step("h", follows="a")]
    assert play(*steps, ends={"w": "failed"}).states("h") == ["succeeded"] * 3
    assert play(*steps, ends={"a:2": "failed"}).states("h") == ["skipped", "skipped", "succeeded"]


def test_what_was_not_run_has_not_failed_so_its_handler_is_skipped() -> None:
    steps = [step("z"), step("a", after=("z",), on_failure="run:h"), step("h")]
    played = play(*steps, ends={"z": "failed"})
    assert (played.states("a"), played.states("h")) == ("skipped", "skipped")
    assert played.cause("h") == "it runs only if 'a' fails"


def test_a_handler_that_nobody_needs_is_not_asked_for_its_condition() -> None:
    steps = [step("a", on_failure="run:h"), step("h", when={"less": [{"scrap": "a.n"}, 3]})]
    assert play(*steps, ends={"a": {"n": "text"}}).states("h") == "skipped"


def test_a_handler_that_needs_something_else_that_failed_is_not_run() -> None:
    steps = [step("a", on_failure="run:h"), step("b"), step("h", takes=("b",))]
    played = play(*steps, ends={"a": "failed", "b": "failed"})
    assert (played.states("h"), played.cause("h")) == ("skipped", "b failed")
