"""The local service over SWF's wire protocol, for boto3 and the AWS command line with ``AWS_ENDPOINT_URL``.

JSON 1.0 over HTTP/1.1: the operation in ``X-Amz-Target``, the request and the answer in the body.
https://docs.aws.amazon.com/amazonswf/latest/developerguide/UsingJSON-swf.html
"""

from __future__ import annotations

import errno
import hmac
import ipaddress
import json
import logging
import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..exceptions import ServiceError
from .encoded_histories import EncodedHistories
from .faults import Fault
from .service import LocalService

logger = logging.getLogger(__name__)

_TARGET = "SimpleWorkflowService."
_LONGEST_REQUEST_BYTES = 1 << 20
_LAST_SECONDS = 2.0
_MOST_HEADER_LINES = 100
_LONGEST_HEADER_LINE_BYTES = 65536

OPERATIONS = frozenset(
    {
        "CountClosedWorkflowExecutions",
        "CountOpenWorkflowExecutions",
        "CountPendingActivityTasks",
        "CountPendingDecisionTasks",
        "DeprecateActivityType",
        "DeprecateWorkflowType",
        "DescribeActivityType",
        "DescribeDomain",
        "DescribeWorkflowExecution",
        "DescribeWorkflowType",
        "GetWorkflowExecutionHistory",
        "ListActivityTypes",
        "ListClosedWorkflowExecutions",
        "ListDomains",
        "ListOpenWorkflowExecutions",
        "ListWorkflowTypes",
        "PollForActivityTask",
        "PollForDecisionTask",
        "RecordActivityTaskHeartbeat",
        "RegisterActivityType",
        "RegisterDomain",
        "RegisterWorkflowType",
        "RequestCancelWorkflowExecution",
        "RespondActivityTaskCanceled",
        "RespondActivityTaskCompleted",
        "RespondActivityTaskFailed",
        "RespondDecisionTaskCompleted",
        "SignalWorkflowExecution",
        "StartWorkflowExecution",
        "TerminateWorkflowExecution",
        "UndeprecateActivityType",
        "UndeprecateWorkflowType",
    }
)  #: what is answered; the operations on tags of domains, deleting types and deprecating domains are not imitated

_METHODS = {_TARGET + name: re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in OPERATIONS}


