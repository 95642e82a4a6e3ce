"""Runs: what starts when, how they stop, are cancelled and end, and the failure that they report."""

from __future__ import annotations

from typing import Any

import pytest

from deciders.steps.outcomes import Outcome, Settled, Turn, UnfoldingError
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from deciders.values.light import Light

from .small_graphs import FAN, Draft, graph_of, outcome, play, scraps, step

GOOD = Outcome(ItemState.SUCCEEDED)


def began(*drafts: Draft, **more: Any) -> tuple[Unfolding, list[str]]:
    run = Unfolding(graph_of(*drafts), **more)
    return run, list(map(str, run.begin().starts))


def ended(run: Unfolding, item: str, end: Any = "succeeded") -> list[str]:
    return list(map(str, run.ended(Item.parse(item), outcome(end)).starts))


# ---- what starts ------------------------------------------------------------------------------------------------------------


def test_of_what_is_ready_the_lowest_index_starts_first_and_labels_stand_as_in_the_file() -> None:
    run, starts = began(step("b", axes=FAN), step("a", axes=FAN, max_parallel=2), step("c", follows="a", max_parallel=1))
    assert starts == ["b:0", "b:1", "b:2", "a:0", "a:1"]
    assert ended(run, "a:1") == ["a:2", "c:1"]
    assert ended(run, "a:2") == []
    assert ended(run, "a:0") == []
    assert ended(run, "c:1") == ["c:0"]
    assert ended(run, "c:0") == ["c:2"]


def test_what_becomes_ready_in_one_call_starts_in_the_order_of_its_indexes_however_it_became_ready() -> None:
    """The call is worked off before anything starts: else item 2, which is ready first, would go before item 0."""
    run, _ = began(
        step("f", axes=FAN),
        step("a", follows="f", on_item_failure="stop"),
        step("c", follows="a", when="always", max_parallel=1),
    )
    assert ended(run, "f:2") == ["a:2"]
    assert ended(run, "a:2", "failed") == ["c:0"]  # c:2 was ready first, then a:0 and a:1 were cancelled
    assert ended(run, "c:0") == ["c:1"]


def test_never_more_items_of_a_label_run_than_it_says_and_a_slot_that_is_free_is_used() -> None:
    run, starts = began(step("a", axes={"x": list(range(5))}, max_parallel=2))
    assert starts == ["a:0", "a:1"]
    assert ended(run, "a:1", "failed") == ["a:2"]
    assert ended(run, "a:0") == ["a:3"]
    assert ended(run, "a:3") == ["a:4"]
    assert run.states("a") == ["succeeded", "failed", "running", "succeeded", "running"]


def test_what_nothing_is_in_the_way_of_starts_at_once() -> None:
    assert began(step("a"), step("b", takes=("a",)), step("c"))[1] == ["a:0", "c:0"]


def test_an_end_that_comes_in_the_very_call_in_which_items_become_known_counts_once() -> None:
    run, _ = began(
        step("f", axes=FAN),
        step("w"),
        step("q", follows="f"),
        step("p", follows="f", after=("w",), when={"in": ["x", []]}),
        step("c", follows="f", after=("w", "p"), takes=("q",)),
    )
    for item in ("f:0", "f:1", "f:2"):
        ended(run, item)
    assert ended(run, "w:0") == []
    assert (run.states("p"), run.states("c")) == (["skipped"] * 3, ["pending"] * 3)
    assert ended(run, "q:1") == ["c:1"]


def test_a_member_that_ended_whole_while_items_become_known_is_heard_of_once() -> None:
    run, _ = began(
        step("f", axes=FAN),
        step("w"),
        step("q", follows="f"),
        step("p", follows="f", after=("w",), when="off"),
        step("c", follows="f", after=("w", "p"), takes=("q",)),
        parameters={"off": False},
    )
    for item in ("f:0", "f:1", "f:2"):
        ended(run, item)
    assert ended(run, "w:0") == []
    assert (run.state("p"), run.states("c")) == ("skipped", ["pending"] * 3)
    assert ended(run, "q:2") == ["c:2"]


def test_every_label_is_opened_once_also_by_the_founder_of_its_family() -> None:
    run, starts = began(step("a", axes={"x": []}), step("b", follows="a"), step("c", follows="b"), step("d", after=("c",)))
    assert (starts, run.is_over) == (["d:0"], False)
    assert ended(run, "d:0") == []
    assert run.is_over


