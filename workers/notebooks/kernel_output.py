"""Output of a kernel while a cell runs: read frame by frame, counted, and dropped once a limit is exceeded.

nbclient accepts only messages that answer the running cell. Output of a task or a thread of an earlier cell must not be lost,
so it is shown in the cell that is running then.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..kernels.memory import shown_bytes

#: Messages that may also belong to an earlier cell; others report the state of the running cell.
OUTPUT_KINDS = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"})

_YIELD_SECONDS = 0.02  # frames that are there already are read without a pause, and nothing else would run meanwhile


@dataclass(frozen=True, kw_only=True)
class OutputLimits:
    """Limits for the output of one run of a notebook; None is no limit."""

    printed_bytes: int | None = 100_000_000  #: text on standard output and error, in UTF-8
    displayed_bytes: int | None = 500_000_000  #: results, pictures, tables, as they stand in the notebook's file in the end

    @classmethod
    def given(cls, printed_bytes: int | None, displayed_bytes: int | None) -> OutputLimits:
        """Return the limits, with the default for each that is None."""
        printed = cls.printed_bytes if printed_bytes is None else printed_bytes
        displayed = cls.displayed_bytes if displayed_bytes is None else displayed_bytes
        return cls(printed_bytes=printed, displayed_bytes=displayed)


DEFAULT_OUTPUT_LIMITS = OutputLimits()


class KernelOutput:
    """The output of one kernel.

    Args:
        client: the kernel's client, its channels started.
        on_excess: called once, with a reason, when a limit is exceeded. What comes later is dropped, errors excepted.
    """

    def __init__(self, client: Any, limits: OutputLimits, on_excess: Callable[[str], None]) -> None:
        self._client, self._limits, self._on_excess = client, limits, on_excess
        self._requests: set[str] = set()
        self._printed = self._displayed = 0
        self._displayed_in_cell = 0
        self._sizes: dict[str, int] = {}  # of displays with an id, which may be replaced
        self._is_dropping = False
        self._yielded = time.monotonic()
        self.seen = 0  #: messages received so far

    def drop(self) -> None:
        """Accept no more output: the cell has been stopped, and pending output would only delay its end."""
        self._is_dropping = True

    def expect(self, request: str) -> None:
        """From now on, accept output that answers this request."""
        self._requests.add(request)
        self._displayed_in_cell = 0

    async def message(self, request: str) -> dict[str, Any]:
        """Return the next message that answers ``request``, or output that answers an earlier one."""
        while True:
            message = await self._next()
            if message is None:
                continue
            kind, parent = message["msg_type"], message["parent_header"].get("msg_id")
            if parent != request and (parent not in self._requests or kind not in OUTPUT_KINDS):
                continue
            if kind == "stream":
                return self._counted_text(message)
            if kind == "clear_output":
                self._displayed -= self._displayed_in_cell
                self._displayed_in_cell = 0
            if kind not in ("display_data", "update_display_data", "execute_result") or self._may_display(message):
                return message

    async def _next(self) -> dict[str, Any] | None:
        """Return the next message; None if it is dropped output."""
        if time.monotonic() - self._yielded > _YIELD_SECONDS:
            await asyncio.sleep(0)
            self._yielded = time.monotonic()
        frames = await self._client.iopub_channel.socket.recv_multipart()
        self.seen += 1
        if self._is_dropping and frames[0].startswith(b"stream."):  # ipykernel's topic: no need to read it
            return None
        _, parts = self._client.session.feed_identities(frames, copy=True)
        kind = json.loads(parts[1])["msg_type"]
        if self._is_dropping and kind in OUTPUT_KINDS and kind != "error":
            return None
        message: dict[str, Any] = self._client.session.deserialize(parts, content=True, copy=True)
        message["size"] = sum(map(len, parts[4:]))
        return message

    def _may_display(self, message: dict[str, Any]) -> bool:
        limit, size = self._limits.displayed_bytes, message["size"]
        display_id = (message["content"].get("transient") or {}).get("display_id")
        if display_id is not None and message["msg_type"] == "update_display_data":
            size -= self._sizes.get(display_id, size)  # an update without a visible display is not kept
        if display_id is not None:
            self._sizes[display_id] = message["size"]
        self._displayed += size
        self._displayed_in_cell += size
        if limit is None or self._displayed <= limit:
            return True
        self._exceed("displayed", limit)
        return False

    def _counted_text(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the message with as much of its text as the limit allows."""
        limit = self._limits.printed_bytes
        encoded = message["content"]["text"].encode("utf-8", "replace")
        self._printed += len(encoded)
        if limit is not None and self._printed > limit:
            kept = encoded[: len(encoded) - (self._printed - limit)]
            message["content"]["text"] = kept.decode("utf-8", "ignore")
            self._exceed("printed", limit)
        return message

    def _exceed(self, what: str, limit_bytes: int) -> None:
        self._is_dropping = True
        self._on_excess(f"{what} more than its limit of {shown_bytes(limit_bytes)}; output_limit sets it")
