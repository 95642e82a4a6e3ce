"""The worker: takes activity tasks, runs their bodies, beats their hearts, reports how they ended."""

from __future__ import annotations

import importlib
import json
import logging
import os
import socket
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from .. import activity as activities
from .. import payload
from ..activity import Activity
from ..activity_context import ActivityContext, set_context
from ..constants import MAX_HEARTBEAT_DETAILS_CHARACTERS, MAX_REASON_CHARACTERS
from ..exceptions import ActivityCanceled, ServiceError, TaskFailed
from .backoff import Backoff
from .faults import UNKNOWN_RESOURCE, fault_code, is_passing
from .isolated_call import IsolatedCall
from .payload_directory import MemoryPayloads, Payloads, kept
from .process_groups import ProcessGroups

logger = logging.getLogger(__name__)

Task = dict[str, Any]

_MOST_BEATS_APART_SECONDS = 30.0


class Running:
    """One activity task in this worker's hands."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.token: str = task["taskToken"]
        self.activity_id: str = task["activityId"]
        self.workflow_id: str = task["workflowExecution"]["workflowId"]
        self.cancelled = threading.Event()
        self.over = False  # the service has ended the task: nothing is left to report
        self.on_cancel: list[Callable[[], None]] = []
        self.beat_seconds = _MOST_BEATS_APART_SECONDS
        self.next_beat = 0.0

    def cancel(self) -> None:
        if self.cancelled.is_set():
            return
        self.cancelled.set()
        for call in list(self.on_cancel):
            call()


class Worker:
    """Threads that work on the tasks of some task lists.

    Args:
        service: anything with boto3's SWF calls.
        task_lists: name of each list, and how many of its tasks run at once.
        beat_seconds: longest time between two heartbeats of a task; a third of its heartbeat timeout when that is less.
        process_groups: notes the processes that bodies start.
    """

    def __init__(
        self,
        service: Any,
        domain: str,
        task_lists: Mapping[str, int],
        *,
        payloads: Payloads | None = None,
        beat_seconds: float = _MOST_BEATS_APART_SECONDS,
        process_groups: ProcessGroups | None = None,
    ) -> None:
        self.service, self.domain, self.task_lists = service, domain, dict(task_lists)
        self.payloads = payloads or MemoryPayloads()
        self.beat_seconds = beat_seconds
        self.process_groups = process_groups or ProcessGroups()
        self.identity = json.dumps({"hostname": socket.gethostname(), "pid": os.getpid()})
        self.failure: BaseException | None = None  # why a thread has ended before it was told to
        self._running: dict[str, Running] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._heart: threading.Thread | None = None

    def start(self) -> None:
        for name, slots in self.task_lists.items():
            for slot in range(slots):
                thread = threading.Thread(target=self._work, args=(name,), name=f"{name}-{slot + 1}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._heart = threading.Thread(target=self._beat, name="heartbeats", daemon=True)
        self._heart.start()

    def stop(self) -> None:
        """Take no more tasks. Those under way go on; :meth:`join` waits for them."""
        self._stop.set()

    def cancel_all(self) -> None:
        """Ask every body under way to end; processes and kernels are killed."""
        for running in self.running():
            running.cancel()

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Whether all threads have ended in that time."""
        for thread in self._threads:
            thread.join(timeout_seconds)
        if self._heart is not None:
            self._heart.join(timeout_seconds)
        return not any(thread.is_alive() for thread in self._threads)

    def running(self) -> list[Running]:
        with self._lock:
            return list(self._running.values())

    # ---- one task ------------------------------------------------------------------------------------------------------------

    def _work(self, task_list: str) -> None:
        backoff = Backoff(self._stop)
        while not self._stop.is_set():
            try:
                task = self.service.poll_for_activity_task(
                    domain=self.domain, taskList={"name": task_list}, identity=self.identity
                )
                backoff.succeeded()
                if task.get("taskToken"):
                    self.work_on(task, task_list)
            except Exception as error:
                if is_passing(error):
                    if type(error).__name__ != "ReadTimeoutError":  # that one is an empty poll whose answer was lost
                        logger.warning("worker on %r: %s", task_list, error)
                        backoff.wait()
                    continue
                if not self._stop.is_set():
                    self.failure = error
                    level = logging.ERROR if isinstance(error, ServiceError) else logging.CRITICAL
                    logger.log(level, "worker on %r stops: %s", task_list, error, exc_info=not isinstance(error, ServiceError))
                return

    def work_on(self, task: Task, task_list: str = "") -> None:
        """Run the body of one task and report its end."""
        running = Running(task)
        name = task["activityType"]["name"]
        try:
            body = find_activity(name)
        except LookupError as error:
            self._respond(running, "failed", reason=str(error)[:MAX_REASON_CHARACTERS], details=_details(error, str(error)))
            return
        timeout = body.timeouts["heartbeatTimeout"]
        if timeout.isdigit() and int(timeout):
            running.beat_seconds = min(self.beat_seconds, int(timeout) / 3)
        else:
            running.beat_seconds = self.beat_seconds
        context = self._context(running, task_list)
        with self._lock:
            self._running[running.token] = running
        set_context(context)
        try:
            arguments = payload.decode(task.get("input"), self.payloads.load) or {}
            args, kwargs = arguments.get("args", []), arguments.get("kwargs", {})
            if body.isolation == "process":
                self._heartbeat(running, None)  # its start must be durable before a process exists that can outlive us
                text = IsolatedCall(body, task, args, kwargs, context, self.process_groups).text()
            else:
                text = payload.encode(_run(body, context, args, kwargs))
            if running.cancelled.is_set() and running.over:
                return
            self._respond(running, "completed", result=kept(text, self.payloads))
        except ActivityCanceled as error:
            self._respond(running, "canceled", details=str(error))
        except Exception as error:
            if running.cancelled.is_set():
                self._respond(running, "canceled", details=str(error)[:MAX_REASON_CHARACTERS])
            else:
                reason, details = failure_of(error)
                self._respond(running, "failed", reason=reason, details=details)
        finally:
            set_context(None)
            with self._lock:
                self._running.pop(running.token, None)

    def _context(self, running: Running, task_list: str) -> ActivityContext:
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
            beat=lambda details: self._heartbeat(running, details),
            cancel_requested=running.cancelled.is_set,
            process_groups=self.process_groups,
            on_cancel=running.on_cancel,
        )

    def _respond(self, running: Running, how: str, **body: Any) -> None:
        if running.over:
            logger.info("%s %s: was over before it ended here", running.workflow_id, running.activity_id)
            return
        body = {key: value for key, value in body.items() if value is not None}
        try:
            getattr(self.service, f"respond_activity_task_{how}")(taskToken=running.token, **body)
        except Exception as error:
            if fault_code(error) != UNKNOWN_RESOURCE:
                raise
            logger.info("%s %s: its end came too late: %s", running.workflow_id, running.activity_id, error)

    # ---- heartbeats ----------------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        while not self._stop.wait(min(self.beat_seconds, 1.0)) or self.running():
            for running in self.running():
                running.next_beat -= min(self.beat_seconds, 1.0)
                if running.next_beat > 0 or running.over:
                    continue
                running.next_beat = running.beat_seconds
                try:
                    self._heartbeat(running, None)
                except Exception as error:
                    logger.warning("%s %s: heartbeat failed: %s", running.workflow_id, running.activity_id, error)
            if self._stop.is_set() and not any(thread.is_alive() for thread in self._threads):
                return

    def _heartbeat(self, running: Running, details: str | None) -> None:
        body = {"details": details[:MAX_HEARTBEAT_DETAILS_CHARACTERS]} if details is not None else {}
        try:
            answer = self.service.record_activity_task_heartbeat(taskToken=running.token, **body)
        except Exception as error:
            if fault_code(error) != UNKNOWN_RESOURCE:
                raise
            running.over = True  # timed out, or the execution is closed
            running.cancel()
            return
        if answer.get("cancelRequested"):
            running.cancel()


