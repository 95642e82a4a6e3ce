"""Starting, signalling, cancelling and ending executions, as SWF does it."""

from __future__ import annotations

import pytest

from simpleflow_nb.local.decisions import Quotas
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN

from .manual_client import (
    FLOW,
    ManualClient,
    attributes,
    cancel,
    complete,
    continue_as_new,
    fail,
    marker,
    schedule,
    start_timer,
)


def test_an_execution_starts_with_its_defaults_and_one_decision_task(client):
    run_id = client.start(input='{"args":[1]}', tagList=["report", "2024-01-01"])
    started, scheduled = client.events()
    assert attributes(started) == {
        "workflowType": FLOW,
        "input": '{"args":[1]}',
        "tagList": ["report", "2024-01-01"],
        "taskList": {"name": "flows"},
        "taskStartToCloseTimeout": "60",
        "executionStartToCloseTimeout": "86400",
        "childPolicy": "TERMINATE",
        "parentInitiatedEventId": 0,
    }
    assert attributes(scheduled) == {"taskList": {"name": "flows"}, "startToCloseTimeout": "60"}
    task = client.decision_task()
    assert task["workflowExecution"] == {"workflowId": "run", "runId": run_id}
    assert (task["startedEventId"], task["previousStartedEventId"]) == (3, 0)
    assert [event["eventId"] for event in task["events"]] == [1, 2, 3]


def test_an_id_is_taken_while_its_execution_is_open(client):
    first = client.start()
    with pytest.raises(Fault, match=r"WorkflowExecutionAlreadyStartedFault: Already Started: run") as refused:
        client.start()
    assert refused.value.response["Error"]["Code"] == "WorkflowExecutionAlreadyStartedFault"
    client.decide(complete())
    second = client.start()
    assert first != second
    assert client.types(run_id=first)[-1] == "WorkflowExecutionCompleted"
    assert client.types(run_id=second) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("defaultExecutionStartToCloseTimeout", "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultTaskStartToCloseTimeout", "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultChildPolicy", "DEFAULT_CHILD_POLICY_UNDEFINED"),
    ],
)
def test_what_neither_the_call_nor_the_type_says_is_refused_by_name(client, missing, cause):
    defaults = {
        "defaultTaskList": {"name": "flows"},
        "defaultExecutionStartToCloseTimeout": "60",
        "defaultTaskStartToCloseTimeout": "60",
        "defaultChildPolicy": "TERMINATE",
    }
    del defaults[missing]
    client.swf.register_workflow_type(domain=DOMAIN, name="bare", version="1", **defaults)
    with pytest.raises(Fault, match=f"^DefaultUndefinedFault: {cause}$"):
        client.start(workflowType={"name": "bare", "version": "1"})


UNKNOWN = {"domain": DOMAIN, "workflowId": "nobody"}


@pytest.mark.parametrize(
    ("call", "request_", "message"),
    [
        ("start_workflow_execution", {"domain": "x", "workflowId": "a", "workflowType": FLOW}, "Unknown domain: x"),
        (
            "start_workflow_execution",
            {"domain": DOMAIN, "workflowId": "a", "workflowType": {"name": "flow", "version": "2"}},
            "Unknown type: WorkflowType=[name=flow, version=2]",
        ),
        ("signal_workflow_execution", {**UNKNOWN, "signalName": "s"}, "Unknown execution: workflowId=nobody"),
        ("request_cancel_workflow_execution", UNKNOWN, "Unknown execution: workflowId=nobody"),
        ("terminate_workflow_execution", {**UNKNOWN, "runId": "r"}, "Unknown execution: workflowId=nobody, runId=r"),
        (
            "describe_workflow_execution",
            {"domain": DOMAIN, "execution": {"workflowId": "nobody", "runId": "r"}},
            "Unknown execution: workflowId=nobody, runId=r",
        ),
        (
            "get_workflow_execution_history",
            {"domain": DOMAIN, "execution": {"workflowId": "nobody", "runId": "r"}},
            "Unknown execution: workflowId=nobody, runId=r",
        ),
        ("poll_for_decision_task", {"domain": "x", "taskList": {"name": "flows"}}, "Unknown domain: x"),
        ("respond_decision_task_completed", {"taskToken": "d7.2.3"}, "the execution of this task is closed"),
        ("respond_activity_task_completed", {"taskToken": "a7.2.3"}, "the execution of this task is closed"),
    ],
)
def test_what_is_not_there_is_an_unknown_resource(client, call, request_, message):
    with pytest.raises(Fault) as refused:
        getattr(client.swf, call)(**request_)
    assert str(refused.value) == f"UnknownResourceFault: {message}"


