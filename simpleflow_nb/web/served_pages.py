"""The server of the pages."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn

from ..application.project import Project
from ..exceptions import DefinitionError
from .deadlines import DeadlineProtocol
from .pages import Pages
from .shelf import Shelf

_HOST = "127.0.0.1"
STOP_SECONDS = 2  #: how long open requests may take when the server ends


class ServedPages:
    """The pages of projects on a port of this machine, for programs on this machine alone.

    Raises:
        DefinitionError: the port is in use.
    """

    def __init__(self, projects: Sequence[Project], *, port: int) -> None:
        self._projects = projects
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """The address of the first page."""
        return f"http://{_HOST}:{self.port}/"

    def serve(self, has_begun: Callable[[], None]) -> None:
        """Answer requests until SIGINT or SIGTERM; ``has_begun`` is called once it does."""
        pages = Pages(Shelf(self._projects))
        config = uvicorn.Config(
            pages.application(),
            http=DeadlineProtocol,
            loop="asyncio",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        asyncio.run(_Server(config, pages.changes.stop, has_begun).serve([self._socket]))


class _Server(uvicorn.Server):
    """uvicorn's server, which ends streams before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None], has_begun: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams, self._has_begun = end_streams, has_begun

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take both signals as the end, and nothing more: uvicorn's own sends them again, so that the process dies of them."""
        kept = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._has_begun()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((_HOST, port))
    except OSError as error:
        bound.close()
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be taken: {error.strerror or error}"
        raise DefinitionError(f"port {port} {why}; --port 0 takes a free one") from None
    return bound
