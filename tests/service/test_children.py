"""Children: their start, their end as the parent is told of it, and what becomes of them when the parent is ended.

https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dev-adv-child-workflows.html
"""

from __future__ import annotations

import pytest

from simpleflow_nb.local.quotas import Quotas
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
    opened,
    schedule,
    start_child,
)

DEFAULTS = {
    "defaultTaskList": {"name": "others"},
    "defaultExecutionStartToCloseTimeout": "1000",
    "defaultTaskStartToCloseTimeout": "100",
    "defaultChildPolicy": "ABANDON",
}
SECOND = {"name": "flow", "version": "2"}


@pytest.fixture
def parent(client: ManualClient) -> str:
    """Run id of an execution ``run`` with one child ``child``, whose decision tasks are on the list ``children``."""
    run_id = client.start()
    client.decide(start_child("child", taskList={"name": "children"}))
    return run_id


def run_id_of(client: ManualClient, workflow_id: str) -> str:
    return str(client.local.home.open_by_id[workflow_id].run_id)


def test_a_child_is_started_with_the_values_of_the_decision_and_its_parent_is_told(client):
    parent = {"workflowId": "run", "runId": client.start()}
    given = {
        "input": "1",
        "executionStartToCloseTimeout": "99",
        "taskList": {"name": "children"},
        "taskPriority": "3",
        "taskStartToCloseTimeout": "9",
        "childPolicy": "ABANDON",
        "tagList": ["red", "blue"],
        "lambdaRole": "arn:role",
    }
    client.decide(start_child("child", control="kept", **given))
    assert client.types()[3:] == [
        "DecisionTaskCompleted",
        "StartChildWorkflowExecutionInitiated",
        "ChildWorkflowExecutionStarted",
        "DecisionTaskScheduled",
    ]
    initiated, started = client.events()[4:6]
    same = {"workflowType": FLOW, **given}
    assert attributes(initiated) == {"workflowId": "child", "control": "kept", **same, "decisionTaskCompletedEventId": 4}
    child = {"workflowId": "child", "runId": run_id_of(client, "child")}
    assert attributes(started) == {"workflowExecution": child, "workflowType": FLOW, "initiatedEventId": 5}
    first = client.events("child")[0]
    assert attributes(first) == {**same, "parentWorkflowExecution": parent, "parentInitiatedEventId": 5}
    described = client.describe(child["runId"], "child")["executionInfo"]
    assert (described["parent"], described["tagList"]) == (parent, ["red", "blue"])
    assert client.decision_task("children")["workflowExecution"] == child


def test_a_child_takes_the_defaults_of_its_type_and_nothing_from_its_parent(client):
    client.swf.register_workflow_type(domain=DOMAIN, **SECOND, **DEFAULTS, defaultTaskPriority="5", defaultLambdaRole="r")
    client.start(tagList=["parent's"], input="parent's", taskPriority="1", lambdaRole="parent's")
    client.decide(start_child("child", workflowType=SECOND))
    values = {
        "workflowType": SECOND,
        "taskList": {"name": "others"},
        "executionStartToCloseTimeout": "1000",
        "taskStartToCloseTimeout": "100",
        "childPolicy": "ABANDON",
        "taskPriority": "5",
        "lambdaRole": "r",
    }
    initiated = attributes(client.the("StartChildWorkflowExecutionInitiated"))
    assert initiated == {"workflowId": "child", **values, "decisionTaskCompletedEventId": 4}
    started = attributes(client.events("child")[0])
    del started["parentWorkflowExecution"]
    assert started == {**values, "parentInitiatedEventId": 5}


@pytest.mark.parametrize(
    ("decision", "event", "told"),
    [
        (complete(result="7"), "ChildWorkflowExecutionCompleted", {"result": "7"}),
        (complete(), "ChildWorkflowExecutionCompleted", {}),
        (fail(reason="r", details="d"), "ChildWorkflowExecutionFailed", {"reason": "r", "details": "d"}),
        (cancel(details="d"), "ChildWorkflowExecutionCanceled", {"details": "d"}),
    ],
    ids=["completed", "completed without a result", "failed", "canceled"],
)
def test_the_end_of_a_child_is_told_to_its_parent(client, parent, decision, event, told):
    child = {"workflowId": "child", "runId": run_id_of(client, "child")}
    client.decide(decision, task_list="children")
    ids = {"initiatedEventId": 5, "startedEventId": 6}
    assert attributes(client.the(event)) == {"workflowExecution": child, "workflowType": FLOW, **ids, **told}
    assert client.types()[-1] == event  # the decision task that the start has scheduled is still to be taken
    assert client.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 0


