"""The local service over HTTP, called with boto3 and by hand."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, strategies

from simpleflow_nb.local import decisions
from simpleflow_nb.local.encoded_histories import EncodedHistories
from simpleflow_nb.local.http_service import OPERATIONS, HttpService
from simpleflow_nb.local.served_journal import ServedJournal
from simpleflow_nb.local.service import LocalService

from .process_threads import until

TYPE = {"name": "w", "version": "1"}
NO_TYPE = {"name": "no", "version": "1"}
ACTIVITY = {"name": "a", "version": "1"}


def client_of(http: HttpService, key: str = "key") -> Any:
    return boto3.client(
        "swf",
        region_name="eu-west-1",
        endpoint_url=http.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def http() -> Iterator[HttpService]:
    served = HttpService(LocalService(poll_seconds=2, workers_inside=False))
    served.start()
    yield served
    served.close()


@pytest.fixture
def swf(http: HttpService) -> Iterator[Any]:
    client = client_of(http)
    client.register_workflow_type(
        domain="local",
        **TYPE,
        defaultTaskList={"name": "d"},
        defaultChildPolicy="TERMINATE",
        defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="3600",
    )
    client.register_activity_type(domain="local", **ACTIVITY)
    yield client
    client.close()


def schedule(activity_id: str) -> dict[str, Any]:
    timeouts = ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout", "heartbeatTimeout")
    attributes = {"activityId": activity_id, "activityType": ACTIVITY, "taskList": {"name": "a"}, "input": "é"}
    attributes |= dict.fromkeys(timeouts, "NONE")
    return {"decisionType": "ScheduleActivityTask", "scheduleActivityTaskDecisionAttributes": attributes}


def test_a_whole_run_over_boto3(swf: Any) -> None:
    run_id = swf.start_workflow_execution(domain="local", workflowId="x", workflowType=TYPE, tagList=["t"])["runId"]
    task = swf.poll_for_decision_task(domain="local", taskList={"name": "d"})
    assert [event["eventType"] for event in task["events"]][-1] == "DecisionTaskStarted"
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[schedule("one")])
    work = swf.poll_for_activity_task(domain="local", taskList={"name": "a"})
    assert (work["activityId"], work["input"]) == ("one", "é")
    assert swf.record_activity_task_heartbeat(taskToken=work["taskToken"])["cancelRequested"] is False
    swf.respond_activity_task_completed(taskToken=work["taskToken"], result="1")
    task = swf.poll_for_decision_task(domain="local", taskList={"name": "d"})
    done = {"decisionType": "CompleteWorkflowExecution", "completeWorkflowExecutionDecisionAttributes": {"result": "2"}}
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[done])
    found = swf.describe_workflow_execution(domain="local", execution={"workflowId": "x", "runId": run_id})
    assert found["executionInfo"]["closeStatus"] == "COMPLETED"


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("describe_domain", {"name": "nowhere"}, "UnknownResourceFault"),
        (
            "start_workflow_execution",
            {"workflowId": "y", "workflowType": {"name": "no", "version": "1"}},
            "UnknownResourceFault",
        ),
        ("start_workflow_execution", {"workflowId": "a:b", "workflowType": TYPE}, "ValidationException"),
        ("signal_workflow_execution", {"workflowId": "nobody", "signalName": "s"}, "UnknownResourceFault"),
        ("register_activity_type", {**ACTIVITY}, "TypeAlreadyExistsFault"),
        ("tag_resource", {"resourceArn": "x", "tags": []}, "UnknownResourceFault"),
        ("undeprecate_domain", {"name": "local"}, "DomainAlreadyExistsFault"),
        ("delete_activity_type", {"activityType": ACTIVITY}, "TypeNotDeprecatedFault"),
    ],
)
def test_a_refused_call_is_the_fault_that_swf_raises(swf: Any, call: str, arguments: dict[str, Any], code: str) -> None:
    if call not in ("describe_domain", "tag_resource", "undeprecate_domain"):
        arguments = {"domain": "local", **arguments}
    with pytest.raises(ClientError) as caught:
        getattr(swf, call)(**arguments)
    assert caught.value.response["Error"]["Code"] == code


def test_a_poll_wakes_as_soon_as_there_is_a_task(swf: Any, http: HttpService) -> None:
    found: list[dict[str, Any]] = []
    other = client_of(http)
    thread = threading.Thread(target=lambda: found.append(other.poll_for_decision_task(domain="local", taskList={"name": "d"})))
    thread.start()
    while not http.service.home.decision_lists["d"].waiting:
        time.sleep(0.001)
    swf.start_workflow_execution(domain="local", workflowId="x", workflowType=TYPE)
    thread.join(1.5)  # well before the poll's own two seconds are over
    assert found
    assert found[0]["workflowExecution"]["workflowId"] == "x"
    other.close()


def test_an_empty_poll_has_no_task_token(swf: Any) -> None:
    answer = swf.poll_for_activity_task(domain="local", taskList={"name": "nobody"})
    assert not answer.get("taskToken")


def test_a_task_is_not_handed_to_a_caller_that_has_hung_up(swf: Any, http: HttpService) -> None:
    host, port = http.endpoint.removeprefix("http://").split(":")
    body = json.dumps({"domain": "local", "taskList": {"name": "d"}})
    raw = socket.create_connection((host, int(port)))
    head = f"POST / HTTP/1.1\r\nX-Amz-Target: SimpleWorkflowService.PollForDecisionTask\r\nContent-Length: {len(body)}\r\n\r\n"
    raw.sendall((head + body).encode())
    while not http.service.home.decision_lists["d"].waiting:
        time.sleep(0.001)
    raw.close()
    swf.start_workflow_execution(domain="local", workflowId="x", workflowType=TYPE)
    task = swf.poll_for_decision_task(domain="local", taskList={"name": "d"})
    assert task["workflowExecution"]["workflowId"] == "x"


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"not json", "SerializationException"), (b"[1]", "SerializationException"), (b"{}", "ValidationException")],
)
def test_a_malformed_request_is_answered_with_a_fault(http: HttpService, body: bytes, code: str) -> None:
    request = urllib.request.Request(
        http.endpoint, data=body, headers={"X-Amz-Target": "SimpleWorkflowService.StartWorkflowExecution"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    with caught.value as answer:
        assert json.loads(answer.read())["__type"].endswith("#" + code)


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([b"no colon"], b"400"),
        ([b" folded: line"], b"400"),
        ([b"X-Long: " + b"x" * 65_536], b"400"),
        ([b"X-%d: y" % n for n in range(100)], b"431"),
        ([b"X-%d: y" % n for n in range(90)], b"200"),
    ],
    ids=["no colon", "folded", "long", "too many", "many"],
)
def test_a_head_that_is_malformed_or_too_long_is_refused(http: HttpService, lines: list[bytes], status: bytes) -> None:
    place = urllib.parse.urlsplit(http.endpoint)
    body = b'{"registrationStatus":"REGISTERED"}'
    call = [b"x-amz-target: SimpleWorkflowService.ListDomains", b"CONTENT-LENGTH: %d" % len(body), b"connection: close"]
    with socket.create_connection((place.hostname, place.port), timeout=5) as raw:
        raw.sendall(b"\r\n".join([b"POST / HTTP/1.1", *call, *lines, b"", body]))
        assert raw.makefile("rb").readline().split()[1] == status


@given(data=strategies.data())
def test_histories_are_encoded_as_ever_whatever_was_kept_of_them(data: strategies.DataObject) -> None:
    """Windows of runs by turns, some joining on to what is kept, some not, and too many runs to keep."""
    histories = EncodedHistories(kept_events=12)
    for _ in range(data.draw(strategies.integers(1, 12))):
        run = data.draw(strategies.sampled_from("abc"))
        first, length = data.draw(strategies.integers(1, 9)), data.draw(strategies.integers(0, 6))
        events = [{"eventId": number, "eventType": f"{run}{number}é"} for number in range(first, first + length)]
        if data.draw(strategies.booleans()):
            events.reverse()
        answer = {
            "taskToken": "t",
            "workflowExecution": {"workflowId": "w", "runId": run},
            "events": events,
            "startedEventId": 9,
        }
        assert json.loads(histories.encoded(answer)) == answer


def test_with_a_token_only_its_holders_are_served() -> None:
    http = HttpService(LocalService(poll_seconds=1), token="sixteen-letters!")
    http.start()
    try:
        good, bad = client_of(http, "sixteen-letters!"), client_of(http, "another")
        assert good.list_domains(registrationStatus="REGISTERED")["domainInfos"][0]["name"] == "local"
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            bad.list_domains(registrationStatus="REGISTERED")
        good.close()
        bad.close()
    finally:
        http.close()


def test_started_tasks_outlive_a_restart_of_the_service(tmp_path: Path) -> None:
    first = HttpService(LocalService.open(tmp_path / "j.sqlite3", workers_inside=False, poll_seconds=1))
    first.start()
    swf = client_of(first)
    swf.register_workflow_type(
        domain="local",
        **TYPE,
        defaultTaskList={"name": "d"},
        defaultChildPolicy="TERMINATE",
        defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="3600",
    )
    swf.register_activity_type(domain="local", **ACTIVITY)
    swf.start_workflow_execution(domain="local", workflowId="x", workflowType=TYPE)
    task = swf.poll_for_decision_task(domain="local", taskList={"name": "d"})
    swf.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[schedule("one")])
    work = swf.poll_for_activity_task(domain="local", taskList={"name": "a"})
    swf.close()
    first.close()
    second = HttpService(LocalService.open(tmp_path / "j.sqlite3", workers_inside=False, poll_seconds=1))
    second.start()
    swf = client_of(second)
    swf.respond_activity_task_completed(taskToken=work["taskToken"], result="1")
    task = swf.poll_for_decision_task(domain="local", taskList={"name": "d"})
    assert [event["eventType"] for event in task["events"][-3:]] == [
        "ActivityTaskCompleted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
    ]
    swf.close()
    second.close()


def test_every_operation_served_exists_in_swf() -> None:
    client = boto3.client("swf", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    assert set(client.meta.service_model.operation_names) >= OPERATIONS
    client.close()


def posted(http: HttpService, operation: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    headers = {"X-Amz-Target": f"SimpleWorkflowService.{operation}", **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(http.endpoint, data=body, headers=headers), timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:1", 200),
        ("LocalHost:4617", 200),
        ("localhost.:4617", 200),
        ("127.0.0.1:4617", 200),
        ("127.0.0.1.:4617", 200),
        ("[::1]:4617", 200),
        ("[0:0:0:0:0:0:0:1]", 200),
        ("[::FFFF:127.0.0.1]:4617", 200),
        ("app.localhost:4617", 400),
        ("evil.example", 400),
        ("evil.example:80", 400),
        ("localhost.evil.example", 400),
        ("evillocalhost", 400),
        ("localhost..:4617", 400),
        (".localhost", 400),
        ("localhost@evil.example", 400),
        ("10.0.0.1:4617", 400),
        ("[::ffff:10.0.0.1]:4617", 400),
    ],
)
def test_without_a_token_pages_of_other_names_are_not_served(host: str, status: int, http: HttpService) -> None:
    assert posted(http, "ListDomains", b'{"registrationStatus": "REGISTERED"}', Host=host)[0] == status


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"domain": "local"}', "Value null at 'workflowId' failed to satisfy constraint: Member must not be null"),
        (
            b'{"domain": "local", "workflowId": "x", "workflowType": "t"}',
            "Value at 'workflowType' is a text; an object is expected",
        ),
        (
            b'{"domain": "local", "workflowId": "x", "workflowType": {"name": "a", "version": "1"}, "colour": "red"}',
            "Unknown member 'colour'",
        ),
    ],
)
def test_a_request_that_is_not_as_swf_describes_it_is_refused(body: bytes, message: str, http: HttpService) -> None:
    status, answer = posted(http, "StartWorkflowExecution", body)
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "ValidationException")
    assert answer["message"] == message


def test_a_bug_of_the_service_is_not_blamed_on_the_request(http: HttpService, caplog: pytest.LogCaptureFixture) -> None:
    http.service.infos = None  # type: ignore[assignment]
    request = b'{"domain": "local", "startTimeFilter": {"oldestDate": 0}}'
    status, answer = posted(http, "ListOpenWorkflowExecutions", request)
    assert (status, answer["__type"].rpartition("#")[2]) == (500, "InternalFailure")
    assert "list_open_workflow_executions raised" in caplog.text


def test_a_service_that_stops_answers_the_polls_that_wait() -> None:
    served = HttpService(LocalService(poll_seconds=60, workers_inside=False))
    served.start()
    answers: list[Any] = []
    body = b'{"domain": "local", "taskList": {"name": "d"}}'
    threads = [threading.Thread(target=lambda: answers.append(posted(served, "PollForDecisionTask", body))) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: served.service.home.decision_lists["d"].waiting == 4, "four polls")
    served.close()
    for thread in threads:
        thread.join(60)
    assert [status for status, _ in answers] == [200] * 4


def test_every_call_and_every_decision_of_swf_is_carried_out() -> None:
    model = botocore.session.get_session().get_service_model("swf")
    assert set(model.operation_names) == OPERATIONS
    for kind in model.shape_for("DecisionType").enum:
        decisions.check([{"decisionType": kind}])


def test_the_line_at_the_start_names_what_is_not_imitated(tmp_path: Path) -> None:
    served = ServedJournal(tmp_path / "journal.sqlite3", token="t")
    lacking = "not imitated: Lambda functions, removal of histories after a domain's retention period"
    assert served.notes == [f"{lacking}, throttling without --quotas"]
    assert ServedJournal(tmp_path / "journal.sqlite3", token="t", quotas=True).notes == [lacking]
