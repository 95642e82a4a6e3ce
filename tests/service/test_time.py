"""Time: what is due happens in its order and at its moment, and whoever lets time pass sees all of it."""

from __future__ import annotations

import gc
import threading

import pytest

from simpleflow_nb.exceptions import ServiceError
from simpleflow_nb.local.clock import Clock
from simpleflow_nb.local.execution import LocalExecution
from simpleflow_nb.local.requests import leave_request
from simpleflow_nb.local.service import DOMAIN, LocalService

from .desk import Desk, StillClock, complete, in_thread, opened, schedule, start_timer


def _seconds_of(desk, *kinds):
    """(type, seconds since the start) of the events of these types."""
    events = desk.events()
    start = events[0]["eventTimestamp"]
    return [(event["eventType"], event["eventTimestamp"] - start) for event in events if event["eventType"] in kinds]


def test_each_thing_happens_at_its_own_moment_however_far_time_goes_at_once(desk):
    desk.start()
    timeouts = {"scheduleToStartTimeout": "5", "scheduleToCloseTimeout": "7"}
    desk.decide(start_timer("late", 10), schedule("a-1", **timeouts), start_timer("soon", 3), start_timer("later", 5_000))
    desk.pass_time(3_600)
    happened = [("TimerFired", 3), ("ActivityTaskTimedOut", 5), ("TimerFired", 10)]
    assert _seconds_of(desk, "TimerFired", "ActivityTaskTimedOut") == happened
    assert desk.local.clock.now() - desk.events()[0]["eventTimestamp"] == 3_600