@pytest.mark.parametrize(
    ("item", "end", "sentence"),
    [
        ("a:1", "succeeded", "a:1 is pending, so it cannot end as succeeded"),
        ("b:0", "failed", "b:0 was skipped, so it cannot end as failed"),
        ("a:0", "running", "a:0 cannot end as running, which is no end"),
        ("a:9", "succeeded", "there is no item a:9"),
        ("a", "succeeded", "there is no item a"),
        ("zz:0", "succeeded", "there is no item zz:0"),
        ("c:0", "succeeded", "there is no item c:0"),
    ],
)
def test_an_end_that_cannot_be_is_refused_and_changes_nothing(item: str, end: str, sentence: str) -> None:
    run, starts = began(
        step("a", axes=FAN, max_parallel=1), step("b", axes={"y": [1]}, when={"equals": ["y", 2]}), step("c", after=("a",))
    )
    before = [run.states(label) for label in "abc"]
    with pytest.raises(UnfoldingError) as caught:
        ended(run, item, end)
    assert (str(caught.value), starts) == (sentence, ["a:0"])
    assert [run.states(label) for label in "abc"] == before
    assert ended(run, "a:0") == ["a:1"]


def test_no_end_counts_twice_and_no_run_begins_twice() -> None:
    run, _ = began(step("a"))
    ended(run, "a:0", "failed")
    with pytest.raises(UnfoldingError) as caught:
        ended(run, "a:0")
    assert str(caught.value) == "a:0 failed, so it cannot end as succeeded"
    with pytest.raises(UnfoldingError) as again:
        run.begin()
    assert str(again.value) == "the run has begun already"


# ---- states -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "state", "light"),
    [
        ({}, "succeeded", "green"),
        ({"a": "cached"}, "cached", "green"),
        ({"a:1": "cached"}, "succeeded", "green"),
        ({"a:1": "failed"}, "failed", "red"),
        ({"a:1": "timed_out"}, "failed", "red"),
        ({"a:1": "cancelled"}, "cancelled", "red"),
        ({"a:0": "cancelled", "a:1": "failed"}, "failed", "red"),
        ({"a": "skipped"}, "skipped", "green"),
        ({"a:1": "skipped"}, "succeeded", "green"),
        ({"a:0": "cached", "a:1": "skipped", "a:2": "cached"}, "succeeded", "green"),
        ({"a:1": {"light": "orange"}}, "succeeded", "orange"),
        ({"a:0": "failed", "a:1": {"light": "orange"}}, "failed", "red"),
    ],
)
def test_the_state_of_a_label_follows_from_those_of_its_items(ends: Any, state: str, light: str) -> None:
    run = play(step("a", axes=FAN), ends=ends).run
    assert (run.state("a"), run.light("a")) == (state, light)


def test_a_label_of_which_one_item_was_not_run_is_skipped_and_has_no_light() -> None:
    steps = [step("a", axes=FAN), step("b", follows="a"), step("c", follows="a", when={"less": ["x", 25]})]
    run = play(*steps, ends={"a:1": "failed"}).run
    assert (run.state("b"), run.light("b")) == ("skipped", None)
    assert (run.state("c"), run.states("c"), run.light("c")) == ("skipped", ["succeeded", "skipped", "skipped"], None)


def test_a_label_is_pending_until_an_item_starts_and_runs_until_all_are_final() -> None:
    run, _ = began(step("w"), step("a", axes=FAN), step("b", follows="a", after=("w",)), step("c", follows="b", takes=("a",)))
    assert [run.state(label) for label in "abc"] == ["running", "pending", "pending"]
    ended(run, "a:0", "failed")
    assert (run.state("a"), run.length("b"), run.length("c")) == ("running", None, 3)
    ended(run, "w:0")
    assert (run.states("b"), run.state("b")) == (["skipped", "pending", "pending"], "pending")
    ended(run, "a:1")
    assert run.state("b") == "running"


def test_an_empty_fan_succeeded_and_a_label_that_ended_whole_has_no_items() -> None:
    run = play(step("a", axes={"x": []}), step("b", when="off"), parameters={"off": False}).run
    assert (run.state("a"), run.length("a"), run.light("a")) == ("succeeded", 0, "green")
    assert (run.state("b"), run.length("b"), run.states("b"), run.light("b")) == ("skipped", None, [], "green")


