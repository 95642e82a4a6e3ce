"""Values that the local service refuses as SWF does, before anything is registered or handed out."""

from __future__ import annotations

import pytest

from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN

from .manual_client import FLOW, continue_as_new

NO_NAME = "is not a name: 1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"
HALF = "holds half a character (a lone surrogate)"
REGISTERED = {"domain": DOMAIN, "name": "some", "version": "1"}


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        ("register_domain", {"name": "g:1"}, f"Value at 'name' {NO_NAME}"),
        ("register_domain", {"name": "n" * 257}, f"Value at 'name' {NO_NAME}"),
        ("register_domain", {"name": " shop"}, f"Value at 'name' {NO_NAME}"),
        ("register_workflow_type", {"name": "sums "}, f"Value at 'name' {NO_NAME}"),
        ("register_workflow_type", {"version": "1 "}, f"Value at 'version' {NO_NAME}"),
        ("register_activity_type", {"defaultTaskList": {"name": "\u00a0q"}}, f"Value at 'defaultTaskList.name' {NO_NAME}"),
        (
            "register_domain",
            {"workflowExecutionRetentionPeriodInDays": "abc"},
            "Value at 'workflowExecutionRetentionPeriodInDays' is not NONE or a number of days up to 90: 'abc'",
        ),
        (
            "register_domain",
            {"workflowExecutionRetentionPeriodInDays": "91"},
            "Value at 'workflowExecutionRetentionPeriodInDays' is not NONE or a number of days up to 90: '91'",
        ),
        (
            "register_domain",
            {"description": "d" * 1025},
            "Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1024",
        ),
        ("register_workflow_type", {"name": "a:b"}, f"Value at 'name' {NO_NAME}"),
        ("register_workflow_type", {"version": "1/2"}, f"Value at 'version' {NO_NAME}"),
        (
            "register_workflow_type",
            {"version": "1" * 65},
            "Value at 'version' failed to satisfy constraint: Member must have length less than or equal to 64",
        ),
        (
            "register_workflow_type",
            {"defaultTaskStartToCloseTimeout": "abc"},
            "Value at 'defaultTaskStartToCloseTimeout' is not a duration: 'abc'",
        ),
        (
            "register_workflow_type",
            {"defaultExecutionStartToCloseTimeout": "abc"},
            "Value at 'defaultExecutionStartToCloseTimeout' is not a duration: 'abc'",
        ),
        (
            "register_workflow_type",
            {"defaultExecutionStartToCloseTimeout": "31622401"},
            "defaultExecutionStartToCloseTimeout is more than a year",
        ),
        (
            "register_workflow_type",
            {"defaultChildPolicy": "NOPE"},
            "Value at 'defaultChildPolicy' is not one of TERMINATE, REQUEST_CANCEL, ABANDON: 'NOPE'",
        ),
        ("register_workflow_type", {"defaultTaskList": {"name": "a|b"}}, f"Value at 'defaultTaskList.name' {NO_NAME}"),
        ("register_workflow_type", {"defaultTaskPriority": "high"}, "Value at 'defaultTaskPriority' is not an integer: 'high'"),
        (
            "register_workflow_type",
            {"defaultExecutionStartToCloseTimeout": "NONE"},
            "Value at 'defaultExecutionStartToCloseTimeout' is not a duration: 'NONE'",
        ),
        (
            "register_workflow_type",
            {"defaultTaskPriority": "2147483648"},
            "Value at 'defaultTaskPriority' is not between -2147483648 and 2147483647: 2147483648",
        ),
        ("register_workflow_type", {"name": "\ud800"}, f"Value at 'name' {HALF}: '\\ud800'"),
        ("register_activity_type", {"version": "1\udfff"}, f"Value at 'version' {HALF}: '1\\udfff'"),
        ("register_domain", {"name": "\udc00"}, f"Value at 'name' {HALF}: '\\udc00'"),
        ("register_activity_type", {"name": "arn"}, f"Value at 'name' {NO_NAME}"),
        (
            "register_activity_type",
            {"defaultTaskHeartbeatTimeout": "-1"},
            "Value at 'defaultTaskHeartbeatTimeout' is not a duration: '-1'",
        ),
        ("register_activity_type", {"defaultTaskList": {"name": ""}}, f"Value at 'defaultTaskList.name' {NO_NAME}"),
    ],
)
def test_what_cannot_be_registered_is_refused_and_leaves_nothing(client, call, given, message):
    common = {"name": "some", "workflowExecutionRetentionPeriodInDays": "90"} if call == "register_domain" else REGISTERED
    before = everything_registered(client)
    with pytest.raises(Fault) as refused:
        getattr(client.local, call)(**common | given)  # an unchecked call: the checking proxy would refuse some itself
    assert str(refused.value) == f"ValidationException: {message}"
    assert everything_registered(client) == before
    getattr(client.local, call)(**common)


