"""The checks that every request has to pass, and the headers of every answer."""

from __future__ import annotations

import logging
from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..processes.bug_reports import bug_sentence

logger = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

#: All of a page comes from the server itself, and nothing stands in line.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "object-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
#: What notebooks have made is shown in a sandboxed frame, and does nothing without one either.
POLICY_OF_NOTEBOOKS = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
)

_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer, forms send "Origin: null"
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Takes requests that were sent to this server by its own name, and to look.

    A page of somebody else may lead a browser here, or give its own name our address: both have another ``Host``. It is an ASGI
    application itself, since Starlette's base class puts a task and a queue before every stream.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        """``hosts`` are the names that it is called by, without ports."""
        self._app, self._hosts = app, frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refused = self._refusal(scope["method"], headers.get(b"host", b"").decode("latin-1"))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), text.encode()) for name, text in _HEADERS.items() if name.encode() not in present),
                ]
            await send(message)

        began = False

        async def told(message: Message) -> None:
            nonlocal began
            began = True
            await with_headers(message)

        try:
            await (refused or self._app)(scope, receive, told)
        except Exception as error:  # of ours: the server goes on, and whoever asked is told
            sentence = bug_sentence(error)
            logger.error("%s %s: %s", scope["method"], scope["path"], sentence)
            if began:
                raise
            await PlainTextResponse(f"{sentence}\n", 500)(scope, receive, with_headers)

    def _refusal(self, method: str, host: str) -> PlainTextResponse | None:
        if _name_of(host) not in self._hosts:
            return PlainTextResponse(f"this server is not called {host[:100]!r}\n", 421)
        if method not in ("GET", "HEAD"):
            return PlainTextResponse("these pages only look: nothing here takes other requests than GET\n", 405)
        return None


def _name_of(host: str) -> str:
    """Return a host without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
