"""``service.start`` in a process of its own, and clients that write what they like."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 60
_LOGGED = re.compile(r"^\S+ (?=[A-Z]+ \S+: )")

FLOW = {"name": "flow", "version": "1"}


class Served:
    """A running service. ``journal`` is its file."""

    def __init__(self, journal: Path, *words: str, limits: dict[int, int] | None = None) -> None:
        self.journal = journal

        def limited() -> None:
            for kind, value in (limits or {}).items():
                resource.setrlimit(kind, (value, value))

        self.process = subprocess.Popen(
            [sys.executable, "-m", "simpleflow_nb", "service.start", "--port", "0", "--db", str(journal), *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limited,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        found = re.match(r"AWS_ENDPOINT_URL=http://127.0.0.1:(\d+) ", first)
        assert found, (first, self.process.stderr and self.process.stderr.read())
        self.port = int(found[1])

    def connection(self, timeout_seconds: float = WAIT_SECONDS) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout_seconds)

    def call(self, operation: str, **request: Any) -> tuple[int, dict[str, Any]]:
        return self.post(operation, json.dumps(request).encode())

    def post(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and answer, over a connection of its own."""
        with self.connection() as connection:
            connection.sendall(message(operation, body, b"Connection: close"))
            return answer(connection)

    def register(self) -> None:
        timeouts = {"defaultTaskStartToCloseTimeout": "60", "defaultExecutionStartToCloseTimeout": "3600"}
        request = {**FLOW, **timeouts, "defaultTaskList": {"name": "d"}, "defaultChildPolicy": "TERMINATE"}
        assert self.call("RegisterWorkflowType", domain="local", **request) == (200, {})

    def start(self, workflow_id: str, **options: Any) -> tuple[int, dict[str, Any]]:
        return self.call("StartWorkflowExecution", domain="local", workflowId=workflow_id, workflowType=FLOW, **options)

    def open_ids(self) -> set[str]:
        status, found = self.call("ListOpenWorkflowExecutions", domain="local", startTimeFilter={"oldestDate": 0})
        assert status == 200
        return {info["execution"]["workflowId"] for info in found["executionInfos"]}

    def ended(self) -> tuple[int, list[str]]:
        """Exit code and the lines of standard error, those of the log without their moments, once the process has ended."""
        _, said = self.process.communicate(timeout=WAIT_SECONDS)
        return self.process.returncode, [_LOGGED.sub("", line) for line in said.splitlines()]


@contextmanager
def served(journal: Path, *words: str, limits: dict[int, int] | None = None) -> Iterator[Served]:
    """Stopped at the end, if it has not ended by itself."""
    service = Served(journal, *words, limits=limits)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
            try:
                service.process.communicate(timeout=WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.communicate()
                raise
        else:
            service.process.communicate()


def message(operation: str, body: bytes, *lines: bytes) -> bytes:
    head = [b"POST / HTTP/1.1", b"X-Amz-Target: SimpleWorkflowService." + operation.encode(), *lines]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", body])


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The next answer that comes.

    Raises:
        ConnectionError: there is none.
    """
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError("no answer")
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1]), json.loads(body)


def fault(answered: tuple[int, dict[str, Any]]) -> tuple[int, str, str]:
    """Status, SWF's name of the fault, and its sentence."""
    status, body = answered
    return status, body["__type"].rpartition("#")[2], body["message"]
