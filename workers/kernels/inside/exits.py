"""``exit()`` and ``quit()`` end the notebook where they stand, and with which code is told.

IPython's own only note a wish: the rest of the cell runs, of two calls the last one counts, and an argument that is no JSON
(``exit(df)``) keeps the answer from coming at all.
"""

from __future__ import annotations

import warnings
from typing import Any


class NotebookExit(SystemExit):
    """What ``exit()`` raises; called SystemExit, as for ``sys.exit()``."""

    def _render_traceback_(self) -> list[str]:  # IPython asks for it
        return [f"exit({'' if self.code is None else repr(self.code)})"]


NotebookExit.__name__ = NotebookExit.__qualname__ = "SystemExit"


def install(shell: Any, settings: Any) -> None:
    """Put ours in the place of both, and tell in the reply of a cell that was left whether that was a failure."""
    from IPython.core.autocall import ExitAutocall  # `exit` without brackets is called as well

    class Exit(ExitAutocall):  # type: ignore[misc, unused-ignore]
        def __call__(self, code: Any = None, *, keep_kernel: Any = None) -> None:
            code = keep_kernel if code is None else code
            raise NotebookExit(code if code is None or isinstance(code, (int, str)) else str(code))

    for name in ("exit", "quit"):
        shell.user_ns[name] = shell.user_ns_hidden[name] = Exit(shell)  # type: ignore[no-untyped-call]  # IPython's own __init__

    def tell(result: Any) -> None:
        error = getattr(result, "error_in_exec", None)
        if isinstance(error, SystemExit):
            code = error.code  # as Python has it for a process: None and 0 are success, any text is not
            is_failure = not (code is None or (isinstance(code, int) and code == 0))
            told = {"source": "simpleflow_nb.exit", "is_failure": is_failure, "text": str(error)[:1_000]}
            shell.payload_manager.write_payload(told, single=False)

    shell.events.register("post_run_cell", tell)
    # IPython's advice for a terminal, after each SystemExit.
    warnings.filterwarnings("ignore", "To exit: use 'exit'", UserWarning)