def test_the_termination_of_a_child_is_told_to_its_parent_without_its_reason(client, parent):
    child = {"workflowId": "child", "runId": run_id_of(client, "child")}
    client.terminate("child", reason="enough", details="d")
    ids = {"initiatedEventId": 5, "startedEventId": 6}
    told = attributes(client.the("ChildWorkflowExecutionTerminated"))
    assert told == {"workflowExecution": child, "workflowType": FLOW, **ids}


def test_the_timeout_of_a_child_is_told_to_its_parent(client):
    client.start()
    client.decide(start_child("child", executionStartToCloseTimeout="50"))
    child = {"workflowId": "child", "runId": run_id_of(client, "child")}
    client.pass_time(50)
    ids = {"initiatedEventId": 5, "startedEventId": 6}
    told = attributes(client.the("ChildWorkflowExecutionTimedOut"))
    assert told == {"workflowExecution": child, "workflowType": FLOW, "timeoutType": "START_TO_CLOSE", **ids}


def test_a_child_whose_history_is_too_long_is_terminated_and_its_parent_is_told():
    client = ManualClient(quotas=Quotas(history_events=20))
    client.start()
    client.decide(start_child("child", taskList={"name": "children"}))
    client.decide(*[marker("m") for _ in range(30)], task_list="children")
    assert client.last("child")["cause"] == "EVENT_LIMIT_EXCEEDED"
    client.the("ChildWorkflowExecutionTerminated")
    client.close()


def test_open_children_are_counted(client, parent):
    assert client.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 1
    client.decide(start_child("second"), start_child("third"))
    assert client.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 3


def test_a_parent_that_was_deciding_when_its_child_ended_cannot_close_without_having_seen_it(client, parent):
    task = client.decision_task()
    client.decide(complete(), task_list="children")
    client.respond(task, complete())
    assert attributes(client.the("CompleteWorkflowExecutionFailed"))["cause"] == "UNHANDLED_DECISION"
    client.decide(complete())
    assert client.types()[-1] == "WorkflowExecutionCompleted"


# ---- starts that fail --------------------------------------------------------------------------------------------------------


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
def test_a_child_that_cannot_be_started_was_never_initiated(client, missing, cause):
    if missing != "type":
        defaults = {name: value for name, value in DEFAULTS.items() if name != missing}
        client.swf.register_workflow_type(domain=DOMAIN, **SECOND, **defaults)
    if missing == "deprecated":
        client.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=SECOND)
    client.start()
    client.decide(start_child("child", workflowType=SECOND, control="kept"))
    assert client.types()[4:] == ["StartChildWorkflowExecutionFailed", "DecisionTaskScheduled"]
    assert attributes(client.the("StartChildWorkflowExecutionFailed")) == {
        "workflowType": SECOND,
        "workflowId": "child",
        "control": "kept",
        "cause": cause,
        "initiatedEventId": 0,
        "decisionTaskCompletedEventId": 4,
    }
    assert "child" not in client.local.home.open_by_id


@pytest.mark.parametrize("taken_by", ["run", "other"])
def test_a_child_whose_id_is_taken_was_initiated_before_it_failed(client, taken_by):
    client.start("other", taskList={"name": "elsewhere"})
    run_id = client.start()
    client.decide(start_child(taken_by, control="kept"))
    assert client.types()[4:] == [
        "StartChildWorkflowExecutionInitiated",
        "StartChildWorkflowExecutionFailed",
        "DecisionTaskScheduled",
    ]
    assert attributes(client.the("StartChildWorkflowExecutionFailed")) == {
        "workflowType": FLOW,
        "workflowId": taken_by,
        "control": "kept",
        "cause": "WORKFLOW_ALREADY_RUNNING",
        "initiatedEventId": 5,
        "decisionTaskCompletedEventId": 4,
    }
    assert client.describe(run_id)["openCounts"]["openChildWorkflowExecutions"] == 0


