"""The ids of the task that this thread carries out, under simpleflow's keys: :mod:`simpleflow_nb.logging_context`."""

from __future__ import annotations

from contextvars import ContextVar

from ..activity_context import ActivityContext, running_context
from ..environment import variables_now
from .log_context import logged_ids

#: The keys, and the variables in which a process that a task has started finds their values.
ENV_KEYS = {
    "activity_id": "_SWF_CONTEXT_ACTIVITY_ID",
    "domain": "_SWF_CONTEXT_DOMAIN",
    "event_id": "_SWF_CONTEXT_EVENT_ID",
    "task_list": "_SWF_CONTEXT_TASK_LIST",
    "task_type": "_SWF_CONTEXT_TASK_TYPE",
    "workflow_id": "_SWF_CONTEXT_WORKFLOW_ID",
}

#: What the program has set, with the task for which it did.
_own: ContextVar[tuple[ActivityContext | None, dict[str, str]]] = ContextVar("task_values", default=(None, {}))


def set_value(key: str, value: object) -> None:
    """Set the value of a key in this thread, until it carries out another task.

    Raises:
        KeyError: there is no such key.
    """
    _own.set((running_context(), {**_set_for_this_task(), _known(key): str(value)}))


def value_of_key(key: str) -> str:
    """Return the value of a key: set in this thread, or of the task that it carries out; empty without one.

    Raises:
        KeyError: there is no such key.
    """
    own = _set_for_this_task()
    if _known(key) in own:
        return own[key]
    return _of_task().get(key, "") or variables_now().get(ENV_KEYS[key], "")


def reset() -> None:
    """Empty the values in this thread, also those of its task, until it carries out another one."""
    _own.set((running_context(), dict.fromkeys(ENV_KEYS, "")))


def variables() -> dict[str, str]:
    """Return the values as variables, for a process that this thread starts."""
    return {name: value for key, name in ENV_KEYS.items() if (value := value_of_key(key))}


def _set_for_this_task() -> dict[str, str]:
    task, values = _own.get()
    return values if task is running_context() else {}


def _of_task() -> dict[str, str]:
    context, ids = running_context(), logged_ids()
    if context is None:
        return {**ids, "task_type": "activity" if "activity_id" in ids else "decision"} if ids else {}
    return {
        "activity_id": context.activity_id,
        "domain": context.domain,
        "task_list": context.task_list,
        "task_type": "activity",
        "workflow_id": context.workflow_id,
    }


def _known(key: str) -> str:
    ENV_KEYS[key]
    return key
