"""Decision tasks, timers and markers: one at a time, nothing unseen, lists and their overrides."""

from __future__ import annotations

import pytest

from simpleflow_nb.local.decisions import Quotas
from simpleflow_nb.local.faults import Fault

from .manual_client import (
    ManualClient,
    attributes,
    cancel,
    cancel_timer,
    complete,
    continue_as_new,
    fail,
    marker,
    request_cancel_external,
    schedule,
    schedule_lambda,
    signal_external,
    start_child,
    start_timer,
)


def test_one_decision_task_is_open_whatever_happens(client):
    client.start()
    for _ in range(3):
        client.signal("again")
    assert client.types().count("DecisionTaskScheduled") == 1
    task = client.decision_task()
    for _ in range(3):
        client.signal("again")
    assert not client.decision_task().get("taskToken")
    client.respond(task)
    assert client.types()[-2:] == ["DecisionTaskCompleted", "DecisionTaskScheduled"]
    assert client.types().count("DecisionTaskScheduled") == 2


@pytest.mark.parametrize("close", [complete(), fail(), cancel(), continue_as_new()], ids=lambda one: one["decisionType"])
def test_a_close_that_has_not_seen_everything_is_refused(client, close):
    run_id = client.start()
    task = client.decision_task()
    client.signal("unseen")
    client.respond(task, close)
    kind = close["decisionType"]
    assert client.types()[-3:] == ["DecisionTaskCompleted", f"{kind}Failed", "DecisionTaskScheduled"]
    assert attributes(client.events()[-2]) == {"cause": "UNHANDLED_DECISION", "decisionTaskCompletedEventId": 5}
    client.decide(close)
    assert client.describe(run_id)["executionInfo"]["executionStatus"] == "CLOSED"


def test_what_is_decided_with_a_refused_close_is_carried_out(client):
    client.start()
    task = client.decision_task()
    client.signal("unseen")
    client.respond(task, marker("noted"), complete())
    assert client.types()[-3:] == ["MarkerRecorded", "CompleteWorkflowExecutionFailed", "DecisionTaskScheduled"]


def test_a_decision_task_that_takes_too_long_is_given_out_again(client):
    client.start(taskStartToCloseTimeout="10")
    task = client.decision_task()
    client.pass_time(9.5)
    assert client.types()[-1] == "DecisionTaskStarted"
    client.pass_time(0.5)
    ended = attributes(client.the("DecisionTaskTimedOut"))
    assert ended == {"timeoutType": "START_TO_CLOSE", "scheduledEventId": 2, "startedEventId": 3}
    with pytest.raises(Fault, match=r"UnknownResourceFault: Unknown decision task, scheduledEventId=2"):
        client.respond(task)
    again = client.decision_task()
    assert (again["startedEventId"], again["previousStartedEventId"]) == (6, 0)
    client.respond(again, complete())


def test_the_time_of_a_decision_task_that_was_answered_ends_no_later_one(client):
    client.start(taskStartToCloseTimeout="10")
    client.decide(start_timer("t", 5))
    client.pass_time(5)
    assert client.decision_task()["taskToken"]
    client.pass_time(9.5)
    assert client.types()[-1] == "DecisionTaskStarted"
    client.pass_time(0.5)
    client.the("DecisionTaskTimedOut")


def test_the_next_task_goes_to_the_list_that_the_response_asks_for(client):
    client.start()
    client.decide(schedule("a-1"), taskList={"name": "mine"})
    for _ in range(2):
        client.signal("wake")
        assert not client.decision_task("flows").get("taskToken")
        client.decide(task_list="mine", taskList={"name": "mine"})
    client.signal("wake")
    client.decide(task_list="mine")  # no override: back to the execution's own
    client.signal("wake")
    client.decide(task_list="flows")


