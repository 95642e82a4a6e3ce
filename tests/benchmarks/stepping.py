"""One client that takes a run from step to step, without boto3: what is left is the service's own time.

Reads ``{"run": id, "steps": n}`` a line and answers ``{"elapsed": seconds, "repeated": calls}``.
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

_INTERNAL_ERROR = 500
_ATTEMPTS = 10


class Client:
    """SWF's calls over one connection, read without a library: http.client takes longer than the service that is measured.

    A call that is answered with an internal error is made again. moto needs that: its threads share their tasks without a lock,
    and each call looks first at the times of all of them, so it meets tasks that another call has half started. It has changed
    nothing then. A service that fails later refuses the second call, which ends the measurement.

    Attributes:
        repeated: number of calls made again so far.
    """

    def __init__(self, endpoint: str) -> None:
        self._place = urlsplit(endpoint)
        self._connection: socket.socket | None = None
        self._answers: BinaryIO = io.BytesIO()
        self.repeated = 0

    def call(self, operation: str, **request: Any) -> Any:
        """The answer, None where there is none.

        Raises:
            RuntimeError: the service refuses the call.
        """
        body = json.dumps(request)
        head = f"POST / HTTP/1.1\r\nHost: {self._place.netloc}\r\n{_HEADERS}X-Amz-Target: SimpleWorkflowService.{operation}\r\n"
        request_bytes = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        status, answer = self._answered(request_bytes)
        for _ in range(_ATTEMPTS - 1):
            if status != _INTERNAL_ERROR:
                break
            self.repeated += 1
            status, answer = self._answered(request_bytes)
        if status != 200:
            raise RuntimeError(f"{operation}: {status} {answer.decode(errors='replace')[:300]}")
        return json.loads(answer) if answer else None

    def close(self) -> None:
        if self._connection is not None:
            self._answers.close()
            self._connection.close()
            self._connection = None

    def _answered(self, request: bytes) -> tuple[int, bytes]:
        """Return the status and the body of the answer."""
        self._connected().sendall(request)
        status, length, closes = self._head()
        answer = self._answers.read(length)
        if closes:
            self.close()
        return status, answer

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
        start, repeated = time.perf_counter(), client.repeated
        walk(client, request["run"], request["steps"])
        print(json.dumps({"elapsed": time.perf_counter() - start, "repeated": client.repeated - repeated}), flush=True)


if __name__ == "__main__":
    main()
