"""The reply of a failed cell has the traceback of that failure, or none.

IPython shows some errors itself (wrong magics, groups of exceptions). ipykernel then replies with the traceback of an earlier
cell; without one before it gives no reply at all.
"""

from __future__ import annotations

from typing import Any


def install(shell: Any, settings: Any) -> None:
    """Forget the last traceback before each cell."""

    def forget(*_: Any) -> None:
        shell._last_traceback = None

    forget()
    shell.events.register("pre_run_cell", forget)
