"""The worker: polls activity tasks, runs their bodies, sends heartbeats, reports results."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from .. import payload
from ..activity import Activity
from ..activity_context import ActivityContext, set_context
from ..constants import MAX_HEARTBEAT_DETAILS_CHARACTERS, MAX_REASON_CHARACTERS
from ..exceptions import ActivityCanceled, DefinitionError, ServiceError
from ..masking import masked
from ..service_faults import UNKNOWN_RESOURCE, fault_code, is_of_the_service, is_passing, is_refused, is_throttled, refusal
from ..swf_service import SwfService
from ..tracebacks import ended_by, text_of
from .activity_bodies import declaring_module, failure_details, failure_of, find_activity, result_text
from .backoff import Backoff
from .checkpoints import last_details, with_progress
from .isolated_call import IsolatedCall
from .log_context import logged_as
from .middlewares import NONE, Middlewares
from .payload_directory import MemoryPayloads, Payloads, kept
from .poll_log import PollLog
from .process_groups import ProcessGroups
from .process_title import process_identity
from .running_task import LOOK_SECONDS, RunningTask, Task

logger = logging.getLogger(__name__)

_MOST_BEATS_APART_SECONDS = 30.0


class Worker:
    """Threads that carry out the tasks of some task lists.

    Args:
        service: anything with boto3's SWF calls.
        task_lists: name of each list, and the number of its tasks run at once.
        beat_seconds: longest time between two heartbeats of a task; a third of its heartbeat timeout if that is less. A task
            whose heartbeats do not reach the service for a whole timeout is given up: another worker has it by then.
        process_groups: records the processes that bodies start.
        imports: whether the module that declares a task's activity may be imported. False if all activities of the worker
            are imported already, so that the scheduler of a task cannot choose a module.
        bodies: replacements of the activities with these names.
        middlewares: called before and after each body, in its process.

    Raises:
        DefinitionError: a middleware cannot be imported.
    """

    def __init__(
        self,
        service: SwfService,
        domain: str,
        task_lists: Mapping[str, int],
        *,
        payloads: Payloads | None = None,
        beat_seconds: float = _MOST_BEATS_APART_SECONDS,
        process_groups: ProcessGroups | None = None,
        imports: bool = True,
        bodies: Mapping[str, Activity[Any, Any]] | None = None,
        middlewares: Middlewares = NONE,
    ) -> None:
        self.service, self.domain, self.task_lists = service, domain, dict(task_lists)
        middlewares.check()
        self.middlewares = middlewares
        self.payloads = payloads or MemoryPayloads()
        self.beat_seconds, self.imports = beat_seconds, imports
        self.bodies = bodies or {}
        self.process_groups = process_groups or ProcessGroups()
        self.identity = process_identity()
        self.failure: Exception | None = None  # of a thread that ended before it was stopped
        self._running: dict[str, RunningTask] = {}
        self._lock = threading.Lock()
        self._stop, self._abandon = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._heart: threading.Thread | None = None
        self._takes_one = False

    def start(self) -> None:
        for name, slots in self.task_lists.items():
            for slot in range(slots):
                self._poll(name, f"{name}-{slot + 1}")
        self._beat_from_now()

    def start_one(self, task_list: str, task: Task | None = None) -> None:
        """Carry out one task instead of :meth:`start`: the given one, or the next of a list. :meth:`is_done` tells the end."""
        self._takes_one = True
        self._poll(task_list, f"{task_list}-1", task)
        self._beat_from_now()

    def is_done(self) -> bool:
        """Tell whether nothing polls or is carried out any more, after the start."""
        return not any(thread.is_alive() for thread in self._threads)

    def _beat_from_now(self) -> None:
        self._heart = threading.Thread(target=self._beat_on, name="heartbeats", daemon=True)
        self._heart.start()

    def _poll(self, task_list: str, name: str, task: Task | None = None) -> None:
        thread = threading.Thread(target=self._work, args=(task_list, task), name=name, daemon=True)
        thread.start()
        with self._lock:
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]

    def stop(self) -> None:
        """Take no more tasks. Tasks under way go on; :meth:`join` waits for them."""
        self._stop.set()

    def cancel_all(self) -> None:
        """Cancel all bodies under way; processes and kernels are killed."""
        for running in self.running():
            running.cancel()

    def abandon(self) -> None:
        """End all bodies under way without a report: their tasks time out, and are retried elsewhere."""
        self._stop.set()
        self._abandon.set()
        for running in self.running():
            running.leave()

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Wait for all threads; return whether they have ended in time."""
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        threads = self._threads if self._heart is None else [*self._threads, self._heart]
        for thread in threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def running(self) -> list[RunningTask]:
        with self._lock:
            return list(self._running.values())

    # ---- one task ------------------------------------------------------------------------------------------------------------

    def _work(self, task_list: str, task: Task | None = None) -> None:
        try:
            if task is not None:
                self.work_on(task, task_list)
            else:
                self._take_tasks(task_list)
        except BaseException as error:  # any: a thread that ended unnoticed would leave its list to nobody
            self._end(f"worker on {task_list!r}", error)

    def _take_tasks(self, task_list: str) -> None:
        """Carry out tasks until the worker is stopped.

        Raises:
            DefinitionError: the service refuses polls of the list.
            ServiceError: the service cannot be used any more.
            Exception: a bug.
        """
        backoff, log = Backoff(self._stop), PollLog(logger, task_list)
        has_polled = False
        while not self._stop.is_set():
            try:
                task = self._polled(task_list, has_polled)
                has_polled = True
                backoff.succeeded()
                log.succeeded()
                if task.get("taskToken") and (not self.work_on(task, task_list) or self._takes_one):
                    return
            except (DefinitionError, ServiceError):
                raise
            except Exception as error:
                if type(error).__name__ == "ReadTimeoutError":
                    continue  # an empty poll whose answer did not arrive
                if not is_of_the_service(error):
                    raise
                if not self._stop.is_set():
                    log.failed(error)
                backoff.wait()

    def _polled(self, task_list: str, has_polled: bool) -> Task:
        """Poll for a task.

        Raises:
            DefinitionError: the first poll of a list was refused: its name is invalid, and other polls would be refused too.
            Exception: of the service.
        """
        try:
            task: Task = self.service.poll_for_activity_task(
                domain=self.domain, taskList={"name": task_list}, identity=self.identity
            )
        except Exception as error:
            if is_refused(error) and not has_polled:
                raise refusal(f"polls of {task_list!r}", error) from error
            raise
        return task

    def _end(self, thread: str, error: BaseException) -> None:
        """Note that a thread ends before its time, for the owner, who ends the worker."""
        expected = isinstance(error, ServiceError)
        if self._stop.is_set():
            if not expected:  # nobody looks at `failure` any more
                logger.error("%s: %s", thread, error, exc_info=True)
            return
        self.failure = ended_by(error)
        level = logging.ERROR if expected else logging.DEBUG  # others are raised from `failure`
        logger.log(level, "%s stops: %s", thread, error, exc_info=not expected)

    def work_on(self, task: Task, task_list: str = "") -> bool:
        """Run the body of a task and report its result. Return False if another thread has taken this one's place meanwhile.

        Raises:
            ServiceError: the service cannot be used any more.
            Exception: the service refuses any report of this worker.
        """
        running = RunningTask(task)
        with logged_as(workflow_id=running.workflow_id, run_id=running.run_id, activity_id=running.activity_id):
            with self._lock:
                self._running[running.token] = running
            try:
                if self._abandon.is_set():  # set since the poll returned
                    return True
                how, answer = self._carry_out(running, task_list)
                logger.info("%s after %.3f s", how, time.monotonic() - running.started)
                self._respond(running, how, **answer)
            finally:
                with self._lock:
                    self._running.pop(running.token, None)
        return running.has_slot

    def _give_slot(self, running: RunningTask, task_list: str) -> None:
        """Let another thread poll in the place of the one that carries this task out, which ends with it."""
        if running.has_slot and not self._stop.is_set() and not self._takes_one:
            running.has_slot = False
            self._poll(task_list, threading.current_thread().name)

    def _carry_out(self, running: RunningTask, task_list: str) -> tuple[str, dict[str, Any]]:
        """Run the body; return how the task ended, and the arguments of the report. The task stays under way until reported."""
        try:
            arguments = payload.decode_input(running.task.get("input"), self.payloads.load) or {}
        except Exception as error:
            reason, details = failure_of(error)
            return "failed", {"reason": reason, "details": details}
        try:
            # heartbeats are sent while its module is imported
            name = running.task["activityType"]["name"]
            body = self.bodies.get(name) or find_activity(name, declaring_module(arguments), imports=self.imports)
        except LookupError as error:
            logger.warning("cannot be carried out: %s", error)
            reason = payload.whole_characters(masked(str(error)))
            return "failed", {"reason": reason[:MAX_REASON_CHARACTERS], "details": failure_details(error, reason)}
        running.limit(body.timeouts, self.beat_seconds)
        logger.info("started")
        context = self._context(running, task_list)
        set_context(context)
        try:
            args, kwargs = arguments.get("args", []), arguments.get("kwargs", {})
            context.input = {"args": args, "kwargs": kwargs, **({"meta": meta} if (meta := arguments.get("meta")) else {})}
            if body.isolation == "process":
                self._beat(running)  # its start must be durable before there is a process that can outlive this one
                text = IsolatedCall(body, running.task, args, kwargs, context, self.process_groups, self.middlewares).text()
            else:
                text = result_text(body, context, args, kwargs, self.middlewares)
            return "completed", {"result": kept(text, self.payloads)}
        except ActivityCanceled as error:
            return "canceled", {"details": payload.shortened(masked(str(error)))}
        except BaseException as error:  # whatever a body raises must not end the worker's thread, which takes no signals
            if running.cancelled.is_set():
                return "canceled", {"details": payload.shortened(masked(text_of(error)))}
            reason, details = failure_of(error)
            return "failed", {"reason": reason, "details": with_progress(details, running.details)}
        finally:
            set_context(None)

    def _context(self, running: RunningTask, task_list: str) -> ActivityContext:
        task = running.task
        return ActivityContext(
            domain=self.domain,
            workflow_id=running.workflow_id,
            run_id=task["workflowExecution"]["runId"],
            activity_id=running.activity_id,
            name=task["activityType"]["name"],
            version=task["activityType"]["version"],
            task_list=task_list,
            service=self.service,
            beat=lambda details: self._note_progress(running, details),
            cancel_requested=running.cancelled.is_set,
            stop_requested=self._stop.is_set,
            give_slot=lambda: self._give_slot(running, task_list),
            payloads=self.payloads,
            process_groups=self.process_groups,
            on_cancel=running.on_cancel,
            find_last_details=lambda: last_details(self.service, self.domain, task["workflowExecution"], running.activity_id),
        )

    def _respond(self, running: RunningTask, how: str, **body: Any) -> None:
        """Report a result, with retries until the service has it, or has ended the task; heartbeats go on meanwhile."""
        backoff = Backoff(self._abandon)
        while not running.over:
            body = {key: value for key, value in body.items() if value is not None}
            try:
                getattr(self.service, f"respond_activity_task_{how}")(taskToken=running.token, **body)
                return
            except Exception as error:
                if fault_code(error) == UNKNOWN_RESOURCE:
                    logger.info("its end came too late: %s", error)
                    return
                if is_refused(error) and how != "failed":
                    how, body = "failed", dict(zip(("reason", "details"), failure_of(error), strict=True))
                    continue
                if not is_passing(error):
                    raise
                logger.warning("its end is not reported yet: %s", error)
                backoff.wait()
        logger.info("was over before it ended here")

    # ---- heartbeats ----------------------------------------------------------------------------------------------------------

    def _beat_on(self) -> None:
        try:
            self._keep_beating()
        except BaseException as error:  # without heartbeats, every task would time out while its body goes on
            self._end("the heartbeats", error)

    def _keep_beating(self) -> None:
        while not self._abandon.is_set() and (not self._stop.is_set() or any(thread.is_alive() for thread in self._threads)):
            now = time.monotonic()
            for running in self.running():
                if min(running.next_beat, running.ends_by) > now or running.over:
                    continue
                if now >= running.ends_by:
                    running.ends_by = float("inf")  # checked once: the timeout on the service may be longer
                # a heartbeat that hangs must not delay the others
                threading.Thread(target=self._beat, args=(running,), name="heartbeat", daemon=True).start()
            if self._stop.is_set():
                self._abandon.wait(LOOK_SECONDS / 10)  # stopping a worker waits for this thread too
            else:
                self._stop.wait(LOOK_SECONDS)

    def _note_progress(self, running: RunningTask, details: str | None) -> None:
        """Send a heartbeat of the body; details in quick succession are left to the next one that is due."""
        if details is not None:
            running.details = payload.whole_characters(details)[:MAX_HEARTBEAT_DETAILS_CHARACTERS]
        apart = min(running.beat_seconds, max(1.0, running.beat_seconds / 6))
        if time.monotonic() - running.last_try >= apart:
            self._beat(running)
        else:
            running.next_beat = min(running.next_beat, running.last_try + apart)

    def _beat(self, running: RunningTask) -> None:
        """Send a heartbeat, and learn whether the task was cancelled; a failed call is retried soon."""
        if running.over or not running.is_beating.acquire(blocking=False):
            return
        try:
            now = running.last_try = time.monotonic()
            body = (
                {"details": running.details} if running.details is not None else {}
            )  # a heartbeat without details would clear them
            try:
                answer = self.service.record_activity_task_heartbeat(taskToken=running.token, **body)
            except Exception as error:
                self._beat_failed(running, error)
                return
            running.last_beat, running.next_beat = now, now + running.beat_seconds
            if answer.get("cancelRequested"):
                running.cancel()
        finally:
            running.is_beating.release()

    def _beat_failed(self, running: RunningTask, error: Exception) -> None:
        with logged_as(workflow_id=running.workflow_id, run_id=running.run_id, activity_id=running.activity_id):
            if fault_code(error) == UNKNOWN_RESOURCE or isinstance(error, ServiceError):
                logger.info("is over on the service: %s", error)  # timed out, the execution is closed, no service
                running.leave()
                return
            now = time.monotonic()
            if running.given_up_after is not None and now - running.last_beat >= running.given_up_after:
                logger.warning("given up: its heartbeats have not reached the service for %d s", running.given_up_after)
                running.leave()
                return
            wait = running.beat_seconds if is_throttled(error) else min(running.beat_seconds, 5.0)
            running.next_beat = now + random.uniform(wait / 2, wait)
            logger.warning("heartbeat failed: %s", error)