# ---- the outcome of a run ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drafts", "ends", "state", "light", "reason"),
    [
        ([step("a"), step("b")], {}, "succeeded", "green", None),
        ([], {}, "succeeded", "green", None),
        ([step("a"), step("b")], {"a": "cached"}, "succeeded", "green", None),
        ([step("a"), step("b")], {"a": {"light": "orange"}}, "succeeded", "orange", None),
        ([step("a"), step("b")], {"a": "skipped", "b": "skipped"}, "skipped", "green", None),
        ([step("a"), step("b", takes=("a",))], {"a": "skipped"}, "skipped", "green", None),
        ([step("a"), step("b")], {"a": "skipped"}, "succeeded", "green", None),
        ([step("a"), step("b")], {"a": "skipped", "b": "cached"}, "succeeded", "green", None),
        ([step("a", when="off")], {}, "succeeded", "green", None),
        ([step("a", axes={"x": []})], {}, "succeeded", "green", None),
        ([step("a"), step("b")], {"b": "failed"}, "failed", "red", "b failed"),
        ([step("a"), step("b")], {"b": "timed_out"}, "failed", "red", "b timed out"),
        ([step("a"), step("b")], {"b": "cancelled"}, "failed", "red", "b was cancelled"),
        (
            [step("a", on_failure="continue"), step("b")],
            {"a": "failed"},
            "succeeded",
            "orange",
            "the run went on without 'a'",
        ),
        (
            [step("a", on_failure="continue"), step("b", on_failure="continue")],
            {"a": "skipped", "b": "cancelled"},
            "succeeded",
            "orange",
            "the run went on without 'b'",
        ),
        (
            [step("z", takes=("a",)), step("c"), step("b", axes=FAN), step("a"), step("d", on_failure="continue")],
            {"a": "failed", "b:1": "timed_out", "b:2": "failed", "d": "failed"},
            "failed",
            "red",
            "b:1 timed out, and so did 1 more item of 'b'; 'a' failed; the run went on without 'd'",
        ),
        (
            [step("a", axes=FAN)],
            {"a": "failed"},
            "failed",
            "red",
            "a:0 failed, and so did 2 more items of 'a'",
        ),
        (
            [step("b", axes=FAN), step("a"), step("c")],
            {"a": "failed", "b:2": "cancelled", "c": "failed"},
            "failed",
            "red",
            "b:2 was cancelled; 'a' and 'c' failed",
        ),
    ],
)
def test_a_run_has_the_outcome_that_its_labels_make_and_reports_the_first_failure_of_the_file(
    drafts: list[Draft], ends: Any, state: str, light: str, reason: str | None
) -> None:
    for last_first in (False, True):
        found = play(*drafts, ends=ends, parameters={"off": False}, last_first=last_first).run.run_outcome()
        assert (found.state, found.light, found.reason) == (state, light, reason)


def test_a_run_names_the_labels_that_failed_apart_from_those_it_went_on_without() -> None:
    steps = [step("a", axes=FAN), step("b", follows="a", on_failure="continue"), step("c"), step("d", takes=("a",))]
    found = play(*steps, ends={"a:2": "failed", "b:0": "failed", "c": "timed_out"}).run.run_outcome()
    assert (found.failed, found.went_on_without) == (("a", "c"), ("b",))
    assert found.failure is not None
    assert (found.failure.item, found.failure.state, found.failure.more) == (Item("a", 2), "failed", 0)


def test_a_run_that_is_not_over_is_running_in_the_light_that_it_has() -> None:
    run, _ = began(step("a"), step("b"), step("c", on_failure="continue"))
    assert (run.run_outcome().state, run.run_outcome().light) == ("running", "green")
    ended(run, "c:0", "failed")
    assert run.run_outcome().light == "orange"
    ended(run, "a:0", "failed")
    assert (run.run_outcome().state, run.run_outcome().light, run.run_outcome().failed) == ("running", "red", ("a",))


# ---- stopping ---------------------------------------------------------------------------------------------------------------


def test_after_a_failure_items_that_have_not_started_are_cancelled_where_the_step_says_so() -> None:
    drafts = [step("a", axes={"x": list(range(5))}, max_parallel=2, on_item_failure="stop"), step("b", follows="a")]
    run, _ = began(*drafts)
    turn = run.ended(Item("a", 1), outcome("failed"))
    assert turn.starts == []
    assert [(str(one.item), str(one.state), str(one.cause)) for one in turn.settled] == [
        *((f"a:{i}", "cancelled", "a:1 failed, and on_item_failure of 'a' is stop") for i in (2, 3, 4)),
        *((f"b:{i}", "skipped", "a:1 failed") for i in (1, 2, 3, 4)),
    ]
    assert ended(run, "a:0") == ["b:0"]
    ended(run, "b:0")
    assert (run.state("a"), run.states("a")) == ("failed", ["succeeded", "failed", "cancelled", "cancelled", "cancelled"])
    found = run.run_outcome()
    assert (found.state, found.reason) == ("failed", "a:1 failed")


