"""Activity tasks: their timeouts, ends, ids, order and limits."""

from __future__ import annotations

import pytest

from simpleflow_nb.local.decisions import Quotas
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN

from .manual_client import TASK, ManualClient, attributes, complete, request_cancel, schedule


@pytest.mark.parametrize(
    ("timeout", "is_started", "name"),
    [
        ("scheduleToStartTimeout", False, "SCHEDULE_TO_START"),
        ("scheduleToCloseTimeout", False, "SCHEDULE_TO_CLOSE"),
        ("scheduleToCloseTimeout", True, "SCHEDULE_TO_CLOSE"),
        ("startToCloseTimeout", True, "START_TO_CLOSE"),
        ("heartbeatTimeout", True, "HEARTBEAT"),
    ],
)
def test_each_timeout_ends_the_task_at_its_moment_and_not_before(client, timeout, is_started, name):
    client.start()
    client.decide(schedule("a-1", **{timeout: "10"}))
    task = client.activity_task() if is_started else None
    client.pass_time(9.5)
    assert "ActivityTaskTimedOut" not in client.types()
    client.pass_time(0.5)
    ended = attributes(client.the("ActivityTaskTimedOut"))
    assert ended == {"timeoutType": name, "scheduledEventId": 5, "startedEventId": 6 if is_started else 0}
    assert client.types()[-1] == "DecisionTaskScheduled"
    if task is not None:
        with pytest.raises(Fault, match=r"UnknownResourceFault: Unknown activity, scheduledEventId=5"):
            client.swf.respond_activity_task_completed(taskToken=task["taskToken"])


def test_a_task_that_was_started_in_time_is_not_ended_by_its_schedule_to_start_timeout(client):
    client.start()
    client.decide(schedule("a-1", scheduleToStartTimeout="10"))
    task = client.activity_task()
    client.pass_time(11)
    client.swf.respond_activity_task_completed(taskToken=task["taskToken"], result="1")
    assert "ActivityTaskTimedOut" not in client.types()


def test_a_beating_heart_keeps_the_task_alive_and_its_last_words_reach_the_timeout(client):
    client.start()
    client.decide(schedule("a-1", heartbeatTimeout="10"))
    task = client.activity_task()
    for cell in range(3):
        client.pass_time(9)
        answer = client.swf.record_activity_task_heartbeat(taskToken=task["taskToken"], details=f"cell {cell}")
        assert answer == {"cancelRequested": False}
    client.pass_time(9)
    assert client.swf.record_activity_task_heartbeat(taskToken=task["taskToken"]) == {"cancelRequested": False}
    assert "ActivityTaskTimedOut" not in client.types()
    client.pass_time(9.5)
    assert "ActivityTaskTimedOut" not in client.types()
    client.pass_time(0.5)
    assert attributes(client.the("ActivityTaskTimedOut"))["details"] == "cell 2"
    with pytest.raises(Fault, match=r"UnknownResourceFault"):
        client.swf.record_activity_task_heartbeat(taskToken=task["taskToken"])


@pytest.mark.parametrize("beat", [0.5, 1.5, 9.5])
def test_each_beat_gives_the_task_its_whole_time_again(client, beat):
    client.start()
    client.decide(schedule("a-1", heartbeatTimeout="10"))
    task = client.activity_task()
    client.pass_time(beat)
    client.swf.record_activity_task_heartbeat(taskToken=task["taskToken"])
    client.pass_time(9.5)
    assert "ActivityTaskTimedOut" not in client.types()
    client.pass_time(0.5)
    client.the("ActivityTaskTimedOut")


def test_heartbeat_details_have_at_most_2048_characters(client):
    client.start()
    client.decide(schedule("a-1"))
    token = client.activity_task()["taskToken"]
    client.local.record_activity_task_heartbeat(taskToken=token, details="x" * 2_048)
    with pytest.raises(Fault, match=r"ValidationException: Value at 'details'.*2048"):
        client.local.record_activity_task_heartbeat(taskToken=token, details="x" * 2_049)