class HttpService:
    """Serves a :class:`.service.LocalService` on a port, a thread for each connection.

    Args:
        token: when given, requests must be signed with it as the access key id.

    Raises:
        ServiceError: the address cannot be bound.
    """

    def __init__(self, service: LocalService, host: str = "127.0.0.1", port: int = 0, *, token: str | None = None) -> None:
        self.service = service

        class Handler(_Handler):
            pass

        Handler.service, Handler.token, Handler.histories = service, token, EncodedHistories()
        try:
            self._server = _Server((host, port), Handler)
        except OSError as error:
            another = "; choose another --port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else ""
            raise ServiceError(f"{host}:{port} cannot be bound: {(error.strerror or str(error)).lower()}{another}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="http", daemon=True)

    @property
    def endpoint(self) -> str:
        """For ``AWS_ENDPOINT_URL``."""
        host, port = self._server.server_address[:2]
        shown = host.decode() if isinstance(host, bytes) else str(host)
        return f"http://{'[' + shown + ']' if ':' in shown else shown}:{port}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop taking connections, answer the calls that came and the polls that wait, close the service."""
        self._server.shutdown()
        self.service.close()
        self._server.wait_until_answered(_LAST_SECONDS)
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._connections: set[socket.socket] = set()
        self._calls = 0  # that are carried out now
        self._idle = threading.Condition()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is gone already

    @contextmanager
    def answering(self) -> Iterator[None]:
        """A call, until its answer is on its way."""
        with self._idle:
            self._calls += 1
        try:
            yield
        finally:
            with self._idle:
                self._calls -= 1
                self._idle.notify_all()

    def wait_until_answered(self, timeout_seconds: float) -> None:
        with self._idle:
            self._idle.wait_for(lambda: not self._calls, timeout_seconds)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("connection of %s broke", client_address, exc_info=True)


class _Headers(dict[str, str]):
    """Header lines by their names in lower case."""

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        return super().get(name.lower(), default)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body
    disable_nagle_algorithm = True
    server: _Server
    raw_requestline: bytes
    service: LocalService
    token: str | None = None
    histories: EncodedHistories

    def parse_request(self) -> bool:
        """Calls come by the thousand, with a dozen plain header lines that the library parses as if they were a mail.

        Any other first line than that of a call, and what goes with it, is left to the library.
        """
        if self.raw_requestline != b"POST / HTTP/1.1\r\n":
            return super().parse_request()
        self.requestline, self.command, self.path, self.request_version = "POST / HTTP/1.1", "POST", "/", "HTTP/1.1"
        headers = _Headers()
        for _ in range(_MOST_HEADER_LINES):
            line = self.rfile.readline(_LONGEST_HEADER_LINE_BYTES + 1)
            if line in (b"\r\n", b"\n", b""):
                break
            name, colon, value = line.decode("iso-8859-1").partition(":")
            if not colon or len(line) > _LONGEST_HEADER_LINE_BYTES or line[0] in b" \t":
                self.send_error(400, "a header line is malformed")
                return False
            headers[name.lower()] = value.strip()
        else:
            self.send_error(431, "too many header lines")
            return False
        self.headers = headers  # type: ignore[assignment]  # what is read of it here is ``get``
        self.close_connection = headers.get("Connection", "").lower() == "close"
        return headers.get("Expect", "").lower() != "100-continue" or self.handle_expect_100()

    def do_POST(self) -> None:
        with self.server.answering():
            self._post()

    def _post(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            self.close_connection = True
            return self._answer(400, _fault("SerializationException", "a Content-Length is expected"))
        if not 0 <= length <= _LONGEST_REQUEST_BYTES:
            self.close_connection = True
            return self._answer(413, _fault("RequestEntityTooLargeException", "a request has at most 1 MB"))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        if self.token is not None and not self._has_token(self.token):
            return self._answer(400, _fault("UnrecognizedClientException", "the access key id is not the service's token"))
        if self.token is None and not self._is_addressed_here():
            return self._answer(400, _fault("AccessDeniedException", "without a token only this machine's names are served"))
        method = _METHODS.get(self.headers.get("X-Amz-Target", ""))
        if method is None:
            target = self.headers.get("X-Amz-Target", "")
            return self._answer(400, _fault("UnknownOperationException", f"this service does not answer {target!r}"))
        return self._answer(*self._call(method, body))

    def do_GET(self) -> None:
        self._answer(200, {"service": "simpleflow_nb", "operations": sorted(OPERATIONS)})

    def _call(self, method: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            request = json.loads(body or b"{}")
            if not isinstance(request, dict):
                raise ValueError("a JSON object is expected")
        except ValueError as error:
            return 400, _fault("SerializationException", str(error))
        self.service.caller.is_there = self._client_is_there
        try:
            return 200, getattr(self.service, method)(**request)
        except Fault as fault:
            return 400, _fault(fault.code, fault.message)
        except ServiceError as error:
            return 500, _fault("InternalFailure", str(error))
        except Exception as error:
            if found := _malformed(method, request):
                return 400, _fault("ValidationException", found)
            logger.critical("%s raised %s", method, type(error).__name__, exc_info=True)
            return 500, _fault("InternalFailure", f"{type(error).__name__}: {error}")

    def _client_is_there(self) -> bool:
        """A closed connection is readable and empty."""
        try:
            ready, _, _ = select.select([self.connection], [], [], 0)
            return not ready or bool(self.connection.recv(1, socket.MSG_PEEK))
        except (OSError, ValueError):
            return False

    def _has_token(self, token: str) -> bool:
        found = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
        return found is not None and hmac.compare_digest(found[1].encode(), token.encode())

    def _is_addressed_here(self) -> bool:
        """Whether the caller knows whom it calls: a page in a browser here, whose name was made to lead here, does not."""
        host = self.headers.get("Host", "")
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        try:
            return not name or name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
        except ValueError:
            return False

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = self.histories.encoded(body).encode()
        head = (
            f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\n"
            "Content-Type: application/x-amz-json-1.0\r\n"
            f"Content-Length: {len(text)}\r\n"
        )
        if self.close_connection:
            head += "Connection: close\r\n"
        self.wfile.write(head.encode() + b"\r\n" + text)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)


def _malformed(method: str, request: dict[str, Any]) -> str:
    """What is wrong with a request by SWF's own description of its calls; empty when nothing is."""
    from botocore.session import get_session
    from botocore.validate import ParamValidator

    name = next(operation for operation, found in _METHODS.items() if found == method).removeprefix(_TARGET)
    shape: Any = get_session().get_service_model("swf").operation_model(name).input_shape
    report: str = ParamValidator().validate(request, shape).generate_report()
    unknown = [member for member in request if member not in shape.members]
    return " ".join([*report.split("\n"), *(f"Unknown member: {member}" for member in unknown)]).strip()


def _fault(code: str, message: str) -> dict[str, Any]:
    return {"__type": f"com.amazonaws.swf.base.model#{code}", "message": message}
