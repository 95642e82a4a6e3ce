"""What processes ask of a service: counted on the way, call by call."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

POLLS = ("PollForDecisionTask", "PollForActivityTask")


class CountingProxy:
    """Hands requests on to a service, and counts calls, bytes and events of the answers by operation."""

    def __init__(self, endpoint: str) -> None:
        self.to = urlsplit(endpoint).netloc
        self.calls: Counter[str] = Counter()
        self.answered_bytes: Counter[str] = Counter()
        self.answered_events: Counter[str] = Counter()
        self.waiting: Counter[str] = Counter()  #: polls that have been sent on and have no answer yet
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            counts = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True)

    def __enter__(self) -> CountingProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answered(self, operation: str, content: bytes) -> None:
        with self._lock:
            self.calls[operation] += 1
            self.answered_bytes[operation] += len(content)
            self.answered_events[operation] += content.count(b'"eventId":')

    @contextmanager
    def polling(self, operation: str) -> Iterator[None]:
        with self._lock:
            self.waiting[operation] += 1
        try:
            yield
        finally:
            with self._lock:
                self.waiting[operation] -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # connections of idle clients never end by themselves
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed while they poll leave broken connections behind: that is no news here."""


class _Handler(BaseHTTPRequestHandler):
    counts: CountingProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.upstream = http.client.HTTPConnection(self.counts.to)

    def finish(self) -> None:
        self.upstream.close()
        super().finish()

    def do_POST(self) -> None:
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if operation in POLLS:
            with self.counts.polling(operation):
                self._forward(operation, body)
        else:
            self._forward(operation, body)

    def _forward(self, operation: str, body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        self.upstream.request("POST", self.path, body, headers)
        answer = self.upstream.getresponse()
        content = answer.read()
        self.counts.answered(operation, content)
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}", f"Content-Length: {len(content)}"]
        lines += [
            f"{name}: {value}"
            for name, value in answer.getheaders()
            if name.lower() not in ("content-length", "transfer-encoding", "connection")
        ]
        # one write: a second one would wait for the acknowledgement of the first
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the counts are what this is for."""