@pytest.mark.parametrize("call", ["signal_workflow_execution", "terminate_workflow_execution"])
def test_an_execution_that_has_closed_takes_nothing_any_more(client, call):
    run_id = client.start()
    client.decide(complete())
    request = {"signalName": "late"} if call.startswith("signal") else {}
    with pytest.raises(Fault, match=r"UnknownResourceFault"):
        getattr(client.swf, call)(domain=DOMAIN, workflowId="run", runId=run_id, **request)


LONG = "x" * 32_769


@pytest.mark.parametrize(("size", "refused"), [(32_768, False), (32_769, True)])
def test_data_of_more_than_32768_characters_is_refused_wherever_it_goes(client, size, refused):
    text, local = "x" * size, client.local  # unchecked calls: the checking proxy would refuse them itself
    client.start("other")
    client.decide(schedule("a-1"), schedule("a-2"), schedule("a-3"))
    tokens = [client.activity_task()["taskToken"] for _ in range(3)]
    decision = client.start("deciding") and client.decision_task()
    attempts = [
        lambda: client.local.start_workflow_execution(domain=DOMAIN, workflowId="run", workflowType=FLOW, input=text),
        lambda: local.signal_workflow_execution(domain=DOMAIN, workflowId="other", signalName="s", input=text),
        lambda: local.respond_activity_task_completed(taskToken=tokens[0], result=text),
        lambda: local.respond_activity_task_failed(taskToken=tokens[1], details=text),
        lambda: local.respond_activity_task_canceled(taskToken=tokens[2], details=text),
        lambda: local.terminate_workflow_execution(domain=DOMAIN, workflowId="other", details=text),
        lambda: local.respond_decision_task_completed(
            taskToken=decision["taskToken"], decisions=[marker("m", details=text)], executionContext=text
        ),
    ]
    for attempt in attempts:
        if refused:
            with pytest.raises(
                Fault, match=r"^ValidationException: (decisions\[0\]: )?Value at '\w+' failed to satisfy constraint"
            ):
                attempt()
        else:
            attempt()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tagList": ["a", "b", "c", "d", "e", "f"]}, "tagList: at most 5 tags of at most 256 characters"),
        ({"tagList": ["t" * 257]}, "tagList: at most 5 tags of at most 256 characters"),
        (
            {"workflowId": "a/b"},
            "Value at 'workflowId' is not a name: 1 to 256 characters, no ':', '/', '|' or controls, "
            "no blanks at its ends, not 'arn'",
        ),
        (
            {"taskList": {"name": "a:b"}},
            "Value at 'taskList.name' is not a name: 1 to 256 characters, no ':', '/', '|' or controls, "
            "no blanks at its ends, not 'arn'",
        ),
        ({"executionStartToCloseTimeout": "soon"}, "Value at 'executionStartToCloseTimeout' is not a duration: 'soon'"),
        ({"taskStartToCloseTimeout": "123456789"}, "Value at 'taskStartToCloseTimeout' is not a duration: '123456789'"),
        ({"taskPriority": "high"}, "Value at 'taskPriority' is not an integer: 'high'"),
        ({"childPolicy": "IGNORE"}, "Value at 'childPolicy' is not one of TERMINATE, REQUEST_CANCEL, ABANDON: 'IGNORE'"),
    ],
)
def test_a_start_that_cannot_be_carried_out_is_refused_and_leaves_nothing(client, options, message):
    request = {"domain": DOMAIN, "workflowId": "run", "workflowType": FLOW, **options}
    with pytest.raises(Fault) as refused:
        client.local.start_workflow_execution(**request)
    assert str(refused.value) == f"ValidationException: {message}"
    assert client.local.infos == {}