def everything_registered(client):
    listings = [client.swf.list_domains(registrationStatus="REGISTERED")["domainInfos"]]
    for kind in ("workflow", "activity"):
        call = getattr(client.swf, f"list_{kind}_types")
        listings.append(call(domain=DOMAIN, registrationStatus="REGISTERED")["typeInfos"])
    return listings


@pytest.mark.parametrize("call", ["poll_for_decision_task", "poll_for_activity_task"])
@pytest.mark.parametrize("name", ["a:b", "a/b", "a|b", "a\n", "arn", "n" * 257])
def test_a_poll_of_a_list_that_cannot_be_is_refused(client, call, name):
    with pytest.raises(Fault) as refused:
        getattr(client.local, call)(domain=DOMAIN, taskList={"name": name})
    assert str(refused.value) == f"ValidationException: Value at 'taskList.name' {NO_NAME}"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workflowId": "\ud800"}, f"Value at 'workflowId' {HALF}: '\\ud800'"),
        ({"executionStartToCloseTimeout": "NONE"}, "Value at 'executionStartToCloseTimeout' is not a duration: 'NONE'"),
        ({"executionStartToCloseTimeout": "31536001"}, "executionStartToCloseTimeout is more than a year"),
        ({"taskPriority": "-2147483649"}, "Value at 'taskPriority' is not between -2147483648 and 2147483647: -2147483649"),
    ],
)
def test_a_run_that_cannot_be_is_refused_and_others_go_on(client, given, message):
    common = {"domain": DOMAIN, "workflowId": "run", "workflowType": FLOW}
    with pytest.raises(Fault) as refused:
        client.local.start_workflow_execution(**common | given)
    assert str(refused.value) == f"ValidationException: {message}"
    client.start()
    assert client.describe(client.local.home.open_by_id["run"].run_id)["executionInfo"]["executionStatus"] == "OPEN"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"executionStartToCloseTimeout": "NONE"}, "Value at 'executionStartToCloseTimeout' is not a duration: 'NONE'"),
        ({"executionStartToCloseTimeout": "99999999"}, "executionStartToCloseTimeout is more than a year"),
        ({"taskPriority": "2147483648"}, "Value at 'taskPriority' is not between -2147483648 and 2147483647: 2147483648"),
    ],
)
def test_a_run_that_cannot_go_on_as_it_asks_to_is_refused(client, change, message):
    client.start()
    task = client.decision_task()
    attributes = {"continueAsNewWorkflowExecutionDecisionAttributes": change}
    with pytest.raises(Fault) as refused:
        client.local.respond_decision_task_completed(
            taskToken=task["taskToken"], decisions=[{"decisionType": "ContinueAsNewWorkflowExecution", **attributes}]
        )
    assert str(refused.value) == f"ValidationException: decisions[0]: {message}"
    client.respond(task, continue_as_new())


@pytest.mark.parametrize("size", [-1, 1_001])
@pytest.mark.parametrize(
    ("call", "request_"),
    [
        ("list_domains", {"registrationStatus": "REGISTERED"}),
        ("list_workflow_types", {"domain": DOMAIN, "registrationStatus": "REGISTERED"}),
        ("list_open_workflow_executions", {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}}),
        ("list_closed_workflow_executions", {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}}),
        ("get_workflow_execution_history", {"domain": DOMAIN, "execution": {"workflowId": "run"}}),
        ("poll_for_decision_task", {"domain": DOMAIN, "taskList": {"name": "flows"}}),
    ],
)
def test_a_page_of_a_size_that_cannot_be_is_refused(client, call, request_, size):
    with pytest.raises(Fault) as refused:
        getattr(client.local, call)(**request_, maximumPageSize=size)
    bound = "less than or equal to 1000" if size > 0 else "greater than or equal to 0"
    rule = f"failed to satisfy constraint: Member must have value {bound}"
    assert str(refused.value) == f"ValidationException: Value at 'maximumPageSize' {rule}"


def test_counting_the_tasks_of_a_list_does_not_make_the_list(client):
    for kind in ("decision", "activity"):
        asked = {"domain": DOMAIN, "taskList": {"name": "nobody's"}}
        assert getattr(client.swf, f"count_pending_{kind}_tasks")(**asked)["count"] == 0
    assert not client.local.home.decision_lists
    assert not client.local.home.activity_lists
