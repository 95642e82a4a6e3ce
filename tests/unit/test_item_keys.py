"""Keys of items: the same work has the same key wherever it stands in a list, and other work another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from deciders.notebook_runs.item_tasks import ItemTasks
from deciders.notebook_runs.notebook_run import NotebookRun
from deciders.specification import NotebookSpecification, WorkflowSpecification
from deciders.steps.outcomes import Outcome
from deciders.tasks.results import NotebookResult
from deciders.values.item_state import ItemState

FAN: dict[str, Any] = {"for_each": {"x": [10, 20, 30]}, "parameters": {"x": "x"}}


def keys(
    *notebooks: dict[str, Any],
    scraps: Mapping[str, Any] | None = None,
    share: Callable[[Any], Any] = lambda value: value,
    **more: Any,
) -> dict[str, str | None]:
    """The keys of all items of a run in which everything succeeds, and glues these scraps, by item."""
    made = [
        NotebookSpecification(**{"label": "fan", "filename": "fan.ipynb", "needs": one.get("needs", ()), **one})
        for one in notebooks
    ]
    arguments: dict[str, Any] = {
        "workflow": WorkflowSpecification(name="w", notebooks=tuple(made)).model_dump(mode="json"),
        "instance": "cafe",
        "identity": "cafe",
        "parameters": {"mode": "fast", "unused": 1},
        "inputs_dir": "/in",
        "outputs": "/out",
        "sources": {"fan.ipynb": "source", "join.ipynb": "other source"},
    }
    tasks = ItemTasks(NotebookRun.of_arguments(run_id="run", **{**arguments, **more}), share=share)
    unfolding = tasks.unfold()
    waiting, found = list(unfolding.begin().starts), {}
    while waiting:
        item = waiting.pop(0)
        found[str(tasks.named(item))] = tasks.key(item)
        tasks.work.results[item] = NotebookResult(path=f"/out/{item}", scraps=scraps or {})
        waiting += unfolding.ended(item, Outcome(ItemState.SUCCEEDED)).starts
    return found


def fan(**more: Any) -> dict[str, str | None]:
    """The keys of a fan of three, with these keys of its own."""
    return keys({**FAN, **more})


def test_a_key_does_not_depend_on_the_place_in_the_list() -> None:
    before, after = fan(), fan(for_each={"x": [5, 30, 20, 10]})
    assert [after["fan:3"], after["fan:2"], after["fan:1"]] == list(before.values())
    assert after["fan:0"] not in before.values()


def test_equal_values_have_keys_of_their_own_in_their_order() -> None:
    once, twice = fan(), fan(for_each={"x": [10, 20, 10, 10]})
    assert len(set(twice.values())) == 4
    assert [twice["fan:0"], twice["fan:1"]] == [once["fan:0"], once["fan:1"]]
    assert fan(for_each={"x": [20, 10, 10, 10]})["fan:3"] == twice["fan:3"]


def test_repeats_have_keys_of_their_own() -> None:
    assert len(set(fan(repeat=2).values())) == 6
    assert len(set(keys({"repeat": 3}).values())) == 3
    assert keys({"repeat": 3})["fan:1"] == keys({"repeat": 5})["fan:1"]


@pytest.mark.parametrize(
    "change",
    [
        {"for_each": {"x": [11, 21, 31]}},
        {"for_each": {"x": ["10", "20", "30"]}},
        {"for_each": {"y": [10, 20, 30]}, "parameters": {"x": "y"}},
        {"parameters": {"y": "x"}},
        {"parameters": {"x": "x", "how": "mode"}},
        {"parameters": {"x": "x", "how": {"value": 1}}},
        {"kernel": "ir"},
        {"environment": {"A": "b"}},
        {"filename": "join.ipynb"},
    ],
    ids=str,
)
def test_other_values_parameters_kernels_and_sources_make_other_keys(change: dict[str, Any]) -> None:
    assert set(fan().values()).isdisjoint(fan(**change).values())


@pytest.mark.parametrize(
    ("parameters", "given", "is_same"),
    [
        ({"how": "mode"}, {"parameters": {"mode": "slow"}}, False),
        ({"how": "mode"}, {"parameters": {"mode": "fast", "unused": 2}}, True),
        ({"folder": "inputs_dir"}, {"inputs_dir": "/elsewhere"}, True),
        ({"lacks": "missing_dates"}, {"missing_dates": ["2016-01-01"]}, False),
        ({"how": {"value": [1]}}, {"outputs": "/elsewhere", "instance": "other"}, True),
        ({}, {"sources": {"fan.ipynb": "changed"}}, False),
    ],
    ids=str,
)
def test_a_key_changes_with_the_values_that_an_item_takes_and_with_nothing_else(
    parameters: dict[str, Any], given: dict[str, Any], is_same: bool
) -> None:
    notebook = {**FAN, "parameters": {"x": "x", **parameters}}
    before, after = keys(notebook), keys(notebook, **given)
    assert [before[item] == after[item] for item in before] == [is_same] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"timeout_seconds": 10.0},
        {"retries": 3},
        {"max_parallel": 1},
        {"limit": 3},
        {"on_failure": "continue"},
        {"on_item_failure": "stop"},
        {"when_skipped": "null"},
    ],
    ids=str,
)
def test_how_an_item_is_carried_out_is_not_in_its_key(change: dict[str, Any]) -> None:
    assert fan(**change) == fan()


JOIN: dict[str, Any] = {"label": "join", "filename": "join.ipynb", "needs": ("fan",)}


@pytest.mark.parametrize(
    ("form", "is_same"),
    [("fan", False), ({"file": "fan/a.csv"}, False), ({"scrap": "fan.n"}, True), ({"failure": "fan"}, True)],
    ids=str,
)
def test_a_join_takes_part_in_its_key_by_what_it_takes(form: Any, is_same: bool) -> None:
    """Paths stand for the work behind them; a scrap stands for itself."""
    join = {**JOIN, "parameters": {"parts": form}}
    before = keys(FAN, join, scraps={"n": 1})["join"]
    assert (keys({**FAN, "environment": {"A": "b"}}, join, scraps={"n": 1})["join"] == before) is is_same
    assert (keys(FAN, join, scraps={"n": 2})["join"] == before) is (form != {"scrap": "fan.n"})


def test_a_join_has_another_key_if_its_list_has_another_order_or_length() -> None:
    join = {**JOIN, "parameters": {"parts": "fan"}}
    found = [keys({**FAN, "for_each": {"x": values}}, join)["join"] for values in ([1, 2], [2, 1], [1], [1, 2, 3], [])]
    assert len(set(found)) == 5


def test_a_file_of_a_label_has_another_key_than_another_file_of_it() -> None:
    def of(path: str) -> str | None:
        return keys(FAN, {**JOIN, "parameters": {"data": {"file": f"fan/{path}"}}})["join"]

    assert of("a.csv") != of("b.csv")


def test_an_item_whose_notebook_could_not_be_read_has_no_key() -> None:
    assert keys(FAN, sources={}) == {"fan:0": None, "fan:1": None, "fan:2": None}


def test_a_key_is_the_same_wherever_a_long_list_is_kept() -> None:
    join = {"label": "join", "filename": "join.ipynb", "needs": ("fan",), "parameters": {"sizes": {"scrap": "fan.size"}}}
    inline = keys(FAN, join, scraps={"size": 3})
    assert keys(FAN, join, scraps={"size": 3}, share=lambda value: {"kept": "elsewhere"}) == inline
    assert keys(FAN, join, scraps={"size": 4})["join"] != inline["join"]
