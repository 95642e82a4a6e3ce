"""Workflows: plain Python that submits tasks and waits for futures.

::

    class Report(Workflow):
        name, version, task_list = "report", "1", "deciders"

        def run(self, day):
            flows = self.submit(aggregate, day)
            return self.submit(draw, flows).result

``run()`` must decide the same whenever it is replayed: take the time, random numbers and ids from the workflow, do
all I/O in activities, and guard changes for open runs with :meth:`Workflow.patched`.
"""

from __future__ import annotations

import logging
import math
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar, overload

from . import payload
from .activity import Activity
from .constants import DEFAULT_VERSION, MAX_ID_CHARACTERS, MAX_OPEN_ACTIVITY_COUNT, MAX_TIMEOUT_SECONDS
from .exceptions import DefinitionError, RunEnded
from .futures import Future
from .replay import Execution

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger("simpleflow_nb")


@dataclass(frozen=True)
class TimerTask:
    """The result of :meth:`Workflow.start_timer`, to be submitted."""

    timer_id: str
    timeout: int
    control: Any = None


@dataclass(frozen=True)
class CancelTimerTask:
    timer_id: str


@dataclass(frozen=True)
class MarkerTask:
    name: str
    details: Any = None


@dataclass(frozen=True)
class WaitForSignal:
    signal_name: str


@dataclass(frozen=True)
class ContinueAsNewTask:
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


Submittable = TimerTask | CancelTimerTask | MarkerTask | WaitForSignal | ContinueAsNewTask


