"""The output of a running flow, shown where it was called."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

from .flow_files import FlowFiles

_lock = threading.Lock()
_running: set[int] = set()


class Console:
    """Shows the output of one flow, as it is while it runs alone, else with its folder before each line.

    The column is not in the flow's log, where the beginnings of lines matter, nor in that of a flow that called it
    (``is_inner``).
    """

    def __init__(self, files: FlowFiles, *, is_inner: bool) -> None:
        self._files, self._is_inner = files, is_inner
        self._column = f"{files.folder.name}/{files.stem} | "

    def show(self, text: str) -> None:
        """Show text that the flow has printed."""
        with _lock:
            if len(_running) > 1 and not self._is_inner:
                text = "".join(f"{self._column}{line}" for line in text.splitlines(keepends=True))
                text += "" if text.endswith(("\n", "\r")) else "\n"
            sys.stdout.write(text)
            sys.stdout.flush()

    def add(self, line: str, *, is_shown: bool = True) -> None:
        """Add a line to the log of the flow, which has ended, and show it."""
        with open(self._files.log, "a", encoding="utf-8", errors="replace") as file:
            file.write(f"{line}\n")
        if is_shown:
            self.show(f"{line}\n")

    def __enter__(self) -> Console:
        with _lock:
            _running.add(id(self))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with _lock:
            _running.discard(id(self))
