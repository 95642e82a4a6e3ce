"""Ends of items, from the ends of their tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simpleflow_nb import payload
from simpleflow_nb.exceptions import TaskCanceled, TaskFailed, TimeoutError
from simpleflow_nb.futures import Future

from .. import activities
from ..steps.outcomes import Outcome
from ..steps.references import ValueKind, ValueName
from ..tasks.results import NotebookResult
from ..values.item_state import ItemState

#: SWF's ActivityTaskTimeoutType in words. A task whose worker is lost is retried a few times before it fails.
ENDED_BY_THE_SERVICE = {
    "HEARTBEAT": "the process that carried it out was killed or lost, again and again",
    "START_TO_CLOSE": "it took longer than it may",
    "SCHEDULE_TO_START": "no worker took it in time",
    "SCHEDULE_TO_CLOSE": "it was not done in time",
}


def outcome_of_result(result: NotebookResult, wanted: Sequence[ValueName], state: ItemState = ItemState.SUCCEEDED) -> Outcome:
    """Return the outcome of an item that ended well: ``wanted`` are the values that the graph asks for."""
    values = {
        value: result.scraps[value.name]
        for value in wanted
        if value.kind is ValueKind.SCRAP and value.name is not None and value.name in result.scraps
    }
    return Outcome(state, result.light, values)


def state_after(error: BaseException) -> ItemState:
    """Return the state of an item whose task ended with this exception."""
    if isinstance(error, TaskCanceled):
        return ItemState.CANCELLED
    if isinstance(error, TimeoutError):
        return ItemState.TIMED_OUT
    if isinstance(error, TaskFailed) and error.error_type == activities.NOTEBOOK_SKIPPED:
        return ItemState.SKIPPED
    return ItemState.FAILED


def cause_of(error: BaseException) -> str:
    """Return the sentence of the exception, in full where the history has it."""
    if not isinstance(error, TaskFailed):
        return str(error)
    if isinstance(error, TimeoutError):
        return ENDED_BY_THE_SERVICE.get(error.timeout_type, str(error.reason))
    details = payload.decode(error.details, lambda digest: "null") if error.details else None
    message = details.get("message") if isinstance(details, dict) else None
    return str(message or error.reason or error.name)


def details_of(future: Future[Any]) -> str | None:
    """Return the details of a failed task, such as its traceback; None without any."""
    error = future.exception
    return error.details if isinstance(error, TaskFailed) else None
