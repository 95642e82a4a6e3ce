"""A service that breaks at a decision which it does not have, as moto does: the run ends with a sentence that says so."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simpleflow_nb import Workflow, activity
from simpleflow_nb.inspection.executions import info_table
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.processes.lost_decisions import carried_out
from simpleflow_nb.swf.client import Boto3Service
from simpleflow_nb.workflow import execution_input
from tests.service.manual_client import attributes
from tests.service.moto_server import environment, moto_endpoint

DOMAIN = "lost"
SENTENCE = (
    "the service broke (HTTP 500) at {} and lost it, as moto does with decisions that it does not have; "
    "this run cannot go on, SWF and service.start have them all"
)
_HAS_ENDED = threading.Event()


@activity.with_attributes(version="1", task_list="lost work")
def wait_for(seconds: float) -> None:
    time.sleep(seconds)


@activity.with_attributes(version="1", task_list="lost work")
def wait_for_the_end() -> None:
    _HAS_ENDED.wait(60)


class Lost(Workflow):
    task_list = "lost decide"


class Child(Lost):
    def run(self) -> int:
        return 1


class WithChild(Lost):
    def run(self) -> Any:
        return self.submit(Child).result


class WithSignal(Lost):
    def run(self) -> Any:
        self.submit(self.signal("go", workflow_id="somebody"))
        return self.next_signal("never").result


class WithCancelOfAnother(Lost):
    def run(self) -> Any:
        return self.submit(self.cancel_workflow("somebody")).result


class ContinuedAsNew(Lost):
    def run(self) -> Any:
        return self.submit(self.continue_as_new())


class WithCancelOfAnActivity(Lost):
    def run(self) -> Any:
        slow = self.submit(wait_for_the_end)
        self.submit(wait_for, 0).result
        self.submit(wait_for, 0)
        slow.cancel()
        return slow.exception is None


@pytest.fixture(scope="module")
def swf() -> Iterator[Boto3Service]:
    with moto_endpoint() as endpoint, environment(AWS_ENDPOINT_URL=endpoint):
        service = Boto3Service()
        service.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
        yield service
        service.close()


@pytest.mark.parametrize(
    ("cls", "lost"),
    [
        (WithChild, "StartChildWorkflowExecution"),
        (WithSignal, "SignalExternalWorkflowExecution"),
        (WithCancelOfAnother, "RequestCancelExternalWorkflowExecution"),
        (ContinuedAsNew, "ContinueAsNewWorkflowExecution"),
    ],
)
def test_a_run_whose_decision_was_lost_ends_with_the_reason(
    swf: Boto3Service, caplog: pytest.LogCaptureFixture, cls: type[Workflow], lost: str
) -> None:
    workflow_id = cls.__name__
    with caplog.at_level(logging.WARNING):
        execution = _run_to_end(swf, cls, workflow_id)
    table = info_table(swf, DOMAIN, execution)
    shown = dict(zip(table.header, table.rows[0], strict=True))
    assert (shown["status"], shown["reason"]) == ("TERMINATED", SENTENCE.format(lost))
    assert [record.getMessage() for record in caplog.records if "decider" in record.name or "lost" in record.name] == [
        f"{workflow_id} is terminated: {SENTENCE.format(lost)}"
    ]


def test_decisions_before_the_lost_one_do_not_hide_it(swf: Boto3Service) -> None:
    execution = _run_to_end(swf, WithCancelOfAnActivity, "several")
    table = info_table(swf, DOMAIN, execution)
    shown = dict(zip(table.header, table.rows[0], strict=True))
    assert shown["reason"] == SENTENCE.format("RequestCancelActivityTask")


def _run_to_end(swf: Boto3Service, cls: type[Workflow], workflow_id: str) -> dict[str, str]:
    engine = Engine(swf, DOMAIN, decision_list="lost decide", task_lists={"lost work": 2}, workflows=[cls])
    _HAS_ENDED.clear()
    engine.start()
    started = swf.start_workflow_execution(
        domain=DOMAIN,
        workflowId=workflow_id,
        workflowType={"name": cls.type_name(), "version": cls.version},
        taskList={"name": "lost decide"},
        input=execution_input(cls, {}),
    )
    execution = {"workflowId": workflow_id, "runId": started["runId"]}
    deadline = time.monotonic() + 60
    while swf.describe_workflow_execution(domain=DOMAIN, execution=execution)["executionInfo"]["executionStatus"] == "OPEN":
        assert time.monotonic() < deadline, "it is still open after a minute"
        time.sleep(0.05)
    _HAS_ENDED.set()
    engine.stop()
    return execution


def _event(number: int, kind: str, **attributes: Any) -> dict[str, Any]:
    return {"eventId": number, "eventType": kind, f"{kind[0].lower()}{kind[1:]}EventAttributes": attributes}


BEFORE = [_event(3, "DecisionTaskStarted", scheduledEventId=2)]
COMPLETED = _event(4, "DecisionTaskCompleted", scheduledEventId=2, startedEventId=3)
MARKER = _event(5, "MarkerRecorded", markerName="a", decisionTaskCompletedEventId=4)
TIMER = _event(6, "TimerStarted", timerId="b", startToFireTimeout="1", decisionTaskCompletedEventId=4)
OF_ANOTHER = _event(9, "MarkerRecorded", markerName="c", decisionTaskCompletedEventId=8)


@pytest.mark.parametrize(
    ("events", "number"),
    [
        ([*BEFORE], None),
        ([*BEFORE, COMPLETED], 0),
        ([*BEFORE, COMPLETED, MARKER], 1),
        ([*BEFORE, COMPLETED, MARKER, TIMER], 2),
        ([*BEFORE, COMPLETED, MARKER, OF_ANOTHER], 1),
        (
            [*BEFORE, _event(4, "DecisionTaskTimedOut", scheduledEventId=2, startedEventId=3, timeoutType="START_TO_CLOSE")],
            None,
        ),
    ],
)
def test_the_history_tells_how_many_decisions_were_carried_out(events: list[Any], number: int | None) -> None:
    assert carried_out(events, started_event_id=3) == number


def test_a_broken_page_of_something_else_is_tried_again_by_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """A web server between that fails has not lost anything: the decision task is still there."""
    page = {"status_code": 500, "headers": {}, "body": b"<html>sorry</html>"}
    with environment(AWS_ENDPOINT_URL="http://127.0.0.1:9"):
        service = Boto3Service()
        with pytest.raises(ClientError) as raised:
            service.meta.events.emit("before-parse.swf.RespondDecisionTaskCompleted", response_dict=page)
        service.close()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


class Breaking:
    """A service behind a web server that breaks at the first response, before it gets there or after."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.breakdowns = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)

    def _break(self) -> None:
        self.breakdowns -= 1
        page: Any = {"Error": {"Code": "500"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
        raise ClientError(page, "RespondDecisionTaskCompleted")


class BreakingBefore(Breaking):
    def respond_decision_task_completed(self, **request: Any) -> None:
        if self.breakdowns:
            self._break()
        self.service.respond_decision_task_completed(**request)


class BreakingAfter(Breaking):
    def respond_decision_task_completed(self, **request: Any) -> None:
        self.service.respond_decision_task_completed(**request)
        if self.breakdowns:
            self._break()


class Doubling(Lost):
    def run(self, number: int) -> int:
        self.submit(wait_for, 0).result
        return 2 * number


def test_a_response_that_got_nowhere_is_asked_for_again(stepped: Any) -> None:
    played = stepped(Doubling, service=BreakingBefore)
    played.begin(Doubling, 4)
    with pytest.raises(ClientError):  # which a decider process logs
        played.decides()
    played.pass_time(61)  # the decision task times out
    played.act()
    assert attributes(played.events()[-1])["result"] == "8"


def test_a_response_that_was_carried_out_whole_counts(stepped: Any) -> None:
    played = stepped(Doubling, service=BreakingAfter)
    assert played.play(Doubling, 4)["result"] == "8"
    assert played.decider.decisions == 2
