"""A restart of the service: what the journal brings back."""

from __future__ import annotations

import time

import pytest

from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN

from .desk import StillClock, attributes, complete, continue_as_new, marker, opened, request_cancel, schedule, start_timer


def test_everything_is_there_again_after_a_restart(path):
    desk = opened(path)
    run_id = desk.start(input="1", tagList=["t"])
    desk.decide(schedule("a-1"), schedule("a-2"), start_timer("t", 3_600), marker("m"), executionContext="noted")
    closed = desk.start("closed")
    desk.decide(complete(result="2"))
    first = desk.start("continued")
    desk.decide(continue_as_new())
    desk.start("cancelled")
    desk.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="cancelled")
    before = {key: desk.events(*key) for key in desk.local.numbers}
    described = {key: desk.describe(key[1], key[0]) for key in desk.local.numbers}
    types = desk.swf.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED")
    desk.close()

    desk = opened(path)
    assert {key: desk.events(*key) for key in desk.local.numbers} == before
    after = {key: desk.describe(key[1], key[0]) for key in desk.local.numbers}
    assert after == described
    wanted = {"startTimeFilter": {"oldestDate": 0}, "executionFilter": {"workflowId": "cancelled"}}
    listed = desk.swf.list_open_workflow_executions(domain=DOMAIN, **wanted)["executionInfos"]
    assert [info["cancelRequested"] for info in listed] == [True]
    assert desk.swf.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED") == types
    assert desk.describe(closed, "closed")["executionInfo"]["closeStatus"] == "COMPLETED"
    second = attributes(desk.events("continued", first)[-1])["newExecutionRunId"]
    assert desk.decision_task()["workflowExecution"] == {"workflowId": "continued", "runId": second}
    assert [desk.activity_task()["activityId"] for _ in range(2)] == ["a-1", "a-2"]
    desk.pass_time(3_600)
    desk.the("TimerFired")
    assert desk.describe(run_id)["executionInfo"]["tagList"] == ["t"]
    desk.close()


def test_work_that_was_in_the_hands_of_the_dead_process_ends_as_timed_out_and_is_given_out_again(path):
    desk = opened(path)
    desk.start()
    desk.decide(schedule("a-1"), schedule("a-2"))
    desk.activity_task()
    desk.start("deciding")
    desk.decision_task()
    desk.signal("kept")  # commits what was noted of the two starts
    desk.close()

    desk = opened(path)
    ended = desk.events()[-1] if desk.types()[-1] == "ActivityTaskTimedOut" else desk.events()[-2]
    assert attributes(ended) == {
        "timeoutType": "HEARTBEAT",
        "details": "the process that worked on it is gone",
        "scheduledEventId": 5,
        "startedEventId": 7,
    }
    assert desk.types("deciding")[-2:] == ["DecisionTaskTimedOut", "DecisionTaskScheduled"]
    assert desk.activity_task()["activityId"] == "a-2"
    assert not desk.activity_task().get("taskToken")
    workflows = [desk.decision_task()["workflowExecution"]["workflowId"] for _ in range(2)]
    assert sorted(workflows) == ["deciding", "run"]
    desk.close()


def test_a_start_that_was_not_written_when_the_process_died_is_as_if_it_had_not_been(path):
    desk = opened(path)
    desk.start()
    desk.decide(schedule("a-1"))
    run = desk.local.home.open_by_id["run"]
    durable = len(run.events)
    assert desk.activity_task()["activityId"] == "a-1"
    reader = JournalReader(path)
    seen = reader.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "run"})["events"]
    reader.close()
    assert len(seen) == durable
    desk.close()


@pytest.mark.parametrize("kind", ["Decision", "Activity"])
def test_the_start_of_a_task_of_somebody_elsewhere_is_written_before_the_task_is_handed_out(path, kind):
    """Who has it lives on when the service dies, and must find it started."""
    desk = opened(path, workers_inside=False)
    desk.start()
    if kind == "Activity":
        desk.decide(schedule("a-1"))
    task = desk.decision_task() if kind == "Decision" else desk.activity_task()
    reader = JournalReader(path)  # sees what is in the file, as the next owner would after a kill
    written = reader.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "run"})["events"]
    reader.close()
    assert (written[-1]["eventType"], written[-1]["eventId"]) == (f"{kind}TaskStarted", task["startedEventId"])
    desk.close()


