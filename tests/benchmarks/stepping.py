"""One client that takes a run from step to step, without boto3: what is left is the service's own time.

Reads ``{"run": id, "steps": n}`` a line and answers ``{"elapsed": seconds}``.
"""

from __future__ import annotations

import io
import json
import socket
import sys
import time
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from tests.benchmarks.servers import CREDENTIALS, DOMAIN

_HEADERS = (
    "Content-Type: application/x-amz-json-1.0\r\n"
    f"Authorization: AWS4-HMAC-SHA256 Credential={CREDENTIALS['AWS_ACCESS_KEY_ID']}/20260101/"
    f"{CREDENTIALS['AWS_DEFAULT_REGION']}/swf/aws4_request, SignedHeaders=host, Signature=0\r\n"
)


class Client:
    """SWF's calls over one connection, read without a library: http.client takes longer than the service that is measured."""

    def __init__(self, endpoint: str) -> None:
        self._place = urlsplit(endpoint)
        self._connection: socket.socket | None = None
        self._answers: BinaryIO = io.BytesIO()

    def call(self, operation: str, **request: Any) -> Any:
        """The answer, None where there is none.

        Raises:
            RuntimeError: the service refuses the call.
        """
        body = json.dumps(request)
        head = f"POST / HTTP/1.1\r\nHost: {self._place.netloc}\r\n{_HEADERS}X-Amz-Target: SimpleWorkflowService.{operation}\r\n"
        self._connected().sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        status, length, closes = self._head()
        answer = self._answers.read(length)
        if closes:
            self.close()
        if status != 200:
            raise RuntimeError(f"{operation}: {status} {answer.decode(errors='replace')[:300]}")
        return json.loads(answer) if answer else None

    def close(self) -> None:
        if self._connection is not None:
            self._answers.close()
            self._connection.close()
            self._connection = None

    def _connected(self) -> socket.socket:
        if self._connection is None:
            self._connection = socket.create_connection((self._place.hostname, self._place.port))
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._answers = self._connection.makefile("rb")
        return self._connection

    def _head(self) -> tuple[int, int, bool]:
        """Status, length of the body, and whether the connection ends after it."""
        version, status = self._answers.readline().split()[:2]
        length, closes = 0, version == b"HTTP/1.0"
        while line := self._answers.readline().strip().lower():
            name, _, value = line.partition(b":")
            if name == b"content-length":
                length = int(value)
            elif name == b"connection":
                closes = value.strip() == b"close"
        return int(status), length, closes


def walk(client: Client, run: str, steps: int) -> None:
    """One run of so many activities, one after another: four calls each."""
    here, activity = {"name": run}, {"name": "step", "version": "1"}
    client.call(
        "StartWorkflowExecution",
        domain=DOMAIN,
        workflowId=run,
        workflowType={"name": "chain", "version": "1"},
        taskList=here,
        executionStartToCloseTimeout="3600",
        taskStartToCloseTimeout="60",
        childPolicy="TERMINATE",
    )
    for step in range(steps + 1):
        decision = client.call("PollForDecisionTask", domain=DOMAIN, taskList=here)
        if step == steps:
            decided: dict[str, Any] = {"decisionType": "CompleteWorkflowExecution"}
        else:
            attributes = {"activityId": str(step), "activityType": activity, "taskList": here, "input": '{"args":[1]}'}
            timeouts = {
                f"{name}Timeout": "NONE" for name in ("heartbeat", "scheduleToClose", "scheduleToStart", "startToClose")
            }
            decided = {
                "decisionType": "ScheduleActivityTask",
                "scheduleActivityTaskDecisionAttributes": attributes | timeouts,
            }
        client.call("RespondDecisionTaskCompleted", taskToken=decision["taskToken"], decisions=[decided])
        if step < steps:
            task = client.call("PollForActivityTask", domain=DOMAIN, taskList=here)
            client.call("RespondActivityTaskCompleted", taskToken=task["taskToken"], result="2")


def main() -> None:
    client = Client(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        start = time.perf_counter()
        walk(client, request["run"], request["steps"])
        print(json.dumps({"elapsed": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
