"""The ids of the task that this thread carries out, for log lines, under simpleflow's keys.

simpleflow keeps them in the environment, as it has a process for each task. Here each thread has its own; functions of
:mod:`simpleflow_nb.execute` have those of their caller.
"""

from __future__ import annotations

from .processes.task_values import ENV_KEYS, reset, set_value, value_of_key

__all__ = ["ENV_KEYS", "get", "reset", "set"]


def set(key: str, value: object) -> None:
    """Set the value of a key in this thread.

    Raises:
        KeyError: there is no such key.
    """
    set_value(key, value)


def get(key: str) -> str:
    """Return the value of a key: set in this thread, or of the task that it carries out; empty without one.

    Raises:
        KeyError: there is no such key.
    """
    return value_of_key(key)