def test_a_signal_may_have_any_name_and_no_input(client):
    client.start()
    client.signal("answer/1: yes|no")
    client.signal("answer", input="1")
    assert [attributes(event) for event in client.events()[2:]] == [
        {"signalName": "answer/1: yes|no"},
        {"signalName": "answer", "input": "1"},
    ]


def test_a_cancel_request_is_an_event_and_a_decision_task(client):
    run_id = client.start()
    client.decide(schedule("a-1"))
    client.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="run", runId=run_id)
    assert client.types()[-2:] == ["WorkflowExecutionCancelRequested", "DecisionTaskScheduled"]
    assert client.describe(run_id)["executionInfo"]["cancelRequested"] is True
    client.decide(cancel(details="as asked"))
    assert client.types()[-1] == "WorkflowExecutionCanceled"
    assert client.describe(run_id)["executionInfo"]["closeStatus"] == "CANCELED"


def test_termination_ends_everything_at_once(client):
    run_id = client.start()
    client.decide(schedule("a-1"), schedule("a-2"), start_timer("t", 60))
    working = client.activity_task()
    client.terminate(reason="enough", details="of it", childPolicy="ABANDON")
    assert client.types()[-1] == "WorkflowExecutionTerminated"
    assert client.last() == {
        "reason": "enough",
        "details": "of it",
        "childPolicy": "ABANDON",
        "cause": "OPERATOR_INITIATED",
    }
    with pytest.raises(Fault, match=r"UnknownResourceFault: the execution of this task is closed"):
        client.swf.respond_activity_task_completed(taskToken=working["taskToken"])
    with pytest.raises(Fault, match=r"UnknownResourceFault: the execution of this task is closed"):
        client.swf.record_activity_task_heartbeat(taskToken=working["taskToken"])
    assert not client.activity_task().get("taskToken")
    assert not client.decision_task().get("taskToken")
    assert client.describe(run_id)["openCounts"] == {
        "openActivityTasks": 0,
        "openDecisionTasks": 0,
        "openTimers": 0,
        "openChildWorkflowExecutions": 0,
        "openLambdaFunctions": 0,
    }


def test_an_execution_ends_when_its_time_is_over(client):
    run_id = client.start(executionStartToCloseTimeout="30")
    client.decide(schedule("a-1"))
    client.pass_time(29.5)
    assert client.describe(run_id)["executionInfo"]["executionStatus"] == "OPEN"
    client.pass_time(0.5)
    ended = client.the("WorkflowExecutionTimedOut")
    assert attributes(ended) == {"timeoutType": "START_TO_CLOSE", "childPolicy": "TERMINATE"}
    assert client.describe(run_id)["executionInfo"]["closeStatus"] == "TIMED_OUT"
    assert client.start() != run_id


@pytest.mark.parametrize(
    ("decision", "event", "body"),
    [
        (complete(result="3"), "WorkflowExecutionCompleted", {"result": "3"}),
        (complete(), "WorkflowExecutionCompleted", {}),
        (fail(reason="r", details="d"), "WorkflowExecutionFailed", {"reason": "r", "details": "d"}),
        (cancel(details="d"), "WorkflowExecutionCanceled", {"details": "d"}),
    ],
)
def test_a_closing_decision_is_the_last_event(client, decision, event, body):
    client.start()
    client.decide(decision)
    assert client.types()[-2:] == ["DecisionTaskCompleted", event]
    assert client.last() == {**body, "decisionTaskCompletedEventId": 4}


DEFAULTS = {
    "defaultTaskList": {"name": "others"},
    "defaultExecutionStartToCloseTimeout": "1000",
    "defaultTaskStartToCloseTimeout": "100",
    "defaultChildPolicy": "ABANDON",
}