def test_what_was_cancelled_by_stop_is_null_under_continue() -> None:
    draft = step("a", axes=FAN, max_parallel=1, on_item_failure="stop", on_failure="continue")
    played = play(draft, step("b", follows="a", takes=("a",)), step("c", takes=("a",)), ends={"a:0": "failed"})
    assert (played.given["b:2"], played.given["c:0"]) == ({"a": None}, {"a": [None, None, None]})


def test_a_condition_that_cannot_be_decided_stops_the_rest_too() -> None:
    draft = step("a", axes={"x": [1, "two", 3]}, on_item_failure="stop", when={"less": ["x", 9]})
    played = play(draft)
    assert (played.states("a"), played.started) == (["cancelled", "failed", "cancelled"], [])
    assert played.cause("a", 2) == f"{played.cause('a', 1)}, and on_item_failure of 'a' is stop"


def test_all_items_are_tried_where_the_step_does_not_say_otherwise() -> None:
    assert play(step("a", axes=FAN, max_parallel=1), ends={"a:0": "failed"}).started == ["a:0", "a:1", "a:2"]


def test_a_run_may_stop_at_its_first_failure() -> None:
    drafts = [step("a", axes=FAN, max_parallel=2), step("b", follows="a"), step("c", when="always", after=("b",)), step("d")]
    run, starts = began(*drafts, stop_run=True)
    assert starts == ["a:0", "a:1", "d:0"]
    turn = run.ended(Item("a", 1), outcome("failed"))
    said = "a:1 failed, and the run stops at its first failure"
    assert turn.starts == []
    assert [(str(one.item), str(one.state), str(one.cause)) for one in turn.settled] == [
        ("a:2", "cancelled", said),
        *((f"b:{i}", "cancelled", said) for i in range(3)),
        ("c", "cancelled", said),
    ]
    assert ended(run, "a:0") == []
    assert (run.is_over, run.run_outcome().state) == (False, "running")
    assert ended(run, "d:0", "timed_out") == []
    found = run.run_outcome()
    assert (run.is_over, found.state, found.failed) == (True, "failed", ("a", "d"))
    assert found.reason == "a:1 failed; 'd' failed"


def test_a_run_that_stops_at_its_first_failure_goes_on_from_what_is_pardoned() -> None:
    played = play(step("a", on_failure="continue"), step("b", takes=("a",)), ends={"a": "failed"}, stop_run=True)
    assert (played.states("b"), played.run.run_outcome().state) == (["succeeded"], "succeeded")


def test_a_failure_before_anything_starts_stops_the_run_too() -> None:
    played = play(step("a", when={"less": ["n", 3]}), step("b"), parameters={"n": "x"}, stop_run=True)
    assert (played.started, played.states("a"), played.states("b")) == ([], "failed", "cancelled")


# ---- cancelling -------------------------------------------------------------------------------------------------------------


def test_cancelling_ends_what_waits_at_once_and_what_runs_keeps_its_end() -> None:
    run, _ = began(
        step("a", axes=FAN, max_parallel=2),
        step("b", follows="a"),
        step("c", takes=("b",)),
        step("t", when="always", after=("c",)),
    )
    ended(run, "a:0")
    turn = run.cancel()
    assert [str(item) for item in turn.running] == ["a:1", "a:2", "b:0"]
    assert turn.starts == []
    assert [(str(one.item), str(one.state), str(one.cause)) for one in turn.settled] == [
        ("b:1", "cancelled", "the run was cancelled"),
        ("b:2", "cancelled", "the run was cancelled"),
        ("c", "cancelled", "the run was cancelled"),
        ("t", "cancelled", "the run was cancelled"),
    ]
    assert ended(run, "a:1") == ended(run, "a:2", "cancelled") == ended(run, "b:0") == []
    assert (run.states("a"), run.states("b")) == (
        ["succeeded", "succeeded", "cancelled"],
        ["succeeded", "cancelled", "cancelled"],
    )
    found = run.run_outcome()
    assert (found.state, found.light, found.failed, found.reason) == ("cancelled", "red", (), None)


def test_a_cancelled_run_still_names_what_failed_by_itself() -> None:
    run, _ = began(step("a"), step("b"), step("c", after=("b",)))
    run.cancel()
    ended(run, "a:0", "failed")
    ended(run, "b:0", "cancelled")
    assert (run.run_outcome().state, run.run_outcome().reason) == ("cancelled", "a failed")


def test_a_cancellation_that_ended_nothing_leaves_the_run_its_end() -> None:
    for end, state in (("succeeded", "succeeded"), ("failed", "failed"), ("cancelled", "cancelled")):
        run, _ = began(step("a"))
        assert run.cancel() == Turn([], [], [Item("a", 0)])
        ended(run, "a:0", end)
        assert run.run_outcome().state == state