def find_activity(name: str) -> Activity[Any, Any]:
    """The activity of that type name: one that is imported already, else by importing the module that the name says.

    Raises:
        LookupError: there is none; one sentence says why.
    """
    known = activities.registered(name)
    if known is not None:
        return known
    module_name, _, function = name.rpartition(".")
    if not module_name:
        raise LookupError(f"activity {name!r} is not known to this worker, and its name says no module to import")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise LookupError(f"activity {name}: {module_name} cannot be imported: {type(error).__name__}: {error}") from error
    found = getattr(module, function, None)
    if not isinstance(found, Activity) or found.callable is None:
        what = "there is no such function" if found is None else "it is not an @activity"
        raise LookupError(f"activity {name}: {what} in {module_name}")
    return found


def failure_of(error: BaseException) -> tuple[str, str]:
    """Reason and details of RespondActivityTaskFailed for an exception: ``ValueError: nope``, and JSON with the traceback."""
    if isinstance(error, TaskFailed) and error.reason:
        return error.reason[:MAX_REASON_CHARACTERS], error.details or ""
    reason = f"{type(error).__name__}: {error}"
    return reason[:MAX_REASON_CHARACTERS], _details(error, reason)


def _details(error: BaseException, reason: str) -> str:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    body = {"error": reason, "error_type": type(error).__name__, "message": str(error), "traceback": lines}
    text = payload.encode(body)
    if payload.is_too_long(text):
        body |= {"error": reason[:2_000], "message": str(error)[:2_000]}
        body["traceback"] = [(payload.shortened("".join(lines), 8_000) or "")]
        text = payload.encode(body)
    return text


def _run(body: Activity[Any, Any], context: ActivityContext, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if body.add_context_in_kwargs:
        kwargs = {**kwargs, "context": context}
    return body.execute(*args, **kwargs)
