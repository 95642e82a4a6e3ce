"""The state of an execution by its history so far, and the matching of recorded decisions with those of the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ... import payload
from ...exceptions import DefinitionError, NonDeterminismError
from ..calls import commands
from ..calls.commands import Command, Queued
from ..calls.inputs import InputComparison
from ..protocol.events import HistoryEvent
from .signals import Signals

Event = HistoryEvent

_CONTINUE = "ContinueAsNewWorkflowExecution"
_UNHANDLED = "UNHANDLED_DECISION"  # events have arrived meanwhile: the next decision has seen them


class ExecutionState(Signals):
    """The state that events of the history change."""

    __slots__ = (
        "backoff_is_open",
        "cancel_order",
        "cancel_requested",
        "close_refused",
        "close_waits",
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
        self.close_waits = False  # until the backoff timer has fired
        self.closed = self.cancel_requested = self.backoff_is_open = False
        self.cancel_order = 0  # id of the event of the last request to cancel the run
        self.split = self.wakes = self.streak = self.parks = 0

    def refuse_close(self, command: Queued, cause: str) -> None:
        """Keep the end of the run, which was refused, for the next decision, or until the backoff timer has fired.

        A continuation as new that will be refused again, such as one to a version that is not registered, is a failure.
        https://docs.aws.amazon.com/amazonswf/latest/apireference/API_ContinueAsNewWorkflowExecutionFailedEventAttributes.html
        """
        self.close_refused = command
        if cause == _UNHANDLED or self.engine_version == 1:
            return
        if isinstance(command, Command) and command.type == _CONTINUE and not cause.endswith("_EXCEEDED"):
            name = self.started_attributes.get("workflowType", {}).get("name")
            version = command.attributes.get("workflowTypeVersion")
            goal = f"{name!r}" if version is None else f"version {version!r} of {name!r}"
            self._fail_run(DefinitionError(f"the run cannot continue as new, {goal}: {cause}"))
            self.close_refused = self.finished
        else:
            self.close_waits = True

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