@pytest.mark.parametrize(
    ("how", "body", "event"),
    [
        ("completed", {"result": "1"}, "ActivityTaskCompleted"),
        ("completed", {"result": ""}, "ActivityTaskCompleted"),
        ("completed", {}, "ActivityTaskCompleted"),
        ("failed", {"reason": "r", "details": "d"}, "ActivityTaskFailed"),
        ("failed", {}, "ActivityTaskFailed"),
        ("canceled", {"details": "d"}, "ActivityTaskCanceled"),
    ],
)
def test_what_the_worker_says_is_what_history_has(client, how, body, event):
    client.start()
    client.decide(schedule("a-1"))
    task = client.activity_task()
    getattr(client.swf, f"respond_activity_task_{how}")(taskToken=task["taskToken"], **body)
    assert client.types()[-2:] == [event, "DecisionTaskScheduled"]
    assert attributes(client.events()[-2]) == {**body, "scheduledEventId": 5, "startedEventId": 6}
    with pytest.raises(Fault, match=r"UnknownResourceFault"):
        getattr(client.swf, f"respond_activity_task_{how}")(taskToken=task["taskToken"])


def test_a_task_says_what_it_is(client):
    run_id = client.start()
    client.decide(schedule("a-1", input="[1]"))
    task = client.activity_task()
    assert task.pop("taskToken")
    assert task == {
        "activityId": "a-1",
        "activityType": TASK,
        "input": "[1]",
        "startedEventId": 6,
        "workflowExecution": {"workflowId": "run", "runId": run_id},
    }


def test_a_cancel_request_ends_a_task_that_nobody_has_started(client):
    client.start()
    client.decide(schedule("a-1"))
    client.signal("wake")
    client.decide(request_cancel("a-1"))
    assert client.types()[-3:] == ["ActivityTaskCancelRequested", "ActivityTaskCanceled", "DecisionTaskScheduled"]
    assert not client.activity_task().get("taskToken")


def test_a_cancel_request_reaches_the_worker_of_a_started_task_with_its_heartbeat(client):
    client.start()
    client.decide(schedule("a-1"))
    task = client.activity_task()
    client.signal("wake")
    client.decide(request_cancel("a-1"))
    assert client.types()[-1] == "ActivityTaskCancelRequested"
    assert client.swf.record_activity_task_heartbeat(taskToken=task["taskToken"]) == {"cancelRequested": True}
    asked = client.events()[-1]["eventId"]
    client.swf.respond_activity_task_canceled(taskToken=task["taskToken"], details="stopped")
    ended = attributes(client.events()[-2])
    assert (ended["latestCancelRequestedEventId"], ended["details"]) == (asked, "stopped")


def test_a_cancel_request_for_nothing_is_answered_with_an_event(client):
    client.start()
    client.decide(request_cancel("a-1"))
    failed = attributes(client.events()[-2])
    assert failed == {"activityId": "a-1", "cause": "ACTIVITY_ID_UNKNOWN", "decisionTaskCompletedEventId": 4}
    assert client.types()[-1] == "DecisionTaskScheduled"


def test_an_activity_id_is_in_use_only_while_its_task_is_open(client):
    client.start()
    client.decide(schedule("a-1"), schedule("a-1"))
    refused = attributes(client.events()[-2])
    assert refused == {
        "activityId": "a-1",
        "activityType": TASK,
        "cause": "ACTIVITY_ID_ALREADY_IN_USE",
        "decisionTaskCompletedEventId": 4,
    }
    client.finish()
    client.decide(schedule("a-1"))
    assert client.types()[-1] == "ActivityTaskScheduled"