def test_a_run_that_is_over_cannot_be_cancelled_and_one_that_has_not_begun_can() -> None:
    run = play(step("a")).run
    assert run.cancel() == Turn([], [])
    assert run.run_outcome().state == "succeeded"
    early = Unfolding(graph_of(step("a"), step("b", after=("a",))))
    assert [str(one.item) for one in early.cancel().settled] == ["a", "b"]
    assert early.begin() == Turn([], [])
    assert (early.is_over, early.run_outcome().state) == (True, "cancelled")


def test_an_item_that_is_cancelled_alone_counts_as_failed() -> None:
    played = play(step("a", axes=FAN), step("b", follows="a"), ends={"a:0": "cancelled"})
    found = played.run.run_outcome()
    assert (played.run.state("a"), found.state, found.failed) == ("cancelled", "failed", ("a",))
    assert (played.states("b"), played.cause("b", 0)) == (["skipped", "succeeded", "succeeded"], "a:0 was cancelled")


# ---- what is kept of a former run -------------------------------------------------------------------------------------------


def test_what_is_kept_is_cached_without_starting_and_does_not_count_as_running() -> None:
    asked = []

    def kept(item: Item) -> Outcome | None:
        asked.append((str(item), run.axes(item), run.arguments(item)))
        return Outcome(ItemState.CACHED, Light.ORANGE) if item in (Item("a", 0), Item("b", 0), Item("a", 2)) else None

    steps = [step("a", axes=FAN, max_parallel=1), step("b", follows="a", takes=("a",)), step("c", takes=("b",))]
    run = Unfolding(graph_of(*steps), kept=kept)
    turn = run.begin()
    assert turn.starts == [Item("a", 1), Item("b", 2)]
    assert turn.settled == [Settled(Item(*item), ItemState.CACHED, None) for item in (("a", 0), ("a", 2), ("b", 0))]
    assert asked[-2:] == [("b:0", {"x": 10}, {"a": Item("a", 0)}), ("b:2", {"x": 30}, {"a": Item("a", 2)})]
    ended(run, "a:1")
    ended(run, "b:1")
    ended(run, "b:2")
    assert (run.states("b"), run.light("b")) == (["cached", "succeeded", "succeeded"], "orange")
    ended(run, "c:0", "skipped")
    assert run.run_outcome().state == "succeeded"


def test_conditions_are_asked_anew_before_anything_is_kept() -> None:
    asked: list[str] = []

    def kept(item: Item) -> Outcome | None:
        asked.append(str(item))
        return Outcome(ItemState.CACHED)

    played = play(step("a", axes=FAN, when={"less": ["x", 25]}), step("b"), kept=kept)
    assert (played.states("a"), asked) == (["cached", "cached", "skipped"], ["a:0", "a:1", "b:0"])
    assert (played.started, played.run.run_outcome().state) == ([], "succeeded")


def test_what_was_kept_did_not_start_so_a_run_of_which_the_rest_was_skipped_is_skipped() -> None:
    def kept(item: Item) -> Outcome | None:
        return Outcome(ItemState.CACHED) if item.label == "a" else None

    assert play(step("a"), step("b"), ends={"b": "skipped"}, kept=kept).run.run_outcome().state == "skipped"


def test_only_what_ended_well_can_be_kept() -> None:
    with pytest.raises(UnfoldingError) as caught:
        play(step("a"), kept=lambda item: Outcome(ItemState.FAILED))
    assert str(caught.value) == "a:0 cannot be kept as failed"


# ---- what is known ----------------------------------------------------------------------------------------------------------


def test_values_are_kept_of_what_ended_well_alone() -> None:
    steps = [step("a", on_failure="continue"), step("b", axes={"x": scraps("a", "xs")})]
    values = outcome({"xs": [1]}).values
    assert play(*steps, ends={"a": Outcome(ItemState.FAILED, values=values)}).states("b") == []


def test_of_an_item_that_failed_the_light_is_red_whatever_was_said() -> None:
    run = play(step("a"), ends={"a": Outcome(ItemState.FAILED, Light.GREEN)}).run
    assert (run.light("a"), run.run_outcome().light) == ("red", "red")


def test_things_that_are_not_there_are_refused_by_name() -> None:
    run, _ = began(step("a", axes=FAN))
    with pytest.raises(UnfoldingError) as caught:
        run.axes(Item("a", 3))
    assert str(caught.value) == "there is no item a:3"
