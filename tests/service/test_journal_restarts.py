"""A restart of the service: what the journal brings back."""

from __future__ import annotations

import time

import pytest

from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN

from .manual_client import (
    StillClock,
    attributes,
    complete,
    continue_as_new,
    marker,
    opened,
    request_cancel,
    schedule,
    start_timer,
)


def test_everything_is_there_again_after_a_restart(path):
    client = opened(path)
    run_id = client.start(input="1", tagList=["t"])
    client.decide(schedule("a-1"), schedule("a-2"), start_timer("t", 3_600), marker("m"), executionContext="noted")
    closed = client.start("closed")
    client.decide(complete(result="2"))
    first = client.start("continued")
    client.decide(continue_as_new())
    client.start("cancelled")
    client.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="cancelled")
    before = {key: client.events(*key) for key in client.local.numbers}
    described = {key: client.describe(key[1], key[0]) for key in client.local.numbers}
    types = client.swf.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED")
    client.close()

    client = opened(path)
    assert {key: client.events(*key) for key in client.local.numbers} == before
    after = {key: client.describe(key[1], key[0]) for key in client.local.numbers}
    assert after == described
    wanted = {"startTimeFilter": {"oldestDate": 0}, "executionFilter": {"workflowId": "cancelled"}}
    listed = client.swf.list_open_workflow_executions(domain=DOMAIN, **wanted)["executionInfos"]
    assert [info["cancelRequested"] for info in listed] == [True]
    assert client.swf.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED") == types
    assert client.describe(closed, "closed")["executionInfo"]["closeStatus"] == "COMPLETED"
    second = attributes(client.events("continued", first)[-1])["newExecutionRunId"]
    assert client.decision_task()["workflowExecution"] == {"workflowId": "continued", "runId": second}
    assert [client.activity_task()["activityId"] for _ in range(2)] == ["a-1", "a-2"]
    client.pass_time(3_600)
    client.the("TimerFired")
    assert client.describe(run_id)["executionInfo"]["tagList"] == ["t"]
    client.close()


def test_work_that_was_in_the_hands_of_the_dead_process_ends_as_timed_out_and_is_given_out_again(path):
    client = opened(path)
    client.start()
    client.decide(schedule("a-1"), schedule("a-2"))
    client.activity_task()
    client.start("deciding")
    client.decision_task()
    client.signal("kept")  # commits what was noted of the two starts
    client.close()

    client = opened(path)
    ended = client.events()[-1] if client.types()[-1] == "ActivityTaskTimedOut" else client.events()[-2]
    assert attributes(ended) == {
        "timeoutType": "HEARTBEAT",
        "details": "the process that worked on it is gone",
        "scheduledEventId": 5,
        "startedEventId": 7,
    }
    assert client.types("deciding")[-2:] == ["DecisionTaskTimedOut", "DecisionTaskScheduled"]
    assert client.activity_task()["activityId"] == "a-2"
    assert not client.activity_task().get("taskToken")
    workflows = [client.decision_task()["workflowExecution"]["workflowId"] for _ in range(2)]
    assert sorted(workflows) == ["deciding", "run"]
    client.close()


def test_a_start_that_was_not_written_when_the_process_died_is_as_if_it_had_not_been(path):
    client = opened(path)
    client.start()
    client.decide(schedule("a-1"))
    run = client.local.home.open_by_id["run"]
    durable = len(run.events)
    assert client.activity_task()["activityId"] == "a-1"
    reader = JournalReader(path)
    seen = reader.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "run"})["events"]
    reader.close()
    assert len(seen) == durable
    client.close()


