"""The local service over SWF's wire protocol, for boto3 and the AWS command line with ``AWS_ENDPOINT_URL``.

JSON 1.0 over HTTP/1.1: the operation in ``X-Amz-Target``, the call and the answer in the body.
https://docs.aws.amazon.com/amazonswf/latest/developerguide/UsingJSON-swf.html
"""

from __future__ import annotations

import errno
import hmac
import io
import ipaddress
import itertools
import json
import logging
import re
import socket
import socketserver
import threading
import uuid
from typing import Any

from ..exceptions import ServiceError
from .call_bodies import check_characters, decoded
from .call_shapes import CALLS, METHODS, check_call
from .connections import (
    ANSWER_SECONDS,
    BODY_SECONDS,
    HEADER_SECONDS,
    IDLE_SECONDS,
    ConnectionServer,
    TimedReader,
    TooSlow,
    send_within,
    take_leave,
)
from .encoded_histories import EncodedHistories
from .faults import Fault
from .service import LocalService

logger = logging.getLogger(__name__)

_TARGET = "SimpleWorkflowService."
_LONGEST_REQUEST_BYTES = 1 << 20
_LAST_SECONDS = 2.0
_MOST_HEADER_LINES = 100
_LONGEST_HEADER_LINE_BYTES = 65536
_LONGEST_HEADER_BYTES = 131072

OPERATIONS = frozenset(CALLS)  #: the supported operations
_METHODS = {_TARGET + name: (name, method) for name, method in METHODS.items()}
_THIS_PROCESS = str(uuid.uuid4())[
    :23
]  #: beginning of the ids of calls, which look like UUIDs; random ones cost more than reading a head
_numbers = itertools.count(1)
_REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) (\S{1,2000}) HTTP/1\.([01])\r?\n\Z")
_PATH = re.compile(r"(?:https?://[^/?#]*)?/?(?:[?#].*)?\Z")
_ONCE = {"authorization", "content-length", "host", "transfer-encoding", "x-amz-target"}  #: headers that may not be repeated


