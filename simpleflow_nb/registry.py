"""The activities that a process has imported, by label and name, as simpleflow keeps them."""

from __future__ import annotations

import collections
from typing import Any

from .activity import Activity, all_registered


class Registry:
    """Activities by a label of the program's own, and then by the name of their type."""

    def __init__(self) -> None:
        self._tasks: dict[str | None, dict[str, Activity[Any, Any]]] = collections.defaultdict(dict)

    def __getitem__(self, label: str | None) -> dict[str, Activity[Any, Any]]:
        """Return the activities of a label, by name. None is the label of those that were registered without one."""
        return self._tasks[label]

    def register(self, task: Activity[Any, Any], label: str | None = None) -> None:
        """Register an activity under a label."""
        self._tasks[label][task.name] = task


class _EveryActivity(Registry):
    """The registry with all activities of the process under the label None."""

    def __getitem__(self, label: str | None) -> dict[str, Activity[Any, Any]]:
        own = super().__getitem__(label)
        return {**{task.name: task for task in all_registered()}, **own} if label is None else own


registry: Registry = _EveryActivity()
