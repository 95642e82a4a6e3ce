"""A dispatcher that finds a function for each name, which does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def do_nothing(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return an empty dict, whatever the arguments."""
    return {}


class DryRunDispatcher:
    """Finds :func:`do_nothing` for each name."""

    def dispatch(self, name: str) -> Callable[..., dict[str, Any]]:
        """Return :func:`do_nothing`."""
        return do_nothing
