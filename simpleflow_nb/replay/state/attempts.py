"""Attempts at a task that ended without a result: what becomes of the task, retried with the same arguments or others."""

from __future__ import annotations

from typing import Any

from ...exceptions import DefinitionError, TaskCanceled, TaskFailed
from ...futures import HELD, STOPPED, Future
from ..calls import commands
from ..calls.arguments import taken, unfinished
from ..calls.failures import Verdict, VerdictKind
from .tasks import Tasks

MAX_LOSSES = 5  #: attempts in a row that end with their worker lost, before the task has failed


class Attempts(Tasks):
    """The tasks of an execution, each with the attempts at it."""

    __slots__ = ()

    def attempt_failed(self, future: Future[Any], error: TaskFailed, order: int, *, lost: bool = False) -> None:
        """Retry or fail a task after an attempt without a result; ``lost`` if the worker was lost, not the task's fault."""
        self._left(future)
        if future.cancelling or self.finished is not None:
            self.fail(future, error, order=order)
            return
        if lost and future.losses < MAX_LOSSES:
            future.losses += 1
            self.again(future)
            return
        future.losses = 0
        if self.judge is not None:  # at the next decision
            self._tell(error, future)
            self.judged.append((future, error, order))
        else:
            self._retry_or_fail(future, error, order)

    def judge_failure(self, future: Future[Any], error: TaskFailed, order: int) -> None:
        """Do with a failed attempt what the workflow's hook decides."""
        verdict = self.judge(future, error) if self.judge is not None else None
        if verdict is None:
            self._retry_or_fail(future, error, order)
        elif verdict.kind is VerdictKind.RETRY:
            future.failed_attempts += 1
            if verdict.ended is not None:
                self._end_like(future, verdict.ended, order)
            else:
                self._change_arguments(future, verdict)
                self._wait_and_retry(future, verdict.wait_seconds)
        elif verdict.kind is VerdictKind.CANCEL:
            self.settle(future, STOPPED, TaskCanceled(future.id), order)
        else:
            future.raises = verdict.kind is VerdictKind.ABORT
            self.fail(future, error, order=order)

    def _change_arguments(self, future: Future[Any], verdict: Verdict) -> None:
        """Give the retry of a task its arguments.

        Raises:
            DefinitionError: the result of a task is among them that has none.
            TypeError: one has no JSON form.
        """
        args, kwargs, _ = taken(verdict.args, dict(verdict.kwargs), future.name)
        for missing in unfinished((args, kwargs), future.name):
            raise DefinitionError(
                f"on_task_failure() gives the retry of {future.id} the result of {missing.id or missing.name}, "
                "which has none; give it values, or tasks that have succeeded"
            )
        future.args, future.kwargs = args, kwargs

    def _retry_or_fail(self, future: Future[Any], error: TaskFailed, order: int) -> None:
        future.failed_attempts += 1
        policy = future.task.retry
        if policy.allows(future.failed_attempts, error):
            self._wait_and_retry(future, policy.wait_seconds(future.failed_attempts, f"{self.run_id} {future.key}"))
        else:
            self.fail(future, error, order=order)

    def _wait_and_retry(self, future: Future[Any], wait_seconds: int) -> None:
        if wait_seconds:
            future.stage = HELD
            timer = self._timer(commands.retry_timer_id(future.id, future.attempt), wait_seconds)
            timer.task = future
            self.due.append(timer)
        else:
            self.again(future)

    def again(self, future: Future[Any]) -> None:
        future.attempt += 1
        future.key = commands.attempt_id(future.id, future.attempt)
        future.stage = HELD
        self._queue_of(future).append(future)
