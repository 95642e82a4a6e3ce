"""An activity task that a worker carries out: its deadlines, its heartbeats, and its cancellation."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

from ..masking import masked
from ..swf_service import ActivityTask
from ..tracebacks import text_of

logger = logging.getLogger(__name__)

Task = ActivityTask

LOOK_SECONDS = 0.2  #: between two looks at what is due


class RunningTask:
    """An activity task that this worker carries out."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.token: str = task["taskToken"]
        self.activity_id: str = task["activityId"]
        self.workflow_id: str = task["workflowExecution"]["workflowId"]
        self.run_id: str = task["workflowExecution"]["runId"]
        self.cancelled = threading.Event()
        self.over = False  # the service has ended the task: there is nothing to report
        self.on_cancel: list[Callable[[], None]] = []
        self.details: str | None = None  # of the body's last heartbeat
        self.has_slot = True  # of its list; False once another thread polls in its place
        self.beat_seconds = 1.0  # until its activity is known
        self.given_up_after: float | None = None  # seconds without a heartbeat after which the service ends the task
        self.started = self.last_beat = time.monotonic()
        self.last_try = 0.0  # of a heartbeat, delivered or not
        self.next_beat, self.ends_by = self.started + self.beat_seconds, float("inf")
        self.is_beating = threading.Lock()

    def limit(self, timeouts: Mapping[str, str], most_seconds: float) -> None:
        """Set how often to send heartbeats, and when the service will have ended the task, from the activity's timeouts."""
        self.beat_seconds = most_seconds
        heartbeat, whole = timeouts["heartbeatTimeout"], timeouts["startToCloseTimeout"]
        if heartbeat.isdigit() and int(heartbeat):
            self.beat_seconds = min(most_seconds, int(heartbeat) / 3)
            self.given_up_after = float(heartbeat)
        if whole.isdigit() and int(whole):
            self.ends_by = self.started + int(whole) + LOOK_SECONDS
        self.next_beat = self.started + self.beat_seconds

    def cancel(self) -> None:
        if self.cancelled.is_set():
            return
        self.cancelled.set()
        for call in list(self.on_cancel):
            try:
                call()
            except BaseException as error:  # the body's: neither the other hooks nor the caller's thread may go without
                name = f"{type(error).__name__}: {text_of(error)}"
                logger.warning("%s: a hook for its cancellation raised %s", self.activity_id, masked(name))

    def leave(self) -> None:
        """End the body without a report."""
        self.over = True
        self.cancel()
