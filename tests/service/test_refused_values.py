"""Values that the local service refuses as SWF does, before anything is registered or handed out."""

from __future__ import annotations

import pytest

from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN

NO_NAME = "is not a name: 1 to 256 characters, no ':', '/', '|' or controls, not 'arn'"
REGISTERED = {"domain": DOMAIN, "name": "some", "version": "1"}


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        ("register_domain", {"name": "g:1"}, f"Value at 'name' {NO_NAME}"),
        ("register_domain", {"name": "n" * 257}, f"Value at 'name' {NO_NAME}"),
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
        ("register_activity_type", {"name": "arn"}, f"Value at 'name' {NO_NAME}"),
        (
            "register_activity_type",
            {"defaultTaskHeartbeatTimeout": "-1"},
            "Value at 'defaultTaskHeartbeatTimeout' is not a duration: '-1'",
        ),
        ("register_activity_type", {"defaultTaskList": {"name": ""}}, f"Value at 'defaultTaskList.name' {NO_NAME}"),
    ],
)
def test_what_cannot_be_registered_is_refused_and_leaves_nothing(desk, call, given, message):
    common = {"name": "some", "workflowExecutionRetentionPeriodInDays": "90"} if call == "register_domain" else REGISTERED
    before = everything_registered(desk)
    with pytest.raises(Fault) as refused:
        getattr(desk.local, call)(**common | given)  # an unchecked call: the checking proxy would refuse some itself
    assert str(refused.value) == f"ValidationException: {message}"
    assert everything_registered(desk) == before
    getattr(desk.local, call)(**common)


def everything_registered(desk):
    listings = [desk.swf.list_domains(registrationStatus="REGISTERED")["domainInfos"]]
    for kind in ("workflow", "activity"):
        call = getattr(desk.swf, f"list_{kind}_types")
        listings.append(call(domain=DOMAIN, registrationStatus="REGISTERED")["typeInfos"])
    return listings


@pytest.mark.parametrize("call", ["poll_for_decision_task", "poll_for_activity_task"])
@pytest.mark.parametrize("name", ["a:b", "a/b", "a|b", "a\n", "arn", "n" * 257])
def test_a_poll_of_a_list_that_cannot_be_is_refused(desk, call, name):
    with pytest.raises(Fault) as refused:
        getattr(desk.local, call)(domain=DOMAIN, taskList={"name": name})
    assert str(refused.value) == f"ValidationException: Value at 'taskList.name' {NO_NAME}"
