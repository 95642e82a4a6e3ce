"""Starting, signalling, cancelling and ending executions, as SWF does it."""

from __future__ import annotations

import pytest

from simpleflow_nb.local.decisions import Quotas
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN

from .desk import FLOW, Desk, attributes, cancel, complete, continue_as_new, fail, marker, schedule, start_timer


def test_an_execution_starts_with_its_defaults_and_one_decision_task(desk):
    run_id = desk.start(input='{"args":[1]}', tagList=["report", "2024-01-01"])
    started, scheduled = desk.events()
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
    task = desk.decision_task()
    assert task["workflowExecution"] == {"workflowId": "run", "runId": run_id}
    assert (task["startedEventId"], task["previousStartedEventId"]) == (3, 0)
    assert [event["eventId"] for event in task["events"]] == [1, 2, 3]


def test_an_id_is_taken_while_its_execution_is_open(desk):
    first = desk.start()
    with pytest.raises(Fault, match=r"WorkflowExecutionAlreadyStartedFault: Already Started: run") as refused:
        desk.start()
    assert refused.value.response["Error"]["Code"] == "WorkflowExecutionAlreadyStartedFault"
    desk.decide(complete())
    second = desk.start()
    assert first != second
    assert desk.types(run_id=first)[-1] == "WorkflowExecutionCompleted"
    assert desk.types(run_id=second) == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("defaultExecutionStartToCloseTimeout", "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultTaskStartToCloseTimeout", "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultChildPolicy", "DEFAULT_CHILD_POLICY_UNDEFINED"),
    ],
)
def test_what_neither_the_call_nor_the_type_says_is_refused_by_name(desk, missing, cause):
    defaults = {
        "defaultTaskList": {"name": "flows"},
        "defaultExecutionStartToCloseTimeout": "60",
        "defaultTaskStartToCloseTimeout": "60",
        "defaultChildPolicy": "TERMINATE",
    }
    del defaults[missing]
    desk.swf.register_workflow_type(domain=DOMAIN, name="bare", version="1", **defaults)
    with pytest.raises(Fault, match=f"^DefaultUndefinedFault: {cause}$"):
        desk.start(workflowType={"name": "bare", "version": "1"})


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
def test_what_is_not_there_is_an_unknown_resource(desk, call, request_, message):
    with pytest.raises(Fault) as refused:
        getattr(desk.swf, call)(**request_)
    assert str(refused.value) == f"UnknownResourceFault: {message}"


@pytest.mark.parametrize("call", ["signal_workflow_execution", "terminate_workflow_execution"])
def test_an_execution_that_has_closed_takes_nothing_any_more(desk, call):
    run_id = desk.start()
    desk.decide(complete())
    request = {"signalName": "late"} if call.startswith("signal") else {}
    with pytest.raises(Fault, match=r"UnknownResourceFault"):
        getattr(desk.swf, call)(domain=DOMAIN, workflowId="run", runId=run_id, **request)


LONG = "x" * 32_769


@pytest.mark.parametrize(("size", "refused"), [(32_768, False), (32_769, True)])
def test_data_of_more_than_32768_characters_is_refused_wherever_it_goes(desk, size, refused):
    text, local = "x" * size, desk.local  # unchecked calls: the checking proxy would refuse them itself
    desk.start("other")
    desk.decide(schedule("a-1"), schedule("a-2"), schedule("a-3"))
    tokens = [desk.activity_task()["taskToken"] for _ in range(3)]
    decision = desk.start("deciding") and desk.decision_task()
    attempts = [
        lambda: desk.local.start_workflow_execution(domain=DOMAIN, workflowId="run", workflowType=FLOW, input=text),
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
            "Value at 'workflowId' is not a name: 1 to 256 characters, no ':', '/', '|' or controls, not 'arn'",
        ),
        (
            {"taskList": {"name": "a:b"}},
            "Value at 'taskList.name' is not a name: 1 to 256 characters, no ':', '/', '|' or controls, not 'arn'",
        ),
        ({"executionStartToCloseTimeout": "soon"}, "Value at 'executionStartToCloseTimeout' is not a duration: 'soon'"),
        ({"taskStartToCloseTimeout": "123456789"}, "Value at 'taskStartToCloseTimeout' is not a duration: '123456789'"),
        ({"taskPriority": "high"}, "Value at 'taskPriority' is not an integer: 'high'"),
        ({"childPolicy": "IGNORE"}, "Value at 'childPolicy' is not one of TERMINATE, REQUEST_CANCEL, ABANDON: 'IGNORE'"),
    ],
)
def test_a_start_that_cannot_be_carried_out_is_refused_and_leaves_nothing(desk, options, message):
    request = {"domain": DOMAIN, "workflowId": "run", "workflowType": FLOW, **options}
    with pytest.raises(Fault) as refused:
        desk.local.start_workflow_execution(**request)
    assert str(refused.value) == f"ValidationException: {message}"
    assert desk.local.infos == {}


def test_a_signal_may_have_any_name_and_no_input(desk):
    desk.start()
    desk.signal("answer/1: yes|no")
    desk.signal("answer", input="1")
    assert [attributes(event) for event in desk.events()[2:]] == [
        {"signalName": "answer/1: yes|no"},
        {"signalName": "answer", "input": "1"},
    ]


