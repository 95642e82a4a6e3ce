"""Bodies in the place of those that run notebooks: each item ends as the seed of its graph says, however often it is asked."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import replace
from typing import Any

from deciders.steps.outcomes import Outcome
from deciders.values.item import Item
from deciders.values.item_state import BAD, ItemState
from simpleflow_nb.activity_context import context
from simpleflow_nb.testing.workflows import Replaced
from workers.notebooks.notebook_errors import NotebookSkipped

from ..random_graphs import random_outcome

EXECUTE, RECORD, ASKED = (f"workers.activities.{name}" for name in ("execute_notebook", "record_run", "already_succeeded"))


def planned(seed: int, item: Item) -> Outcome:
    """The end that a notebook comes to: one that runs is not cached, and only a run or a service cancels or times out."""
    assert item.index is not None
    outcome = random_outcome(seed, item.label, item.index)
    if item.index and random.Random(f"fails {seed}/{item}").random() < 0.1:  # so that several items of one label do
        return Outcome(ItemState.FAILED)
    if outcome.state is ItemState.CACHED:
        return replace(outcome, state=ItemState.SUCCEEDED)
    return Outcome(ItemState.FAILED) if outcome.state in BAD else outcome


def times_out(seed: int, item: Item) -> bool:
    """Tell whether no worker ever answers for the item."""
    return random.Random(f"lost {seed}/{item}").random() < 0.06


def item_of(given: dict[str, Any]) -> Item:
    """The item whose task has these arguments."""
    return Item(given["label"], given.get("index", 0))


def path_of(item: Item) -> str:
    return f"/out/{item}"


class PlannedEnds:
    """The bodies for runs of one graph.

    Attributes:
        executed: how often the body of each attempt was called, by run id and id of the attempt.
        given: the arguments of each item.
        results: of those that ended well.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.executed: Counter[tuple[str, str]] = Counter()
        self.given: dict[Item, dict[str, Any]] = {}
        self.results: dict[Item, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def bodies(self) -> Replaced:
        """The functions by the names of the activities."""
        return {EXECUTE: self.execute_notebook, RECORD: _nothing, ASKED: _nothing}

    def execute_notebook(self, **given: Any) -> dict[str, Any]:
        here, item = context(), item_of(given)
        with self._lock:
            self.executed[here.run_id, here.activity_id] += 1
            self.given[item] = given
        outcome = planned(self.seed, item)
        if outcome.state is ItemState.FAILED or fails_at_first(self.seed, item, here.activity_id):
            raise ValueError(f"{item} fails as planned")
        if outcome.state is ItemState.SKIPPED:
            raise NotebookSkipped(f"{item} has nothing to do")
        scraps = {value.name: one for value, one in outcome.values.items()}
        result = {"path": path_of(item), "light": str(outcome.light), "warnings": []}
        self.results[item] = {**result, "scraps": {name: scraps[name] for name in given.get("scraps", ())}}
        return self.results[item]


def fails_at_first(seed: int, item: Item, attempt_id: str) -> bool:
    """Tell whether an attempt fails because it is the first of an item that would end well in a second one."""
    is_first = "." not in attempt_id.rpartition("-")[2]
    return is_first and is_tried_again(seed, item.label) and random.Random(f"first {seed}/{item}").random() < 0.3


def is_tried_again(seed: int, label: str) -> bool:
    """Tell whether the notebook of a label has a second attempt."""
    return random.Random(f"again {seed}/{label}").random() < 0.25


def _nothing(**given: Any) -> None:
    pass