def test_of_two_children_with_one_id_in_one_response_the_second_fails(client):
    client.start()
    client.decide(start_child("child"), start_child("child"))
    assert client.types()[4:] == [
        "StartChildWorkflowExecutionInitiated",
        "StartChildWorkflowExecutionInitiated",
        "ChildWorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "StartChildWorkflowExecutionFailed",
    ]
    assert attributes(client.the("StartChildWorkflowExecutionFailed"))["initiatedEventId"] == 6


def test_an_execution_has_only_so_many_open_children():
    client = ManualClient(quotas=Quotas(open_children=2))
    client.start()
    client.decide(*[start_child(f"child-{n}", taskList={"name": "children"}) for n in range(3)])
    failed = attributes(client.the("StartChildWorkflowExecutionFailed"))
    assert (failed["workflowId"], failed["cause"]) == ("child-2", "OPEN_CHILDREN_LIMIT_EXCEEDED")
    client.decide(complete(), task_list="children")
    client.decide(start_child("child-2"))
    client.the("ChildWorkflowExecutionStarted", count=3)
    client.close()


# ---- continuing as new -------------------------------------------------------------------------------------------------------


def test_a_child_that_continues_as_new_stays_the_child_and_its_last_run_tells_the_end(client, parent):
    client.swf.register_workflow_type(domain=DOMAIN, **SECOND, **DEFAULTS)
    first = run_id_of(client, "child")
    client.decide(continue_as_new(workflowTypeVersion="2"), task_list="children")
    second = run_id_of(client, "child")
    started = attributes(client.events("child")[0])
    links = {name: started[name] for name in ("parentWorkflowExecution", "parentInitiatedEventId", "continuedExecutionRunId")}
    assert links == {
        "parentWorkflowExecution": {"workflowId": "run", "runId": parent},
        "parentInitiatedEventId": 5,
        "continuedExecutionRunId": first,
    }
    assert client.describe(second, "child")["executionInfo"]["parent"] == {"workflowId": "run", "runId": parent}
    assert client.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 1
    assert client.types()[6:] == ["DecisionTaskScheduled"]
    client.decide(complete(result="done"), task_list="others")
    assert attributes(client.the("ChildWorkflowExecutionCompleted")) == {
        "workflowExecution": {"workflowId": "child", "runId": second},
        "workflowType": SECOND,
        "initiatedEventId": 5,
        "startedEventId": 6,
        "result": "done",
    }


def test_a_parent_that_continues_as_new_has_no_children_any_more_and_they_go_on(client, parent):
    client.decide(continue_as_new())
    client.decide(complete(), task_list="children")
    assert client.types() == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]
    assert client.types(run_id=parent)[-1] == "WorkflowExecutionContinuedAsNew"


# ---- the end of the parent ---------------------------------------------------------------------------------------------------


def _end_by_termination(client: ManualClient) -> None:
    client.terminate()


def _end_by_timeout(client: ManualClient) -> None:
    client.pass_time(100)


def _end_by_length(client: ManualClient) -> None:
    for _ in range(client.local.quotas.history_events):
        client.signal("more")
        if "run" not in client.local.home.open_by_id:
            return


