"""A worker process: a :class:`.worker.Worker` until it is stopped."""

from __future__ import annotations

import threading
import time

from .worker import Worker

_LOOK_SECONDS = 0.1
_LAST_SECONDS = 5.0


class WorkerProcess:
    """Runs a worker until :meth:`stop`. Waiting polls are awaited: a task could be on its way to them."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
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
        """Run the worker until it is stopped.

        Raises:
            Exception: the error that ended a thread of the worker.
        """
        self.worker.start()
        while not self._stop.wait(_LOOK_SECONDS):
            if self.worker.failure is not None:
                raise self.worker.failure
        self.worker.stop()
        while not self._abandon.is_set():
            if self.worker.join(_LOOK_SECONDS):
                return
        self.worker.abandon()
        until = time.monotonic() + _LAST_SECONDS
        while self.worker.running() and time.monotonic() < until:  # processes and kernels take a moment to kill
            time.sleep(_LOOK_SECONDS / 5)