def test_continuing_as_new_starts_the_next_run_in_the_same_breath(client):
    first = client.start(input="1", tagList=["old"])
    client.decide(continue_as_new(input="2", tagList=["new"], executionStartToCloseTimeout="99", taskPriority="7"))
    continued = client.last(run_id=first)
    second = continued["newExecutionRunId"]
    kept = {
        "workflowType": FLOW,
        "input": "2",
        "tagList": ["new"],
        "taskList": {"name": "flows"},
        "taskPriority": "7",
        "taskStartToCloseTimeout": "60",
        "executionStartToCloseTimeout": "99",
        "childPolicy": "TERMINATE",
    }
    assert continued == {**kept, "newExecutionRunId": second, "decisionTaskCompletedEventId": 4}
    started = attributes(client.events(run_id=second)[0])
    assert started == {**kept, "continuedExecutionRunId": first, "parentInitiatedEventId": 0}
    assert client.describe(first)["executionInfo"]["closeStatus"] == "CONTINUED_AS_NEW"
    assert client.decision_task()["workflowExecution"]["runId"] == second


def test_continuing_as_new_may_change_the_version_of_the_type(client):
    client.swf.register_workflow_type(domain=DOMAIN, name="flow", version="2", **DEFAULTS)
    client.start()
    client.decide(continue_as_new(workflowTypeVersion="2"))
    assert client.decision_task("others")["workflowType"] == {"name": "flow", "version": "2"}


def test_what_the_decision_to_continue_does_not_give_comes_from_the_type_and_not_from_the_run(client):
    """https://docs.aws.amazon.com/amazonswf/latest/apireference/API_ContinueAsNewWorkflowExecutionDecisionAttributes.html"""
    given = {"taskList": {"name": "mine"}, "taskStartToCloseTimeout": "7", "executionStartToCloseTimeout": "77"}
    client.start(input="1", tagList=["old"], taskPriority="9", childPolicy="ABANDON", lambdaRole="role", **given)
    client.decide(continue_as_new(), task_list="mine")
    started = attributes(client.events()[0])
    del started["continuedExecutionRunId"]
    assert started == {
        "workflowType": FLOW,
        "taskList": {"name": "flows"},
        "taskStartToCloseTimeout": "60",
        "executionStartToCloseTimeout": "86400",
        "childPolicy": "TERMINATE",
        "parentInitiatedEventId": 0,
    }


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("defaultExecutionStartToCloseTimeout", "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultTaskStartToCloseTimeout", "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultChildPolicy", "DEFAULT_CHILD_POLICY_UNDEFINED"),
        ("deprecated", "WORKFLOW_TYPE_DEPRECATED"),
        ("type", "WORKFLOW_TYPE_DOES_NOT_EXIST"),
    ],
)
def test_continuing_as_new_fails_without_a_type_that_can_be_started(client, missing, cause):
    second = {"name": "flow", "version": "2"}
    if missing != "type":
        defaults = {name: value for name, value in DEFAULTS.items() if name != missing}
        client.swf.register_workflow_type(domain=DOMAIN, **second, **defaults)
    if missing == "deprecated":
        client.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=second)
    run_id = client.start()
    client.decide(continue_as_new(workflowTypeVersion="2"))
    assert client.types()[-3:] == ["DecisionTaskCompleted", "ContinueAsNewWorkflowExecutionFailed", "DecisionTaskScheduled"]
    failed = client.the("ContinueAsNewWorkflowExecutionFailed")
    assert attributes(failed) == {"cause": cause, "decisionTaskCompletedEventId": 4}
    assert client.describe(run_id)["executionInfo"]["executionStatus"] == "OPEN"


def test_a_history_that_is_too_long_ends_the_execution():
    client = ManualClient(quotas=Quotas(history_events=20))
    client.start()
    client.decide(*[marker("m") for _ in range(30)])
    assert client.last()["cause"] == "EVENT_LIMIT_EXCEEDED"
    client.close()


def test_a_history_that_is_too_long_ends_the_execution_also_when_nobody_decides():
    client = ManualClient(quotas=Quotas(history_events=20))
    run_id = client.start()
    for _ in range(19):
        client.signal("more")
    assert client.last()["cause"] == "EVENT_LIMIT_EXCEEDED"
    assert len(client.events()) == 22
    assert client.start() != run_id
    client.close()


def test_a_deprecated_type_starts_nothing(client):
    client.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=FLOW)
    with pytest.raises(Fault, match=r"^TypeDeprecatedFault: WorkflowType=\[name=flow, version=1\]$"):
        client.start()
    client.swf.undeprecate_workflow_type(domain=DOMAIN, workflowType=FLOW)
    client.start()