def test_what_comes_of_it_happens_too_if_it_is_due_by_then(desk):
    desk.start()
    desk.decide(start_timer("t", 10), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    desk.pass_time(3_600)
    happened = [("TimerFired", 10), ("DecisionTaskTimedOut", 15)]
    assert _seconds_of(desk, "TimerFired", "DecisionTaskTimedOut") == happened


def test_the_end_of_an_execution_comes_before_what_would_have_been_later(desk):
    desk.start(executionStartToCloseTimeout="30")
    desk.decide(start_timer("before", 29), start_timer("after", 31), schedule("a-1", scheduleToStartTimeout="31"))
    desk.pass_time(100)
    ends = [("TimerFired", 29), ("WorkflowExecutionTimedOut", 30)]
    assert _seconds_of(desk, "TimerFired", "ActivityTaskTimedOut", "WorkflowExecutionTimedOut") == ends


@pytest.mark.parametrize("fraction", [0, 0.0004, 0.0005, 0.0006, 0.9996])
def test_a_heart_that_beats_between_two_milliseconds_stops_at_its_moment_too(desk, fraction):
    desk.start()
    desk.decide(schedule("a-1", heartbeatTimeout="10"))
    task = desk.activity_task()
    desk.pass_time(5 + fraction)
    desk.swf.record_activity_task_heartbeat(taskToken=task["taskToken"])
    desk.pass_time(9.999)
    assert "ActivityTaskTimedOut" not in desk.types()
    desk.pass_time(0.002)
    desk.the("ActivityTaskTimedOut")


def test_what_is_carried_out_late_is_dated_to_when_it_was_and_not_before_what_is_in_the_history_already(desk):
    desk.start()
    desk.decide(start_timer("t", 10))
    desk.local.clock.jump_to(desk.local.clock.now() + 20)  # behind the service's back, as real time passes
    desk.pass_time(0)
    assert _seconds_of(desk, "TimerFired") == [("TimerFired", 20)]


@pytest.mark.parametrize("timeout", ["startToCloseTimeout", "heartbeatTimeout"])
def test_a_task_that_was_handed_out_times_out_though_nobody_makes_its_start_durable(path, timeout):
    """Its start waits for the next commit of anybody, its timeouts do not."""
    desk = opened(path)
    desk.start()
    desk.decide(schedule("a-1", **{timeout: "10"}))
    desk.activity_task()
    desk.pass_time(10)
    desk.the("ActivityTaskTimedOut")
    desk.close()


def test_a_moment_that_has_passed_moves_nothing(desk):
    desk.start()
    desk.decide(start_timer("t", 10))
    before = desk.local.clock.now()
    desk.local.advance(before - 100)
    assert desk.local.clock.now() == before
    desk.pass_time(10)
    desk.the("TimerFired")


def test_real_time_is_not_moved_but_what_is_due_by_now_is_done():
    desk = Desk(LocalService(clock=Clock(), poll_seconds=0))
    desk.start()
    desk.decide(start_timer("now", 0), start_timer("later", 3_600))
    while desk.local.clock.now() < desk.the("TimerStarted", count=2)["eventTimestamp"]:
        pass  # for half a millisecond at most: events round
    desk.pass_time(0)
    desk.the("TimerFired")
    with pytest.raises(ValueError, match=r"^real time cannot be advanced; give the service a VirtualClock$"):
        desk.pass_time(3_600)
    desk.the("TimerFired")
    desk.close()


def test_time_does_not_pass_for_a_service_that_has_ended(desk):
    desk.close()
    with pytest.raises(ServiceError, match=r"^the local service has ended$"):
        desk.pass_time(1)


# ---- with a journal, and with the timekeeper's own thread --------------------------------------------------------------------


@pytest.mark.parametrize("who", ["the caller", "the timekeeper"])
def test_time_has_passed_only_when_what_happened_meanwhile_is_durable_whoever_carries_it_out(slow, who):
    desk, journal = slow, slow.journal
    desk.start()
    desk.decide(start_timer("t", 10), taskList={"name": "mine"}, taskListScheduleToStartTimeout="5")
    journal.leave.clear()
    if who == "the timekeeper":
        desk.local.clock.jump_to(desk.local.clock.now() + 10)
        assert journal.writing.wait(60)
        passing, _ = in_thread(lambda: desk.pass_time(5))
    else:
        passing, _ = in_thread(lambda: desk.pass_time(15))
        assert journal.writing.wait(60)
    passing.join(0.1)
    assert passing.is_alive()
    journal.leave.set()
    passing.join(60)
    happened = [("TimerFired", 10), ("DecisionTaskTimedOut", 15)]
    assert _seconds_of(desk, "TimerFired", "DecisionTaskTimedOut") == happened


def test_requests_that_others_have_left_are_carried_out_when_time_has_passed(slow):
    desk, journal = slow, slow.journal
    desk.start()
    journal.leave.clear()
    for n in range(3):
        arguments = {"domain": DOMAIN, "workflowId": "run", "signalName": f"s{n}"}
        leave_request(journal.path, "signal_workflow_execution", arguments)
    assert journal.writing.wait(60)  # the timekeeper's first one
    passing, _ = in_thread(lambda: desk.pass_time(0))
    passing.join(0.1)
    assert passing.is_alive()
    journal.leave.set()
    passing.join(60)
    desk.the("WorkflowExecutionSignaled", count=3)


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
    desk = Desk(service)
    desk.start()
    for n in range(3):
        leave_request(path, "signal_workflow_execution", {"domain": DOMAIN, "workflowId": "run", "signalName": f"s{n}"})
    assert service.hesitates.wait(60)
    passing, _ = in_thread(lambda: desk.pass_time(0))
    passing.join(0.1)
    assert passing.is_alive()
    service.told.set()
    passing.join(60)
    desk.the("WorkflowExecutionSignaled", count=3)
    desk.close()


# ---- memory ------------------------------------------------------------------------------------------------------------------


def test_runs_that_have_closed_are_not_kept_for_the_moments_that_they_wait_for_no_more(path):
    desk = opened(path)
    desk.start("open")
    desk.decide(*[start_timer(f"t-{n}", 3_600 + n) for n in range(70)])
    for n in range(150):
        desk.start(f"closed-{n}")  # with a day for the run
        desk.decide(complete())
    desk.pass_time(0)
    gc.collect()
    held = [one for one in gc.get_objects() if isinstance(one, LocalExecution) and one.workflow_id.startswith("closed-")]
    assert len(held) < 80  # swept whenever half of all is of no use
    desk.pass_time(3_700)
    desk.the("TimerFired", "open", count=70)
    desk.close()