def test_a_cancel_request_is_an_event_and_a_decision_task(desk):
    run_id = desk.start()
    desk.decide(schedule("a-1"))
    desk.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="run", runId=run_id)
    assert desk.types()[-2:] == ["WorkflowExecutionCancelRequested", "DecisionTaskScheduled"]
    assert desk.describe(run_id)["executionInfo"]["cancelRequested"] is True
    desk.decide(cancel(details="as asked"))
    assert desk.types()[-1] == "WorkflowExecutionCanceled"
    assert desk.describe(run_id)["executionInfo"]["closeStatus"] == "CANCELED"


def test_termination_ends_everything_at_once(desk):
    run_id = desk.start()
    desk.decide(schedule("a-1"), schedule("a-2"), start_timer("t", 60))
    working = desk.activity_task()
    desk.terminate(reason="enough", details="of it", childPolicy="ABANDON")
    assert desk.types()[-1] == "WorkflowExecutionTerminated"
    assert desk.last() == {
        "reason": "enough",
        "details": "of it",
        "childPolicy": "ABANDON",
        "cause": "OPERATOR_INITIATED",
    }
    with pytest.raises(Fault, match=r"UnknownResourceFault: the execution of this task is closed"):
        desk.swf.respond_activity_task_completed(taskToken=working["taskToken"])
    with pytest.raises(Fault, match=r"UnknownResourceFault: the execution of this task is closed"):
        desk.swf.record_activity_task_heartbeat(taskToken=working["taskToken"])
    assert not desk.activity_task().get("taskToken")
    assert not desk.decision_task().get("taskToken")
    assert desk.describe(run_id)["openCounts"] == {
        "openActivityTasks": 0,
        "openDecisionTasks": 0,
        "openTimers": 0,
        "openChildWorkflowExecutions": 0,
        "openLambdaFunctions": 0,
    }


def test_an_execution_ends_when_its_time_is_over(desk):
    run_id = desk.start(executionStartToCloseTimeout="30")
    desk.decide(schedule("a-1"))
    desk.pass_time(29.5)
    assert desk.describe(run_id)["executionInfo"]["executionStatus"] == "OPEN"
    desk.pass_time(0.5)
    ended = desk.the("WorkflowExecutionTimedOut")
    assert attributes(ended) == {"timeoutType": "START_TO_CLOSE", "childPolicy": "TERMINATE"}
    assert desk.describe(run_id)["executionInfo"]["closeStatus"] == "TIMED_OUT"
    assert desk.start() != run_id


@pytest.mark.parametrize(
    ("decision", "event", "body"),
    [
        (complete(result="3"), "WorkflowExecutionCompleted", {"result": "3"}),
        (complete(), "WorkflowExecutionCompleted", {}),
        (fail(reason="r", details="d"), "WorkflowExecutionFailed", {"reason": "r", "details": "d"}),
        (cancel(details="d"), "WorkflowExecutionCanceled", {"details": "d"}),
    ],
)
def test_a_closing_decision_is_the_last_event(desk, decision, event, body):
    desk.start()
    desk.decide(decision)
    assert desk.types()[-2:] == ["DecisionTaskCompleted", event]
    assert desk.last() == {**body, "decisionTaskCompletedEventId": 4}


def test_continuing_as_new_starts_the_next_run_in_the_same_breath(desk):
    first = desk.start(input="1", tagList=["old"], taskPriority="7")
    desk.decide(continue_as_new(input="2", tagList=["new"], executionStartToCloseTimeout="99"))
    continued = desk.last(run_id=first)
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
    started = attributes(desk.events(run_id=second)[0])
    assert started == {**kept, "continuedExecutionRunId": first, "parentInitiatedEventId": 0}
    assert desk.describe(first)["executionInfo"]["closeStatus"] == "CONTINUED_AS_NEW"
    assert desk.decision_task()["workflowExecution"]["runId"] == second


def test_continuing_as_new_may_change_the_version_of_the_type(desk):
    desk.swf.register_workflow_type(domain=DOMAIN, name="flow", version="2")
    desk.start()
    desk.decide(continue_as_new(workflowTypeVersion="2"))
    assert desk.decision_task()["workflowType"] == {"name": "flow", "version": "2"}


def test_a_history_that_is_too_long_ends_the_execution():
    desk = Desk(quotas=Quotas(history_events=20))
    desk.start()
    desk.decide(*[marker("m") for _ in range(30)])
    assert desk.last()["cause"] == "EVENT_LIMIT_EXCEEDED"
    desk.close()


def test_a_history_that_is_too_long_ends_the_execution_also_when_nobody_decides():
    desk = Desk(quotas=Quotas(history_events=20))
    run_id = desk.start()
    for _ in range(19):
        desk.signal("more")
    assert desk.last()["cause"] == "EVENT_LIMIT_EXCEEDED"
    assert len(desk.events()) == 22
    assert desk.start() != run_id
    desk.close()


def test_a_deprecated_type_starts_nothing(desk):
    desk.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=FLOW)
    with pytest.raises(Fault, match=r"^TypeDeprecatedFault: WorkflowType=\[name=flow, version=1\]$"):
        desk.start()
    desk.swf.undeprecate_workflow_type(domain=DOMAIN, workflowType=FLOW)
    desk.start()
