"""Requests that other processes leave in the journal for its owner."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest

from simpleflow_nb.exceptions import JournalError, ServiceError
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.requests import OwnerByRequests, RequestLeft, leave_request
from simpleflow_nb.local.service import DOMAIN, LocalService

from .desk import FLOW, Desk, attributes, in_thread, opened


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


def test_only_some_calls_can_be_left(path):
    opened(path).close()
    with pytest.raises(
        ValueError, match=r"^'poll_for_decision_task' cannot be left as a request; one of start_workflow_execution, signal_"
    ):
        leave_request(path, "poll_for_decision_task", {})
    with pytest.raises(JournalError, match=r"does not exist; nothing has run here yet"):
        leave_request(path.with_name("other"), "signal_workflow_execution", {})


# ---- starts ------------------------------------------------------------------------------------------------------------------

START = "start_workflow_execution"


def test_a_start_that_another_process_leaves_has_its_run_id_from_there_and_is_answered(path):
    desk = opened(path)
    left = leave_request(path, START, {**RUN, "workflowType": FLOW, "input": "1", "tagList": ["t"]})
    assert left.wait(60)
    assert left.run_id is not None
    assert attributes(desk.events("run", left.run_id)[0])["input"] == "1"
    assert desk.local.execution(DOMAIN, "run", left.run_id) is not None
    assert left.wait(0)  # however often it is asked
    desk.close()
    desk = opened(path)
    assert [one.run_id for one in desk.local.open_executions(DOMAIN)] == [left.run_id]
    desk.close()


def test_a_start_that_the_owner_refuses_is_told_to_the_one_who_asked(path, caplog):
    desk = opened(path)
    desk.start()
    with pytest.raises(Fault, match=r"^WorkflowExecutionAlreadyStartedFault: Already Started: run$") as refused:
        leave_request(path, START, {**RUN, "workflowType": FLOW}).wait(60)
    assert refused.value.response["Error"]["Code"] == "WorkflowExecutionAlreadyStartedFault"
    unknown = {"domain": DOMAIN, "workflowId": "other", "workflowType": {"name": "nobody", "version": "1"}}
    with pytest.raises(Fault, match=r"^UnknownResourceFault: "):
        leave_request(path, START, unknown).wait(60)
    with pytest.raises(Fault, match=r"^ValidationException: .*colour"):
        leave_request(path, START, {"domain": DOMAIN, "workflowId": "red", "workflowType": FLOW, "colour": "red"}).wait(60)
    assert len(desk.local.open_executions(DOMAIN)) == 1
    assert caplog.records == []
    desk.close()


def test_the_answer_to_a_refused_start_outlives_the_owner(path):
    desk = opened(path)
    desk.start()
    left = leave_request(path, START, {**RUN, "workflowType": FLOW})
    desk.pass_time(0)
    desk.close()
    with pytest.raises(Fault, match="Already Started: run"):
        left.wait(0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"workflowId": "a/b"}, "Value at 'workflowId' is not a name"),
        ({"taskPriority": "high"}, "Value at 'taskPriority' is not an integer: 'high'"),
        ({"tagList": ["t"] * 6}, "tagList: at most 5 tags of at most 256 characters"),
        ({"executionStartToCloseTimeout": "NONE"}, "Value at 'executionStartToCloseTimeout' is not a duration: 'NONE'"),
        ({"childPolicy": "SPARE"}, "Value at 'childPolicy' is not one of TERMINATE, REQUEST_CANCEL, ABANDON: 'SPARE'"),
    ],
)
def test_a_start_with_wrong_values_is_refused_before_it_is_left(path, wrong, sentence):
    opened(path).close()
    with pytest.raises(Fault) as refused:
        leave_request(path, START, {**RUN, "workflowType": FLOW, **wrong})
    assert refused.value.message.startswith(sentence)
    assert _requests_left(path) == 0


def test_a_start_left_when_nobody_owns_the_journal_is_carried_out_by_the_next_owner_once(path):
    opened(path).close()
    left = leave_request(path, START, {**RUN, "workflowType": FLOW})
    assert not left.wait(60)  # at once: there is nobody to wait for
    for _ in range(2):
        desk = opened(path)
        desk.pass_time(0)
        assert [one.run_id for one in desk.local.open_executions(DOMAIN)] == [left.run_id]
        desk.close()
    assert left.wait(0)


def test_an_owner_that_is_about_to_end_leaves_requests_to_the_next_one(path):
    desk = opened(path)
    desk.local.take_requests(False)
    left = leave_request(path, START, {**RUN, "workflowType": FLOW})
    desk.pass_time(0)
    assert desk.local.open_executions(DOMAIN) == []
    assert not left.wait(0)
    desk.local.take_requests(True)
    desk.pass_time(0)
    assert left.wait(0)
    desk.close()


def test_an_owner_of_a_version_that_takes_no_starts_is_told_of(path):
    desk = opened(path)
    desk.local.take_requests(False)
    left = leave_request(path, START, {**RUN, "workflowType": FLOW})
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DELETE FROM requests")  # as such a version does with what it cannot carry out
    db.execute("DROP TABLE answers")
    db.close()
    with pytest.raises(Fault, match="the owner of the journal is a version that takes no starts"):
        left.wait(60)
    desk.close()


def test_another_process_can_use_the_owners_service_by_its_calls(path):
    desk = opened(path)
    service = OwnerByRequests(path, answer_seconds=60)
    started = service.start_workflow_execution(**RUN, workflowType=FLOW)
    with pytest.raises(Fault, match="Already Started: run"):
        service.start_workflow_execution(**RUN, workflowType=FLOW)
    service.signal_workflow_execution(**RUN, signalName="s")
    service.request_cancel_workflow_execution(**RUN)
    service.terminate_workflow_execution(**RUN, runId=started["runId"])
    with pytest.raises(Fault, match="Unknown execution: workflowId=run"):
        service.signal_workflow_execution(**RUN, signalName="s")
    kinds = desk.types("run", started["runId"])
    assert [kind for kind in kinds if not kind.startswith("Decision")] == [
        "WorkflowExecutionStarted",
        "WorkflowExecutionSignaled",
        "WorkflowExecutionCancelRequested",
        "WorkflowExecutionTerminated",
    ]
    desk.local.take_requests(False)
    slow = OwnerByRequests(path, answer_seconds=0)
    sentence = rf"^run: what was asked is still to be done: process \d+, which has {path}, has not taken it for 0 s; the next "
    with pytest.raises(RequestLeft, match=sentence):
        slow.start_workflow_execution(**RUN, workflowType=FLOW)
    desk.close()
    with pytest.raises(RequestLeft, match=rf"nobody has {path} any more; the next owner does it"):
        slow.start_workflow_execution(**RUN, workflowType=FLOW)


def test_a_start_is_carried_out_once_wherever_its_owner_dies(path):
    """The request is forgotten by the transaction that writes the start, or both are as they were."""
    service = Dying.open(path, poll_seconds=0)
    desk = Desk(service)
    left = leave_request(path, START, {**RUN, "workflowType": FLOW})
    with pytest.raises(ServiceError, match="the disk is gone"):
        desk.pass_time(0)
    desk.close()
    assert _requests_left(path) == 1
    desk = opened(path)
    desk.pass_time(0)
    assert [one.run_id for one in desk.local.open_executions(DOMAIN)] == [left.run_id]
    desk.close()


class Dying(LocalService):
    """Its journal cannot be written any more once a start was asked for."""

    def start_workflow_execution(self, **request):
        assert self.journal is not None
        self.journal.write = self._refuse  # type: ignore[method-assign]
        self.journal_patience_seconds = 0
        return super().start_workflow_execution(**request)

    def _refuse(self, *parts):
        raise JournalError("the disk is gone")
