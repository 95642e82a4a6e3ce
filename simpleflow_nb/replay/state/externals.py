"""Signals and requests to cancel that a run sends to other executions.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_SignalExternalWorkflowExecutionDecisionAttributes.html
"""

from __future__ import annotations

import sys
from typing import Any

from ...futures import HELD, QUEUED, Future
from .shared_results import SharedResults
from .tasks import source_frame

SIGNAL_EXTERNAL = "SignalExternalWorkflowExecution"
CANCEL_EXTERNAL = "RequestCancelExternalWorkflowExecution"
EXTERNAL = frozenset({SIGNAL_EXTERNAL, CANCEL_EXTERNAL})


class Externals(SharedResults):
    """Requests of a run to other executions; each is a future that ends when the service has passed it on."""

    __slots__ = ()

    def signal_execution(
        self, name: str, text: str | None, workflow_id: str, run_id: str | None = None, control: str | None = None
    ) -> Future[None]:
        """Send a signal. The future fails with the cause of SWF, such as ``UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION``."""
        future = self.signaling(name, text, workflow_id, run_id, control)
        future.raises = True
        self._send(future)
        return future

    def cancel_execution(self, workflow_id: str, run_id: str | None = None) -> Future[None]:
        """Request the cancellation of an execution."""
        future = self.canceling(workflow_id, run_id)
        self._send(future)
        return future

    def cancel(self, future: Future[Any]) -> None:
        if future.type not in EXTERNAL:
            super().cancel(future)  # else: what has been sent is not taken back

    def refuse(self, future: Future[Any], cause: str) -> None:
        """Keep what a quota refused until the backoff timer has fired."""
        future.stage = HELD
        self.refused.append(future)

    def try_again(self) -> None:
        again = list(self.refused)
        self.refused.clear()
        for future in reversed(again):
            if future.type not in EXTERNAL:
                self._queue_of(future).extendleft((future,))
        for future in again:
            if future.type in EXTERNAL:
                future.stage = QUEUED
                self.due.append(future)

    def signaling(
        self, name: str, text: str | None, workflow_id: str, run_id: str | None, control: str | None = None
    ) -> Future[None]:
        """Return a signal that is not sent yet."""
        future = self._external(SIGNAL_EXTERNAL, "signal", name)
        future.key = signal_key(name, workflow_id)
        future.args = (workflow_id, run_id, text, control)
        return future

    def canceling(self, workflow_id: str, run_id: str | None) -> Future[None]:
        """Return a request to cancel that is not sent yet."""
        future = self._external(CANCEL_EXTERNAL, "cancel", workflow_id)
        future.key, future.args = workflow_id, (run_id,)
        return future

    def _external(self, kind: str, word: str, name: str) -> Future[None]:
        n = self.counters[kind] = self.counters.get(kind, 0) + 1
        future: Future[None] = Future(self, kind, f"{word}-{name}-{n}", name)
        future.stage, future.strand = QUEUED, self.submitter()
        return future

    def _send(self, future: Future[None]) -> None:
        if self.dead:
            self.block(())
        frame = source_frame(sys._getframe(2))
        future.code, future.lasti = frame.f_code, frame.f_lasti
        self.queue.append(future)


def signal_key(name: str, workflow_id: str) -> str:
    """Return the name under which a signal to an execution is compared with the history."""
    return f"{name} to {workflow_id}"
