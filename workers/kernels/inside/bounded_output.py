"""Limits for the printed output of a cell, applied before it reaches any queue.

ipykernel collects the text printed within 0.2 s, with four bytes a character, and sends it as one message; IPython 9 keeps all
of it in its history of outputs. A loop that prints fast fills the memory of the kernel and of its client.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections import defaultdict
from typing import Any

PIECE_CHARACTERS = 1_000_000  #: the largest piece to be sent at once
BURST_CHARACTERS = 10_000_000  #: after these a piece takes at least so long, or what nobody has read yet would fill our memory:
PIECE_SECONDS = 0.03


class Forgetful(defaultdict[Any, Any]):
    """A history of outputs for IPython that keeps nothing."""

    def __missing__(self, key: Any) -> list[Any]:
        return []


def install(shell: Any, settings: Any) -> None:
    """Send each million characters, keep nothing that was sent, and send nothing beyond the limit."""
    kind = type(sys.stdout)
    if not hasattr(kind, "set_parent"):
        return  # not ipykernel's stream
    write = kind.write
    counting = threading.Lock()
    limit = left = settings["printed_characters"]
    pending = 0

    def write_within_limit(self: Any, text: str) -> Any:
        nonlocal left, pending
        if not isinstance(text, str):
            return write(self, text)
        for begin in range(0, len(text), PIECE_CHARACTERS):
            part = text[begin : begin + PIECE_CHARACTERS]
            with counting:
                if left <= 0:
                    break  # the owner of the kernel counts as well, and ends the cell
                left -= len(part)
                pending += len(part)
                is_full = pending >= PIECE_CHARACTERS
                pending = 0 if is_full else pending
            write(self, part)
            if is_full:
                self.flush()
                if limit - left > BURST_CHARACTERS:
                    time.sleep(PIECE_SECONDS)
        return len(text)

    kind.write = write_within_limit  # type: ignore[method-assign]
    if hasattr(shell, "_tee"):
        # It puts a `write` of its own into the streams for each cell.
        shell._tee = lambda channel: contextlib.nullcontext()
    history: Any = getattr(shell, "history_manager", None)
    if isinstance(getattr(history, "outputs", None), defaultdict):
        history.outputs = Forgetful(list)
    if any("write" in vars(stream) for stream in (sys.stdout, sys.stderr)):
        # This runs in a cell: at its end `_tee` restores the `write` of the stream that it has found, which hides ours.
        asyncio.get_event_loop().call_soon(_uncover_write)


def _uncover_write() -> None:
    for stream in (sys.stdout, sys.stderr):
        vars(stream).pop("write", None)
