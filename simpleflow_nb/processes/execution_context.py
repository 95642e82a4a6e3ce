"""The execution context: a small JSON document with which a decider tells ``workflow.info`` how a run is doing."""

from __future__ import annotations

from typing import Any

from .. import constants, payload
from ..replay import Execution

_LOG_CHARACTERS = 300  #: of a line of ``workflow.log``


def execution_context(execution: Execution) -> str:
    """How far the run is, its log and a warning when its history gets long; empty when there is nothing to tell."""
    body = _progress(execution)
    if execution.log_lines:
        body["log"] = [line[:_LOG_CHARACTERS] for line in execution.log_lines]
    if execution.next_id > constants.WARN_HISTORY_EVENTS:
        body["warning"] = (
            f"history has {execution.next_id - 1} events; the service ends the run at "
            f"{constants.MAX_HISTORY_EVENTS}: continue_as_new before"
        )
    return payload.encode(body) if body else ""


def parked_context(reason: str, wait_seconds: int) -> str:
    """Why a run could not be decided, and when that is tried again."""
    return payload.encode({"parked": payload.shortened(reason, 2_000), "next_try_seconds": wait_seconds})


def last_context(events: list[dict[str, Any]]) -> str:
    """The execution context that the service shows now: of the last response that gave one."""
    for event in reversed(events):
        context = event.get("decisionTaskCompletedEventAttributes", {}).get("executionContext")
        if context is not None:
            return str(context)
    return ""


def _progress(execution: Execution) -> dict[str, Any]:
    """The activities by what became of them, and the signals that are waited for."""
    counts = {
        "completed": execution.completed,
        "failed": execution.failed,
        "open": execution.open,
        "held_back": len(execution.ready) + len(execution.refused),
    }
    waiting = sorted(name for name, waits in execution.signal_waits.items() if waits)
    found: dict[str, Any] = {name: number for name, number in counts.items() if number}
    return ({"activities": found} if found else {}) | ({"waiting_signals": waiting} if waiting else {})
