"""Signals and requests to cancel that one execution sends to another, and Lambda functions, which nobody here can run.

https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dev-adv-signals.html
"""

from __future__ import annotations

import pytest

from .manual_client import (
    attributes,
    complete,
    continue_as_new,
    opened,
    request_cancel_external,
    schedule_lambda,
    signal_external,
)

CLOSED = {
    "CompleteWorkflowExecution": "WorkflowExecutionCompleted",
    "ContinueAsNewWorkflowExecution": "WorkflowExecutionContinuedAsNew",
}


def start_both(client, **options):
    """Start ``run`` and ``other``, whose decision tasks are on the list ``others``; return their run ids."""
    return client.start(**options), client.start("other", taskList={"name": "others"})


def test_a_signal_reaches_the_other_execution_and_says_where_it_comes_from(client):
    run, other = start_both(client)
    client.decide(signal_external("other", "go", input="1", control="kept"))
    assert client.types()[3:] == [
        "DecisionTaskCompleted",
        "SignalExternalWorkflowExecutionInitiated",
        "ExternalWorkflowExecutionSignaled",
        "DecisionTaskScheduled",
    ]
    initiated, reached = client.events()[4:6]
    assert attributes(initiated) == {
        "workflowId": "other",
        "signalName": "go",
        "input": "1",
        "control": "kept",
        "decisionTaskCompletedEventId": 4,
    }
    assert attributes(reached) == {"workflowExecution": {"workflowId": "other", "runId": other}, "initiatedEventId": 5}
    assert client.last("other") == {
        "signalName": "go",
        "input": "1",
        "externalWorkflowExecution": {"workflowId": "run", "runId": run},
        "externalInitiatedEventId": 5,
    }


def test_a_request_to_cancel_reaches_the_other_execution_and_says_where_it_comes_from(client):
    run, other = start_both(client)
    client.decide(request_cancel_external("other", runId=other, control="kept"))
    assert client.types()[3:] == [
        "DecisionTaskCompleted",
        "RequestCancelExternalWorkflowExecutionInitiated",
        "ExternalWorkflowExecutionCancelRequested",
        "DecisionTaskScheduled",
    ]
    initiated, reached = client.events()[4:6]
    ids = {"workflowId": "other", "runId": other}
    assert attributes(initiated) == {**ids, "control": "kept", "decisionTaskCompletedEventId": 4}
    assert attributes(reached) == {"workflowExecution": ids, "initiatedEventId": 5}
    assert client.last("other") == {
        "externalWorkflowExecution": {"workflowId": "run", "runId": run},
        "externalInitiatedEventId": 5,
    }
    assert client.describe(other, "other")["executionInfo"]["cancelRequested"] is True


@pytest.mark.parametrize("target", ["unknown", "closed", "other run"])
@pytest.mark.parametrize(
    ("decision", "kind"),
    [
        (signal_external("other", "go", control="kept"), "SignalExternalWorkflowExecution"),
        (request_cancel_external("other", control="kept"), "RequestCancelExternalWorkflowExecution"),
    ],
    ids=["signal", "cancel"],
)
def test_what_is_sent_to_an_execution_that_is_not_open_fails_after_it_was_initiated(client, target, decision, kind):
    client.start()
    run_id = {}
    if target != "unknown":
        former = client.start("other", taskList={"name": "others"})
        client.decide(complete(), task_list="others")
    if target == "other run":
        client.start("other", taskList={"name": "others"})
        run_id = {"runId": former}
    body = next(value for key, value in decision.items() if key != "decisionType")
    client.decide({"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": {**body, **run_id}})
    assert client.types()[4:] == [f"{kind}Initiated", f"{kind}Failed", "DecisionTaskScheduled"]
    assert attributes(client.the(f"{kind}Failed")) == {
        "workflowId": "other",
        **run_id,
        "control": "kept",
        "cause": "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
        "initiatedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }


def test_an_empty_run_id_means_whichever_run_is_open(client):
    start_both(client)
    client.decide(signal_external("other", "go", runId=""))
    assert client.types("other")[-1] == "WorkflowExecutionSignaled"


def test_an_execution_may_signal_itself(client):
    run = client.start()
    client.decide(signal_external("run", "again"))
    assert client.types()[4:] == [
        "SignalExternalWorkflowExecutionInitiated",
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "ExternalWorkflowExecutionSignaled",
    ]
    ids = {"workflowId": "run", "runId": run}
    assert attributes(client.the("ExternalWorkflowExecutionSignaled"))["workflowExecution"] == ids


def test_a_signal_is_sent_also_by_the_response_that_closes_the_source(client):
    start_both(client)
    client.decide(signal_external("other", "last words"), complete())
    assert client.types()[4:] == ["SignalExternalWorkflowExecutionInitiated", "WorkflowExecutionCompleted"]
    assert client.last("other")["signalName"] == "last words"


@pytest.mark.parametrize(
    "decision", [signal_external("run", "go"), request_cancel_external("run")], ids=lambda one: one["decisionType"]
)
@pytest.mark.parametrize("close", [complete(), continue_as_new()], ids=lambda one: one["decisionType"])
def test_nothing_follows_the_end_of_an_execution_that_sent_itself_something_with_it(path, decision, close):
    client = opened(path)
    run_id = client.start()
    client.decide(decision, close)
    client.start("other")
    assert client.types("run", run_id)[4:] == [
        f"{decision['decisionType']}Initiated",
        CLOSED[close["decisionType"]],
    ]
    client.close()


def test_a_signal_schedules_a_decision_of_the_target_and_is_unseen_by_the_one_under_way(client):
    start_both(client)
    task = client.decision_task("others")
    client.decide(signal_external("other", "go"))
    client.respond(task, complete())
    assert attributes(client.the("CompleteWorkflowExecutionFailed", "other"))["cause"] == "UNHANDLED_DECISION"
    client.decide(complete(), task_list="others")


def test_signals_of_one_response_arrive_in_the_order_of_its_decisions(client):
    start_both(client)
    client.decide(*[signal_external("other", f"{n}") for n in range(3)])
    names = [attributes(event)["signalName"] for event in client.events("other") if "Signaled" in event["eventType"]]
    assert names == ["0", "1", "2"]


def test_what_was_sent_is_there_again_after_a_restart_and_is_not_sent_twice(path):
    client = opened(path)
    start_both(client)
    client.decide(signal_external("other", "go"), request_cancel_external("other"), signal_external("nobody", "go"))
    before = {name: client.events(name) for name in ("run", "other")}
    client.close()
    client = opened(path)
    assert {name: client.events(name) for name in ("run", "other")} == before
    client.close()


def test_a_lambda_function_fails_as_in_a_region_without_lambda(client):
    client.start(lambdaRole="arn:aws:iam::000000000000:role/swf-lambda")
    client.decide(schedule_lambda("f-1", input="1", startToCloseTimeout="30"))
    assert client.types()[3:] == ["DecisionTaskCompleted", "ScheduleLambdaFunctionFailed", "DecisionTaskScheduled"]
    assert attributes(client.the("ScheduleLambdaFunctionFailed")) == {
        "id": "f-1",
        "name": "function",
        "cause": "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        "decisionTaskCompletedEventId": 4,
    }
