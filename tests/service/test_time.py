"""Time: what is due happens in its order and at its moment, and whoever lets time pass sees all of it."""

from __future__ import annotations

import gc
import threading

import pytest

from simpleflow_nb.exceptions import ServiceError
from simpleflow_nb.local.clock import Clock
from simpleflow_nb.local.requests import leave_request
from simpleflow_nb.local.run import Run
from simpleflow_nb.local.service import DOMAIN, LocalService

from .manual_client import ManualClient, StillClock, complete, in_thread, opened, schedule, start_timer


def _seconds_of(client, *kinds):
    """(type, seconds since the start) of the events of these types."""
    events = client.events()
    start = events[0]["eventTimestamp"]
    return [(event["eventType"], event["eventTimestamp"] - start) for event in events if event["eventType"] in kinds]


def test_each_thing_happens_at_its_own_moment_however_far_time_goes_at_once(client):
    client.start()
    timeouts = {"scheduleToStartTimeout": "5", "scheduleToCloseTimeout": "7"}
    client.decide(start_timer("late", 10), schedule("a-1", **timeouts), start_timer("soon", 3), start_timer("later", 5_000))
    client.pass_time(3_600)
    happened = [("TimerFired", 3), ("ActivityTaskTimedOut", 5), ("TimerFired", 10)]
    assert _seconds_of(client, "TimerFired", "ActivityTaskTimedOut") == happened
    assert client.local.clock.now() - client.events()[0]["eventTimestamp"] == 3_600


