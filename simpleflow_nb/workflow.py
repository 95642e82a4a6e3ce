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
import random
import uuid
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, ParamSpec, TypeVar, overload

from . import slices
from .activity import Activity, AnyActivity, Executes, check_body, registered
from .base import Giving, Parametric, Submittable, SubmittableContainer
from .canvas import Group, GroupFuture
from .exceptions import DefinitionError, RunEnded
from .futures import Future
from .marker import Marker
from .names import name_of_change, signal_name
from .replay import Execution
from .scopes import TaskGroup, TimeLimit, Waited
from .signal import WaitForSignal
from .slices import SLICE_SIZE
from .submission import Submission, whole_seconds
from .task import CancelExecutionTask, CancelTimerTask, ContinueAsNewTask, MarkerTask, SignalTask, TimerTask
from .task_failure import TaskFailureContext
from .workflow_type import Runs, WorkflowType, execution_input

__all__ = ["Submittable", "WaitForSignal", "Workflow", "execution_input", "logger"]

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger("simpleflow_nb")


class Workflow(WorkflowType):
    """Base class of workflows: set ``name``, ``version`` and ``task_list``, and write :meth:`run`, plain or ``async``.

    The settings of a class are those of :class:`.WorkflowType`.
    """

    Slice: ClassVar[type[Workflow]]  #: of the child executions of :meth:`for_each`

    def __init__(self, executor: Execution) -> None:
        self.executor = executor
        self._submission = Submission(type(self), executor)
        self._uuids = 0

    def run(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.run() is what the workflow does; write it")

    # ---- tasks -------------------------------------------------------------------------------------------------------------

    @overload
    def submit(self, submittable: Activity[P, Coroutine[Any, Any, T]], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: Activity[P, T], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: type[Runs[Coroutine[Any, Any, T]]], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: type[Runs[T]], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: type[Executes[T]], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: Group[T], /) -> GroupFuture[T]: ...
    @overload
    def submit(self, submittable: Parametric[T], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: Giving[T], /) -> Future[T]: ...
    @overload
    def submit(self, submittable: Submittable, /) -> Future[Any]: ...
    def submit(self, submittable: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Schedule an activity, a child workflow or a task as soon as its arguments are available; return its future at once.

        The arguments may contain futures, also in lists and dicts. ``__priority=N`` sets the task's priority.
        ``__activity_id="load-2016-01-01"`` gives an activity task its id, by which listings show it; a further attempt has its
        number behind it, as in ``load-2016-01-01.2``.

        Raises:
            DefinitionError: ``submittable`` cannot be submitted, or the run has a task of that id.
        """
        if type(submittable) is Activity:
            if registered(submittable.name) is not submittable:
                check_body(submittable)
            return self.executor.submit_activity(submittable, args, kwargs)
        if isinstance(submittable, Parametric):
            submittable, args, kwargs = submittable.given(args, kwargs), (), {}
        if isinstance(submittable, SubmittableContainer):
            return submittable.submit(self)
        if isinstance(submittable, type) and issubclass(submittable, Workflow) and submittable.run is Workflow.run:
            raise DefinitionError(f"{submittable.__qualname__} has no run(); write it")
        return self._submission.submitted(submittable, args, kwargs)

    @overload
    def map(
        self, activity: Activity[..., Coroutine[Any, Any, T]], iterable: Iterable[Any], *, max_parallel: None = None
    ) -> list[Future[T]]: ...
    @overload
    def map(
        self, activity: Activity[..., Coroutine[Any, Any, T]], iterable: Iterable[Any], *, max_parallel: int
    ) -> Future[list[T]]: ...
    @overload
    def map(
        self, activity: AnyActivity[T] | Parametric[T], iterable: Iterable[Any], *, max_parallel: None = None
    ) -> list[Future[T]]: ...
    @overload
    def map(
        self, activity: AnyActivity[T] | Parametric[T], iterable: Iterable[Any], *, max_parallel: int
    ) -> Future[list[T]]: ...
    def map(self, activity: Any, iterable: Iterable[Any], *, max_parallel: int | None = None) -> Any:
        """Submit a task for each item, with the item as its argument; return the list of the futures.

        With ``max_parallel``, at most so many run at a time, and this returns one future, of the list of all results.
        """
        if max_parallel is not None:
            return self.submit(Group(*((activity, item) for item in iterable), max_parallel=max_parallel))
        return [self.submit(activity, item) for item in iterable]

    def starmap(self, activity: AnyActivity[T], iterable: Iterable[Iterable[Any]]) -> list[Future[T]]:
        """Submit a task for each item, with the item's elements as its arguments."""
        return [self.submit(activity, *items) for items in iterable]

    def for_each(
        self,
        task: Activity[..., T] | Parametric[T],
        items: Iterable[Any],
        *,
        max_parallel: int | None = None,
        slice_size: int = SLICE_SIZE,
    ) -> Future[list[T]]:
        """Run an activity for each of many items; return the future of the list of all results, in order.

        More items than ``slice_size`` are spread over child executions, of so many items each: an execution has at most 25,000
        events, and an item takes three to six. ``max_parallel`` bounds the tasks of all slices together. Failures are as in a
        :class:`.Group`: raised, or told by ``exception``, as the activity's ``raises_on_failure`` says.

        A task that is no activity, such as a notebook, is carried out in this run for every item, 3,000 at most.

        Raises:
            DefinitionError: ``slice_size`` or ``max_parallel`` is less than 1, or there are too many items for one run.
        """
        return slices.submitted(self, task, list(items), max_parallel, slice_size)

    def repeat(
        self, task: Activity[..., T] | Parametric[T], times: int, /, *args: Any, max_parallel: int | None = None, **kwargs: Any
    ) -> Future[list[T]]:
        """Run a task several times with the same arguments; return the future of the list of all results, in order.

        Each gets its number as ``repeat_index``, from 0, if it takes an argument of that name. More than 500 repetitions of an
        activity are spread over child executions, as in :meth:`for_each`; failures are as there.

        Raises:
            DefinitionError: ``times`` is no whole number from 0 on, or ``max_parallel`` is less than 1.
        """
        return slices.repeated(self, task, times, args, kwargs, max_parallel)

    def timer(self, wait: timedelta | float) -> Future[None]:
        """Return a future that ends after a time (seconds, or a timedelta), rounded up to whole seconds."""
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else wait
        return self.executor.start_timer(whole_seconds(seconds))

    def start_timer(self, timer_id: str, timeout: int, control: Any = None) -> TimerTask:
        """Return a timer with an id of your own, to be submitted; the same id is the same timer."""
        return TimerTask(timer_id, timeout, control)

    def cancel_timer(self, timer_id: str) -> CancelTimerTask:
        """Return a cancellation of a timer, to be submitted."""
        return CancelTimerTask(timer_id)

    def next_signal(self, name: str) -> Future[Any]:
        """Return a future of the next unread signal with a name; its result is the signal's input, decoded."""
        return self.executor.next_signal(signal_name(name))

    def wait_signal(self, name: str) -> WaitForSignal:
        """Return a wait for the latest signal with a name, read or not, to be submitted."""
        return WaitForSignal(name)

    def record_marker(self, name: str, details: Any = None) -> MarkerTask:
        """Return a marker for the history, to be submitted; equal markers are recorded once."""
        return MarkerTask(name, details)

    def list_markers(self, all: bool = False) -> list[Marker]:
        """Return the markers recorded so far by this run: the last of each name, or ``all`` of them."""
        notes = self._submission.recorded_markers()
        return notes if all else list({note.name: note for note in notes}.values())

    def signal(
        self,
        name: str,
        *args: Any,
        workflow_id: str | None = None,
        run_id: str | None = None,
        propagate: bool = True,
        **kwargs: Any,
    ) -> SignalTask:
        """Return a signal to an execution, to be submitted; to this run itself without ``workflow_id``.

        Its input is ``{"args": [...], "kwargs": {...}}``. Runs that get it with ``propagate`` send it on to their parents and
        open children. The future fails if there is no such open execution.
        """
        return SignalTask(name, *args, workflow_id=workflow_id, run_id=run_id, propagate=propagate, **kwargs)

    def cancel_workflow(self, workflow_id: str, run_id: str | None = None) -> CancelExecutionTask:
        """Return a request to cancel another execution, to be submitted. A child is cancelled by its future."""
        return CancelExecutionTask(workflow_id, run_id)

    def wait_until(self, condition: Callable[[], bool]) -> Waited:
        """Wait until a condition of this run's own attributes and futures holds, such as one that an update changes.

        The condition looks, and changes nothing; it is asked whenever code of the run has gone on. The wait is over when this
        returns; what it returns may be awaited all the same, at once.
        """
        self.executor.wait_until(condition)
        return Waited()

    # ---- coroutines and time limits ----------------------------------------------------------------------------------------

    def timeout(self, seconds: timedelta | float) -> TimeLimit:
        """Return a time limit for a block, ``with`` or ``async with``: its wait ends with Python's TimeoutError then.

        What the block was waiting for is cancelled.
        """
        total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        return TimeLimit(self.executor, whole_seconds(total))

    def task_group(self) -> TaskGroup:
        """Return a group for coroutines that run side by side, ``async with`` or ``with``: all have ended after its block."""
        return TaskGroup(self.executor)

    @property
    def cancellation(self) -> Future[None]:
        """A future that ends when the cancellation of this run is requested.

        A run that has asked for it is not ended by such a request: it finishes its work, and ends itself with :meth:`cancel`,
        or otherwise. Ask before anything is awaited.
        """
        return self.executor.cancellation

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
        """True while the code is replayed. It is for logs; code that decides by it is not deterministic."""
        return self.executor.replaying

    def log(self, message: object) -> None:
        """Write a line to the log, and to ``workflow.info``; silent while replaying."""
        self.executor.log(str(message))

    def shared(self, value: Any) -> Any:
        """Return what stands for a value in the arguments of several tasks; the same value if it is short.

        A list, mapping or text of more than 8,192 characters of JSON is kept once, however many tasks take it; bodies get the
        value itself. Within the workflow what is returned is of no other use.
        """
        return self.executor.kept(value)

    def patched(self, change_id: str) -> bool:
        """Return whether this run takes the new path of a change: runs that passed here before it keep the old one."""
        return self.executor.patched(name_of_change(change_id))

    def deprecate_patch(self, change_id: str) -> None:
        """Replace ``patched`` once no run on the old path is open; remove the call when the patched runs are closed too."""
        self.executor.deprecate_patch(name_of_change(change_id))

    def fail(self, reason: str, details: str | None = None) -> None:
        """Fail the run here. Cannot be caught with ``except Exception``. Known secrets are masked."""
        if self.executor.dead:
            self.executor.block(())
        raise RunEnded("FailWorkflowExecution", {"reason": str(reason), "details": str(details or "")})

    def cancel(self, details: str | None = None) -> None:
        """End the run here as cancelled. Cannot be caught with ``except Exception``."""
        if self.executor.dead:
            self.executor.block(())
        raise RunEnded("CancelWorkflowExecution", {} if details is None else {"details": str(details)})

    def continue_as_new(self, *args: Any, **kwargs: Any) -> ContinueAsNewTask:
        """Return a new start of this workflow with a fresh history, to be submitted; ends this run.

        To change settings of the run, use ``dataclasses.replace(task, version="2", tag_list=["b"])``.
        """
        return ContinueAsNewTask(args, kwargs)

    def get_run_context(self) -> dict[str, Any]:
        """Return the ids of this execution, under simpleflow's keys. Without a service there is no ``domain_name``: None."""
        executor, started = self.executor, self.executor.started_attributes
        parent = started.get("parentWorkflowExecution") or {}
        return {
            "name": started.get("workflowType", {}).get("name"),
            "version": started.get("workflowType", {}).get("version"),
            "domain_name": executor.domain,
            "workflow_id": executor.workflow_id,
            "run_id": executor.run_id,
            "tag_list": started.get("tagList", []),
            "continued_execution_run_id": started.get("continuedExecutionRunId"),
            "parent_workflow_id": parent.get("workflowId"),
            "parent_run_id": parent.get("runId"),
        }

    def get_execution_context(self) -> dict[str, Any]:
        """Return the ids of this execution; simpleflow's former name of :meth:`get_run_context`."""
        return self.get_run_context()

    def get_event_details(self, event_type: str, event_name: str) -> dict[str, Any] | None:
        """Return what the history has of the last signal, marker or timer with a name, or of an activity or child with an id.

        ``event_type`` is ``signal``, ``marker``, ``timer``, ``activity`` or ``child_workflow``. None if there is none. A marker
        that this decision records has no ``event_id`` yet.

        Raises:
            DefinitionError: it is another type.
        """
        history = self.executor.history
        places = {
            "signal": history.signals,
            "marker": history.markers,
            "timer": history.timers,
            "activity": history.activities,
            "child_workflow": history.child_workflows,
        }
        if event_type not in places:
            raise DefinitionError(f"there are no details of {event_type!r}; ask for {', '.join(places)}")
        found: Any = places[event_type].get(event_name)
        last: dict[str, Any] | None = found[-1] if isinstance(found, list) else found
        if last is None and event_type == "marker":
            return self._submission.submitted_marker(event_name)
        return last

    # ---- hooks, called where the run is decided for the first time -----------------------------------------------------------

    def should_cancel(self, *history: Any) -> bool:
        """Return whether a request to cancel ends the run; with False the run goes on.

        Written as ``should_cancel(self, history)`` it gets the :class:`~simpleflow_nb.history.History` of the run so far;
        without an argument, or with optional ones of other names, it is called without. Likewise :meth:`on_canceled`.
        """
        return True

    def on_canceled(self, *history: Any) -> None:
        """Hook, called before the run ends as cancelled. It cannot submit tasks."""

    # Each of these is called with the History of the run before a decision is sent, and again if it has to be made again. They
    # look, and cannot submit. What one raises is logged, also for workflow.info.

    def before_replay(self, history: Any) -> None:
        """Hook, called before the run's code goes on."""

    def after_replay(self, history: Any) -> None:
        """Hook, called when the run's code waits or has ended."""

    def on_completed(self, history: Any) -> None:
        """Hook, called when ``run()`` has returned."""

    def on_failure(self, history: Any, reason: str, details: str | None = None) -> None:
        """Hook, called when ``run()`` has raised, or the run fails otherwise."""

    def after_closed(self, history: Any) -> None:
        """Hook, called last when the run ends, however it ends by itself."""

    def before_run(self, history: Any) -> None:
        """Hook, simpleflow's former name of :meth:`before_replay`."""

    def after_run(self, history: Any) -> None:
        """Hook, simpleflow's former name of :meth:`after_closed`."""

    def on_task_failure(self, failure_context: TaskFailureContext) -> TaskFailureContext | None:
        """Decide about a failed attempt at an activity or a child: return the context after one of its ``decide_`` methods.

        None leaves it to the retry policy of the task. It is called at each replay, so it has to decide the same each time.
        """
        return None


class Slice(Workflow):
    """Some of the items of :meth:`Workflow.for_each`, as a child execution with a history of its own."""

    name = slices.TYPE_NAME
    version = slices.TYPE_VERSION

    def run(self, activity: str, items: list[Any], max_parallel: int | None = None, are_calls: bool = False) -> dict[str, Any]:
        """Run the activity of that type for each item; return the results, and the failures by index."""
        return slices.carried_out(self, activity, items, max_parallel, are_calls=are_calls)


Workflow.Slice = Slice
