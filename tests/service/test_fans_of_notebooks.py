"""Fans of notebooks, large and small: how many of their items are open at every event, and what their joins are given."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import NotebookSpecification, WorkflowSpecification
from simpleflow_nb import payload
from simpleflow_nb.testing import harness, replay_workflow

from .manual_client import Event, attributes

EXECUTE, RECORD, ASKED = (f"workers.activities.{name}" for name in ("execute_notebook", "record_run", "already_succeeded"))
_ENDS = ("ActivityTaskCompleted", "ActivityTaskFailed", "ActivityTaskTimedOut")
_PATIENCE_SECONDS = 60


def notebook(label: str, needs: tuple[str, ...] = (), **more: Any) -> NotebookSpecification:
    return NotebookSpecification(label=label, filename=f"{label}.ipynb", needs=needs, **more)


class Fan:
    """The run of a fan ``day`` and its join ``total``, and what its notebooks were given.

    Args:
        fan: keys of the fan.
        dates: the scrap ``dates`` of the label ``days``, before it.
        in_pairs: an item with an even number ends after the next one.
    """

    def __init__(self, fan: dict[str, Any], dates: list[Any], *, workers: int = 2, in_pairs: bool = False) -> None:
        self.given: dict[tuple[str, int], dict[str, Any]] = {}
        self.recorded: dict[str, Any] = {}
        self._dates, self._in_pairs = dates, in_pairs
        self._ended: dict[int, threading.Event] = {number: threading.Event() for number in range(1_000)}
        made = (
            notebook("days"),
            notebook("day", ("days",), **{"after": ("days",), **fan}),
            notebook("total", ("day",), parameters={"parts": "day", "lines": {"scrap": "day.lines"}}),
        )
        bodies = {EXECUTE: self._execute, RECORD: self.recorded.update, ASKED: lambda **given: None}
        with harness(NotebookWorkflow, workers=workers, activities=bodies) as place:
            run = place.start(
                NotebookWorkflow,
                workflow=WorkflowSpecification(name="fans", notebooks=made).model_dump(mode="json"),
                instance="cafe0123",
                identity="cafe0123" * 4,
                parameters={},
                inputs_dir="/in",
                outputs="/out",
            )
            self.result = place.result(*run)
            self.history: list[Event] = place.history(*run)
            self._load = place.engine.payloads.load
            self.run = run

    def _execute(self, **given: Any) -> dict[str, Any]:
        label, index = given["label"], given.get("index", 0)
        self.given[label, index] = given
        if label == "day" and self._in_pairs and index % 2 == 0 and index + 1 < given["items"]:
            assert self._ended[index + 1].wait(_PATIENCE_SECONDS)
        scraps = {"dates": self._dates} if label == "days" else {"lines": index * 10} if label == "day" else {}
        if label == "day":
            self._ended[index].set()
        return {"path": f"/out/{label}-{index}.ipynb", "light": "green", "warnings": [], "scraps": scraps}

    def scheduled(self) -> dict[int, int]:
        """The numbers of the items by the events that scheduled them, in the order of the history."""
        found = {}
        for event in self.history:
            if event["eventType"] == "ActivityTaskScheduled":
                given = payload.decode_input(attributes(event)["input"], self._load)["kwargs"]
                if given.get("label") == "day":
                    found[event["eventId"]] = given["index"]
        return found

    def open_items(self) -> list[int]:
        """How many items are open after each event."""
        scheduled, opened, found = self.scheduled(), 0, []
        for event in self.history:
            opened += event["eventId"] in scheduled
            opened -= event["eventType"] in _ENDS and attributes(event)["scheduledEventId"] in scheduled
            found.append(opened)
        return found


def test_a_fan_of_400_keeps_its_order_and_its_bound_at_every_event() -> None:
    fan = Fan({"for_each": {"x": list(range(400))}, "max_parallel": 8}, [], workers=8, in_pairs=True)
    scheduled = fan.scheduled()
    assert list(scheduled.values()) == list(range(400))
    assert max(fan.open_items()) == 8
    ended = [scheduled[at] for event in fan.history if (at := _ended_task(event)) in scheduled]
    assert sorted(ended) == list(range(400))
    assert ended != list(range(400))  # and the join has them in order all the same
    total = fan.given["total", 0]
    assert total["upstream"] == {"parts": [{"path": f"/out/day-{index}.ipynb"} for index in range(400)]}
    assert total["parameters"] == {"lines": [index * 10 for index in range(400)]}
    assert [(one["index"], one["state"]) for one in fan.recorded["items"]] == [(n, "succeeded") for n in range(400)]
    assert fan.recorded["labels"] == {"days": "done", "day": "done", "total": "done"}


def _ended_task(event: Event) -> int:
    return attributes(event)["scheduledEventId"] if event["eventType"] in _ENDS else 0


WAYS = {
    "a list": lambda many: {"for_each": {"x": list(range(many))}},
    "repeats": lambda many: {"repeat": many},
    "a scrap": lambda many: {"for_each": {"x": {"scrap": "days.dates"}}},
    "two axes": lambda many: {"for_each": {"x": [7], "y": {"scrap": "days.dates"}}},
}


@pytest.mark.parametrize("many", [0, 1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_a_small_fan_has_as_many_items_as_it_says_and_its_join_a_list_of_them(way: str, many: int) -> None:
    fan = Fan(WAYS[way](many), list(range(many)))
    assert sorted(index for label, index in fan.given if label == "day") == list(range(many))
    total = fan.given["total", 0]
    assert total["upstream"] == {"parts": [{"path": f"/out/day-{index}.ipynb"} for index in range(many)]}
    assert total["parameters"] == {"lines": [index * 10 for index in range(many)]}
    assert (fan.recorded["state"], fan.recorded["labels"]) == ("succeeded", {"days": "done", "day": "done", "total": "done"})
    items = [(index, fan.given["day", index]["item_folder"]) for index in range(many)]
    empty = [(None, None)]  # a list without items has one entry, of the whole label
    assert [(one["index"], one["folder"]) for one in fan.recorded["items"]] == (items or empty)
    replay_workflow(NotebookWorkflow, fan.history, run=fan.run)
