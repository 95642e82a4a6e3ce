"""Workflows of one activity, which ends by itself or is cancelled, and a body that notes that it was."""

from __future__ import annotations

import threading
import time

from simpleflow_nb import Activity, Workflow, activity
from simpleflow_nb.activity_context import context
from simpleflow_nb.exceptions import ActivityCanceled

from . import isolated_bodies as bodies
from .manual_client import attributes

_PATIENCE_SECONDS = 300

CALLS: list[str] = []  #: what bodies noted; a test clears it first
AT_WORK = threading.Event()  #: set by `patient`


class One(Workflow):
    """One activity, and how it ended."""

    name = "worker.one"
    task: Activity = bodies.add

    def run(self, *args, **kwargs):
        future = self.submit(self.task, *args, **kwargs)
        error = future.exception
        return {"result": future.wait(), "error": None if error is None else str(error)}


@activity.with_attributes(name="worker.patient", raises_on_failure=False)
def patient(call):
    AT_WORK.set()
    until = time.monotonic() + _PATIENCE_SECONDS
    try:
        while time.monotonic() < until:
            getattr(context(), call)()
            time.sleep(0.01)
    except ActivityCanceled:
        CALLS.append("cleaned up")
        raise


class Cancelling(Workflow):
    name = "worker.cancelling"
    task: Activity = patient

    def run(self, *args):
        future = self.submit(self.task, *args)
        self.next_signal("cancel").result
        future.cancel()
        error = future.exception
        return [future.state, type(error).__name__, str(error)]


def ended_as(history, kind="ActivityTaskFailed"):
    """The attributes of the event with which the activity ended."""
    return next(attributes(event) for event in history if event["eventType"] == kind)