class HttpService:
    """Serves a :class:`.service.LocalService` on a port, a thread for each connection.

    Args:
        token: if given, calls must be signed with it as the access key id.
        most_connections: open at once. By default as many as this process's limit of open files allows.

    Raises:
        ServiceError: the address cannot be bound, or this process may open too few files.
    """

    def __init__(
        self,
        service: LocalService,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        token: str | None = None,
        most_connections: int | None = None,
    ) -> None:
        self.service = service

        class Handler(_Handler):
            pass

        Handler.service, Handler.token, Handler.histories = service, token, EncodedHistories()
        try:
            self._server = ConnectionServer(
                (host, port), Handler, full_answer=_message(503, _FULL, closes=True), most_connections=most_connections
            )
        except ValueError as error:
            raise ServiceError(str(error)) from None
        except OSError as error:
            another = "; choose another --port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else ""
            raise ServiceError(f"{host}:{port} cannot be bound: {(error.strerror or str(error)).lower()}{another}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="http", daemon=True)

    @property
    def endpoint(self) -> str:
        """URL of the service, for ``AWS_ENDPOINT_URL``."""
        host, port = self._server.server_address[:2]
        shown = host.decode() if isinstance(host, bytes) else str(host)
        return f"http://{'[' + shown + ']' if ':' in shown else shown}:{port}"

    @property
    def failure(self) -> Exception | None:
        """The error that ended the service; None while it works."""
        if self.service.broken is None and self._thread.ident is not None and not self._thread.is_alive():
            return ServiceError("the thread that takes connections has ended")
        return self.service.broken

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop accepting connections, answer the calls under way and the waiting polls, close the service."""
        self._server.shutdown()
        self.service.close()
        self._server.wait_until_answered(_LAST_SECONDS)
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()


class _Refusal(Exception):
    """A call that is refused before it is read to the end; the connection is closed, since the rest may still be in it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class _Handler(socketserver.BaseRequestHandler):
    """One connection, with one call after the other. Read here and not by the library, which parses heads as e-mail."""

    request: socket.socket
    server: ConnectionServer
    service: LocalService
    token: str | None = None
    histories: EncodedHistories

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._timed = TimedReader(self.request)
        self._reader = io.BufferedReader(self._timed, 65536)
        self._slot = self.server.slot_of(self.request)
        self._closes = False

    def handle(self) -> None:
        try:
            while not self._closes:
                self._timed.allow(IDLE_SECONDS)
                if not self._reader.peek(1):
                    return
                self._timed.allow(HEADER_SECONDS)
                try:
                    self._serve()
                except TooSlow:
                    raise _Refusal(408, "RequestTimeoutException", "the request did not come in time") from None
        except _Refusal as refusal:
            self._closes = True
            self._answer(refusal.status, _fault(refusal.code, refusal.message))
            take_leave(self.request)
        except OSError as error:  # also a timeout of an idle connection, or of an answer not read
            logger.debug("a connection ended: %s", error)

    def finish(self) -> None:
        self._reader.close()

    # ---- reading -------------------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        """Read one call and answer it.

        Raises:
            _Refusal: the call is malformed or too large.
            OSError: the connection broke or timed out.
        """
        method, headers = self._head()
        if method == "GET":
            return self._answer(200, {"service": "simpleflow_nb", "operations": sorted(OPERATIONS)})
        if method != "POST":
            raise _Refusal(405, "UnknownOperationException", f"calls are made with POST, not with {method}")
        length = self._check_head(headers)
        if headers.get("expect"):
            if headers["expect"].lower() != "100-continue":
                raise _Refusal(417, "ValidationException", f"Expect: {headers['expect']!r:.40} cannot be met")
            send_within(self.request, b"HTTP/1.1 100 Continue\r\n\r\n", ANSWER_SECONDS)
        self._timed.allow(BODY_SECONDS)
        body = self._reader.read(length) or b""
        if len(body) < length or not self.server.begin_call(self._slot):
            self._closes = True  # the client is gone, or its connection was closed for another
            return None
        try:
            answer = self._encoded(*self._call(headers.get("x-amz-target", ""), body))
            self.server.begin_answer(self._slot)
            send_within(self.request, answer, ANSWER_SECONDS)
            return None
        finally:
            self.server.end_call(self._slot)

    def _head(self) -> tuple[str, dict[str, str]]:
        """Read the method, and the header lines by their names in lower case."""
        first = self._reader.readline(_LONGEST_HEADER_LINE_BYTES + 1)
        if first != b"POST / HTTP/1.1\r\n":
            first = self._other_first_line(first)
        headers: dict[str, str] = {}
        size = 0
        for _ in range(_MOST_HEADER_LINES):
            line = self._reader.readline(_LONGEST_HEADER_LINE_BYTES + 1)
            if line in (b"\r\n", b"\n"):
                break
            name, colon, value = line.decode("iso-8859-1").partition(":")
            name = name.lower()
            size += len(line)
            if size > _LONGEST_HEADER_BYTES:
                raise _Refusal(431, "SerializationException", "the header lines are too long")
            if (
                not colon
                or len(line) > _LONGEST_HEADER_LINE_BYTES
                or not name
                or name != name.strip()
                or not line.endswith(b"\n")
            ):
                raise _Refusal(400, "SerializationException", "a header line is malformed")
            if name in headers and name in _ONCE:
                raise _Refusal(400, "SerializationException", f"the header has {name} twice")
            headers[name] = value.strip()
        else:
            raise _Refusal(431, "SerializationException", "too many header lines")
        connection = headers.get("connection", "").lower()
        self._closes = connection == "close" or (first.rstrip().endswith(b"1.0") and connection != "keep-alive")
        return first.partition(b" ")[0].decode(), headers

    def _other_first_line(self, first: bytes) -> bytes:
        if first in (b"\r\n", b"\n"):  # left over after a body; servers should skip it
            first = self._reader.readline(_LONGEST_HEADER_LINE_BYTES + 1)
        found = _REQUEST_LINE.match(first)
        if found is None:
            raise _Refusal(400, "SerializationException", "this is no HTTP/1.1 request")
        if not _PATH.match(found[2].decode("iso-8859-1")):
            raise _Refusal(
                404, "UnknownOperationException", f"calls are made at /, not at {found[2].decode('iso-8859-1')!r:.80}"
            )
        return first

    def _check_head(self, headers: dict[str, str]) -> int:
        """Refuse a call by its headers, before its body is read; return the length of the body."""
        if self.token is not None and not _has_token(headers, self.token):
            raise _Refusal(400, "UnrecognizedClientException", "the access key id is not the service's token")
        if self.token is None and not _is_addressed_here(headers):
            raise _Refusal(400, "AccessDeniedException", "without a token only this machine's names are served")
        if "transfer-encoding" in headers:
            raise _Refusal(
                411, "SerializationException", "a body in chunks is not read; send it whole, with its Content-Length"
            )
        if headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise _Refusal(
                415, "SerializationException", f"a body in {headers['content-encoding']!r:.40} is not read; send it plain"
            )
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(400, "SerializationException", "a Content-Length is expected")
        if len(length) > 10 or int(length) > _LONGEST_REQUEST_BYTES:
            raise _Refusal(413, "RequestEntityTooLargeException", "a request has at most 1 MB")
        return int(length)

    # ---- answering -----------------------------------------------------------------------------------------------------------

    def _call(self, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        operation, method = _METHODS.get(target, ("", ""))
        if not method:
            return 400, _fault("UnknownOperationException", f"this service does not answer {target!r:.80}")
        is_poll = operation.startswith("PollFor")
        if is_poll and not self.server.begin_poll():
            most = self.server.most_polls
            return 400, _fault("LimitExceededFault", f"{most} polls wait already, as many as this process has files for")
        try:
            call = decoded(body)
            check_call(operation, call)
            check_characters(body, call)
            self.service.caller.is_there = self._client_is_there
            return 200, getattr(self.service, method)(**call)
        except Fault as fault:
            return 400, _fault(fault.code, fault.message)
        except ServiceError as error:
            return 500, _fault("InternalFailure", str(error))
        except Exception as error:
            logger.critical("%s raised %s", method, type(error).__name__, exc_info=True)
            return 500, _fault("InternalFailure", f"{type(error).__name__}: {error}")
        finally:
            if is_poll:
                self.server.end_poll()

    def _client_is_there(self) -> bool:
        """Return whether the connection is open: a closed one is readable and empty."""
        try:
            return bool(self.request.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        send_within(self.request, self._encoded(status, body), ANSWER_SECONDS)

    def _encoded(self, status: int, body: dict[str, Any]) -> bytes:
        return _message(status, self.histories.encoded(body).encode(), closes=self._closes)


def _message(status: int, text: bytes, *, closes: bool) -> bytes:
    """Format head and body as one message, so that they fit one packet."""
    return (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\n"
        f"x-amzn-RequestId: {_THIS_PROCESS}-{next(_numbers):012x}\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(text)}\r\n"
        f"{'Connection: close' + chr(13) + chr(10) if closes else ''}\r\n"
    ).encode() + text


def _has_token(headers: dict[str, str], token: str) -> bool:
    found = re.search(r"Credential=([^/]+)/", headers.get("authorization", ""))
    return found is not None and hmac.compare_digest(found[1].encode(), token.encode())


def _is_addressed_here(headers: dict[str, str]) -> bool:
    """Return whether Host names this machine: DNS rebinding lets a page in a browser call us under another name."""
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    name = name.lower().removesuffix(".")
    if not name or name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _fault(code: str, message: str) -> dict[str, Any]:
    return {"__type": f"com.amazonaws.swf.base.model#{code}", "message": message}


_FULL = json.dumps(_fault("ServiceUnavailable", "every connection is in use; try again in a moment")).encode()
