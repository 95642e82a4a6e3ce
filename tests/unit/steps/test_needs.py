"""What a step does, once all that it needs is final: not run before skipped, skipped before null, null before the value."""

from __future__ import annotations

from typing import Any

import pytest

from deciders.values.item import Item

from .small_graphs import FAN, Draft, play, step

RUNS, NOT_RUN, SKIPPED, NULL = "runs", "not run", "skipped", "null"

PLAIN: Draft = {}
FAILING = {"a": "failed"}
#: How the producer ends: what its step says, how its item ends, and what a plain step before it does.
ENDS: dict[str, tuple[Draft, dict[str, Any]]] = {
    "succeeded": ({}, {}),
    "cached": ({}, {"a": "cached"}),
    "failed": ({}, {"a": "failed"}),
    "timed out": ({}, {"a": "timed_out"}),
    "cancelled": ({}, {"a": "cancelled"}),
    "failed, run": ({"on_failure": "run:h"}, {"a": "failed"}),
    "failed, continue": ({"on_failure": "continue"}, {"a": "failed"}),
    "timed out, continue": ({"on_failure": "continue"}, {"a": "timed_out"}),
    "cancelled, continue": ({"on_failure": "continue"}, {"a": "cancelled"}),
    "not run": ({"after": ("z",)}, {"z": "failed"}),
    "not run, continue": ({"after": ("z",), "on_failure": "continue"}, {"z": "failed"}),
    "skipped by a condition": ({"when": "off"}, {}),
    "skipped by its notebook": ({}, {"a": "skipped"}),
}
BAD = ("failed", "timed out", "cancelled", "failed, run")
PARDONED = ("failed, continue", "timed out, continue", "cancelled, continue")
LEFT = ("not run", "not run, continue")
SKIPS = ("skipped by a condition", "skipped by its notebook")
GOOD = ("succeeded", "cached")

TABLE = [
    *((end, "takes", RUNS) for end in GOOD),
    *((end, "after", RUNS) for end in GOOD),
    *((end, "always", RUNS) for end in GOOD),
    *((end, "takes", NOT_RUN) for end in (*BAD, *LEFT)),
    *((end, "after", NOT_RUN) for end in (*BAD, *LEFT)),
    *((end, "always", NULL) for end in (*BAD, *LEFT)),
    *((end, "takes", NULL) for end in PARDONED),
    *((end, "after", RUNS) for end in PARDONED),
    *((end, "always", NULL) for end in PARDONED),
    *((end, "takes", SKIPPED) for end in SKIPS),
    *((end, "takes with when_skipped null", NULL) for end in SKIPS),
    *((end, "after", RUNS) for end in SKIPS),
    *((end, "always", NULL) for end in SKIPS),
    *((end, "takes, asking its state", NULL) for end in (*BAD, *LEFT, *SKIPS)),
    *((end, "takes, asking its light", NULL) for end in (*BAD, *LEFT, *SKIPS)),
    ("failed", "takes, run by it", NULL),
    ("not run", "takes with when_skipped null", NOT_RUN),
]
HOW: dict[str, Draft] = {
    "takes": {"takes": ("a",)},
    "takes with when_skipped null": {"takes": ("a",), "when_skipped": "null"},
    "after": {"after": ("a",)},
    "always": {"takes": ("a",), "when": "always"},
    "takes, asking its state": {"takes": ("a",), "when": {"not": {"state": "a", "is": "succeeded"}}},
    "takes, asking its light": {"takes": ("a",), "when": {"not": {"light": "a", "is": "orange"}}},
}


def told(states: list[str] | str, cause: Any, given: Any) -> str:
    if states == "skipped":
        return NOT_RUN if cause.is_failure else SKIPPED
    assert states == ["succeeded"]
    return NULL if given == {"a": None} else RUNS