@pytest.mark.parametrize("kind", ["Decision", "Activity"])
def test_the_start_of_a_task_of_somebody_elsewhere_is_written_before_the_task_is_handed_out(path, kind):
    """Who has it lives on when the service dies, and must find it started."""
    client = opened(path, workers_inside=False)
    client.start()
    if kind == "Activity":
        client.decide(schedule("a-1"))
    task = client.decision_task() if kind == "Decision" else client.activity_task()
    reader = JournalReader(path)  # sees what is in the file, as the next owner would after a kill
    written = reader.get_workflow_execution_history(domain=DOMAIN, execution={"workflowId": "run"})["events"]
    reader.close()
    assert (written[-1]["eventType"], written[-1]["eventId"]) == (f"{kind}TaskStarted", task["startedEventId"])
    client.close()


def test_timeouts_go_on_where_they_were(path):
    start = time.time()
    client = opened(path, clock=StillClock(start))
    client.start(executionStartToCloseTimeout="100")
    client.decide(schedule("a-1", scheduleToStartTimeout="10"), start_timer("t", 20))
    client.close()
    client = opened(path, clock=StillClock(start + 9))
    client.pass_time(0.5)
    assert "ActivityTaskTimedOut" not in client.types()
    client.pass_time(0.5)
    client.the("ActivityTaskTimedOut")
    client.close()
    client = opened(path, clock=StillClock(start + 19))
    client.pass_time(0.5)
    assert "TimerFired" not in client.types()
    client.close()
    client = opened(path, clock=StillClock(start + 25))
    client.the("TimerFired")
    client.close()
    client = opened(path, clock=StillClock(start + 99))
    assert "WorkflowExecutionTimedOut" not in client.types()
    client.close()
    client = opened(path, clock=StillClock(start + 101))
    client.the("WorkflowExecutionTimedOut")
    client.close()


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
    client = opened(path, workers_inside=False, clock=StillClock(start))
    client.start()
    client.decide(schedule("a-1", **{timeout: "10"}))
    client.pass_time(2)
    task = client.activity_task() if is_started else None
    client.close()
    client = opened(path, workers_inside=False, clock=StillClock(start + 5))
    if ends is not None:
        client.pass_time(ends - 5 - 0.5)
        assert "ActivityTaskTimedOut" not in client.types()
        client.pass_time(0.5)
        ended = client.the("ActivityTaskTimedOut")
        assert ended["eventTimestamp"] == start + ends
    else:
        client.pass_time(3_600)
        assert "ActivityTaskTimedOut" not in client.types()
        task = task or client.activity_task()
        client.swf.respond_activity_task_completed(taskToken=task["taskToken"])
    client.close()


def test_a_cancel_request_that_a_worker_has_not_seen_yet_survives(path):
    client = opened(path)
    client.start()
    client.decide(schedule("a-1"))
    task = client.activity_task()
    client.signal("wake")
    client.decide(request_cancel("a-1"))
    client.close()
    client = opened(path, workers_inside=False)
    client.close()
    client = opened(path, workers_inside=False)
    assert task["activityId"] == "a-1"
    assert client.types().count("ActivityTaskCancelRequested") == 1
    client.close()


def test_a_started_decision_task_of_a_decider_elsewhere_still_times_out_after_a_restart(path):
    start = time.time()
    client = opened(path, workers_inside=False, clock=StillClock(start))
    client.start(taskStartToCloseTimeout="10")
    client.decision_task()
    client.close()
    client = opened(path, workers_inside=False, clock=StillClock(start + 9))
    assert client.types()[-1] == "DecisionTaskStarted"
    client.close()
    client = opened(path, workers_inside=False, clock=StillClock(start + 11))
    client.the("DecisionTaskTimedOut")
    client.close()


def test_a_decision_task_on_an_override_list_still_goes_back_in_time_after_a_restart(path):
    start = time.time()
    client = opened(path, clock=StillClock(start))
    client.start()
    client.decide(schedule("a-1"), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    client.signal("wake")
    client.close()
    client = opened(path, clock=StillClock(start + 4))
    assert client.types()[-1] == "DecisionTaskScheduled"
    client.close()
    client = opened(path, clock=StillClock(start + 6))
    client.the("DecisionTaskTimedOut")
    client.close()
