"""What a task or a thread of an earlier cell prints belongs to the cell that runs now, where it is seen.

ipykernel 7 keeps the cell to which output belongs in context variables, of which a task has a copy: what it prints goes to a
cell that is over, where nobody listens any more.
"""

from __future__ import annotations

import sys
from typing import Any


class NoContext:
    """Stands for a ``ContextVar`` and is never set, so that ipykernel falls back to the cell that runs."""

    def get(self, *default: Any) -> Any:
        if default:
            return default[0]
        raise LookupError("no cell of its own")

    def set(self, value: Any) -> None:
        """Do nothing: the cell that runs is noted elsewhere as well."""

    def reset(self, token: Any) -> None:
        """Do nothing."""


def install(shell: Any, settings: Any) -> None:
    """Nothing happens with an ipykernel that keeps no such variables: there, output belongs to the cell that runs already."""
    for place in (sys.stdout, sys.stderr, shell.display_pub, shell.displayhook):
        if hasattr(place, "_parent_header_global") and hasattr(place, "_parent_header"):
            place._parent_header = NoContext()