class Workflow:
    """Base class of workflows: set ``name``, ``version`` and ``task_list``, and write :meth:`run`.

    Attributes:
        name: type name on the service; ``module.Class`` when None.
        version: of the type.
        task_list: of its decision tasks, and of activities that name none.
        execution_timeout, decision_tasks_timeout: seconds; the starter's defaults when None.
        max_open_activity_count: the decider holds back activities beyond it.
    """

    INHERIT_TAG_LIST = "INHERIT_TAG_LIST"  #: simpleflow's word for a child with its parent's tags; other workflows have no tags

    name: str | None = None
    version: str = DEFAULT_VERSION
    task_list: str | None = None
    task_priority: int | None = None
    tag_list: list[str] | str | None = None
    child_policy: str = "TERMINATE"
    execution_timeout: int | None = None
    decision_tasks_timeout: int | None = None
    max_open_activity_count: int = MAX_OPEN_ACTIVITY_COUNT

    def __init__(self, executor: Execution) -> None:
        self.executor = executor
        self._markers: dict[tuple[str, str | None], Future[Any]] = {}
        self._uuids = 0

    def run(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.run() is what the workflow does; write it")

    # ---- tasks -------------------------------------------------------------------------------------------------------------

    @overload
    def submit(self, task: Activity[P, T], *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, task: Submittable) -> Future[Any]: ...
    def submit(self, task: Any, *args: Any, **kwargs: Any) -> Any:
        """Schedule a task as soon as its arguments are available; return its future at once.

        The arguments may contain futures, also in lists and dicts. ``__priority=N`` sets the task's priority.

        Raises:
            DefinitionError: ``task`` cannot be submitted.
        """
        if type(task) is Activity:
            return self.executor.submit_activity(task, args, kwargs)
        return self._submit_other(task, args, kwargs)

    def _submit_other(self, task: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        executor = self.executor
        if executor.dead:
            executor.block(())
        if isinstance(task, Activity):
            return executor.submit_activity(task, args, kwargs, depth=3)
        if isinstance(task, TimerTask):
            control = None if task.control is None else payload.encode(task.control)
            return executor.start_timer(_seconds(task.timeout), _user_name(task.timer_id, "timer"), control, depth=3)
        if isinstance(task, CancelTimerTask):
            timer = executor.tasks.get(task.timer_id)
            if timer is None or timer.type != "StartTimer":
                raise DefinitionError(f"timer {task.timer_id!r} was never started")
            timer.cancel()
            return timer
        if isinstance(task, MarkerTask):
            return self._record(task)
        if isinstance(task, WaitForSignal):
            return executor.last_signal(task.signal_name)
        if isinstance(task, ContinueAsNewTask):
            body = {"args": task.args, "kwargs": task.kwargs}
            raise RunEnded("ContinueAsNewWorkflowExecution", continue_as_new_attributes(type(self), body, executor))
        if isinstance(task, type) and issubclass(task, Workflow):
            raise DefinitionError(f"{task.__qualname__} is a workflow, and a run can submit activities only")
        if callable(task):
            name = getattr(task, "__qualname__", repr(task))
            raise DefinitionError(f"{name} is not an activity; decorate it with @activity.with_attributes(...)")
        raise DefinitionError(f"{task!r:.80} cannot be submitted; pass an activity")

    def map(self, task: Activity[..., T], iterable: Iterable[Any]) -> list[Future[T]]:
        """Submit a task for each item, with the item as its argument."""
        return [self.submit(task, item) for item in iterable]

    def starmap(self, task: Activity[..., T], iterable: Iterable[Iterable[Any]]) -> list[Future[T]]:
        """Submit a task for each item, with the item's elements as its arguments."""
        return [self.submit(task, *items) for items in iterable]

    def timer(self, wait: timedelta | float) -> Future[None]:
        """Return a future that ends after a time (seconds, or a timedelta), rounded up to whole seconds."""
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
        return self.executor.start_timer(_seconds(seconds))

    def start_timer(self, timer_id: str, timeout: int, control: Any = None) -> TimerTask:
        """Return a timer with an id of your own, to be submitted; the same id is the same timer."""
        return TimerTask(timer_id, timeout, control)

    def cancel_timer(self, timer_id: str) -> CancelTimerTask:
        """Return a cancellation of a timer, to be submitted."""
        return CancelTimerTask(timer_id)

    def next_signal(self, name: str) -> Future[Any]:
        """Return a future of the next unread signal with a name; its result is the signal's input, decoded."""
        return self.executor.next_signal(name)

    def wait_signal(self, name: str) -> WaitForSignal:
        """Return a wait for the latest signal with a name, read or not, to be submitted."""
        return WaitForSignal(name)

    def record_marker(self, name: str, details: Any = None) -> MarkerTask:
        """Return a marker for the history, to be submitted; equal markers are recorded once."""
        return MarkerTask(name, details)

    def list_markers(self, all: bool = False) -> list[MarkerTask]:
        """Return the markers recorded so far by this run: the last of each name, or ``all`` of them."""
        notes = [MarkerTask(name, payload.decode(text)) for name, text in self._markers]
        return notes if all else list({note.name: note for note in notes}.values())

    def _record(self, task: MarkerTask) -> Future[Any]:
        executor = self.executor
        name = _user_name(task.name, "marker")
        text = None if task.details is None else payload.encode(task.details)
        known = self._markers.get((name, text))
        if known is None:
            executor.record_marker(name, text)
            known = self._markers[name, text] = Future(executor, "RecordMarker", name, name)
            executor.resolve(known, text, executor.next_id, decode=False)
        return known

    # ---- the run itself ----------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the time of the decision in UTC, the same at every replay."""
        return datetime.fromtimestamp(self.executor.now, UTC)

    @property
    def random(self) -> random.Random:
        """Return a random stream that draws the same numbers at every replay."""
        return self.executor.draw()

    def uuid(self) -> uuid.UUID:
        """Return a new id that is the same at every replay; independent of :attr:`random`."""
        if self.executor.dead:
            self.executor.block(())
        self._uuids += 1
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.executor.run_id}/{self._uuids}")

    @property
    def is_replaying(self) -> bool:
        """Return whether the code is being replayed. For logs only: code that decides by it is not deterministic."""
        return self.executor.replaying

    def log(self, message: object) -> None:
        """Write a line to the log, and to ``workflow.info``; silent while replaying."""
        self.executor.log(str(message))

    def patched(self, change_id: str) -> bool:
        """Return whether this run takes the new path of a change: runs that passed here before it keep the old one."""
        return self.executor.patched(change_id)

    def deprecate_patch(self, change_id: str) -> None:
        """Replace ``patched`` once no run on the old path is open; remove the call when the patched runs are closed too."""
        self.executor.deprecate_patch(change_id)

    def fail(self, reason: str, details: str | None = None) -> None:
        """Fail the run here. Cannot be caught with ``except Exception``. Known secrets are masked."""
        if self.executor.dead:
            self.executor.block(())
        raise RunEnded("FailWorkflowExecution", {"reason": str(reason), "details": str(details or "")})

    def continue_as_new(self, *args: Any, **kwargs: Any) -> ContinueAsNewTask:
        """Return a new start of this workflow with a fresh history, to be submitted; ends this run."""
        return ContinueAsNewTask(args, kwargs)

    def get_run_context(self) -> dict[str, Any]:
        """Return the ids of this execution, under simpleflow's keys."""
        executor, started = self.executor, self.executor.started_attributes
        parent = started.get("parentWorkflowExecution") or {}
        return {
            "name": started.get("workflowType", {}).get("name"),
            "version": started.get("workflowType", {}).get("version"),
            "workflow_id": executor.workflow_id,
            "run_id": executor.run_id,
            "tag_list": started.get("tagList", []),
            "continued_execution_run_id": started.get("continuedExecutionRunId"),
            "parent_workflow_id": parent.get("workflowId"),
            "parent_run_id": parent.get("runId"),
        }

    # ---- hooks, called where the run is decided for the first time -----------------------------------------------------------

    def should_cancel(self, *history: Any) -> bool:
        """Return whether a request to cancel ends the run; with False the run goes on.

        Written as ``should_cancel(self, history)`` it gets the :class:`~simpleflow_nb.history.History` of the run so far;
        without an argument, or with optional ones of other names, it is called without. Likewise :meth:`on_canceled`.
        """
        return True

    def on_canceled(self, *history: Any) -> None:
        """Hook, called before the run ends as cancelled. It cannot submit tasks."""

    @classmethod
    def tags(cls, arguments: dict[str, Any]) -> list[str]:
        """Return the default tags of a run with these arguments: from ``get_tag_list``, else ``tag_list``.

        ``get_tag_list`` is called as in simpleflow: with the class, then with the arguments of ``run``.

        Raises:
            DefinitionError: neither is a list of texts.
        """
        where, given = f"{cls.class_path()}.tag_list", cls.tag_list
        chosen = getattr(cls, "get_tag_list", None)
        if chosen is not None:
            where = f"{cls.class_path()}.get_tag_list()"
            try:
                given = chosen(cls, *arguments.get("args", ()), **arguments.get("kwargs", {}))
            except Exception as error:
                raise DefinitionError(f"{where} raised {type(error).__name__}: {error}") from error
        if given is None or given == cls.INHERIT_TAG_LIST:
            return []
        if not isinstance(given, list | tuple) or not all(isinstance(tag, str) for tag in given):
            raise DefinitionError(f"{where} is {given!r:.80}; a list of texts is expected, such as ['daily']")
        return list(given)

    @classmethod
    def type_name(cls) -> str:
        return cls.name or f"{cls.__module__}.{cls.__qualname__}"

    @classmethod
    def class_path(cls) -> str:
        """Return the dotted path of the class, which is ``__extra.class`` in the input of its executions."""
        return f"{cls.__module__}.{cls.__qualname__}"


#: Settings of a run that one continued as new keeps.
_KEPT = ("executionStartToCloseTimeout", "taskStartToCloseTimeout", "taskList", "taskPriority", "childPolicy", "tagList")


def continue_as_new_attributes(cls: type[Workflow], arguments: dict[str, Any], executor: Execution) -> dict[str, Any]:
    """Return the attributes of a ContinueAsNewWorkflowExecution decision that keeps the settings of the run."""
    started = executor.started_attributes
    attributes = {"input": execution_input(cls, arguments)}
    for key in _KEPT:
        if started.get(key):
            attributes[key] = started[key]
    return attributes


def execution_input(cls: type[Workflow], arguments: dict[str, Any]) -> str:
    """Encode the input of an execution: the arguments, and the path of the class for deciders."""
    return payload.encoded({**arguments, "__extra": {"class": cls.class_path()}}, f"the input of {cls.type_name()}")


def _seconds(wait: float) -> int:
    if not isinstance(wait, int | float):
        raise DefinitionError(f"a timer of {wait!r}: give seconds as a number, or a timedelta")
    if not 0 <= wait <= MAX_TIMEOUT_SECONDS:
        raise DefinitionError(f"a timer of {wait} seconds: it takes 0 to {MAX_TIMEOUT_SECONDS}")
    return math.ceil(wait)


def _user_name(name: str, what: str) -> str:
    if not name or name.startswith("_") or len(name) > MAX_ID_CHARACTERS:
        raise DefinitionError(f"{name!r} cannot name a {what}: 1 to 256 characters, not beginning with an underscore")
    if what == "timer" and (name == "arn" or any(c in ":/|" or ord(c) < 32 or 127 <= ord(c) < 160 for c in name)):
        # https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartTimerDecisionAttributes.html
        raise DefinitionError(f"{name!r} cannot name a timer: no ':', '/', '|' or controls, and not 'arn'")
    return name
