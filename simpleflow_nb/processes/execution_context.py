"""The execution context: a small JSON document by a decider about the progress of a run, for ``workflow.info``."""

from __future__ import annotations

from typing import Any

from .. import constants, payload
from ..masking import masker
from ..replay import Execution
from ..replay.protocol.events import HistoryEvent

_LINE_CHARACTERS = 300  #: of a line of ``workflow.log``, of which there are at most 20, and of the name of a signal
_SHORT_LINE_CHARACTERS = 100  #: fits in any case, even if each is a control character, which is six in JSON
_MOST_SIGNALS = 20


def execution_context(execution: Execution) -> str:
    """Return the progress of a run, its log and a warning about a long history; empty without any.

    Always valid JSON that fits SWF's field: the first 20 signals are named and the others counted, long lines are cut.
    """
    text = _context(execution, _LINE_CHARACTERS)
    return _context(execution, _SHORT_LINE_CHARACTERS) if payload.is_too_long(text) else text


def _context(execution: Execution, line_characters: int) -> str:
    body = _progress(execution, line_characters)
    if execution.log_lines:
        hidden = masker()
        body["log"] = [hidden.text(line)[:line_characters] for line in execution.log_lines]
    if execution.next_id > constants.WARN_HISTORY_EVENTS:
        body["warning"] = (
            f"history has {execution.next_id - 1} events; the service ends the run at "
            f"{constants.MAX_HISTORY_EVENTS}: continue_as_new before"
        )
    return payload.encode(body) if body else ""


def parked_context(reason: str, wait_seconds: int) -> str:
    """Return the context of a parked run: why it could not be decided, and when that is retried."""
    return payload.encode({"parked": payload.shortened(reason, 2_000), "next_try_seconds": wait_seconds})


def last_context(events: list[HistoryEvent]) -> str:
    """Return the current execution context, that of the last response with one."""
    for event in reversed(events):
        context = event.get("decisionTaskCompletedEventAttributes", {}).get("executionContext")
        if context is not None:
            return str(context)
    return ""


def _progress(execution: Execution, line_characters: int) -> dict[str, Any]:
    """Count the activities by state, and name the signals waited for."""
    counts = {
        "completed": execution.completed,
        "failed": execution.failed,
        "open": execution.open,
        "held_back": len(execution.ready) + sum(one.type == "ScheduleActivityTask" for one in execution.refused),
    }
    body: dict[str, Any] = {}
    if found := {name: number for name, number in counts.items() if number}:
        body["activities"] = found
    waiting = sorted(name for name, waits in execution.signal_waits.items() if waits)
    if waiting:
        body["waiting_signals"] = [name[:line_characters] for name in waiting[:_MOST_SIGNALS]]
    if len(waiting) > _MOST_SIGNALS:
        body["more_waiting_signals"] = len(waiting) - _MOST_SIGNALS
    return body
