"""Slices of large fans: child executions that carry out the items of a family, a part each, with bounded histories."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.futures import Future

from ..steps.graph import Graph
from ..steps.labels.slices import Slice
from ..steps.outcomes import Cause, CauseKind, SliceEnd, Stage, Turn
from ..steps.slice_json import cause_json, read_cause, read_ends
from ..steps.unfolding import Unfolding
from ..values.item_state import ItemState
from ..values.light import Light
from .item_tasks import ItemTasks
from .outcomes_of_items import cause_of

FAN_CHUNK = 500  #: items of a slice at most, counted over the members of the family
MOST_OWN_ITEMS = 1_500  #: items of fans that a run carries out itself: 6 events an item at worst make 9,000

ENDED = "the execution of its slice ended: {}"  #: why an item failed whose slice does not say how it ended


@dataclass(frozen=True, eq=False)
class RunningSlice:
    """A slice whose execution is open."""

    part: Slice
    family: str
    workflow_id: str


class Cuts:
    """The families of a run that are cut into slices of at most ``chunk`` items, counted over their members."""

    def __init__(self, graph: Graph, chunk: int) -> None:
        self.graph, self.chunk = graph, max(1, chunk)
        self._own_items = 0

    def delegates(self, family: str, length: int) -> bool:
        """Tell whether a family is cut: it is large, or the run has carried out many items itself. Asked once for each."""
        number = length * self.items_of_one(family, self._members(family))
        if number <= self.chunk and self._own_items + number <= MOST_OWN_ITEMS:
            self._own_items += number
            return False
        return True

    def items_of_one(self, family: str, members: Sequence[str]) -> int:
        """Count the items of all members that belong to one item of the family."""
        return max(1, sum(self.graph.lines[self.graph.shapes[label].family or ""][family] for label in members))

    def _members(self, family: str) -> list[str]:
        graph = self.graph
        return [label for label, shape in graph.shapes.items() if shape.family and family in graph.lines[shape.family]]


def take_in(tasks: ItemTasks, part: Slice, result: Mapping[str, Any]) -> Turn:
    """Note in the run how the items of a slice have ended: ``result`` is that of its execution."""
    tasks.work.add(result["work"])
    return tasks.unfold().slice_ended(part, {label: read_ends(ends) for label, ends in result["ends"].items()})


def give_up(tasks: ItemTasks, part: Slice, state: ItemState, why: str) -> Turn:
    """End the items of a slice that does not say how they ended."""
    ends = {}
    for label, items in tasks.unfold().items_of(part).items():
        ends[label] = [SliceEnd(state, Light.RED, Cause(CauseKind.FAILURE, item, f"{item} {state.said}")) for item in items]
        tasks.work.errors |= dict.fromkeys(items, why)
        tasks.work.began |= dict.fromkeys(items)
    return tasks.unfold().slice_ended(part, ends)


class Slices:
    """The families of a run that are carried out in slices: how many at once, and what they come to."""

    STOP = "stop label"  #: signal to a slice: label and root cause

    def __init__(self, workflow: Workflow, of_slices: type[Workflow], given: Mapping[str, Any], cuts: Cuts) -> None:
        """``of_slices`` is the class of their executions, ``given`` the arguments of the run that these get too."""
        self.workflow, self.cuts = workflow, cuts
        self._of_slices, self._given = of_slices, dict(given)
        self._tasks: ItemTasks | None = None
        self._waiting: dict[str, deque[Slice]] = {}  # by family
        self._open: dict[str, int] = {}  # by family
        self._stopped: dict[str, Cause] = {}

    def belong_to(self, tasks: ItemTasks) -> None:
        """Bind them to the run whose items they carry out."""
        self._tasks = tasks

    @property
    def tasks(self) -> ItemTasks:
        assert self._tasks is not None  # bound before anything unfolds
        return self._tasks

    @property
    def unfolding(self) -> Unfolding:
        return self.tasks.unfold()

    def cut(self, stage: Stage) -> None:
        """Cut a stage of a family into slices, which wait for their turn."""
        length = self.unfolding.length(stage.family) or 0
        rows = max(1, self.cuts.chunk // self.cuts.items_of_one(stage.family, stage.members))
        self._waiting[stage.family] = deque(
            self.unfolding.slice_of(stage.family, stage.members, first, min(first + rows, length))
            for first in range(0, length, rows)
        )

    def start(self) -> Iterator[tuple[Future[Any], RunningSlice]]:
        """Start the slices for which there is room, in order."""
        for family, waiting in self._waiting.items():
            while waiting and self._open.get(family, 0) < self._most_at_once(waiting[0]):
                part = waiting.popleft()
                self._open[family] = self._open.get(family, 0) + 1
                self.unfolding.slice_started(part)
                yield self._started(part)

    def _started(self, part: Slice) -> tuple[Future[Any], RunningSlice]:
        run = self.tasks.run
        marks = [part.family, *part.members]
        digest = hashlib.sha256("\0".join(marks).encode("utf-8", "surrogatepass")).hexdigest()[:12]
        workflow_id = f"{run.identity}-{digest}-{part.first}"
        kept: dict[str, Any] = {
            name: {label: items for label, items in (self._given[name] or {}).items() if label in part.members}
            for name in ("kept_items", "kept_item_reports")
            if name in self._given
        }
        future = self.workflow.submit(
            self._of_slices,
            workflow_id=workflow_id,
            given={**self._given, **kept},
            part=self.tasks.given_to(part, self._stopped).as_json(self.tasks.share),
            max_parallel=self._shares(part),
        )
        return future, RunningSlice(part, part.family, workflow_id)

    def ended(self, started: RunningSlice, future: Future[Any]) -> Turn:
        """Take in what a slice has come to."""
        self._open[started.family] -= 1
        error = future.exception
        if error is not None:
            return self.lost(started, ItemState.FAILED, ENDED.format(cause_of(error)))
        return take_in(self.tasks, started.part, future.result)

    def lost(self, started: RunningSlice, state: ItemState, why: str) -> Turn:
        """End the items of a slice that does not say how they ended."""
        return give_up(self.tasks, started.part, state, why)

    def stop(self, label: str, root: Cause, running: Sequence[RunningSlice]) -> None:
        """Start no more items of a label, wherever they are."""
        self._stopped[label] = root
        for one in running:
            if label in one.part.members:
                stop = self.workflow.signal(self.STOP, label, cause_json(root), workflow_id=one.workflow_id, propagate=False)
                self.workflow.submit(stop)

    @staticmethod
    def read_stop(signal: Any) -> tuple[str, Cause]:
        """Read what `stop` sent: the label, and the failure because of which nothing of it starts any more."""
        label, cause = signal["args"]
        root = read_cause(cause)
        assert root is not None
        return label, root

    def cancel(self) -> None:
        """Start no more slices; what their items would have been is cancelled."""
        self._waiting.clear()

    def _bounds(self, part: Slice) -> dict[str, int]:
        steps = self.tasks.run.graph.steps
        return {label: bound for label in part.members if (bound := steps[label].max_parallel) is not None}

    def _most_at_once(self, part: Slice) -> float:
        bounds = self._bounds(part)
        return max(1, min(bounds.values()) // self.cuts.chunk) if bounds else float("inf")

    def _shares(self, part: Slice) -> dict[str, int]:
        """The ``max_parallel`` of each member in one slice: so many slices share what the file allows."""
        slices = self._most_at_once(part)
        return {label: max(1, int(bound // slices)) for label, bound in self._bounds(part).items()}
