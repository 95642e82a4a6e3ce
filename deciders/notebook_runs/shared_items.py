"""Items that runs have in common, on their way: of runs that start together one executes such an item, and the others wait.

The worker that is given an item works out its key, and answers with what another run has made, or that it is to be carried out.
Then a child execution does that whose workflow id is made of the key: a service has one of an id at a time. Whoever is told
that it is open already looks again after 5, 10, 20 .. 60 s, until the result is there. If it is not, and nothing carries it out
any more, since that has failed or was cancelled, each run carries it out itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from simpleflow_nb import Workflow
from simpleflow_nb.exceptions import WorkflowFailed
from simpleflow_nb.futures import Future
from simpleflow_nb.service_faults import CHILD_IS_OPEN

from .. import activities
from ..specification import NotebookSpecification
from ..tasks.arguments import NotebookTask, SharedSettings
from ..tasks.results import SharedEnd, SharedWork
from ..values.item import Item
from ..values.item_state import ItemState
from .task_ids import notebook_id

FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 5, 60
#: A service's lists lag behind: so often in a row it must say that nothing of the id is open.
_LOOKS_IN_VAIN = 2
_NOT_BEGUN = SharedEnd(ItemState.CANCELLED, said="the run was cancelled before it began")


@dataclass
class _Way:
    """One item on its way."""

    item: Item
    task: NotebookTask
    notebook: NotebookSpecification
    priority: int
    asked: int = 0  #: how many tasks it has had in this execution
    child: Future[Any] | None = None
    timer: Future[Any] | None = None
    is_waiting: bool = False  #: another run carries it out
    wait_seconds: int = FIRST_LOOK_SECONDS
    looks_in_vain: int = 0


class SharedItems:
    """The shared items of one run that have started; ``child`` is the type of the executions that carry them out."""

    def __init__(self, workflow: Workflow, child: type[Workflow]) -> None:
        self._workflow, self._type = workflow, child
        self._ways: dict[Item, _Way] = {}

    def start(self, item: Item, task: NotebookTask, notebook: NotebookSpecification, priority: int) -> Future[Any]:
        """Ask a worker for an item; return the future to wait for."""
        way = self._ways[item] = _Way(item, task, notebook, priority)
        return self._asked(way, asks=True)

    def following(self, item: Item, future: Future[Any]) -> Future[Any] | None:
        """Return what is to be waited for after a future of the item has ended; None if the item has ended with it."""
        way = self._ways.get(item)
        if way is None:
            return None
        if future is way.timer:
            return self._asked(way, asks=True) if future.exception is None else None
        if future is way.child:
            if not _is_refused(future.exception):
                return None
            way.is_waiting = True
            return self._timer(way)
        work = SharedWork.of_json(future.result) if future.exception is None else None
        if work is None:
            return None
        if not way.is_waiting:
            return self._child(way, work.key)
        way.looks_in_vain = 0 if work.is_open else way.looks_in_vain + 1
        return self._timer(way) if way.looks_in_vain < _LOOKS_IN_VAIN else self._asked(way, asks=False)

    def end(self, item: Item, future: Future[Any]) -> SharedEnd | None:
        """Return how the item ended in an execution of its own, or on its way there, since the run was cancelled; None if the
        future itself says how.
        """
        way, error = self._ways.get(item), future.exception
        if way is None:
            return None
        if future is way.child:
            if error is None:
                return SharedEnd.of_json(future.result)
            return _NOT_BEGUN if _is_refused(error) else None
        if future is way.timer:
            return _NOT_BEGUN
        return _NOT_BEGUN if error is None and SharedWork.of_json(future.result) is not None else None

    def _asked(self, way: _Way, *, asks: bool) -> Future[Any]:
        settings = replace(way.task.shared or SharedSettings(), asks=asks, looks=asks and way.is_waiting)
        look, way.asked = way.asked, way.asked + 1
        return self._workflow.submit(
            activities.notebook_activity(way.notebook.retries, way.notebook.timeout_seconds),
            __activity_id=notebook_id(way.item, look),
            __priority=way.priority,
            **replace(way.task, shared=settings).as_json(),
        )

    def _child(self, way: _Way, key: str) -> Future[Any]:
        run_id = way.task.run_id or self._workflow.get_run_context()["run_id"]
        settings = replace(way.task.shared or SharedSettings(), asks=False, run_id=run_id)
        way.child = self._workflow.submit(
            self._type,
            key=key,
            task=replace(way.task, shared=settings).as_json(),
            retries=way.notebook.retries,
            timeout_seconds=way.notebook.timeout_seconds,
            priority=way.priority,
        )
        return way.child

    def _timer(self, way: _Way) -> Future[Any]:
        way.timer = self._workflow.timer(way.wait_seconds)
        way.wait_seconds = min(2 * way.wait_seconds, LONGEST_LOOK_SECONDS)
        return way.timer


def _is_refused(error: BaseException | None) -> bool:
    return isinstance(error, WorkflowFailed) and error.reason == CHILD_IS_OPEN