def test_what_comes_of_it_happens_too_if_it_is_due_by_then(client):
    client.start()
    client.decide(start_timer("t", 10), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    client.pass_time(3_600)
    happened = [("TimerFired", 10), ("DecisionTaskTimedOut", 15)]
    assert _seconds_of(client, "TimerFired", "DecisionTaskTimedOut") == happened


def test_the_end_of_an_execution_comes_before_what_would_have_been_later(client):
    client.start(executionStartToCloseTimeout="30")
    client.decide(start_timer("before", 29), start_timer("after", 31), schedule("a-1", scheduleToStartTimeout="31"))
    client.pass_time(100)
    ends = [("TimerFired", 29), ("WorkflowExecutionTimedOut", 30)]
    assert _seconds_of(client, "TimerFired", "ActivityTaskTimedOut", "WorkflowExecutionTimedOut") == ends


@pytest.mark.parametrize("fraction", [0, 0.0004, 0.0005, 0.0006, 0.9996])
def test_a_heart_that_beats_between_two_milliseconds_stops_at_its_moment_too(client, fraction):
    client.start()
    client.decide(schedule("a-1", heartbeatTimeout="10"))
    task = client.activity_task()
    client.pass_time(5 + fraction)
    client.swf.record_activity_task_heartbeat(taskToken=task["taskToken"])
    client.pass_time(9.999)
    assert "ActivityTaskTimedOut" not in client.types()
    client.pass_time(0.002)
    client.the("ActivityTaskTimedOut")


def test_what_is_carried_out_late_is_dated_to_when_it_was_and_not_before_what_is_in_the_history_already(client):
    client.start()
    client.decide(start_timer("t", 10))
    client.local.clock.jump_to(client.local.clock.now() + 20)  # behind the service's back, as real time passes
    client.pass_time(0)
    assert _seconds_of(client, "TimerFired") == [("TimerFired", 20)]


@pytest.mark.parametrize("timeout", ["startToCloseTimeout", "heartbeatTimeout"])
def test_a_task_that_was_handed_out_times_out_though_nobody_makes_its_start_durable(path, timeout):
    """Its start waits for the next commit of anybody, its timeouts do not."""
    client = opened(path)
    client.start()
    client.decide(schedule("a-1", **{timeout: "10"}))
    client.activity_task()
    client.pass_time(10)
    client.the("ActivityTaskTimedOut")
    client.close()


def test_a_moment_that_has_passed_moves_nothing(client):
    client.start()
    client.decide(start_timer("t", 10))
    before = client.local.clock.now()
    client.local.advance(before - 100)
    assert client.local.clock.now() == before
    client.pass_time(10)
    client.the("TimerFired")


def test_real_time_is_not_moved_but_what_is_due_by_now_is_done():
    client = ManualClient(LocalService(clock=Clock(), poll_seconds=0))
    client.start()
    client.decide(start_timer("now", 0), start_timer("later", 3_600))
    while client.local.clock.now() < client.the("TimerStarted", count=2)["eventTimestamp"]:
        pass  # for half a millisecond at most: events round
    client.pass_time(0)
    client.the("TimerFired")
    with pytest.raises(ValueError, match=r"^real time cannot be advanced; give the service a VirtualClock$"):
        client.pass_time(3_600)
    client.the("TimerFired")
    client.close()


def test_time_does_not_pass_for_a_service_that_has_ended(client):
    client.close()
    with pytest.raises(ServiceError, match=r"^the local service has ended$"):
        client.pass_time(1)


# ---- with a journal, and with the timekeeper's own thread --------------------------------------------------------------------


@pytest.mark.parametrize("who", ["the caller", "the timekeeper"])
def test_time_has_passed_only_when_what_happened_meanwhile_is_durable_whoever_carries_it_out(slow, who):
    client, journal = slow, slow.journal
    client.start()
    client.decide(start_timer("t", 10), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    journal.leave.clear()
    if who == "the timekeeper":
        client.local.clock.jump_to(client.local.clock.now() + 10)
        assert journal.writing.wait(60)
        passing, _ = in_thread(lambda: client.pass_time(5))
    else:
        passing, _ = in_thread(lambda: client.pass_time(15))
        assert journal.writing.wait(60)
    passing.join(0.1)
    assert passing.is_alive()
    journal.leave.set()
    passing.join(60)
    happened = [("TimerFired", 10), ("DecisionTaskTimedOut", 15)]
    assert _seconds_of(client, "TimerFired", "DecisionTaskTimedOut") == happened


def test_requests_that_others_have_left_are_carried_out_when_time_has_passed(slow):
    client, journal = slow, slow.journal
    client.start()
    journal.leave.clear()
    for n in range(3):
        arguments = {"domain": DOMAIN, "workflowId": "run", "signalName": f"s{n}"}
        leave_request(journal.path, "signal_workflow_execution", arguments)
    assert journal.writing.wait(60)  # the timekeeper's first one
    passing, _ = in_thread(lambda: client.pass_time(0))
    passing.join(0.1)
    assert passing.is_alive()
    journal.leave.set()
    passing.join(60)
    client.the("WorkflowExecutionSignaled", count=3)


class Hesitating(LocalService):
    """Carries a signal out when it is told to."""

    told: threading.Event
    hesitates: threading.Event

    def signal_workflow_execution(self, **request):
        self.hesitates.set()
        assert self.told.wait(60)
        return super().signal_workflow_execution(**request)


def test_requests_that_the_timekeeper_is_at_are_carried_out_too_when_time_has_passed(path):
    service = Hesitating.open(path, poll_seconds=0, clock=StillClock())
    assert isinstance(service, Hesitating)
    service.told, service.hesitates = threading.Event(), threading.Event()
    client = ManualClient(service)
    client.start()
    for n in range(3):
        leave_request(path, "signal_workflow_execution", {"domain": DOMAIN, "workflowId": "run", "signalName": f"s{n}"})
    assert service.hesitates.wait(60)
    passing, _ = in_thread(lambda: client.pass_time(0))
    passing.join(0.1)
    assert passing.is_alive()
    service.told.set()
    passing.join(60)
    client.the("WorkflowExecutionSignaled", count=3)
    client.close()


# ---- memory ------------------------------------------------------------------------------------------------------------------


def test_runs_that_have_closed_are_not_kept_for_the_moments_that_they_wait_for_no_more(path):
    client = opened(path)
    client.start("open")
    client.decide(*[start_timer(f"t-{n}", 3_600 + n) for n in range(70)])
    for n in range(150):
        client.start(f"closed-{n}")  # with a day for the run
        client.decide(complete())
    client.pass_time(0)
    gc.collect()
    held = [one for one in gc.get_objects() if isinstance(one, Run) and one.workflow_id.startswith("closed-")]
    assert len(held) < 80  # swept whenever half of all is of no use
    client.pass_time(3_700)
    client.the("TimerFired", "open", count=70)
    client.close()
