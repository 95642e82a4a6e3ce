"""One client that takes a run from step to step, without boto3: what is left is the service's own time.

Reads ``{"run": id, "steps": n}`` a line and answers ``{"elapsed": seconds}``.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.servers import CREDENTIALS, DOMAIN

_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": f"AWS4-HMAC-SHA256 Credential={CREDENTIALS['AWS_ACCESS_KEY_ID']}/20260101/"
    f"{CREDENTIALS['AWS_DEFAULT_REGION']}/swf/aws4_request, SignedHeaders=host, Signature=0",
}


class Client:
    """SWF's calls over one connection."""

    def __init__(self, endpoint: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)

    def call(self, operation: str, **request: Any) -> Any:
        """The answer, None where there is none.

        Raises:
            RuntimeError: the service refuses the call.
        """
        headers = {**_HEADERS, "X-Amz-Target": f"SimpleWorkflowService.{operation}"}
        self._connection.request("POST", "/", json.dumps(request).encode(), headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {body.decode(errors='replace')[:300]}")
        return json.loads(body) if body else None


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