def test_timeouts_go_on_where_they_were(path):
    start = time.time()
    desk = opened(path, clock=StillClock(start))
    desk.start(executionStartToCloseTimeout="100")
    desk.decide(schedule("a-1", scheduleToStartTimeout="10"), start_timer("t", 20))
    desk.close()
    desk = opened(path, clock=StillClock(start + 9))
    desk.pass_time(0.5)
    assert "ActivityTaskTimedOut" not in desk.types()
    desk.pass_time(0.5)
    desk.the("ActivityTaskTimedOut")
    desk.close()
    desk = opened(path, clock=StillClock(start + 19))
    desk.pass_time(0.5)
    assert "TimerFired" not in desk.types()
    desk.close()
    desk = opened(path, clock=StillClock(start + 25))
    desk.the("TimerFired")
    desk.close()
    desk = opened(path, clock=StillClock(start + 99))
    assert "WorkflowExecutionTimedOut" not in desk.types()
    desk.close()
    desk = opened(path, clock=StillClock(start + 101))
    desk.the("WorkflowExecutionTimedOut")
    desk.close()


@pytest.mark.parametrize(
    ("timeout", "is_started", "ends"),
    [
        ("scheduleToStartTimeout", False, 10),
        ("scheduleToStartTimeout", True, None),
        ("scheduleToCloseTimeout", False, 10),
        ("scheduleToCloseTimeout", True, 10),
        ("startToCloseTimeout", False, None),
        ("startToCloseTimeout", True, 12),
        ("heartbeatTimeout", False, None),
        ("heartbeatTimeout", True, 15),  # nobody could hear a heart while the service was away
    ],
)
def test_the_timeouts_of_a_task_of_a_worker_elsewhere_go_on_after_a_restart(path, timeout, is_started, ends):
    """Scheduled at 0, started at 2 by somebody who has it still; the service is back at 5."""
    start = int(time.time())
    desk = opened(path, workers_inside=False, clock=StillClock(start))
    desk.start()
    desk.decide(schedule("a-1", **{timeout: "10"}))
    desk.pass_time(2)
    task = desk.activity_task() if is_started else None
    desk.close()
    desk = opened(path, workers_inside=False, clock=StillClock(start + 5))
    if ends is not None:
        desk.pass_time(ends - 5 - 0.5)
        assert "ActivityTaskTimedOut" not in desk.types()
        desk.pass_time(0.5)
        ended = desk.the("ActivityTaskTimedOut")
        assert ended["eventTimestamp"] == start + ends
    else:
        desk.pass_time(3_600)
        assert "ActivityTaskTimedOut" not in desk.types()
        task = task or desk.activity_task()
        desk.swf.respond_activity_task_completed(taskToken=task["taskToken"])
    desk.close()


def test_a_cancel_request_that_a_worker_has_not_seen_yet_survives(path):
    desk = opened(path)
    desk.start()
    desk.decide(schedule("a-1"))
    task = desk.activity_task()
    desk.signal("wake")
    desk.decide(request_cancel("a-1"))
    desk.close()
    desk = opened(path, workers_inside=False)
    desk.close()
    desk = opened(path, workers_inside=False)
    assert task["activityId"] == "a-1"
    assert desk.types().count("ActivityTaskCancelRequested") == 1
    desk.close()


def test_a_started_decision_task_of_a_decider_elsewhere_still_times_out_after_a_restart(path):
    start = time.time()
    desk = opened(path, workers_inside=False, clock=StillClock(start))
    desk.start(taskStartToCloseTimeout="10")
    desk.decision_task()
    desk.close()
    desk = opened(path, workers_inside=False, clock=StillClock(start + 9))
    assert desk.types()[-1] == "DecisionTaskStarted"
    desk.close()
    desk = opened(path, workers_inside=False, clock=StillClock(start + 11))
    desk.the("DecisionTaskTimedOut")
    desk.close()


def test_a_decision_task_on_an_override_list_still_goes_back_in_time_after_a_restart(path):
    start = time.time()
    desk = opened(path, clock=StillClock(start))
    desk.start()
    desk.decide(schedule("a-1"), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    desk.signal("wake")
    desk.close()
    desk = opened(path, clock=StillClock(start + 4))
    assert desk.types()[-1] == "DecisionTaskScheduled"
    desk.close()
    desk = opened(path, clock=StillClock(start + 6))
    desk.the("DecisionTaskTimedOut")
    desk.close()
