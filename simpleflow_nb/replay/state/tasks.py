"""The tasks of an execution: submitted by the code, then scheduled, retried, resolved, failed or cancelled."""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from types import FrameType
from typing import Any

from ... import payload
from ...exceptions import DependencyFailed, SimpleflowError, TaskCanceled, TaskFailed
from ...futures import DONE, FAILED, HELD, QUEUED, STOPPED, Future
from ..calls import commands
from ..calls.arguments import GROUP, fault_of, unfinished
from ..calls.commands import Command, Queued
from ..calls.failures import Verdict
from ..calls.task_queue import TaskQueue
from ..suspended_code.looks import Looks

_PACKAGE = __file__.rpartition("replay")[0]


class _Step(Enum):
    """The next thing to do with a task when another has ended without a result."""

    FAIL = auto()  #: it needs the other one
    FOLLOW = auto()  #: it is the same one
    NOTE = auto()  #: it has failed, with all that need it


class Tasks(Looks):
    """Futures from submit to their end, and the queue of decisions not recorded yet."""

    __slots__ = (
        "activities_raise",
        "batch_patches",
        "by_event",
        "completed",
        "counters",
        "due",
        "engine_version",
        "failed",
        "judge",
        "judged",
        "log_lines",
        "new_patches",
        "next_id",
        "on_log",
        "open",
        "open_limit",
        "patches",
        "queue",
        "random_stream",
        "ready",
        "refused",
        "replaying",
        "run_id",
        "suffix_of",
        "task_of",
        "tasks",
        "workflow_id",
    )

    def __init__(
        self,
        program: Callable[[Any], Any],
        load: payload.Load | None,
        run_id: str,
        on_log: Callable[[str], None] | None,
    ) -> None:
        super().__init__(program, load)
        self.run_id, self.on_log = run_id, on_log
        self.workflow_id, self.activities_raise = "", True
        self.queue: deque[Queued] = deque()  # decided, and not yet recorded in history
        self.ready = TaskQueue()  # to be scheduled at the next boundary
        self.refused = TaskQueue()  # refused by a quota: retried after one timer
        self.due: list[Queued] = []  # what the engine itself decides, queued at the next boundary
        self.tasks: dict[str, Future[Any]] = {}
        self.by_event: dict[int, Future[Any]] = {}
        self.counters: dict[str, int] = {}
        self.patches: dict[str, bool] = {}
        self.batch_patches: tuple[str, ...] | None = None  # patches of the replayed decision; None when live
        self.new_patches: list[str] = []
        self.log_lines: deque[str] = deque(maxlen=20)
        self.random_stream: random.Random | None = None
        self.replaying = False
        self.next_id, self.open, self.open_limit = 1, 0, 0
        # called with each failed attempt, if the workflow wants to decide about them
        self.judge: Callable[[Future[Any], TaskFailed], Verdict | None] | None = None
        self.task_of: Callable[[Future[Any]], Any] | None = None  # what was submitted for a future
        self.suffix_of: Callable[[Future[Any]], str] | None = None  # the end of an id that its arguments decide
        self.judged: list[tuple[Future[Any], TaskFailed, int]] = []  # to be decided about at the next decision
        self.engine_version = 0  # that of the history, 0 before the first decision
        self.completed = self.failed = 0  # numbers of activities

    @property
    def are_failures_quiet(self) -> bool:
        """True if ``result`` is None for a failed task that does not raise; runs begun with version 1 of the engine raise."""
        return self.engine_version != 1

    def cancel(self, future: Future[Any]) -> None:
        if self.dead:
            self.block(())
        if future.stage >= DONE or future.cancelling:
            self.take_back(future)
            return
        future.cancelling = True
        kind = future.type
        if kind == "StartTimer":
            self._decide("CancelTimer", future.id, {"timerId": future.id})
            self.settle(future, STOPPED, TaskCanceled(future.id))
        elif future.stage == HELD:
            self.ready.discard(future)
            self.refused.discard(future)
            retry = self.tasks.get(commands.retry_timer_id(future.id, future.attempt))
            if retry is not None and retry.stage < DONE:
                self.cancel(retry)
            self.settle(future, STOPPED, self._cancellation_of(future))
        else:
            self._decide("RequestCancelActivityTask", future.key, {"activityId": future.key})

    def _decide(self, kind: str, key: str | None, attributes: dict[str, Any]) -> None:
        if self.dead:
            self.block(())
        command = Command(kind, key, attributes)
        frame = source_frame(sys._getframe(1))
        command.code, command.lasti = frame.f_code, frame.f_lasti
        self.queue.append(command)

    def _timer(self, id: str, seconds: int, control: str | None = None) -> Future[None]:
        future: Future[None] = Future(self, "StartTimer", id, "timer")
        self.tasks[id] = future
        future.args, future.stage = (seconds, control), QUEUED
        return future

    def _hold(self, future: Future[Any]) -> None:
        needed = unfinished((future.args, future.kwargs), future.name)
        failed = next((f for f in needed if f.stage > DONE), None)
        if failed is not None:
            self.fail(future, dependency_failure(future, failed), failed)
        elif not needed:
            self._arguments_ready(future)
        else:
            future.missing = len(needed)
            for f in needed:
                if f.dependents is None:
                    f.dependents = []
                f.dependents.append(future)

    def _arguments_ready(self, future: Future[Any]) -> None:
        if future.id:
            self._enqueue(future)
        else:
            self._identify(future)

    def _identify(self, future: Future[Any]) -> None:
        """Give a task its id, now that it has its arguments, which decide it; an earlier one with the same id replaces it."""
        id = self._identity_of(future)
        first = self.tasks.setdefault(id, future)
        future.id = future.key = id
        if first is future:
            self._enqueue(future)
        else:
            self._end_like(future, first, first.order)

    def _identify_or_fail(self, future: Future[Any]) -> None:
        try:
            self._identify(future)
        except SimpleflowError as error:
            self._fail_to_start(future, error)

    def _fail_to_start(self, future: Future[Any], error: Exception) -> None:
        self.fail(future, TaskFailed(future.id or future.name, f"{type(error).__name__}: {error}"))

    def _identity_of(self, future: Future[Any]) -> str:
        """Return the id that the arguments of a task decide.

        Raises:
            DefinitionError: what the user's code returns cannot be one.
        """
        if future.task.is_named_by_arguments and self.suffix_of is not None:
            return commands.activity_id(future.name, self.suffix_of(future))
        return commands.activity_id(future.name, commands.call_digest(future.task, future.args, future.kwargs)[:32])

    def _enqueue(self, future: Future[Any]) -> None:
        """Queue the decision of a task whose arguments are available, or hold it back at a limit."""
        if self.ready or self.open >= self.open_limit:
            self.ready.append(future)
        else:
            self.open += 1
            future.stage = QUEUED
            self.queue.append(future)

    def _release(self) -> None:
        ready, self.ready = self.ready, TaskQueue()
        while ready and self.open < self.open_limit:
            future = ready.popleft()
            if future.stage != HELD:
                continue
            if not future.id:
                self._identify_or_fail(future)
                ready.extend(self.ready)
                self.ready.clear()
                continue
            self.open += 1
            future.stage = QUEUED
            self.queue.append(future)
        ready.extend(self.ready)
        self.ready = ready

    def resolve(self, future: Future[Any], value: Any, order: int, decode: bool = True) -> None:
        future.value, future.order, future.stage, future.decode = value, order, DONE, decode
        if future.watchers:
            for watcher in future.watchers:
                watcher.ended(future)
        if future.awaited:
            self.rouse(future)
        if future.dependents:
            dependents, future.dependents = future.dependents, None
            fault = fault_of(future)
            for dependent in dependents:
                dependent.missing -= 1
                if fault is not None and dependent.stage == HELD:
                    self.fail(dependent, TaskFailed(dependent.id or dependent.name, fault), order=order)
                elif not dependent.missing and dependent.stage == HELD:
                    self._queue_of(dependent).append(dependent)
        if future.followers:
            followers, future.followers = future.followers, None
            for follower in followers:
                if follower.stage < DONE:
                    self._end_like(follower, future, order)

    def settle(self, future: Future[Any], stage: int, error: BaseException, order: int | None = None) -> None:
        """End a task without a result, and with it those that need it, or are the same one.

        By a list of what is to be done, not by calls within calls: of a chain there may be more than Python's limit of those.
        """
        steps = self._settle_one(future, stage, error, order)
        while steps:
            what, task, first = steps.pop()
            if what is _Step.NOTE:
                self._note_failure(task, first)
            elif what is _Step.FAIL:
                if task.stage == HELD:
                    self._count_failure(task)
                    steps.append((_Step.NOTE, task, first))
                    steps += self._settle_one(task, FAILED, dependency_failure(task, first), first.order)
            elif task.stage < DONE:
                assert first.error is not None
                if self._is_raised_too(first):
                    steps.append((_Step.NOTE, task, first))
                steps += self._settle_one(task, first.stage, first.error, first.order)

    def _settle_one(
        self, future: Future[Any], stage: int, error: BaseException, order: int | None
    ) -> list[tuple[_Step, Future[Any], Future[Any]]]:
        """End a task; return what is to be done with others, the last one first."""
        future.stage, future.error, future.order = stage, error, self.next_id if order is None else order
        self._tell(error, future)
        if future.watchers:
            for watcher in future.watchers:
                watcher.ended(future)
        if future.awaited:
            self.rouse(future)
        dependents, followers = future.dependents or (), future.followers or ()
        future.dependents = future.followers = None
        steps = [(_Step.FOLLOW, follower, future) for follower in reversed(followers)]
        return steps + [(_Step.FAIL, dependent, future) for dependent in reversed(dependents)]

    def _tell(self, error: BaseException, future: Future[Any]) -> None:
        """Give a failure the task that it is one of."""
        if self.task_of is not None and isinstance(error, TaskFailed) and error.task is None:
            error.task = self.task_of(future)

    def fail(
        self, future: Future[Any], error: TaskFailed, dependency: Future[Any] | None = None, order: int | None = None
    ) -> None:
        """End a task without success. The failure is raised unless that of the task it depends on is."""
        self.settle(future, FAILED, error, order)
        self._count_failure(future)
        self._note_failure(future, dependency)

    def _count_failure(self, future: Future[Any]) -> None:
        if future.type == "ScheduleActivityTask":
            self.failed += 1

    def _note_failure(self, future: Future[Any], dependency: Future[Any] | None) -> None:
        """Have the failure of a task raised where the code waits, unless that of the task that it depends on is."""
        if future.raises and not (dependency is not None and self._is_raised(dependency)):
            self.failures.append(future)
            self.rouse_strand(self.failing_strand(future))

    def _is_raised(self, dependency: Future[Any]) -> bool:
        """Return whether what has become of a task is raised: not if it was cancelled, which the code has asked for itself.

        Runs begun with version 1 of the engine are told nothing of a task that needs a cancelled one.
        """
        return dependency.raises and (dependency.stage == FAILED or self.engine_version == 1)

    def _is_raised_too(self, first: Future[Any]) -> bool:
        """Return whether the end of a task may be raised for one that is the same; runs of version 1 raise it once."""
        return first.stage == FAILED and self.engine_version != 1

    def take_back(self, future: Future[Any]) -> None:
        """Raise the failure of a task no more that needed a cancelled one, and is cancelled itself now."""
        if isinstance(future.error, DependencyFailed) and future.error.was_cancelled and future in self.failures:
            self.failures.remove(future)

    def _end_like(self, future: Future[Any], other: Future[Any], order: int) -> None:
        """End a future as another one has ended, or will end.

        Raises:
            ReplayError: a result of the other's members cannot be read.
        """
        if other.stage == DONE:
            future.error = other.error  # of a group, beside its result
            if other.type == GROUP:  # which makes its result of those of its members
                self.resolve(future, self.decoded(other), order, decode=False)
            else:
                self.resolve(future, other.value, order, other.decode)
        elif other.stage > DONE:
            assert other.error is not None
            self.settle(future, other.stage, other.error, order)
            if self._is_raised_too(other):
                self._note_failure(future, other)
        else:
            future.stage = HELD
            if other.followers is None:
                other.followers = []
            other.followers.append(future)

    def _cancellation_of(self, future: Future[Any]) -> TaskFailed:
        """Return the error of a task that is cancelled before the service knows it."""
        return TaskCanceled(future.id or future.name)

    def _queue_of(self, future: Future[Any]) -> TaskQueue:
        """Return the queue in which a task waits for the next decision once its arguments are available."""
        return self.ready

    def _left(self, future: Future[Any]) -> None:
        """Count a task that is not open with the service any more."""
        self.open -= 1


def dependency_failure(future: Future[Any], dependency: Future[Any]) -> DependencyFailed:
    """Return the failure of a task that needs one which has ended without a result."""
    return DependencyFailed(future.id or future.name, dependency.id or dependency.name, dependency.stage == STOPPED)


def source_frame(frame: FrameType) -> FrameType:
    """Return the innermost frame outside the engine: the workflow's line for messages."""
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame
