"""The workflow of a flow: it unfolds the graph of the steps, and hands each node what it takes.

It sees kept values, never objects: numbers in a run of this process, JSON in a durable one. Only the lengths of lists and the
answers of conditions decide anything.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from deciders.steps.outcomes import Outcome, Outside, Part, Turn
from deciders.steps.unfolding import Unfolding
from deciders.values.item import Item
from deciders.values.item_state import ItemState

from ....activity import Activity
from ....exceptions import TaskCanceled, TaskFailed
from ....futures import Completions, Future
from ....queries import query
from ....replay import Execution
from ....workflow import Workflow
from ..configuration import Configuration
from ..plan import OUTPUT, Plan, axis_of, condition_label
from .step_calls import takes_flow
from .values import Input

_CANCELLED = Outcome(ItemState.CANCELLED)


class StepFailure(NamedTuple):
    """The failure of a node, or of a step that has none."""

    step: str
    node: str  #: as its program names it: ``b_0``
    text: str  #: of the exception
    details: str | None = None  #: of the task, with the traceback

    @property
    def sentence(self) -> str:
        """The failure of the flow."""
        return f"Flow failed: Step {self.step} failed: {self.text}"


class FlowRun(Workflow):
    """One run of a flow. Its result is that of each step by name, as ``get_result`` gives them.

    Subclasses are made for each class of flows.
    """

    plan: ClassVar[Plan]
    activities: ClassVar[Mapping[str, Activity[Any, Any]]]  #: by label
    version = "1"
    takes_names = True

    def __init__(self, executor: Execution) -> None:
        super().__init__(executor)
        self.unfolding: Unfolding | None = None
        self.waiting: deque[Item] = deque()  # for a thread
        self.running: dict[Future[Any], Item] = {}
        self.made: dict[Item, Future[Any]] = {}
        self.items: dict[Item, list[Any]] = {}  # of producers
        self.failures: dict[Item, StepFailure] = {}

    def run(
        self, name: str | None = None, input: Any = None, thread_count: int = 0, max_step_inputs: int = 50
    ) -> dict[str, Any]:
        """Unfold the graph. ``name`` is that of the flow, the class's by default, ``input`` a kept value."""
        conf = Configuration(thread_count, max_step_inputs)
        if (fault := conf.fault()) is not None:
            self.fail(fault)
        self.given = {
            "name": type(self).__name__ if name is None else name,
            "input": input,
            "thread_count": thread_count,
            "max_step_inputs": max_step_inputs,
        }
        self.max_step_inputs = max_step_inputs
        self.unfolding = unfolding = Unfolding(self.plan.graph(max_step_inputs), stop_run=True)
        queue: Completions[Any] = Completions()
        self._take(unfolding, unfolding.begin())
        while True:
            while self.waiting and len(self.running) < conf.threads and not self.failures:
                item = self.waiting.popleft()
                future = self._submitted(unfolding, item)
                self.running[future] = item
                queue.add(future)
            if not queue:
                break
            future = queue.next()
            item = self.running.pop(future)
            self._take(unfolding, unfolding.ended(item, self._outcome(item, future)))
            if self.failures:
                self._stop(unfolding)
        failure = self._failure()
        if failure is not None:
            self.fail(failure.sentence, failure.details)
        return {step: self._result(unfolding, step) for step in self.plan.definitions}

    # ---- starts and ends -----------------------------------------------------------------------------------------------------

    def _take(self, unfolding: Unfolding, turn: Turn) -> None:
        """Put on the list what a turn starts; nothing of a step that is repeated too often starts."""
        for item in turn.starts:
            if item.label in self.plan.definitions and self.plan.is_repeated_too_often(item.label, self.max_step_inputs):
                self._fail(unfolding, Item(item.label))
                unfolding.ended(item, Outcome(ItemState.FAILED))
            else:
                self.waiting.append(item)
        for settled in turn.settled:
            if settled.state is ItemState.FAILED:  # by itself: its axes are too many
                self._fail(unfolding, settled.item)

    def _fail(self, unfolding: Unfolding, item: Item) -> None:
        self.failures[item] = StepFailure(item.label, self._node(item), self._too_many(unfolding, item.label))

    def _stop(self, unfolding: Unfolding) -> None:
        """After a failure nothing starts: what waits is cancelled, what runs may end."""
        while self.waiting:
            unfolding.ended(self.waiting.popleft(), _CANCELLED)
        for future in self.running:
            future.cancel()

    def _submitted(self, unfolding: Unfolding, item: Item) -> Future[Any]:
        asked = self.activities[item.label]
        if item.label not in self.plan.definitions:
            return self.submit(asked, self._node(item))
        given = [self.given] if takes_flow(self.plan.definitions[item.label]) else []
        return self.submit(asked, self._node(item), self._inputs(unfolding, item), *given)

    def _outcome(self, item: Item, future: Future[Any]) -> Outcome:
        error = future.exception
        if error is None:
            self.made[item] = future
            if item.label not in self.plan.definitions:
                return Outcome(ItemState.SUCCEEDED, values={OUTPUT: bool(future.result)})
            if not self.plan.definitions[item.label].is_foreach():
                return Outcome(ItemState.SUCCEEDED)
            self.items[item] = items = future.result["items"]
            return Outcome(ItemState.SUCCEEDED, values={OUTPUT: Outside(len(items))})
        details = error.details if isinstance(error, TaskFailed) else None
        if isinstance(error, TaskCanceled) and not details and self.failures:
            return _CANCELLED
        self.failures[item] = StepFailure(self._step(item.label), self._node(item), *_told(error, details))
        return Outcome(ItemState.FAILED)

    # ---- inputs --------------------------------------------------------------------------------------------------------------

    def _inputs(self, unfolding: Unfolding, item: Item) -> list[Any]:
        """Return the inputs of a node, in the order of ``needs``. A future in them is the result of its task."""
        if not self.plan.predecessors[item.label]:
            return [{"value": self.given["input"]}]
        tokens = self._tokens(unfolding, item)
        if self.plan.definitions[item.label].is_join():
            return [{"combinations": [[self._input(one) for one in axis] for axis in tokens]}]
        return [self._input(token) for token in tokens]

    def _tokens(self, unfolding: Unfolding, item: Item) -> list[Any]:
        """Return what the graph says that a node takes of each predecessor; of each a list for a join, which combines them."""
        row, taken, lists = unfolding.axes(item), unfolding.arguments(item), unfolding.gathered(item)
        predecessors = self.plan.predecessors[item.label]
        if self.plan.definitions[item.label].is_join():
            return [list(lists[axis_of(one)]) if axis_of(one) in lists else [taken[one]] for one in predecessors]
        return [taken[one] if one in taken else row[axis_of(one)] for one in predecessors]

    def _input(self, token: Any) -> Input | Future[Any]:
        """Return what a token of the graph stands for."""
        if token is None:
            return None
        if isinstance(token, list):
            return {"all": [self._input(one) for one in token]}
        if isinstance(token, Part):
            assert token.place is not None  # results of producers are lists
            return {"value": self.items[token.item][token.place]}
        return self.made[token]

    def _sources(self, unfolding: Unfolding, item: Item) -> list[Item]:
        """Return the nodes whose results a node gets."""
        found: dict[Item, None] = {}
        left = deque(self._tokens(unfolding, item))
        while left:
            token = left.popleft()
            if isinstance(token, list):
                left.extendleft(reversed(token))
            elif token is not None:
                found[token.item if isinstance(token, Part) else token] = None
        return list(found)

    # ---- what has become of it --------------------------------------------------------------------------------

    def _step(self, label: str) -> str:
        """Return the step that a label is about: itself, or the one whose condition it asks."""
        return label if label in self.plan.definitions else label.rpartition(".")[0]

    def _node(self, item: Item) -> str:
        """Return the name of a node as programs have it: of a step that has no nodes, as of its first one."""
        return f"{self._step(item.label)}_{item.index or 0}"

    def _failure(self) -> StepFailure | None:
        """The failure that the flow reports: of the failed steps the first in the order of definition, and its first node."""
        for step in self.plan.definitions:
            found = [item for item in self.failures if self._step(item.label) == step]
            if found:
                return self.failures[min(found, key=lambda item: item.index or 0)]
        return None

    def _too_many(self, unfolding: Unfolding, step: str) -> str:
        """The text of the failure of a step with more nodes than it may have."""
        definition = self.plan.definitions[step]
        axes = () if definition.is_join() else self.plan.axes(step)
        factors = {f"{count:,} of {other}": count for other in axes for count in [self._length(unfolding, other)]}
        if definition.is_repeat():
            factors[f"{definition.get_repetitions():,} repetitions"] = definition.get_repetitions()
        count = 1
        for factor in factors.values():
            count *= factor
        text = f"Step {step} has too many inputs ({count}). Maximum allowed is {self.max_step_inputs}."
        return f"{text} They are {' x '.join(factors)}."

    def _length(self, unfolding: Unfolding, step: str) -> int:
        length = unfolding.length(step)
        if not self.plan.definitions[step].is_foreach():
            return 1 if length is None else length
        return sum(len(self.items.get(Item(step, index), ())) for index in range(length or 0))

    def _result(self, unfolding: Unfolding, step: str) -> Any:
        """The result of a step as JSON: a list if it has a list of nodes; null if it was skipped."""
        made = [self.made[Item(step, index)].result for index in range(unfolding.length(step) or 0)]
        values = [one["items"] if "items" in one else one["value"] for one in made]
        if self.plan.is_list(step):
            return values
        return values[0] if values else None

    @query
    def nodes(self) -> dict[str, Any]:
        """The nodes of each step with their states, and the failure that the flow reports."""
        failure = self._failure()
        return {
            "steps": {step: self._told_of(self.unfolding, step) for step in self.plan.definitions},
            "failure": None if failure is None else failure._asdict(),
        }

    def _told_of(self, unfolding: Unfolding | None, step: str) -> dict[str, Any]:
        if unfolding is None:  # the run has not begun
            return {"done": False, "nodes": []}
        whole = self._told_of_whole(unfolding, step)
        if whole is not None:
            return {"done": whole["status"] == "skipped", "nodes": [whole]}
        rows = [self._told_of_node(unfolding, Item(step, at), state) for at, state in enumerate(unfolding.states(step))]
        return {"done": unfolding.state(step) is ItemState.SUCCEEDED, "nodes": rows}

    def _told_of_whole(self, unfolding: Unfolding, step: str) -> dict[str, Any] | None:
        """A step without items has one node if it was skipped, or failed itself; one that was never reached has none."""
        of_all = (Item(condition_label(step), 0), Item(step))
        failure = next((self.failures[item] for item in of_all if item in self.failures), None)
        if failure is not None:
            return {"status": "failed", "error": failure.text, "from": []}
        if unfolding.length(step) is None and unfolding.state(step) is ItemState.SKIPPED:
            return {"status": "skipped", "from": []}
        return None

    def _told_of_node(self, unfolding: Unfolding, item: Item, state: ItemState) -> dict[str, Any]:
        status = "pending" if item in self.waiting else str(state)
        row: dict[str, Any] = {"status": status, "from": [[one.label, one.index] for one in self._sources(unfolding, item)]}
        if item in self.made:
            row["made"] = self.made[item].result
        if item in self.failures:
            row["error"] = self.failures[item].text
        return row


def _told(error: BaseException, details: str | None) -> tuple[str, str | None]:
    """Return the text of the exception behind the failure of a task, and the task's details."""
    reason = error.reason if isinstance(error, TaskFailed) else None
    if isinstance(error, TaskCanceled):  # see EndedAfterAll
        return details.partition(": ")[2] if details else "it was cancelled", None
    try:
        found = json.loads(details or "")
        return str(found["message"]), details
    except (ValueError, KeyError, TypeError):  # no exception of Python's, such as the timeout of a worker that was lost
        return reason or str(error), details
