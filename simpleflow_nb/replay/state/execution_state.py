"""The state of an execution by its history so far, and the matching of recorded decisions with those of the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ... import payload
from ...exceptions import NonDeterminismError
from ..calls import commands
from ..calls.commands import Queued
from ..calls.inputs import InputComparison
from ..protocol.events import HistoryEvent
from .signals import Signals

Event = HistoryEvent


class ExecutionState(Signals):
    """The state that events of the history change."""

    __slots__ = (
        "backoff_is_open",
        "cancel_order",
        "cancel_requested",
        "close_refused",
        "closed",
        "default_task_list",
        "input",
        "inputs",
        "parks",
        "split",
        "started_attributes",
        "streak",
        "wakes",
    )

    def __init__(
        self,
        program: Callable[[Any], Any],
        load: payload.Load | None,
        run_id: str,
        on_log: Callable[[str], None] | None,
    ) -> None:
        super().__init__(program, load, run_id, on_log)
        self.default_task_list = ""
        self.inputs = InputComparison()
        self.input: str | None = None
        self.started_attributes: Mapping[str, Any] = {}
        self.close_refused: Queued | None = None
        self.closed = self.cancel_requested = self.backoff_is_open = False
        self.cancel_order = 0  # id of the event of the last request to cancel the run
        self.split = self.wakes = self.streak = self.parks = 0

    def parent_ids(self) -> tuple[str, str | None] | None:
        parent = self.started_attributes.get("parentWorkflowExecution")
        return (parent["workflowId"], parent["runId"]) if parent else None

    def recorded(self, event: Event, kind: str, key: str | None, refused: bool = False) -> Queued:
        """Match a recorded decision: it must be the oldest one not recorded yet."""
        queue = self.queue
        command = None
        if queue:
            command = queue.popleft()
            if command.key == key and command.type == kind:
                return command
        had = (f"{kind}({key})" if key else kind) + (" refused" if refused else "")
        raise self.difference(event, had, command)

    def difference(self, event: Event | None, had: str, command: Queued | None) -> NonDeterminismError:
        """Return the error for a decision that differs; its cause is the exception of run(), if there is one."""
        error = NonDeterminismError(event["eventId"] if event else None, had, commands.described(command))
        error.__cause__ = self.error
        return error
