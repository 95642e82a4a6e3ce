"""Activities by name, among those that are registered under a label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..activity import Activity
from ..registry import Registry
from .exceptions import DispatchError


class RegistryDispatcher:
    """Finds the activities of one label.

    Args:
        registry: activities by label and name.
        label: such as the name of a task list; None is that of activities registered without one.
        workflow: not used, as in simpleflow.
    """

    def __init__(
        self,
        registry: Registry | Mapping[str | None, Mapping[str, Activity[Any, Any]]],
        label: str | None,
        workflow: Any = None,
    ) -> None:
        self._registry, self._label = registry, label

    def dispatch(self, name: str) -> Callable[..., Any]:
        """Return the function of an activity.

        Raises:
            DispatchError: the label has no such activity, or it is only declared.
        """
        found: Callable[..., Any] | None = self.dispatch_activity(name).callable
        if found is None:
            raise DispatchError(f"{name} is only declared here; its body runs in a worker")
        return found

    def dispatch_activity(self, name: str) -> Activity[Any, Any]:
        """Return the activity of a name.

        Raises:
            DispatchError: the label has no such activity.
        """
        try:
            return self._registry[self._label][name]
        except KeyError:
            raise DispatchError(f"{self._label or 'the registry'} has no activity {name}") from None