@pytest.mark.parametrize(("end", "how", "does"), TABLE)
@pytest.mark.parametrize("last_first", [False, True])
def test_a_step_does_what_the_end_of_what_it_needs_says(end: str, how: str, does: str, last_first: bool) -> None:
    producer, ends = ENDS[end]
    consumer = HOW.get(how) or {"takes": ("a",)}
    if how == "takes, run by it":
        producer = {"on_failure": "run:b"}
    steps = [step("z"), step("a", **producer), step("h"), step("b", **consumer)]
    played = play(*steps, ends=ends, parameters={"off": False}, last_first=last_first)
    cause = played.run.cause(Item("b"))
    assert told(played.states("b"), cause, played.given.get("b:0")) == does


@pytest.mark.parametrize(
    ("first", "second", "does"),
    [
        ("failed", "skipped by a condition", NOT_RUN),
        ("not run", "skipped by its notebook", NOT_RUN),
        ("skipped by a condition", "failed, continue", SKIPPED),
        ("failed", "failed, continue", NOT_RUN),
        ("failed, continue", "succeeded", NULL),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_worst_of_its_needs_decides_whatever_their_order(first: str, second: str, does: str, turned: bool) -> None:
    ends: dict[str, Any] = {}
    drafts = []
    for label, end in (("p", first), ("q", second)):
        producer, outcome = ENDS[end]
        drafts.append(step(label, **producer))
        ends.update({(label if name == "a" else name): value for name, value in outcome.items()})
    takes = ("q", "p") if turned else ("p", "q")
    played = play(
        step("z"), *drafts, step("h"), step("b", takes=takes), ends=ends, parameters={"off": False}, last_first=turned
    )
    assert told(played.states("b"), played.run.cause(Item("b")), _nulls(played.given.get("b:0"))) == does


def _nulls(given: Any) -> Any:
    return {"a": None} if given is not None and None in given.values() else given


# ---- a fan that is taken whole --------------------------------------------------------------------------------------------

LISTS = [
    ({}, {}, {}, ["a:0", "a:1", "a:2"]),
    ({}, {"a:1": "failed"}, {}, NOT_RUN),
    ({}, {"a:1": "cancelled"}, {}, NOT_RUN),
    ({"on_failure": "continue"}, {"a:1": "timed_out"}, {}, ["a:0", None, "a:2"]),
    ({"when": {"less": ["x", 25]}}, {}, {}, ["a:0", "a:1"]),
    ({"when": {"less": ["x", 25]}}, {}, {"when_skipped": "null"}, ["a:0", "a:1", None]),
    ({"when": {"less": ["x", 25]}}, {}, {"when": "always"}, ["a:0", "a:1", None]),
    ({}, {"a:0": "skipped"}, {}, ["a:1", "a:2"]),
    ({"when": {"less": ["x", 0]}}, {}, {}, SKIPPED),
    ({"when": {"less": ["x", 0]}}, {}, {"when_skipped": "null"}, [None, None, None]),
    ({"when": {"less": ["x", 0]}}, {}, {"when": "always"}, [None, None, None]),
    ({"when": "off"}, {}, {}, SKIPPED),
    ({"when": "off"}, {}, {"when_skipped": "null"}, None),
    ({}, {"z": "failed"}, {"when": "always"}, None),
    ({"on_failure": "continue", "when": {"less": ["x", 25]}}, {"a:0": "failed"}, {}, [None, "a:1"]),
    ({}, {"a:0": "failed"}, {"when": "always"}, [None, "a:1", "a:2"]),
    ({}, {"a:0": "failed"}, {"when": {"state": "a", "is": "failed"}}, [None, "a:1", "a:2"]),
    ({"axes": {"x": []}}, {}, {}, []),
]


@pytest.mark.parametrize(("producer", "ends", "consumer", "gets"), LISTS)
def test_a_fan_that_is_taken_whole_is_a_list_with_a_place_for_what_counts(
    producer: Draft, ends: dict[str, Any], consumer: Draft, gets: Any
) -> None:
    played = play(
        step("z"),
        step("a", **{"axes": FAN, "after": ("z",), **producer}),
        step("b", takes=("a",), **consumer),
        ends=ends,
        parameters={"off": False},
    )
    if gets in (NOT_RUN, SKIPPED):
        assert told(played.states("b"), played.run.cause(Item("b")), None) == gets
    else:
        assert played.given["b:0"] == {"a": gets}


def test_after_a_fan_of_which_everything_was_skipped_goes_on_and_after_one_that_failed_does_not() -> None:
    skipped = step("a", axes=FAN, when={"less": ["x", 0]})
    assert play(skipped, step("b", after=("a",))).states("b") == ["succeeded"]
    failed = play(step("a", axes=FAN), step("b", after=("a",)), ends={"a:2": "failed"})
    assert (failed.states("b"), failed.cause("b")) == ("skipped", "a:2 failed")


def test_a_label_that_goes_on_pardons_its_own_failures_and_not_what_was_not_run_because_of_another() -> None:
    steps = [step("a", axes=FAN), step("b", follows="a", on_failure="continue"), step("c", takes=("b",))]
    played = play(*steps, ends={"a:1": "failed", "b:0": "failed"})
    assert played.states("b") == ["failed", "skipped", "succeeded"]
    assert (played.states("c"), played.cause("c")) == ("skipped", "a:1 failed")
    own = play(*steps, ends={"b:0": "failed"})
    assert own.given["c:0"] == {"b": [None, "b:1", "b:2"]}


def test_followers_go_item_by_item_and_a_join_behind_them_waits_for_all() -> None:
    steps = [step("a", axes=FAN), step("b", follows="a", takes=("a",)), step("c", takes=("b",)), step("d", after=("b",))]
    played = play(*steps, ends={"a:1": "failed"})
    assert played.states("b") == ["succeeded", "skipped", "succeeded"]
    assert (played.cause("b", 1), played.run.state("b")) == ("a:1 failed", "skipped")
    assert (played.states("c"), played.cause("c"), played.states("d")) == ("skipped", "a:1 failed", "skipped")
    pardoned = play(step("a", axes=FAN, on_failure="continue"), *steps[1:], ends={"a:1": "failed"})
    assert (pardoned.given["b:1"], pardoned.given["c:0"]) == ({"a": None}, {"b": ["b:0", "b:1", "b:2"]})


def test_the_first_failure_on_the_way_is_the_cause_of_everything_behind_it() -> None:
    chain = [step("a"), step("b", takes=("a",)), step("c", after=("b",)), step("d", takes=("c",))]
    played = play(*chain, ends={"a": "timed_out"})
    assert [(str(one.item), str(one.state), str(one.cause)) for one in played.settled] == [
        ("b", "skipped", "a timed out"),
        ("c", "skipped", "a timed out"),
        ("d", "skipped", "a timed out"),
    ]


@pytest.mark.parametrize("last_first", [False, True])
def test_of_several_failures_of_a_fan_that_of_the_lowest_index_is_the_cause_of_its_joins(last_first: bool) -> None:
    steps = [step("a", axes=FAN), step("b", follows="a"), step("c", takes=("b",)), step("d", after=("a",))]
    played = play(*steps, ends={"a:1": "timed_out", "a:2": "failed"}, last_first=last_first)
    assert (played.cause("c"), played.cause("d")) == ("a:1 timed out", "a:1 timed out")


def test_what_a_failure_has_nothing_to_do_with_is_not_touched_by_it() -> None:
    played = play(step("a"), step("b"), step("c", takes=("b",)), ends={"a": "failed"})
    assert (played.states("b"), played.states("c")) == (["succeeded"], ["succeeded"])


def test_causes_of_skips_say_what_was_skipped() -> None:
    played = play(step("a", when="off"), step("b", takes=("a",)), step("c", takes=("b",)), parameters={"off": False})
    assert [(str(one.item), str(one.cause)) for one in played.settled] == [
        ("a", "its condition does not hold"),
        ("b", "a, which it needs, was skipped"),
        ("c", "b, which it needs, was skipped"),
    ]
    item = play(step("a", axes=FAN, when={"less": ["x", 25]}), step("b", follows="a", takes=("a",)))
    assert (item.states("b"), item.cause("b", 2)) == (
        ["succeeded", "succeeded", "skipped"],
        "a:2, which it needs, was skipped",
    )
