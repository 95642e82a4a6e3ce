"""Conditions: how they are read, when they hold, and what cannot be decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from deciders.steps.condition_parsing import parse_condition
from deciders.steps.conditions import ConditionError, mentioned, same
from deciders.steps.references import Reference
from deciders.values.item_state import ItemState
from deciders.values.light import Light

LABELS = ("audit", "day", "day.v2")


@dataclass
class Known:
    """What a run knows, as a table."""

    names: dict[str, Any] = field(
        default_factory=lambda: {"mode": "fast", "n": 3, "date": "2016-01-02", "list": [1, 2], "no": None}
    )
    values: dict[str, Any] = field(
        default_factory=lambda: {
            "{scrap: audit.ok}": True,
            "{scrap: audit.n}": 3,
            "{scrap: audit.all}": [True, 1, "x"],
            "{scrap: audit.some}": [0, None, "x"],
            "{scrap: audit.none}": [],
            "{scrap: audit.null}": None,
            "{output: audit.rows}": 7,
            "{scrap: day.v2.n}": 2,
        }
    )
    states: dict[str, str] = field(default_factory=lambda: {"audit": "failed", "day": "cached", "day.v2": "timed_out"})
    lights: dict[str, str | None] = field(default_factory=lambda: {"audit": "red", "day": "orange", "day.v2": None})

    def parameter(self, name: str) -> Any:
        return self.names[name]

    def value(self, reference: Reference) -> Any:
        return self.values[str(reference)]

    def state(self, label: str) -> ItemState:
        return ItemState(self.states[label])

    def light(self, label: str) -> Light | None:
        light = self.lights[label]
        return None if light is None else Light(light)


def holds(written: Any) -> bool:
    return parse_condition(written, LABELS).holds(Known())


@pytest.mark.parametrize(
    ("written", "truth"),
    [
        ("mode", True),
        ("no", False),
        (True, True),
        (False, False),
        ({"parameter": "mode"}, True),
        ({"scrap": "audit.ok"}, True),
        ({"scrap": "audit.null"}, False),
        ({"scrap": "audit.none"}, False),
        ({"scrap": "day.v2.n"}, True),
        ({"output": "audit.rows"}, True),
        ({"equals": ["mode", "fast"]}, True),
        ({"equals": ["mode", "mode"]}, False),  # the first is a name, the second a value
        ({"equals": ["n", 3.0]}, True),
        ({"equals": ["n", True]}, False),
        ({"equals": [{"scrap": "audit.ok"}, 1]}, False),
        ({"equals": ["no", None]}, True),
        ({"equals": ["list", [1, 2.0]]}, True),
        ({"equals": [{"scrap": "audit.n"}, {"parameter": "n"}]}, True),
        ({"equals": ["mode", {"value": "fast"}]}, True),
        ({"equals": ["date", date(2016, 1, 2)]}, True),  # YAML reads a date, JSON has texts
        ({"less": ["n", 4]}, True),
        ({"less": ["n", 3]}, False),
        ({"less": ["n", 3.5]}, True),
        ({"less": ["date", date(2016, 1, 3)]}, True),
        ({"less": [{"scrap": "audit.n"}, {"output": "audit.rows"}]}, True),
        ({"in": ["n", [1, 3.0]]}, True),
        ({"in": ["n", [True, "3"]]}, False),
        ({"in": ["n", {"parameter": "list"}]}, False),
        ({"in": ["date", [date(2016, 1, 2)]]}, True),
        ({"in": ["mode", []]}, False),
        ({"state": "audit", "is": "failed"}, True),
        ({"state": "audit", "is": ["succeeded", "failed"]}, True),
        ({"state": "audit", "is": "cancelled"}, False),
        ({"state": "day", "is": "cached"}, True),
        ({"state": "day", "is": "succeeded"}, True),  # a retry decides as the first run did
        ({"state": "day.v2", "is": "failed"}, True),
        ({"state": "day.v2", "is": "timed_out"}, True),
        ({"light": "audit", "is": "red"}, True),
        ({"light": "day", "is": ["green", "orange"]}, True),
        ({"light": "day.v2", "is": ["green", "orange", "red"]}, False),
        ({"not": "mode"}, False),
        ({"not": {"not": {"state": "audit", "is": "failed"}}}, True),
        ({"all": ["mode", {"equals": ["n", 3]}]}, True),
        ({"all": ["mode", "no"]}, False),
        ({"all": []}, True),
        ({"any": ["no", {"in": ["n", [3]]}]}, True),
        ({"any": []}, False),
        ({"all": {"scrap": "audit.all"}}, True),
        ({"all": {"scrap": "audit.some"}}, False),
        ({"any": {"scrap": "audit.some"}}, True),
        ({"any": {"scrap": "audit.none"}}, False),
        ({"all": "list"}, True),
    ],
)
def test_a_condition_holds_as_it_reads(written: Any, truth: bool) -> None:
    assert holds(written) is truth


@pytest.mark.parametrize(
    ("left", "right", "truth"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (False, 0, False),
        (True, True, True),
        (None, False, False),
        ("1", 1, False),
        ([1, [True]], [1.0, [True]], True),
        ([1, [True]], [1, [1]], False),
        ([1], [1, 2], False),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        (2**60, float(2**60), True),
    ],
)
def test_values_are_the_same_as_in_json(left: Any, right: Any, truth: bool) -> None:
    assert same(left, right) is truth
    assert same(right, left) is truth


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"less": ["mode", 3]}, "'less' compares two numbers or two texts, not 'fast' and 3"),
        ({"less": [{"scrap": "audit.null"}, 3]}, "'less' compares two numbers or two texts, not null and 3"),
        ({"less": [{"scrap": "audit.ok"}, 3]}, "'less' compares two numbers or two texts, not true and 3"),
        ({"in": ["n", {"parameter": "mode"}]}, "'in' looks into a list, not into 'fast'"),
        ({"any": {"scrap": "audit.n"}}, "'any' looks into a list, not into 3"),
        ({"all": "no"}, "'all' looks into a list, not into null"),
    ],
)
def test_what_cannot_be_decided_says_why(written: Any, sentence: str) -> None:
    with pytest.raises(ConditionError) as caught:
        holds(written)
    assert str(caught.value) == sentence


KEYS = "scrap, output, parameter, equals, less, in, state, light, not, all, any"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (5, "a condition is a name or a mapping, not 5"),
        (None, "a condition is a name or a mapping, not null"),
        ([], "a condition is a name or a mapping, not a list"),
        ({}, "a condition asks one thing, not nothing; several go into 'all' or 'any'"),
        (
            {"scrap": "audit.ok", "parameter": "mode"},
            "a condition asks one thing, not 'scrap' and 'parameter'; several go into 'all' or 'any'",
        ),
        ({"equal": ["n", 1]}, f"'equal' is no condition (did you mean 'equals'?); there are {KEYS}"),
        ({1: 2}, f"1 is no condition; there are {KEYS}"),
        ({"scrap": "audit.ok", "is": True}, f"'is' is no condition; there are {KEYS}"),
        (
            "audit",
            "a bare word is an axis or a parameter, and 'audit' is a label; ask for {state: audit, is: ..} or a scrap",
        ),
        ({"scrap": "audi.ok"}, "there is no label 'audi' (did you mean 'audit'?)"),
        ({"scrap": "audit"}, "{scrap: audit} names the label 'audit' and none of its scraps; write audit.name"),
        ({"output": 3}, "'output' takes label.name, not 3"),
        ({"parameter": ["mode"]}, "'parameter' takes a name, not a list"),
        ({"equals": ["n"]}, "'equals' takes a list of two, such as [mode, fast], not ['n']"),
        ({"equals": "n"}, "'equals' takes a list of two, such as [mode, fast], not 'n'"),
        ({"equals": [3, "n"]}, "the first of 'equals' is a name or a reference, not 3"),
        ({"equals": [{"value": 3}, 3]}, "the first of 'equals' is a name or a reference, not {'value': 3}"),
        (
            {"equals": ["n", {"x": 1}]},
            "the second of 'equals' is a value or a reference; a mapping that is a value is written {value: ..}",
        ),
        ({"equals": ["n", {"value": {1, 2}}]}, "{1, 2} is no value of JSON"),
        ({"in": ["n", 3]}, "the second of 'in' is a list, not 3"),
        (
            {"less": [100, "n"]},
            "the first of 'less' is a name or a reference, not 100; {not: {less: [total, 100]}} is: at least 100",
        ),
        ({"less": ["n", True]}, "the second of 'less' is a number or a text, not true"),
        ({"less": ["n", [1]]}, "the second of 'less' is a number or a text, not [1]"),
        ({"state": "audit"}, "'state' goes with 'is', such as {state: audit, is: failed}"),
        ({"light": "audit"}, "'light' goes with 'is', such as {light: audit, is: orange}"),
        ({"state": ["audit"], "is": "failed"}, "'state' takes a label, not a list"),
        ({"state": "audi", "is": "failed"}, "there is no label 'audi' (did you mean 'audit'?)"),
        (
            {"state": "audit", "is": "faild"},
            "a state to ask for is succeeded, failed, cancelled, timed_out, cached or skipped, not 'faild' "
            "(did you mean 'failed'?)",
        ),
        (
            {"state": "audit", "is": "running"},
            "a state to ask for is succeeded, failed, cancelled, timed_out, cached or skipped, not 'running'",
        ),
        (
            {"state": "audit", "is": [True]},
            "a state to ask for is succeeded, failed, cancelled, timed_out, cached or skipped, not true",
        ),
        ({"state": "audit", "is": []}, "'is' of 'state' is an empty list, so it never holds"),
        ({"light": "audit", "is": "yellow"}, "a light to ask for is green, orange or red, not 'yellow'"),
        ({"any": {"equals": ["n", 1]}}, "'any' takes a list of conditions, or one reference whose value is a list"),
        ({"all": 3}, "'all' takes a list of conditions, or one reference whose value is a list"),
    ],
)
def test_a_condition_that_cannot_be_read_is_one_sentence(written: Any, sentence: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition(written, LABELS)
    assert str(caught.value) == sentence


def test_an_axis_may_hide_the_label_of_its_step() -> None:
    condition = parse_condition({"in": ["day", [1, 2]]}, LABELS, axes=["day"])
    assert list(condition.names()) == ["day"]


def test_conditions_are_nested_twenty_deep_at_most() -> None:
    written: Any = "mode"
    for _ in range(19):
        written = {"not": written}
    assert holds(written) is False
    with pytest.raises(ConditionError) as caught:
        parse_condition({"all": [written]}, LABELS)
    assert str(caught.value) == "conditions may be nested 20 deep at most"


def test_all_and_any_ask_no_further_than_they_must() -> None:
    undecided = {"less": ["mode", 3]}
    assert holds({"any": ["mode", undecided]}) is True
    assert holds({"all": ["no", undecided]}) is False
    with pytest.raises(ConditionError):
        holds({"all": [undecided, "no"]})


def test_a_condition_tells_what_it_mentions() -> None:
    condition = parse_condition(
        {
            "all": [
                "mode",
                {"not": {"state": "day", "is": "failed"}},
                {"any": [{"equals": [{"scrap": "audit.n"}, {"output": "day.v2.n"}]}, {"light": "audit", "is": "red"}]},
                {"in": ["n", {"parameter": "list"}]},
                {"any": {"scrap": "day.v2.oks"}},
            ]
        },
        LABELS,
    )
    assert [str(one) for one in condition.references()] == ["{scrap: audit.n}", "{output: day.v2.n}", "{scrap: day.v2.oks}"]
    assert list(condition.judged()) == ["day", "audit"]
    assert list(condition.names()) == ["mode", "n", "list"]
    assert list(mentioned(condition)) == ["audit", "day.v2", "day"]


def test_a_moment_is_a_text_as_in_json() -> None:
    condition = parse_condition({"equals": ["at", datetime(2016, 1, 2, 3, 4, tzinfo=UTC)]}, ())
    assert condition.holds(Known({"at": "2016-01-02T03:04:00+00:00"}))
