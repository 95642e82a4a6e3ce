"""Each of SWF's calls once, in process and over HTTP, with the request and the answer held against SWF's model."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from simpleflow_nb.local.call_shapes import METHODS
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.service import LocalService

from .conformance import Conforming, operations
from .manual_client import FLOW, TASK, complete, schedule, start_child

ALL = {"startTimeFilter": {"oldestDate": 0}}
DAYS = {"workflowExecutionRetentionPeriodInDays": "7"}
DEFAULTS = {
    "defaultTaskList": {"name": "flows"},
    "defaultExecutionStartToCloseTimeout": "1000",
    "defaultTaskStartToCloseTimeout": "100",
    "defaultChildPolicy": "TERMINATE",
    "defaultTaskPriority": "1",
    "defaultLambdaRole": "arn:aws:iam::000000000000:role/swf-lambda",
}


class Wire:
    """The service over HTTP, with its answers as they come: boto3 would drop members that it does not know."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._operations = {method: operation for operation, method in METHODS.items()}

    def __getattr__(self, method: str) -> Any:
        target = f"SimpleWorkflowService.{self._operations[method]}"

        def call(**request: Any) -> dict[str, Any]:
            headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
            sent = urllib.request.Request(self._endpoint, json.dumps(request).encode(), headers)
            with urllib.request.urlopen(sent, timeout=60) as answer:
                found: dict[str, Any] = json.load(answer)
                return found

        return call


@pytest.fixture(params=["in process", "over HTTP"])
def swf(request: pytest.FixtureRequest) -> Iterator[Conforming]:
    service = LocalService(poll_seconds=0, workers_inside=False)
    if request.param == "in process":
        yield Conforming(service)
        service.close()
        return
    http = HttpService(service)
    http.start()
    yield Conforming(Wire(http.endpoint))
    http.close()


def _registers(swf: Any) -> None:
    swf.register_domain(name="d", description="one", tags=[{"key": "team", "value": "blue"}], **DAYS)
    arn = swf.describe_domain(name="d")["domainInfo"]["arn"]
    swf.tag_resource(resourceArn=arn, tags=[{"key": "more"}])
    swf.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert swf.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "more", "value": ""}]
    swf.register_workflow_type(domain="d", **FLOW, **DEFAULTS, description="flow")
    swf.register_activity_type(domain="d", **TASK, defaultTaskHeartbeatTimeout="NONE", description="task")
    assert len(swf.list_domains(registrationStatus="REGISTERED")["domainInfos"]) == 2


def _runs(swf: Any) -> None:
    for workflow_id in ("run", "signalled", "cancelled", "terminated"):
        run_id = swf.start_workflow_execution(domain="d", workflowId=workflow_id, workflowType=FLOW, tagList=["red"])["runId"]
    swf.signal_workflow_execution(domain="d", workflowId="signalled", signalName="s", input="1")
    swf.request_cancel_workflow_execution(domain="d", workflowId="cancelled")
    execution = {"workflowId": "terminated", "runId": run_id}
    swf.terminate_workflow_execution(domain="d", **execution, reason="r", details="d", childPolicy="ABANDON")
    swf.describe_workflow_execution(domain="d", execution=execution)
    assert len(swf.get_workflow_execution_history(domain="d", execution=execution)["events"]) == 3


def _works(swf: Any) -> None:
    waiting = {"domain": "d", "taskList": {"name": "flows"}}
    assert swf.count_pending_decision_tasks(**waiting) == {"count": 3, "truncated": False}
    decided: list[Any] = [schedule("a"), schedule("b"), schedule("c"), start_child("child", tagList=["blue"])]
    for decisions in (decided, [], [complete(result="done")]):
        token = swf.poll_for_decision_task(**waiting, identity="decider")["taskToken"]
        swf.respond_decision_task_completed(taskToken=token, decisions=decisions, executionContext="noted")
    waiting = {"domain": "d", "taskList": {"name": "work"}}
    assert swf.count_pending_activity_tasks(**waiting) == {"count": 3, "truncated": False}
    for end in ("completed", "failed", "canceled"):
        token = swf.poll_for_activity_task(**waiting, identity="worker")["taskToken"]
        assert swf.record_activity_task_heartbeat(taskToken=token, details="half") == {"cancelRequested": False}
        getattr(swf, f"respond_activity_task_{end}")(taskToken=token)


def _looks(swf: Any) -> None:
    for of, count in (("open", 3), ("closed", 2)):
        filters: dict[str, Any]
        for filters in ({}, {"typeFilter": {"name": "flow"}}, {"typeFilter": FLOW}):
            assert getattr(swf, f"count_{of}_workflow_executions")(domain="d", **ALL, **filters)["count"] == count
            assert len(getattr(swf, f"list_{of}_workflow_executions")(domain="d", **ALL, **filters)["executionInfos"]) == count
    for filters, ids in (
        ({"tagFilter": {"tag": "blue"}}, ["child"]),
        ({"executionFilter": {"workflowId": "run"}}, ["run"]),
        ({"tagFilter": {"tag": "green"}}, []),
    ):
        infos = swf.list_open_workflow_executions(domain="d", **ALL, **filters)["executionInfos"]
        assert [info["execution"]["workflowId"] for info in infos] == ids
    closed = {"domain": "d", "closeTimeFilter": {"oldestDate": 0}, "maximumPageSize": 1, "reverseOrder": True}
    assert "nextPageToken" in swf.list_closed_workflow_executions(**closed)
    filters = {"closeStatusFilter": {"status": "TERMINATED"}}
    assert swf.count_closed_workflow_executions(domain="d", closeTimeFilter={"oldestDate": 0}, **filters)["count"] == 1


def _retires(swf: Any) -> None:
    for kind, wanted in (("workflow", {"workflowType": FLOW}), ("activity", {"activityType": TASK})):
        of_type = {"domain": "d", **wanted}
        getattr(swf, f"describe_{kind}_type")(**of_type)
        getattr(swf, f"deprecate_{kind}_type")(**of_type)
        getattr(swf, f"undeprecate_{kind}_type")(**of_type)
    swf.deprecate_domain(name="d")
    swf.undeprecate_domain(name="d")
    for kind, wanted in (("workflow", {"workflowType": FLOW}), ("activity", {"activityType": TASK})):
        [info] = getattr(swf, f"list_{kind}_types")(domain="d", registrationStatus="DEPRECATED")["typeInfos"]
        assert info[f"{kind}Type"] == next(iter(wanted.values()))
        getattr(swf, f"delete_{kind}_type")(domain="d", **wanted)
        assert getattr(swf, f"list_{kind}_types")(domain="d", registrationStatus="DEPRECATED")["typeInfos"] == []


def test_every_call_of_swf_is_answered_as_its_model_says(swf: Conforming) -> None:
    for play in (_registers, _runs, _works, _looks, _retires):
        play(swf)
    assert swf.calls.keys() == operations().keys()
    assert len(swf.calls) == 39
    assert swf.found == []
