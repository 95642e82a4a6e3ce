"""Requests that other processes leave in the journal for its owner."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest

from simpleflow_nb.exceptions import JournalError
from simpleflow_nb.local.requests import leave_request
from simpleflow_nb.local.service import DOMAIN, LocalService

from .desk import Desk, attributes, in_thread, opened


def _leave(path, operation, arguments):
    """From another process, as another terminal does."""
    code = (
        "import json, sys; from pathlib import Path; from simpleflow_nb.local.requests import leave_request; "
        "leave_request(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))"
    )
    subprocess.run([sys.executable, "-c", code, str(path), operation, json.dumps(arguments)], check=True)


RUN = {"domain": DOMAIN, "workflowId": "run"}


def test_the_owner_takes_the_requests_that_other_processes_leave(path):
    desk = opened(path)
    desk.start()
    _leave(path, "signal_workflow_execution", {**RUN, "signalName": "s", "input": "1"})
    assert attributes(desk.wait_for("WorkflowExecutionSignaled")) == {"signalName": "s", "input": "1"}
    _leave(path, "request_cancel_workflow_execution", RUN)
    desk.wait_for("WorkflowExecutionCancelRequested")
    _leave(path, "terminate_workflow_execution", {**RUN, "reason": "r"})
    assert attributes(desk.wait_for("WorkflowExecutionTerminated"))["reason"] == "r"
    desk.close()
    desk = opened(path)
    assert desk.types().count("WorkflowExecutionSignaled") == 1
    desk.close()


def test_requests_left_when_nobody_owns_the_journal_are_taken_by_the_next_owner_once(path):
    desk = opened(path)
    desk.start()
    desk.close()
    for n in range(3):
        leave_request(path, "signal_workflow_execution", {**RUN, "signalName": f"s{n}"})
    for _ in range(2):
        desk = opened(path)
        desk.pass_time(0)  # another look into the inbox
        desk.the("WorkflowExecutionSignaled", count=3)
        names = [
            attributes(event)["signalName"] for event in desk.events() if event["eventType"] == "WorkflowExecutionSignaled"
        ]
        assert names == ["s0", "s1", "s2"]
        desk.close()


class Interrupted(LocalService):
    """Somebody else's events are written just before those of a request."""

    left_after_others: list[int]

    def signal_workflow_execution(self, **request):
        if request["signalName"] == "asked":
            thread, _ = in_thread(lambda: self.signal_workflow_execution(domain=DOMAIN, workflowId="other", signalName="s"))
            thread.join(60)
            assert self.journal is not None
            self.left_after_others.append(_requests_left(self.journal.path))
        return super().signal_workflow_execution(**request)


def _requests_left(path) -> int:
    db = sqlite3.connect(path)
    try:
        return db.execute("SELECT count(*) FROM requests").fetchone()[0]
    finally:
        db.close()


def test_a_request_is_forgotten_only_by_the_transaction_that_writes_what_came_of_it(path):
    """Otherwise a death between the two loses it."""
    service = Interrupted.open(path, poll_seconds=0)
    assert isinstance(service, Interrupted)
    service.left_after_others = []
    desk = Desk(service)
    desk.start()
    desk.start("other")
    leave_request(path, "signal_workflow_execution", {**RUN, "signalName": "asked"})
    desk.pass_time(0)
    desk.the("WorkflowExecutionSignaled")
    desk.close()
    assert service.left_after_others == [1]
    assert _requests_left(path) == 0


def test_a_request_that_is_refused_is_forgotten_and_said(path, caplog):
    desk = opened(path)
    desk.start()
    leave_request(path, "signal_workflow_execution", {"domain": DOMAIN, "workflowId": "nobody", "signalName": "s"})
    leave_request(path, "terminate_workflow_execution", {**RUN, "colour": "red"})
    leave_request(path, "signal_workflow_execution", {**RUN, "signalName": "fine"})
    desk.pass_time(0)
    desk.the("WorkflowExecutionSignaled")
    desk.close()
    said = [record.getMessage() for record in caplog.records]
    assert said[0] == ("a request from another process was refused: UnknownResourceFault: Unknown execution: workflowId=nobody")
    assert "colour" in said[1]
    db = sqlite3.connect(path)
    assert db.execute("SELECT count(*) FROM requests").fetchone() == (0,)
    db.close()


def test_only_three_kinds_of_requests_can_be_left(path):
    opened(path).close()
    with pytest.raises(
        ValueError, match=r"^'start_workflow_execution' cannot be left as a request; one of signal_workflow_execution"
    ):
        leave_request(path, "start_workflow_execution", {})
    with pytest.raises(JournalError, match=r"does not exist; nothing has run here yet"):
        leave_request(path.with_name("other"), "signal_workflow_execution", {})
