"""Every cause with which a decision can fail, as SWF's model lists them: each is reached, or here is why it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.quotas import Quotas
from simpleflow_nb.local.rate_quotas import Rate, RateQuotas
from simpleflow_nb.local.service import DOMAIN

from .conformance import model
from .manual_client import (
    FLOW,
    TASK,
    Decision,
    ManualClient,
    attributes,
    cancel,
    cancel_timer,
    complete,
    continue_as_new,
    fail,
    marker,
    request_cancel,
    request_cancel_external,
    schedule,
    schedule_lambda,
    signal_external,
    start_child,
    start_timer,
)

UNREACHABLE = {
    ("ScheduleLambdaFunction", "ID_ALREADY_IN_USE"): "no Lambda function is ever open here",
    ("ScheduleLambdaFunction", "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED"): "no Lambda function is ever open here",
}

ONE_OF_EACH: dict[str, Decision] = {
    "ScheduleActivityTask": schedule("a"),
    "RequestCancelActivityTask": request_cancel("a"),
    "StartTimer": start_timer("t", 60),
    "CancelTimer": cancel_timer("t"),
    "RecordMarker": marker("m"),
    "StartChildWorkflowExecution": start_child("child", taskList={"name": "children"}),
    "SignalExternalWorkflowExecution": signal_external("other", "go"),
    "RequestCancelExternalWorkflowExecution": request_cancel_external("other"),
    "ScheduleLambdaFunction": schedule_lambda("f"),
    "CompleteWorkflowExecution": complete(),
    "FailWorkflowExecution": fail(),
    "CancelWorkflowExecution": cancel(),
    "ContinueAsNewWorkflowExecution": continue_as_new(),
}
BARE = {"name": "bare", "version": "1"}
DEFAULTS = {
    "taskList": {"name": "flows"},
    "executionStartToCloseTimeout": "1000",
    "taskStartToCloseTimeout": "100",
    "childPolicy": "TERMINATE",
}
NEEDS = {
    "DEFAULT_TASK_LIST_UNDEFINED": "taskList",
    "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED": "executionStartToCloseTimeout",
    "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED": "taskStartToCloseTimeout",
    "DEFAULT_CHILD_POLICY_UNDEFINED": "childPolicy",
    "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED": "scheduleToCloseTimeout",
    "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED": "scheduleToStartTimeout",
    "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED": "startToCloseTimeout",
    "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED": "heartbeatTimeout",
}


@dataclass(frozen=True)
class Case:
    """How a cause is brought about by the first response of the execution ``run``."""

    decisions: Sequence[Decision]
    options: dict[str, Any] = field(default_factory=dict)  #: of the service
    before: Callable[[ManualClient], None] = lambda client: None  #: before the execution starts
    meanwhile: Callable[[ManualClient], None] = lambda client: None  #: while it is decided


def _body(decision: Decision) -> dict[str, Any]:
    found: dict[str, Any] = next(value for key, value in decision.items() if key != "decisionType")
    return found


def _changed(decision: Decision, **body: Any) -> Decision:
    """Return the decision with other members; None removes one."""
    kind = decision["decisionType"]
    values = {key: value for key, value in {**_body(decision), **body}.items() if value is not None}
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": values}


def _register_bare(client: ManualClient) -> None:
    client.swf.register_workflow_type(domain=DOMAIN, **BARE)
    client.swf.register_workflow_type(domain=DOMAIN, name="flow", version="bare")


def _deprecate(client: ManualClient) -> None:
    _register_bare(client)
    client.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=BARE)
    client.swf.deprecate_workflow_type(domain=DOMAIN, workflowType={"name": "flow", "version": "bare"})
    client.swf.deprecate_activity_type(domain=DOMAIN, activityType=TASK)


def _start_other(client: ManualClient) -> None:
    client.start("other", taskList={"name": "others"})


def _case(kind: str, cause: str) -> Case:
    one = ONE_OF_EACH[kind]
    of_run = {"ContinueAsNewWorkflowExecution": {"workflowTypeVersion": "bare"}}.get(kind, {"workflowType": BARE})
    if cause == "OPERATION_NOT_PERMITTED":
        return Case([one], {"not_permitted": [kind]}, before=_start_other)
    if cause == "UNHANDLED_DECISION":
        return Case([one], meanwhile=lambda client: client.signal("unseen"))
    if cause in ("WORKFLOW_TYPE_DOES_NOT_EXIST", "WORKFLOW_TYPE_DEPRECATED"):
        return Case([_changed(one, **of_run)], before=_deprecate if cause.endswith("DEPRECATED") else Case([]).before)
    if cause in NEEDS and kind == "ScheduleActivityTask":
        return Case([_changed(one, **{NEEDS[cause]: None})])
    if cause in NEEDS:
        given = {name: value for name, value in DEFAULTS.items() if name != NEEDS[cause]}
        return Case([_changed(one, **{"taskList": None, **given, **of_run})], before=_register_bare)
    if cause.endswith("RATE_EXCEEDED"):
        rates = RateQuotas(calls={}, decisions={kind: Rate(1 if kind == "StartTimer" else 0, 1)})
        again = [one, _changed(one, timerId="second")] if kind == "StartTimer" else [one]
        return Case(again, {"rates": rates}, before=_start_other)
    return CASES[cause]


CASES = {
    "ACTIVITY_TYPE_DOES_NOT_EXIST": Case([schedule("a", activityType=BARE)]),
    "ACTIVITY_TYPE_DEPRECATED": Case([schedule("a")], before=_deprecate),
    "ACTIVITY_ID_ALREADY_IN_USE": Case([schedule("a"), schedule("a")]),
    "OPEN_ACTIVITIES_LIMIT_EXCEEDED": Case([schedule("a"), schedule("b")], {"quotas": Quotas(open_activities=1)}),
    "ACTIVITY_ID_UNKNOWN": Case([request_cancel("nothing")]),
    "TIMER_ID_ALREADY_IN_USE": Case([start_timer("t", 1), start_timer("t", 1)]),
    "OPEN_TIMERS_LIMIT_EXCEEDED": Case([start_timer("t", 1), start_timer("u", 1)], {"quotas": Quotas(open_timers=1)}),
    "TIMER_ID_UNKNOWN": Case([cancel_timer("nothing")]),
    "OPEN_CHILDREN_LIMIT_EXCEEDED": Case([start_child("c"), start_child("d")], {"quotas": Quotas(open_children=1)}),
    "OPEN_WORKFLOWS_LIMIT_EXCEEDED": Case([start_child("c"), start_child("d")], {"quotas": Quotas(open_executions=2)}),
    "WORKFLOW_ALREADY_RUNNING": Case([start_child("run")]),
    "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION": Case([signal_external("nobody", "go"), request_cancel_external("nobody")]),
    "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION": Case([schedule_lambda("f")]),
}


def _causes() -> list[tuple[str, str]]:
    kinds = model().shape_for("DecisionType").enum
    assert set(kinds) == ONE_OF_EACH.keys()
    return [(kind, cause) for kind in kinds for cause in model().shape_for(f"{kind}FailedCause").enum]


REACHED = [row for row in _causes() if row not in UNREACHABLE]


@pytest.mark.parametrize(("kind", "cause"), REACHED, ids=[f"{kind}-{cause}" for kind, cause in REACHED])
def test_a_decision_fails_with_each_documented_cause_and_its_decider_is_asked_again(kind: str, cause: str) -> None:
    case = _case(kind, cause)
    client = ManualClient(**case.options)
    case.before(client)
    client.start()
    task = client.decision_task()
    case.meanwhile(client)
    client.respond(task, *case.decisions)
    failed = [event for event in client.events() if event["eventType"] == f"{kind}Failed"]
    assert [attributes(event)["cause"] for event in failed] == [cause]
    assert client.decision_task()["taskToken"]
    assert client.swf.found == []
    client.close()


def test_what_cannot_be_reached_is_among_the_documented_causes() -> None:
    assert UNREACHABLE.keys() <= set(_causes())


def test_a_name_that_is_no_call_and_no_decision_cannot_be_forbidden() -> None:
    with pytest.raises(ValueError, match=r"^'RecordMarkers' is neither a call nor a decision of SWF$"):
        ManualClient(not_permitted=["RecordMarkers"])


def test_a_call_that_is_not_permitted_is_refused() -> None:
    closed = ManualClient(not_permitted=["StartWorkflowExecution"])
    with pytest.raises(Fault, match=r"^OperationNotPermittedFault: StartWorkflowExecution is not permitted$"):
        closed.swf.start_workflow_execution(domain=DOMAIN, workflowId="run", workflowType=FLOW)
    closed.close()
