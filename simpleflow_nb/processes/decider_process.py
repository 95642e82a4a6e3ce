"""A decider process: threads that poll for decision tasks, and one thread that replays."""

from __future__ import annotations

import gc
import logging
import os
import queue
import socket
import threading
import uuid

from ..exceptions import ServiceError
from ..service_faults import is_of_the_service, is_refused, refusal
from ..tracebacks import ended_by
from .backoff import Backoff
from .decider import Decider, Task
from .log_context import logged_as
from .poll_log import PollLog

logger = logging.getLogger(__name__)

STICKY_SECONDS = 10  #: a task that this process has not taken by then goes back to the common list
_LOOK_SECONDS = 0.1


def collect_rarely() -> None:
    """Run the garbage collector less often, in a process that only decides.

    A history is many small objects without cycles; collecting took some 7 % of the time of decisions without a cache.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class DeciderProcess:
    """Polls the workflows' list, and a list of its own for the next tasks of cached executions.

    If the service ignores such sticky lists (histories show it), only the first is polled; the cache still saves replays.

    Args:
        pollers: threads on the workflows' list; one more polls the process's own.
        sticky_seconds: how long a task may wait on the process's own list; 0 for no such list.
    """

    def __init__(self, decider: Decider, *, pollers: int = 2, sticky_seconds: int = STICKY_SECONDS) -> None:
        self.decider = decider
        self.failure: Exception | None = None  # of a poller that ended before it was stopped
        # A poller holds at most one task: tasks that cannot be decided soon are better left to another process.
        self._tasks: queue.Queue[tuple[Task, str, bool]] = queue.Queue(maxsize=1)
        self._stop, self._abandon = threading.Event(), threading.Event()
        self._threads = [self._thread(decider.task_list, whole=True, number=n) for n in range(pollers)]
        if sticky_seconds:
            own = f"{decider.task_list[:150]}~{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            decider.keep_on(own, sticky_seconds)
            self._threads.append(self._thread(own, whole=False, number=0))

    def _thread(self, task_list: str, *, whole: bool, number: int) -> threading.Thread:
        name = f"poller-{number}" if whole else "sticky-poller"
        return threading.Thread(target=self._keep_polling, args=(task_list, whole), name=name, daemon=True)

    def stop(self) -> None:
        """Take no new tasks and finish those that came; when called twice, stop at once.

        Not for signal handlers of the thread that is in :meth:`run`.
        """
        if self._stop.is_set():
            self._abandon.set()
        self._stop.set()

    def run(self) -> None:
        """Poll and decide until :meth:`stop`; waiting polls are awaited, because a task could be on its way to them.

        Raises:
            DefinitionError: the service refuses polls of the task list.
            ServiceError: the service cannot be used any more.
            Exception: a bug, in a thread that polls.
        """
        for thread in self._threads:
            thread.start()
        try:
            while not self._abandon.is_set():
                is_polling = any(thread.is_alive() for thread in self._threads)  # checked first: the last task may still come
                try:
                    task, task_list, whole = self._tasks.get(timeout=_LOOK_SECONDS)
                except queue.Empty:
                    if self.failure is not None:
                        raise self.failure from None
                    if self._stop.is_set() and not is_polling:
                        return
                    continue
                if self._stop.is_set():
                    self.decider.keep_on(None)  # hand the execution back to the common list
                self._decide(task, task_list, whole)
        finally:
            self.decider.cache.evict_all()

    def _decide(self, task: Task, task_list: str, whole: bool) -> None:
        execution = task["workflowExecution"]
        with logged_as(workflow_id=execution["workflowId"], run_id=execution["runId"]):
            try:
                self.decider.decide(task, task_list, whole=whole)
            except ServiceError:
                raise
            except Exception as error:  # any: the other executions must not wait for it
                if is_of_the_service(error):
                    logger.warning("the decision was not delivered, the service will ask again: %s", error)
                else:
                    logger.critical("neither decided nor parked: %s", error, exc_info=True)

    def _keep_polling(self, task_list: str, whole: bool) -> None:
        backoff, log = Backoff(self._stop), PollLog(logger, task_list)
        has_polled = False
        while not self._stop.is_set():
            if not whole and self.decider.sticky_list is None:
                return
            try:
                task: Task = self.decider.service.poll_for_decision_task(
                    domain=self.decider.domain,
                    taskList={"name": task_list},
                    identity=self.decider.identity,
                    startAtPreviousStartedEvent=not whole,
                )
            except BaseException as error:  # any: a poller that ended unnoticed would leave its list to nobody
                if type(error).__name__ == "ReadTimeoutError":
                    continue  # an empty poll whose answer did not arrive
                if not isinstance(error, Exception) or not is_of_the_service(error):
                    self.failure = ended_by(error)
                    return
                if is_refused(error) and not has_polled:  # the name is invalid: other polls would be refused too
                    self.failure = refusal(f"polls of {self.decider.task_list!r}", error)
                    return
                if not self._stop.is_set():
                    log.failed(error)
                backoff.wait()
                continue
            has_polled = True
            backoff.succeeded()
            log.succeeded()
            if task.get("taskToken"):
                self._tasks.put((task, task_list, whole))
