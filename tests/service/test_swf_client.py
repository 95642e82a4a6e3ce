"""SWF through boto3: the clients, the fast path, and the engine on a moto server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConfigNotFound,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from hypothesis import given
from hypothesis import strategies as st

from deciders import workflow_types
from deciders.workflow_types import executions_of_type
from simpleflow_nb import Workflow, activity
from simpleflow_nb.exceptions import DefinitionError, ServiceError
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.service_faults import is_passing
from simpleflow_nb.swf import fast_path
from simpleflow_nb.swf.client import Boto3Service
from simpleflow_nb.swf.explanations import explained
from simpleflow_nb.workflow import execution_input
from tests.service.moto_server import environment, moto_endpoint

LONGS = st.integers(-(2**63), 2**63 - 1)  # SWF's integers; larger ones would come as floats


@activity.with_attributes(version="1", task_list="work")
def increment(x: int) -> int:
    return x + 1


@activity.with_attributes(version="1", task_list="work")
def slow(x: int) -> int:
    time.sleep(0.3)
    return x


class PendingArgument(Workflow):
    """The later call of one name must not get the result of an earlier one whose argument is still pending."""

    name = "pending_argument"
    task_list = "decide"

    def run(self) -> list[int]:
        first = self.submit(slow, 1)
        second = self.submit(increment, first)
        third = self.submit(increment, 100)
        return [second.result, third.result]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_endpoint() as address:
        yield address


@pytest.fixture
def swf(endpoint: str) -> Iterator[Boto3Service]:
    with environment(AWS_ENDPOINT_URL=endpoint):
        service = Boto3Service()
        if "tests" not in [info["name"] for info in service.list_domains(registrationStatus="REGISTERED")["domainInfos"]]:
            service.register_domain(name="tests", workflowExecutionRetentionPeriodInDays="1")
        yield service
        service.close()


def run_to_end(
    swf: Boto3Service, cls: type[Workflow], workflow_id: str, workflows: Sequence[type[Workflow]] = ()
) -> list[dict[str, Any]]:
    """The history of a run that an engine of its own has carried out."""
    engine = Engine(swf, "tests", decision_list="decide", task_lists={"work": 2}, workflows=workflows or [cls])
    engine.start()
    started = swf.start_workflow_execution(
        domain="tests",
        workflowId=workflow_id,
        workflowType={"name": cls.type_name(), "version": cls.version},
        taskList={"name": "decide"},
        input=execution_input(cls, {}),
    )
    execution = {"workflowId": workflow_id, "runId": started["runId"]}
    for _ in range(300):
        info = swf.describe_workflow_execution(domain="tests", execution=execution)["executionInfo"]
        if info["executionStatus"] != "OPEN":
            break
        time.sleep(0.1)
    engine.stop()
    assert engine.join(60)
    events: list[dict[str, Any]] = swf.get_workflow_execution_history(domain="tests", execution=execution)["events"]
    return events


def test_a_call_whose_argument_is_pending_keeps_its_own_result(swf: Boto3Service) -> None:
    events = run_to_end(swf, PendingArgument, "pending")
    assert events[-1]["eventType"] == "WorkflowExecutionCompleted"
    assert events[-1]["workflowExecutionCompletedEventAttributes"]["result"] == "[2,101]"


def test_no_decision_fails_for_want_of_a_registered_type(swf: Boto3Service) -> None:
    events = run_to_end(swf, PendingArgument, "registered")
    assert not [event["eventType"] for event in events if event["eventType"].endswith("Failed")]


def test_the_fast_path_gives_what_boto3_gives_but_for_the_kind_of_timestamps(swf: Boto3Service, endpoint: str) -> None:
    events = run_to_end(swf, PendingArgument, "compared")
    plain = boto3.client("swf", endpoint_url=endpoint)
    started = swf.list_closed_workflow_executions(
        domain="tests", startTimeFilter={"oldestDate": 0}, executionFilter={"workflowId": "compared"}
    )["executionInfos"]
    run_id = next(i["execution"]["runId"] for i in started if i["execution"]["workflowId"] == "compared")
    theirs = plain.get_workflow_execution_history(domain="tests", execution={"workflowId": "compared", "runId": run_id})[
        "events"
    ]
    plain.close()
    assert all(isinstance(event["eventTimestamp"], float | int) for event in events)
    for event in theirs:
        event["eventTimestamp"] = event["eventTimestamp"].timestamp()
    assert [{**e, "eventTimestamp": round(e["eventTimestamp"], 3)} for e in events] == [
        {**e, "eventTimestamp": round(e["eventTimestamp"], 3)} for e in theirs
    ]


class FormerFlow(Workflow):
    name, version, task_list = "flow_of_two_versions", "1", "decide"

    def run(self) -> str:
        return "as version 1 decides"


class PresentFlow(Workflow):
    name, version, task_list = "flow_of_two_versions", "2", "decide"

    def run(self) -> str:
        return "as version 2 decides"


def test_two_versions_of_a_type_are_decided_each_by_its_class_and_listed_once(
    swf: Boto3Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cls in (FormerFlow, PresentFlow):
        events = run_to_end(swf, cls, f"version-{cls.version}", [PresentFlow, FormerFlow])
        ended = events[-1]["workflowExecutionCompletedEventAttributes"]
        assert ended["result"] == f'"as version {cls.version} decides"'
    monkeypatch.setattr(workflow_types, "CLASSES", {"flow_of_two_versions": {"1": "FormerFlow", "2": "PresentFlow"}})
    listed = executions_of_type(swf, "tests", "flow_of_two_versions", is_open=False)
    assert sorted(info["execution"]["workflowId"] for info in listed) == ["version-1", "version-2"]


class Impatient(Workflow):
    """moto has a name of its own for the event of a cancelled timer."""

    name = "impatient"
    task_list = "decide"

    def run(self) -> list[str]:
        long = self.timer(600)
        named = self.submit(self.start_timer("named", 600))
        first = self.submit(slow, 1).result
        long.cancel()
        self.submit(self.cancel_timer("named"))
        return [long.state, named.state, str(self.submit(slow, first).result)]


def test_a_cancelled_timer_is_read_whatever_the_service_calls_it(swf: Boto3Service) -> None:
    events = run_to_end(swf, Impatient, "impatient")
    assert events[-1]["workflowExecutionCompletedEventAttributes"]["result"] == '["CANCELLED","CANCELLED","1"]'
    cancelled = [event for event in events if event["eventType"].startswith("TimerCancel")]
    assert [event["timerCanceledEventAttributes"]["timerId"] for event in cancelled] == ["timer-1", "named"]


@pytest.mark.parametrize(
    "answer",
    [
        {"status_code": 400, "body": b'{"__type": "x#UnknownResourceFault"}'},
        {"status_code": 200, "body": b"not json"},
        {"status_code": 200, "body": b'{"events": "what"}'},
        {"status_code": 200, "body": b"[]"},
    ],
)
def test_the_fast_path_leaves_alone_what_it_does_not_know(answer: dict[str, Any]) -> None:
    taken: dict[str, Any] = {}
    body = answer["body"]
    fast_path.decode(response_dict=answer, customized_response_dict=taken)
    assert (taken, answer["body"]) == ({}, body)


@pytest.mark.parametrize("escaped", [True, False])
@given(st.recursive(st.none() | st.booleans() | LONGS | st.floats(allow_nan=False) | st.text(), st.lists))
def test_the_fast_path_reads_whatever_json_may_hold(escaped: bool, value: Any) -> None:
    event = {"eventId": 1, "value": value}
    answer: dict[str, Any] = {"status_code": 200, "body": json.dumps({"events": [event]}, ensure_ascii=escaped).encode()}
    taken: dict[str, Any] = {}
    fast_path.decode(response_dict=answer, customized_response_dict=taken)
    assert (taken, answer["body"]) == ({"events": [event]}, b"{}")


def test_the_fast_path_reads_a_text_that_was_cut_within_a_character() -> None:
    answer: dict[str, Any] = {"status_code": 200, "body": b'{"events": [{"details": "half of a \\ud83d"}]}'}
    taken: dict[str, Any] = {}
    fast_path.decode(response_dict=answer, customized_response_dict=taken)
    assert taken == {"events": [{"details": "half of a \ud83d"}]}


def test_polls_are_sent_once_and_read_longer_than_swf_holds_them(swf: Boto3Service) -> None:
    config = swf._polling.meta.config
    assert (config.read_timeout, config.retries["total_max_attempts"], config.tcp_keepalive) == (75, 1, True)
    assert swf._other.meta.config.retries == {"total_max_attempts": 6, "mode": "adaptive"}


def test_the_number_of_retries_is_a_setting(endpoint: str) -> None:
    with environment(AWS_ENDPOINT_URL=endpoint, SWF_CONNECTION_RETRIES="2"):
        service = Boto3Service()
        assert service._other.meta.config.retries["total_max_attempts"] == 3
        service.close()
    with (
        environment(AWS_ENDPOINT_URL=endpoint, SWF_CONNECTION_RETRIES="many"),
        pytest.raises(DefinitionError, match="SWF_CONNECTION_RETRIES is 'many'; a number is expected"),
    ):
        Boto3Service()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            NoCredentialsError(),
            "no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile",
        ),
        (
            EndpointConnectionError(endpoint_url="http://127.0.0.1:1/"),
            'the service cannot be reached: Could not connect to the endpoint URL: "http://127.0.0.1:1/"',
        ),
        (
            ClientError({"Error": {"Code": "UnrecognizedClientException", "Message": "bad"}}, "DescribeDomain"),
            "AWS does not accept the credentials (UnrecognizedClientException)",
        ),
        (
            ClientError({"Error": {"Code": "404", "Message": "<html>\n</html>"}}, "PollForDecisionTask"),
            "what answers is not SWF: HTTP 404",
        ),
        (
            ClientError({"Error": {"Code": "InternalFailure"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "ListDomains"),
            "the service fails: An error occurred (InternalFailure) when calling the ListDomains operation: Unknown",
        ),
        (
            ConfigNotFound(path="/nosuch"),
            "AWS cannot be used: The specified config file (/nosuch) could not be found",
        ),
        (
            TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
            "AWS cannot be used: Error when retrieving token from sso: Token has expired and refresh failed",
        ),
        (
            UnauthorizedSSOTokenError(),
            "AWS cannot be used: The SSO session associated with this profile has expired or is otherwise invalid. "
            "To refresh this SSO session run aws sso login with the corresponding profile",
        ),
    ],
)
def test_causes_outside_the_program_are_explained(error: Exception, sentence: str) -> None:
    found = explained(error)
    assert isinstance(found, ServiceError)
    assert str(found) == sentence


@pytest.mark.parametrize(
    "error",
    [
        ValueError("ours"),
        KeyError("domainInfo"),
        ClientError({"Error": {"Code": "UnknownResourceFault", "Message": "Unknown execution"}}, "x"),
        ParamValidationError(
            report="Invalid type for parameter name, value: 3, type: <class 'int'>, valid types: <class 'str'>"
        ),
    ],
)
def test_mistakes_of_the_program_are_not_explained_away(error: Exception) -> None:
    assert explained(error) is None


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1/"), True),
        (ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "x"), True),
        (ClientError({"Error": {"Code": "X", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 503}}, "x"), True),
        (ClientError({"Error": {"Code": "UnknownResourceFault", "Message": ""}}, "x"), False),
        (ValueError("ours"), False),
    ],
)
def test_only_what_may_succeed_later_is_tried_again(error: Exception, passing: bool) -> None:
    assert is_passing(error) is passing
