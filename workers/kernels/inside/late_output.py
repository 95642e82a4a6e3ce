"""Output of a task or a thread of an earlier cell is shown in the cell that is running.

ipykernel 7 keeps the cell to which output belongs in context variables, which a task copies: its output goes to a cell that is
over, and is lost.
"""

from __future__ import annotations

import sys
from typing import Any


class NoContext:
    """Replaces a ``ContextVar`` and is never set, so that ipykernel falls back to the running cell."""

    def get(self, *default: Any) -> Any:
        if default:
            return default[0]
        raise LookupError("no cell of its own")

    def set(self, value: Any) -> None:
        """Do nothing: the running cell is recorded elsewhere as well."""

    def reset(self, token: Any) -> None:
        """Do nothing."""


def install(shell: Any, settings: Any) -> None:
    """Replace the context variables. Nothing is done for an ipykernel without them, whose output already goes to the running
    cell.
    """
    for place in (sys.stdout, sys.stderr, shell.display_pub, shell.displayhook):
        if hasattr(place, "_parent_header_global") and hasattr(place, "_parent_header"):
            place._parent_header = NoContext()