ENDS = {"termination": _end_by_termination, "timeout": _end_by_timeout, "too long": _end_by_length}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
def test_the_child_policy_is_applied_when_the_parent_is_ended(policy, end):
    client = ManualClient(quotas=Quotas(history_events=30))
    parent = client.start(childPolicy=policy, executionStartToCloseTimeout="100")
    given = {"taskList": {"name": "children"}, "childPolicy": "ABANDON", "taskStartToCloseTimeout": "900"}
    client.decide(start_child("child", **given))
    client.decision_task("children")
    end(client)
    last = attributes(client.events("child")[-1])
    if policy == "TERMINATE":
        assert client.types("child")[-1] == "WorkflowExecutionTerminated"
        assert last == {"childPolicy": "ABANDON", "cause": "CHILD_POLICY_APPLIED"}
    elif policy == "REQUEST_CANCEL":
        assert client.types("child")[-1] == "WorkflowExecutionCancelRequested"
        source = {"externalWorkflowExecution": {"workflowId": "run", "runId": parent}, "externalInitiatedEventId": 0}
        assert last == {"cause": "CHILD_POLICY_APPLIED", **source}
        assert client.describe(run_id_of(client, "child"), "child")["executionInfo"]["cancelRequested"] is True
    else:
        assert client.types("child")[-1] == "DecisionTaskStarted"
    client.close()


def test_the_policy_of_the_termination_overrides_that_of_the_start(client, parent):
    client.terminate(childPolicy="ABANDON")
    assert client.types("child")[-1] == "DecisionTaskScheduled"


@pytest.mark.parametrize("decision", [complete(), fail(), cancel(), continue_as_new()], ids=lambda one: one["decisionType"])
def test_the_child_policy_is_not_applied_when_the_parent_closes_itself(client, parent, decision):
    client.decide(decision)
    assert client.types("child")[-1] == "DecisionTaskScheduled"
    client.decide(complete(), task_list="children")  # nobody is told


def test_the_policy_reaches_the_present_run_of_a_child_and_the_children_of_children(client, parent):
    client.decide(start_child("grandchild", taskList={"name": "grandchildren"}), task_list="children")
    client.decide(continue_as_new(taskList={"name": "children"}), task_list="children")
    client.decide(start_child("second grandchild", taskList={"name": "grandchildren"}), task_list="children")
    client.terminate()
    assert client.last("child")["cause"] == client.last("second grandchild")["cause"] == "CHILD_POLICY_APPLIED"
    assert client.types("grandchild")[-1] == "DecisionTaskScheduled"  # of a run that had closed by itself
    assert client.types("child")[-1] == "WorkflowExecutionTerminated"  # nothing follows on the end of its own child


def test_an_execution_with_the_id_of_an_ended_child_is_left_alone(client, parent):
    client.decide(complete(), task_list="children")
    client.start("child")
    client.terminate()
    assert client.types("child") == ["WorkflowExecutionStarted", "DecisionTaskScheduled"]


def test_a_child_is_started_also_by_the_response_that_closes_the_parent(client):
    parent = client.start()
    client.decide(start_child("child"), complete())
    assert client.types() == client.types("run", parent)
    assert client.types()[4:] == ["StartChildWorkflowExecutionInitiated", "WorkflowExecutionCompleted"]
    assert attributes(client.events("child")[0])["parentWorkflowExecution"] == {"workflowId": "run", "runId": parent}


# ---- restarts ----------------------------------------------------------------------------------------------------------------


def test_open_children_are_known_again_after_a_restart(path):
    client = opened(path)
    parent = client.start()
    children = [start_child(name, taskList={"name": name}) for name in ("ends", "stays", "taken", "taken")]
    client.decide(*children, schedule("a"))
    client.decide(complete(), task_list="ends")
    client.close()
    client = opened(path)
    assert client.describe(parent)["openCounts"]["openChildWorkflowExecutions"] == 2
    client.decide(complete(result="late"), task_list="stays")
    told = attributes(client.the("ChildWorkflowExecutionCompleted", count=2))
    assert (told["workflowExecution"]["workflowId"], told["result"]) == ("stays", "late")
    client.terminate()
    assert client.last("taken")["cause"] == "CHILD_POLICY_APPLIED"
    client.close()


def test_a_parent_that_was_told_while_it_decided_still_has_it_to_see_after_a_restart(path):
    client = opened(path, workers_inside=False)
    client.start()
    client.decide(start_child("child", taskList={"name": "children"}))
    task = client.decision_task()
    client.decide(complete(), task_list="children")
    client.close()
    client = opened(path, workers_inside=False)
    client.respond(task, complete())
    assert attributes(client.the("CompleteWorkflowExecutionFailed"))["cause"] == "UNHANDLED_DECISION"
    client.close()
