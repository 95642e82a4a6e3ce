"""A proxy between the processes and the service that cuts, swallows and refuses."""

from __future__ import annotations

import http.client
import random
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Proxy:
    """Between the processes and the service; cuts, swallows and refuses while ``injects_faults`` is set."""

    def __init__(self, port: int, seed: int) -> None:
        self.backend, self.injects_faults = port, False
        self.random = random.Random(seed)
        self.done: dict[str, int] = {}
        self._connections: set[socket.socket] = set()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                self.upstream: http.client.HTTPConnection | None = None
                proxy._connections.add(self.connection)

            def finish(self) -> None:
                proxy._connections.discard(self.connection)
                if self.upstream is not None:
                    self.upstream.close()
                try:
                    super().finish()
                except OSError:
                    return  # cut while an answer was being written

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.pass_on(self, body)

            def log_message(self, *_: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                return

        self._server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def pass_on(self, handler: Any, body: bytes) -> None:
        fate = self._fate()
        self.done[fate] = self.done.get(fate, 0) + 1
        if fate == "cut before":
            handler.close_connection = True
            return
        if fate == "unavailable":
            self._answer(handler, 503, b'{"__type":"x#ServiceUnavailable","message":"try later"}')
            return
        if fate == "throttled":
            self._answer(handler, 400, b'{"__type":"x#ThrottlingException","message":"Rate exceeded"}')
            return
        try:
            if handler.upstream is None:
                handler.upstream = http.client.HTTPConnection("127.0.0.1", self.backend)
            handler.upstream.request("POST", "/", body, dict(handler.headers))
            self._await_answer(handler)
            answer = handler.upstream.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            handler.close_connection = True  # which closes the connection to the service as well
            return
        if fate == "cut after":
            handler.close_connection = True
            return
        self._answer(handler, status, text)

    @staticmethod
    def _await_answer(handler: Any) -> None:
        """The caller may hang up before there is an answer; the service must see it, or it gives a task to nobody."""
        ready, _, _ = select.select([handler.upstream.sock, handler.connection], [], [])
        if handler.upstream.sock not in ready and not handler.connection.recv(1, socket.MSG_PEEK):
            handler.upstream.close()
            raise ConnectionResetError("the caller has hung up")

    def _fate(self) -> str:
        if not self.injects_faults:
            return "passed"
        return self.random.choices(["passed", "cut before", "cut after", "unavailable", "throttled"], [6, 1, 1, 1, 1])[0]

    @staticmethod
    def _answer(handler: Any, status: int, text: bytes) -> None:
        handler.send_response_only(status)
        handler.send_header("Content-Type", "application/x-amz-json-1.0")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def cut_all(self) -> None:
        """Every connection, in the middle of whatever it carries: mostly polls."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        self._server.shutdown()
        self.cut_all()
        self._server.server_close()
        self._thread.join()
