"""A decider process: threads that wait for decision tasks, and the one thread that replays."""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import uuid
from typing import Any

from .backoff import Backoff
from .decider import Decider, Task
from .faults import is_passing

logger = logging.getLogger(__name__)

STICKY_SECONDS = 10  #: a task that this process has not taken by then goes back to everybody's list
_IDLE_SECONDS = 0.2


class DeciderProcess:
    """Polls the execution's list and a list of this process's own, where the next tasks of remembered runs are sent.

    Where the service ignores such lists (its histories tell), only the first is polled and what is remembered still saves
    the replay.

    Args:
        pollers: threads on the execution's list; one more waits on the process's own.
    """

    def __init__(self, decider: Decider, *, pollers: int = 2, sticky: bool = True) -> None:
        self.decider = decider
        self._tasks: queue.Queue[tuple[Task, str]] = queue.Queue()
        self._stop = threading.Event()
        self._abandon = threading.Event()
        self._threads = [self._thread(decider.task_list, whole=True, number=n) for n in range(pollers)]
        if sticky:
            own = f"{decider.task_list[:150]}~{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            decider.keep_on(own, STICKY_SECONDS)
            self._threads.append(self._thread(own, whole=False, number=0))

    def _thread(self, task_list: str, *, whole: bool, number: int) -> threading.Thread:
        name = f"poller-{number}" if whole else "sticky-poller"
        return threading.Thread(target=self._poll, args=(task_list, whole), name=name, daemon=True)

    def stop(self) -> None:
        """Once: take no new tasks, finish those that came. Twice: leave everything as it is."""
        if self._stop.is_set():
            self._abandon.set()
        self._stop.set()

    def run(self) -> None:
        """Until :meth:`stop`; polls that wait are waited for, because a task could be on its way to them."""
        for thread in self._threads:
            thread.start()
        try:
            while not self._abandon.is_set():
                try:
                    task, task_list = self._tasks.get(timeout=_IDLE_SECONDS)
                except queue.Empty:
                    if self._stop.is_set() and not any(thread.is_alive() for thread in self._threads):
                        return
                    continue
                if self._stop.is_set():
                    self.decider.keep_on(None)  # hand the execution back to everybody's list
                self._decide(task, task_list)
        finally:
            self.decider.evict_all()

    def _decide(self, task: Task, task_list: str) -> None:
        try:
            self.decider.decide(task, task_list)
        except Exception as error:
            if not is_passing(error):
                raise
            logger.warning("%s: the decision was not delivered: %s", task["workflowExecution"]["workflowId"], error)

    def _poll(self, task_list: str, whole: bool) -> None:
        backoff = Backoff(self._stop)
        while not self._stop.is_set():
            if not whole and self.decider.sticky_list is None:
                return
            try:
                task: dict[str, Any] = self.decider.service.poll_for_decision_task(
                    domain=self.decider.domain,
                    taskList={"name": task_list},
                    identity=self.decider.identity,
                    startAtPreviousStartedEvent=not whole,
                )
            except Exception as error:
                if type(error).__name__ == "ReadTimeoutError":
                    continue  # an empty poll whose answer was lost
                if not is_passing(error) and not self._stop.is_set():
                    logger.error("poll of %r failed: %s", task_list, error)
                backoff.wait()
                continue
            backoff.succeeded()
            if task.get("taskToken"):
                self._tasks.put((task, task_list))
