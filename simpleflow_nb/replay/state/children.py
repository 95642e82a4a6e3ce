"""The child executions of a run: started, retried, cancelled, and ended by the events that tell of them.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartChildWorkflowExecutionDecisionAttributes.html
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping
from types import FrameType
from typing import Any

from ...constants import MAX_OPEN_CHILD_COUNT
from ...exceptions import DefinitionError, ReplayError, SimpleflowError, TaskFailed, WorkflowCanceled, WorkflowFailed
from ...futures import DONE, HELD, QUEUED, Future
from ...names import priority
from ..calls import commands
from ..calls.arguments import FUTURES, filled, taken
from ..calls.commands import ChildTask
from ..calls.failures import Verdict
from ..calls.task_queue import TaskQueue
from .externals import SIGNAL_EXTERNAL, Externals
from .tasks import source_frame

START_CHILD = "StartChildWorkflowExecution"

PACE_SECONDS = 2
PACE = 24  #: children after each pause: 12 a second, SWF's rate, https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dg-limits.html


class ChildFuture(Future[Any]):
    """The result of a child execution; ``workflow_id`` and ``run_id`` once they are known, None before."""

    __slots__ = ("attributes", "run_id")

    def __init__(self, execution: Any, id: str, task: ChildTask) -> None:
        super().__init__(execution, START_CHILD, id, task.name, task)
        self.attributes: Mapping[str, Any] = {}  # of the decision, but for the id and the input
        self.run_id: str | None = None  # of the attempt that is open, or was the last one

    @property
    def workflow_id(self) -> str | None:
        return self.key or None


class Children(Externals):
    """Child executions."""

    __slots__ = (
        "allowance",
        "is_paced",
        "open_children",
        "pace_is_open",
        "pace_streak",
        "paces",
        "ready_children",
        "started_children",
    )

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.ready_children = TaskQueue()  # to be started at the next boundary
        self.open_children = 0
        self.started_children: dict[ChildFuture, None] = {}  # whose executions are open
        self.is_paced = self.pace_is_open = False  # after the service refused children for their rate
        self.allowance = self.pace_streak = self.paces = 0

    def submit_child(self, task: ChildTask, args: tuple[Any, ...], kwargs: dict[str, Any], depth: int = 2) -> ChildFuture:
        """Start a child execution as soon as its arguments are available. Its id is reserved now, unless they decide it.

        Raises:
            DefinitionError: the workflow cannot be started with these arguments.
        """
        if self.dead:
            self.block(())
        level = priority(kwargs.pop("__priority"), f"__priority of {task.name}") if kwargs and "__priority" in kwargs else ...
        if "__activity_id" in kwargs:
            raise DefinitionError(f"{task.name} is a workflow, and no activity has its id; get_workflow_id() gives it one")
        args, kwargs, found = taken(args, kwargs, task.name)
        future = ChildFuture(self, "", task)
        if not task.is_named_by_arguments and not task.idempotent:
            future.id = future.key = self._next_child_id(task.name)
            self.tasks[future.id] = future
        future.raises, future.strand = task.raises_on_failure, self.submitter()
        future.priority, future.args = level, args
        if kwargs:
            future.kwargs = kwargs
        frame: FrameType = source_frame(sys._getframe(depth))
        future.code, future.lasti = frame.f_code, frame.f_lasti
        if found & FUTURES:
            self._hold(future)
        else:
            self._arguments_ready(future)
        return future

    def cancel(self, future: Future[Any]) -> None:
        if not isinstance(future, ChildFuture) or future.stage == HELD:
            if future.stage == HELD:
                self.ready_children.discard(future)
            super().cancel(future)
            return
        if self.dead:
            self.block(())
        if future.stage >= DONE or future.cancelling:
            self.take_back(future)
            return
        future.cancelling = True
        if future.run_id is not None:  # else as soon as it has started: an execution that has not cannot be cancelled
            self.cancel_execution(future.key)  # without the run id: it may have continued as new

    # ---- what events change ------------------------------------------------------------------------------------------------

    def child_started(self, future: ChildFuture, run_id: str) -> None:
        future.run_id = run_id
        for follower in future.followers or ():
            if isinstance(follower, ChildFuture):
                follower.key, follower.run_id = future.key, run_id
        self.started_children[future] = None
        if future.cancelling:
            self.due.append(self.canceling(future.key, None))

    def refuse(self, future: Future[Any], cause: str) -> None:
        """Keep what a quota refused for later: children after a pause, the rest after the backoff timer."""
        if cause == "CHILD_CREATION_RATE_EXCEEDED":
            future.stage = HELD
            if not self.is_paced or self.allowance:
                self.pace_streak = min(self.pace_streak + 1, 8)
            self.is_paced, self.allowance = True, 0
            self.ready_children.append(future)
        else:
            super().refuse(future, cause)

    def pace_ended(self) -> None:
        self.pace_is_open, self.allowance = False, PACE

    def readdress(self, future: Future[Any]) -> bool:
        """Send to the present run of an open child what has not reached its first one; return whether there is such a child.

        A child that is continued as new stays the same child, but its parent is not told of the new run.
        """
        is_signal = future.type == SIGNAL_EXTERNAL
        target = future.args[:2] if is_signal else (future.key, *future.args)
        if not any((child.key, child.run_id) == target for child in self.started_children):
            return False
        future.args = (target[0], None, *future.args[2:]) if is_signal else (None,)
        future.stage = QUEUED
        self.due.append(future)
        return True

    # ---- at each decision --------------------------------------------------------------------------------------------------

    def _release(self) -> None:
        super()._release()
        ready = self.ready_children
        while ready and self.open_children < MAX_OPEN_CHILD_COUNT and (self.allowance or not self.is_paced):
            future: Any = ready.popleft()
            if future.stage != HELD:
                continue
            if not future.attributes and not self._is_prepared(future):
                continue
            if not future.id:
                self._identify_or_fail(future)
                continue
            if self.is_paced:
                self.allowance -= 1
            self._start_child(future)
        if self.is_paced and not ready:
            self.is_paced = False
        elif self.is_paced and not self.allowance and not self.pace_is_open:
            self.paces, self.pace_is_open = self.paces + 1, True
            wait = PACE_SECONDS * 2 ** max(0, self.pace_streak - 1)
            self.queue.append(self._timer(f"{commands.PACE}{self.paces}", wait))

    def _arguments_ready(self, future: Future[Any]) -> None:
        if isinstance(future, ChildFuture):
            self._prepare(future)
        super()._arguments_ready(future)

    def _enqueue(self, future: Future[Any]) -> None:
        if not isinstance(future, ChildFuture):
            super()._enqueue(future)
        elif self.ready_children or self.is_paced or self.open_children >= MAX_OPEN_CHILD_COUNT:
            self.ready_children.append(future)
        else:
            self._start_child(future)

    def _start_child(self, future: ChildFuture) -> None:
        self.open_children += 1
        future.stage, future.run_id = QUEUED, None
        self.queue.append(future)

    def _queue_of(self, future: Future[Any]) -> TaskQueue:
        return self.ready_children if future.type == START_CHILD else super()._queue_of(future)

    def _left(self, future: Future[Any]) -> None:
        if isinstance(future, ChildFuture):
            self.open_children -= 1
        else:
            super()._left(future)

    def _change_arguments(self, future: Future[Any], verdict: Verdict) -> None:
        super()._change_arguments(future, verdict)
        if isinstance(future, ChildFuture):
            future.attributes = {}

    def _is_prepared(self, future: Any) -> bool:
        """Prepare a child whose arguments were pending; what the workflow's own methods raise is its failure.

        Raises:
            ReplayError: an argument cannot be read; the execution is to be parked.
        """
        try:
            self._prepare(future)
        except ReplayError:
            raise
        except (SimpleflowError, TypeError, ValueError) as error:
            self._fail_to_start(future, error)
            return False
        return True

    def _fail_to_start(self, future: Future[Any], error: Exception) -> None:
        self.fail(future, WorkflowFailed(future.id or future.name, f"{type(error).__name__}: {error}"))

    def _identify(self, future: Future[Any]) -> None:
        super()._identify(future)
        first = self.tasks[future.id]
        if isinstance(future, ChildFuture) and isinstance(first, ChildFuture):
            future.key, future.run_id = first.key, first.run_id

    def _cancellation_of(self, future: Future[Any]) -> TaskFailed:
        if isinstance(future, ChildFuture):
            return WorkflowCanceled(future.id or future.name)
        return super()._cancellation_of(future)

    def _prepare(self, future: ChildFuture) -> None:
        args, kwargs = filled(future.args), filled(future.kwargs)
        future.attributes = future.task.attributes(args, kwargs)

    def _identity_of(self, future: Future[Any]) -> str:
        if not isinstance(future, ChildFuture):
            return super()._identity_of(future)
        task: ChildTask = future.task
        if task.is_named_by_arguments:
            given = task.workflow_id(filled(future.args), filled(future.kwargs))
            if given is not None:
                return given
            if not task.idempotent:
                return self._next_child_id(task.name)
        return self._child_id(future.name, commands.call_digest(task, future.args, future.kwargs)[:32])

    def _next_child_id(self, name: str) -> str:
        counter = f"{START_CHILD} {name}"
        n = self.counters[counter] = self.counters.get(counter, 0) + 1
        return self._child_id(name, str(n))

    def _child_id(self, name: str, suffix: str) -> str:
        """Return the workflow id of a child, in simpleflow's form: two runs of one parent have different children."""
        run = f"{zlib.adler32(self.run_id.encode()):x}"
        return commands.short_id(f"workflow-{name}-{self.workflow_id}--{run}--{suffix}")