def test_more_open_activities_than_the_quota_are_refused_by_name():
    client = ManualClient(quotas=Quotas(open_activities=2))
    client.start()
    client.decide(schedule("a-1"), schedule("a-2"), schedule("a-3"))
    refused = [attributes(event) for event in client.events() if event["eventType"] == "ScheduleActivityTaskFailed"]
    assert [(one["activityId"], one["cause"]) for one in refused] == [("a-3", "OPEN_ACTIVITIES_LIMIT_EXCEEDED")]
    client.finish()
    client.decide(schedule("a-3"))
    assert client.types()[-1] == "ActivityTaskScheduled"
    client.close()


@pytest.mark.parametrize(
    ("kind", "is_deprecated", "cause"),
    [
        ({"name": "unheard", "version": "1"}, False, "ACTIVITY_TYPE_DOES_NOT_EXIST"),
        (TASK, True, "ACTIVITY_TYPE_DEPRECATED"),
    ],
)
def test_an_activity_of_a_type_that_may_not_run_is_refused_by_name(client, kind, is_deprecated, cause):
    if is_deprecated:
        client.swf.deprecate_activity_type(domain=DOMAIN, activityType=kind)
    client.start()
    client.decide(schedule("a-1", activityType=kind))
    assert attributes(client.events()[-2])["cause"] == cause


TIMEOUTS = ("scheduleToStartTimeout", "scheduleToCloseTimeout", "startToCloseTimeout", "heartbeatTimeout")


def test_what_the_decision_does_not_say_comes_from_the_type(client):
    defaults = {f"defaultTask{name[0].upper()}{name[1:]}": str(10 + index) for index, name in enumerate(TIMEOUTS)}
    rest = {"defaultTaskList": {"name": "other"}, "defaultTaskPriority": "3"}
    kind = {"name": "whole", "version": "1"}
    client.swf.register_activity_type(domain=DOMAIN, **kind, **defaults, **rest)
    client.start()
    decision = schedule("a-1", activityType=kind)
    for name in (*TIMEOUTS, "taskList"):
        del decision["scheduleActivityTaskDecisionAttributes"][name]
    client.decide(decision)
    scheduled = client.last()
    assert {name: scheduled[name] for name in TIMEOUTS} == dict(zip(TIMEOUTS, ("10", "11", "12", "13"), strict=True))
    assert (scheduled["taskList"], scheduled["taskPriority"]) == ({"name": "other"}, "3")
    assert client.activity_task("other")["activityId"] == "a-1"


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("taskList", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("scheduleToStartTimeout", "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED"),
        ("scheduleToCloseTimeout", "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("startToCloseTimeout", "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("heartbeatTimeout", "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"),
    ],
)
def test_what_neither_the_decision_nor_the_type_says_is_refused_by_name(client, missing, cause):
    client.start()
    decision = schedule("a-1")
    del decision["scheduleActivityTaskDecisionAttributes"][missing]
    client.decide(decision)
    assert attributes(client.events()[-2])["cause"] == cause


def test_tasks_are_handed_out_in_order_higher_priority_first(client):
    client.start()
    priorities = [None, "5", "-1", "5", "0", "2147483647"]
    client.decide(
        *[schedule(f"a-{n}", **({} if p is None else {"taskPriority": p})) for n, p in enumerate(priorities)],
    )
    order = [client.activity_task()["activityId"] for _ in priorities]
    assert order == ["a-5", "a-1", "a-3", "a-0", "a-4", "a-2"]


def test_pending_tasks_are_counted_while_they_can_be_taken(client):
    def pending(kind: str, name: str) -> int:
        return getattr(client.swf, f"count_pending_{kind}_tasks")(domain=DOMAIN, taskList={"name": name})["count"]

    client.start("a")
    client.start("b")
    assert pending("decision", "flows") == 2
    client.decide(schedule("a-1"), schedule("a-2"))
    client.decide(schedule("b-1"), complete())
    assert (pending("decision", "flows"), pending("activity", "work")) == (0, 2)
    client.activity_task()
    assert pending("activity", "work") == 1
    client.terminate("a")
    assert pending("activity", "work") == 0