def test_a_task_that_nobody_takes_from_an_override_in_time_goes_back_to_the_own_list(client):
    client.start()
    client.decide(schedule("a-1"), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    client.signal("wake")
    scheduled = client.events()[-1]
    assert attributes(scheduled)["taskList"] == {"name": "mine"}
    client.pass_time(4.5)
    assert client.types()[-1] == "DecisionTaskScheduled"
    client.pass_time(0.5)
    ended = attributes(client.the("DecisionTaskTimedOut"))
    assert ended == {"timeoutType": "SCHEDULE_TO_START", "scheduledEventId": scheduled["eventId"], "startedEventId": 0}
    assert not client.decision_task("mine").get("taskToken")
    client.decide(task_list="flows")
    client.signal("wake")
    client.decide(complete(), task_list="flows")


def test_a_task_taken_from_an_override_and_not_answered_in_time_goes_back_to_the_own_list(client):
    client.start(taskStartToCloseTimeout="10")
    client.decide(schedule("a-1"), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    client.signal("wake")
    assert client.decision_task("mine")["taskToken"]
    client.pass_time(9.5)
    assert client.types()[-1] == "DecisionTaskStarted"
    client.pass_time(0.5)
    assert attributes(client.the("DecisionTaskTimedOut"))["timeoutType"] == "START_TO_CLOSE"
    client.decide(complete(), task_list="flows")


def test_decision_tasks_too_are_handed_out_by_priority(client):
    for name, priority in (("a", "1"), ("b", "2"), ("c", "1"), ("d", "3")):
        client.start(name, taskPriority=priority)
    order = [client.decision_task()["workflowExecution"]["workflowId"] for _ in range(4)]
    assert order == ["d", "b", "a", "c"]


def test_the_execution_context_of_the_last_response_that_gave_one_is_shown(client):
    run_id = client.start()
    assert "latestExecutionContext" not in client.describe(run_id)
    client.decide(schedule("a-1"), executionContext="one")
    client.signal("wake")
    client.decide()
    assert client.describe(run_id)["latestExecutionContext"] == "one"
    client.signal("wake")
    client.decide(executionContext="")
    assert "latestExecutionContext" not in client.describe(run_id)


# ---- timers and markers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, 1, 3600])
def test_a_timer_fires_at_its_moment_and_not_before(client, seconds):
    client.start()
    client.decide(start_timer("t", seconds))
    if seconds:
        client.pass_time(seconds - 0.5)
        assert client.types()[-1] == "TimerStarted"
    client.pass_time(0.5 if seconds else 0)
    assert attributes(client.the("TimerFired")) == {"timerId": "t", "startedEventId": 5}
    assert client.types()[-1] == "DecisionTaskScheduled"


def test_a_cancelled_timer_does_not_fire(client):
    client.start()
    client.decide(start_timer("t", 10), start_timer("u", 20))
    client.signal("wake")
    client.decide(cancel_timer("t"))
    assert client.last() == {"timerId": "t", "startedEventId": 5, "decisionTaskCompletedEventId": 10}
    client.pass_time(20)
    assert attributes(client.the("TimerFired"))["timerId"] == "u"
    assert client.types().count("TimerFired") == 1


def test_the_id_of_a_timer_that_ended_is_free_again_and_its_old_moment_means_nothing(client):
    client.start()
    client.decide(start_timer("t", 10))
    client.signal("wake")
    client.decide(cancel_timer("t"), start_timer("t", 20))
    client.pass_time(19.5)
    assert "TimerFired" not in client.types()
    client.pass_time(0.5)
    client.the("TimerFired")


def test_timers_that_cannot_be_are_answered_with_events():
    client = ManualClient(quotas=Quotas(open_timers=2))
    client.start()
    client.decide(start_timer("t", 10), start_timer("t", 10), start_timer("u", 10), start_timer("v", 10), cancel_timer("w"))
    causes = [attributes(event).get("cause") for event in client.events() if event["eventType"].endswith("Failed")]
    assert causes == ["TIMER_ID_ALREADY_IN_USE", "OPEN_TIMERS_LIMIT_EXCEEDED", "TIMER_ID_UNKNOWN"]
    assert client.types()[-1] == "DecisionTaskScheduled"
    client.close()


def test_markers_are_recorded_as_they_are(client):
    client.start()
    client.decide(marker("m", details="1"), marker("m"))
    assert [attributes(event) for event in client.events()[-2:]] == [
        {"markerName": "m", "details": "1", "decisionTaskCompletedEventId": 4},
        {"markerName": "m", "decisionTaskCompletedEventId": 4},
    ]


# ---- responses that cannot be carried out ------------------------------------------------------------------------------------


NOT_A_NAME = "is not a name: 1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"

NOT_A_POLICY = "Value at 'childPolicy' is not one of TERMINATE, REQUEST_CANCEL, ABANDON"
NO_RUN_SECONDS = "Value at 'executionStartToCloseTimeout' is not a duration"


def _without(decision, name):
    body = next(value for key, value in decision.items() if key != "decisionType")
    body.pop(name)
    return decision


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        ({"decisionType": "Dance"}, "'Dance' is not a decision type"),
        ({}, "None is not a decision type"),
        (_without(schedule("a"), "activityId"), "decisions[1]: ScheduleActivityTask without activityId"),
        (_without(schedule("a"), "activityType"), "decisions[1]: ScheduleActivityTask without activityType"),
        (schedule("a", activityType={"name": "task"}), "decisions[1]: activityType without version"),
        (schedule("a", taskList={}), "decisions[1]: taskList without name"),
        (schedule("a/b"), f"decisions[1]: Value at 'activityId' {NOT_A_NAME}"),
        (schedule(" a"), f"decisions[1]: Value at 'activityId' {NOT_A_NAME}"),
        (schedule("a", taskList={"name": "q "}), f"decisions[1]: Value at 'taskList.name' {NOT_A_NAME}"),
        (start_timer("t ", 1), f"decisions[1]: Value at 'timerId' {NOT_A_NAME}"),
        (start_child(" c"), f"decisions[1]: Value at 'workflowId' {NOT_A_NAME}"),
        (start_timer("arn", 1), f"decisions[1]: Value at 'timerId' {NOT_A_NAME}"),
        (schedule("a", startToCloseTimeout="soon"), "decisions[1]: Value at 'startToCloseTimeout' is not a duration: 'soon'"),
        (schedule("a", taskPriority="high"), "decisions[1]: Value at 'taskPriority' is not an integer: 'high'"),
        (_without(start_timer("t", 1), "startToFireTimeout"), "decisions[1]: StartTimer without startToFireTimeout"),
        (start_timer("t", -1), "decisions[1]: Value at 'startToFireTimeout' is not a duration: '-1'"),
        (start_timer("t", "NONE"), "decisions[1]: Value at 'startToFireTimeout' is not a duration: 'NONE'"),
        (_without(cancel_timer("t"), "timerId"), "decisions[1]: CancelTimer without timerId"),
        (_without(marker("m"), "markerName"), "decisions[1]: RecordMarker without markerName"),
        (_without(start_child("c"), "workflowId"), "decisions[1]: StartChildWorkflowExecution without workflowId"),
        (_without(start_child("c"), "workflowType"), "decisions[1]: StartChildWorkflowExecution without workflowType"),
        (start_child("c", workflowType={"name": "flow"}), "decisions[1]: workflowType without version"),
        (start_child("a/b"), f"decisions[1]: Value at 'workflowId' {NOT_A_NAME}"),
        (start_child("c", childPolicy="KEEP"), f"decisions[1]: {NOT_A_POLICY}: 'KEEP'"),
        (start_child("c", tagList=["t"] * 6), "decisions[1]: tagList: at most 5 tags of at most 256 characters"),
        (start_child("c", executionStartToCloseTimeout="NONE"), f"decisions[1]: {NO_RUN_SECONDS}: 'NONE'"),
        (_without(signal_external("c", "s"), "workflowId"), "decisions[1]: SignalExternalWorkflowExecution without workflowId"),
        (_without(signal_external("c", "s"), "signalName"), "decisions[1]: SignalExternalWorkflowExecution without signalName"),
        (signal_external("c", "s" * 257), "decisions[1]: Value at 'signalName' has 257 characters; 1 to 256 are allowed"),
        (
            signal_external("c", "s", runId="r" * 65),
            "decisions[1]: Value at 'runId' failed to satisfy constraint: Member must have length less than or equal to 64",
        ),
        (
            _without(request_cancel_external("c"), "workflowId"),
            "decisions[1]: RequestCancelExternalWorkflowExecution without workflowId",
        ),
        (_without(schedule_lambda("f"), "name"), "decisions[1]: ScheduleLambdaFunction without name"),
        (schedule_lambda("f" * 257), "decisions[1]: Value at 'id' has 257 characters; 1 to 256 are allowed"),
        (
            schedule_lambda("f", name="n" * 65),
            "decisions[1]: Value at 'name' failed to satisfy constraint: Member must have length less than or equal to 64",
        ),
        (
            continue_as_new(executionStartToCloseTimeout="x"),
            "decisions[1]: Value at 'executionStartToCloseTimeout' is not a duration: 'x'",
        ),
        (
            fail(reason="r" * 257),
            "decisions[1]: Value at 'reason' failed to satisfy constraint: Member must have length less than or equal to 256",
        ),
    ],
)
def test_a_response_with_an_impossible_decision_is_refused_whole(client, decision, message):
    client.start()
    task = client.decision_task()
    before = client.events()
    with pytest.raises(Fault) as refused:
        client.local.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[marker("fine"), decision])
    assert str(refused.value) == f"ValidationException: {message}"
    assert client.events() == before
    client.respond(task, complete())  # the task is still open


def test_a_bad_timeout_of_an_override_is_refused(client):
    client.start()
    task = client.decision_task()
    with pytest.raises(Fault, match=r"ValidationException: Value at 'taskListScheduleToStartTimeout' is not a duration: 'x'"):
        client.local.respond_decision_task_completed(
            taskToken=task["taskToken"], taskList={"name": "mine"}, taskListScheduleToStartTimeout="x"
        )
    client.respond(task)


@pytest.mark.parametrize("token", ["", "nonsense", "d1", "d1.2", "dx.2.3", "d1.x.3", "a1.2.3"])
def test_a_token_that_was_never_given_out_is_refused(client, token):
    client.start()
    client.decision_task()
    with pytest.raises(Fault, match=r"^ValidationException: Invalid token: "):
        client.local.respond_decision_task_completed(taskToken=token)
