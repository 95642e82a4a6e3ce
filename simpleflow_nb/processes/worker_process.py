"""A worker process: a :class:`.worker.Worker` until it is stopped, or has carried out its only task."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time

from ..exceptions import DefinitionError
from .running_task import Task
from .worker import Worker

_LOOK_SECONDS = 0.1
_LAST_SECONDS = 5.0


class WorkerProcess:
    """Runs a worker until :meth:`stop`. Waiting polls are awaited: a task could be on its way to them.

    Args:
        one_of: list of the only task that it carries out; None for all tasks of the worker's lists.
        task: that task, if it was polled already.
    """

    def __init__(self, worker: Worker, *, one_of: str | None = None, task: Task | None = None) -> None:
        self.worker, self._one_of, self._task = worker, one_of, task
        self._stop, self._abandon = threading.Event(), threading.Event()

    def stop(self) -> None:
        """Take no new tasks and finish those under way; when called twice, end the bodies under way.

        Bodies ended so are not reported: the service notices the missing heartbeats, and the task is retried.
        Not for signal handlers of the thread that is in :meth:`run`.
        """
        if self._stop.is_set():
            self._abandon.set()
        self._stop.set()

    def run(self) -> None:
        """Run the worker until it is stopped, or has carried out its only task.

        Raises:
            Exception: the error that ended a thread of the worker.
        """
        if self._one_of is None:
            self.worker.start()
        else:
            self.worker.start_one(self._one_of, self._task)
        while not self._stop.wait(_LOOK_SECONDS):
            is_done = self.worker.is_done()
            if self.worker.failure is not None:
                raise self.worker.failure
            if is_done:
                break
        self.worker.stop()
        while not self._abandon.is_set():
            if self.worker.join(_LOOK_SECONDS):
                return
        self.worker.abandon()
        until = time.monotonic() + _LAST_SECONDS
        while self.worker.running() and time.monotonic() < until:  # processes and kernels take a moment to kill
            time.sleep(_LOOK_SECONDS / 5)


def polled_task(text: str) -> Task:
    """Return the task in an answer to PollForActivityTask, given as JSON in base64.

    Raises:
        DefinitionError: it is something else.
    """
    try:
        task: Task = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        raise DefinitionError("the polled task is not JSON in base64") from None
    try:
        is_whole = all((task["taskToken"], task["activityId"], task["activityType"]["name"], task["activityType"]["version"]))
        is_whole = is_whole and bool(task["workflowExecution"]["workflowId"] and task["workflowExecution"]["runId"])
    except (KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise DefinitionError(
            "the polled task is no answer to PollForActivityTask with taskToken, activityId, activityType and workflowExecution"
        )
    return task
