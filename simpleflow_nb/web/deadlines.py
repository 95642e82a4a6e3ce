"""HTTP requests that have to be whole in time.

uvicorn has no limit on how long a header or a body takes: whoever sends a byte now and then holds a connection for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 20.0  #: from the first byte, or from connecting, to the end of the request


class DeadlineProtocol(H11Protocol):
    """uvicorn's protocol, which ends a connection whose request is not whole in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)
        super().data_received(data)
        if self._deadline is not None and self.cycle is not None and not self.cycle.more_body:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        super().connection_lost(exc)

    def _give_up(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.more_body:
            self.transport.abort()
