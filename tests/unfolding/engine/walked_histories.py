"""Histories of runs of notebooks, walked through beside the machine that unfolds steps: it is told of the ends as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from deciders.specification import WorkflowSpecification
from deciders.steps.outcomes import Outcome
from deciders.steps.references import ValueKind, ValueName
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from deciders.values.light import Light
from simpleflow_nb import payload
from tests.service.manual_client import Event, attributes

from ..random_graphs import PARAMETERS
from .planned_ends import ASKED, EXECUTE, RECORD, item_of
from .written_graphs import INPUTS_DIR

KeptInRun = Callable[[Unfolding, Item], Outcome | None]  # the machine that asks, and the item
_ENDS = {
    "ActivityTaskCompleted": ItemState.SUCCEEDED,
    "ActivityTaskFailed": ItemState.FAILED,
    "ActivityTaskTimedOut": ItemState.TIMED_OUT,
    "ActivityTaskCanceled": ItemState.CANCELLED,
}


@dataclass
class _Task:
    """A task, in one attempt or several."""

    name: str
    given: dict[str, Any]
    attempts: list[str] = field(default_factory=list)  # how each ended; the last may be open
    end: int = 0  # event with which the last attempt ended; 0 of one that is open


class WalkedHistory:
    """A history that agrees with the machine at every event.

    An item is scheduled in the decision that the machine asks for it in, in its order, and at no event are there more open
    items of a label than its ``max_parallel``.

    Args:
        load: reads what the history refers to.
        kept: what a former run has left, as the machine is told of it.
        is_refused: the service has refused to schedule tasks for their rate, so that some came late.

    Attributes:
        outcomes: of the items that have run, as the history has them.
        results: of those that ended well.
        given: the arguments of their tasks.
        attempts: the ends of the attempts at each.
        record: what was recorded of the run; None if nothing was.
        was_cancelled: a decision has seen that the run was to be cancelled; nothing is compared any more, but nothing starts.

    Raises:
        AssertionError: they do not agree.
    """

    def __init__(
        self,
        events: Sequence[Event],
        workflow: WorkflowSpecification,
        load: payload.Load,
        *,
        kept: KeptInRun | None = None,
        is_refused: bool = False,
    ) -> None:
        self.graph, self.is_refused = workflow.graph, is_refused
        parameters = {"inputs_dir": INPUTS_DIR, "missing_dates": []} | PARAMETERS
        self.machine = Unfolding(self.graph, parameters, kept=None if kept is None else lambda item: kept(self.machine, item))
        self.outcomes: dict[Item, Outcome] = {}
        self.given: dict[Item, dict[str, Any]] = {}
        self.attempts: dict[Item, list[str]] = {}
        self.results: dict[Item, dict[str, Any]] = {}
        self.was_cancelled = False
        self._events, self._load = events, load
        self._tasks: dict[int, _Task] = {}  # by the event that scheduled an attempt
        self._find_tasks()
        records = {id(task): task.given for task in self._tasks.values() if task.name == RECORD}
        assert len(records) < 2, "the run is recorded twice"
        self.record = next(iter(records.values()), None)
        self._open: Counter[str] = Counter()
        self._asked: list[Item] = []
        self._walk()

    def _find_tasks(self) -> None:
        by_id: dict[str, _Task] = {}
        for event in self._events:
            a = attributes(event)
            if event["eventType"] == "ActivityTaskScheduled":
                head, _, last = a["activityId"].rpartition("-")
                id = f"{head}-{last.partition('.')[0]}"
                if id not in by_id:
                    by_id[id] = _Task(a["activityType"]["name"], payload.decode_input(a["input"], self._load)["kwargs"])
                self._tasks[event["eventId"]] = by_id[id]
                by_id[id].end = 0
            elif event["eventType"] in _ENDS:
                task = self._tasks[a["scheduledEventId"]]
                task.attempts.append(event["eventType"])
                task.end = event["eventId"]

    def _walk(self) -> None:
        told, begun = 0, set[int]()
        for event in self._events:
            a, kind = attributes(event), event["eventType"]
            if kind == "DecisionTaskCompleted":
                self._check_all_are_scheduled(event)
                for end in self._events[told : a["startedEventId"]]:
                    self._tell(end)
                told = max(told, a["startedEventId"])
            elif kind == "ActivityTaskScheduled" and (task := self._tasks[event["eventId"]]).name == EXECUTE:
                if id(task) not in begun:
                    begun.add(id(task))
                    self._begin(item_of(task.given), task, event)
            elif kind in _ENDS:
                task = self._tasks[a["scheduledEventId"]]
                self._open[task.given.get("label", "")] -= task.end == event["eventId"]
        self._check_all_are_scheduled(self._events[-1])
        assert self.machine.is_over or self.was_cancelled, "the run has ended, and the machine waits for more"

    def _begin(self, item: Item, task: _Task, event: Event) -> None:
        at = f"event {event['eventId']}"
        assert not self.was_cancelled, f"{at}: {item} is scheduled after the cancellation"
        assert item in self._asked, f"{at}: {item} is scheduled, and the machine has not asked for it"
        assert self.is_refused or self._asked[0] == item, f"{at}: {item} is scheduled before {self._asked[0]}"
        self._asked.remove(item)
        self._open[item.label] += 1
        bound = self.graph.steps[item.label].max_parallel
        assert bound is None or self._open[item.label] <= bound, f"{at}: {self._open[item.label]} of {item.label} are open"
        self.given[item], self.attempts[item] = task.given, task.attempts

    def _check_all_are_scheduled(self, event: Event) -> None:
        assert self.is_refused or self.was_cancelled or not self._asked, (
            f"event {event['eventId']}: {self._asked} were not scheduled"
        )

    def _tell(self, event: Event) -> None:
        """Tell the machine of the end of a task, unless it was not the last attempt."""
        self.was_cancelled |= event["eventType"] == "WorkflowExecutionCancelRequested"
        if event["eventType"] not in _ENDS or self.was_cancelled:
            return
        a = attributes(event)
        task = self._tasks[a["scheduledEventId"]]
        if task.end != event["eventId"]:
            return
        if task.name == ASKED:
            self._asked += self.machine.begin().starts
        elif task.name == EXECUTE:
            item = item_of(task.given)
            self.outcomes[item] = self._outcome(item, event)
            self._asked += self.machine.ended(item, self.outcomes[item]).starts

    def _outcome(self, item: Item, event: Event) -> Outcome:
        state, a = _ENDS[event["eventType"]], attributes(event)
        if state is ItemState.FAILED and a["reason"].startswith("NotebookSkipped"):
            state = ItemState.SKIPPED
        if state is not ItemState.SUCCEEDED:
            return Outcome(state)
        self.results[item] = payload.decode(a["result"], self._load)
        return outcome_of(self.results[item], self.graph.wanted[item.label], state)


def outcome_of(result: dict[str, Any], wanted: Sequence[ValueName], state: ItemState) -> Outcome:
    """The outcome of an item with the values that its graph asks for."""
    scraps = result.get("scraps", {})
    values = {value: scraps[value.name] for value in wanted if value.kind is ValueKind.SCRAP and value.name in scraps}
    return Outcome(state, Light(result["light"]), values)
