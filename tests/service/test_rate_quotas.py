"""Quotas of calls and decisions in a time: token buckets that fill by the clock of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.local import rate_quotas
from simpleflow_nb.local.call_shapes import CALLS
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.rate_quotas import Buckets, Rate, RateQuotas
from simpleflow_nb.local.requests import leave_request
from simpleflow_nb.local.served_journal import ServedJournal
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.workflow import execution_input

from .manual_client import ManualClient, StillClock, attributes, opened, schedule, signal_external, start_child
from .served import served
from .test_http_service import client_of

SLOW_DOWN = r"^ThrottlingException: Rate exceeded$"


def limited(**rates: Any) -> ManualClient:
    """A client of a service with these quotas alone."""
    none: dict[str, Any] = {"calls": {}, "decisions": {}, "of_one_execution": {}}
    return ManualClient(rates=RateQuotas(**none | rates))


@pytest.mark.parametrize(
    ("taken_after", "admitted"),
    [
        ([0, 0, 0, 0], [True, True, True, False]),
        ([0, 0, 0, 0.4], [True, True, True, False]),
        ([0, 0, 0, 0.5], [True, True, True, True]),
        ([0, 0, 0, 0.5, 0], [True, True, True, True, False]),
        ([100, 0, 0, 0], [True, True, True, False]),  # it never holds more than it can
    ],
)
def test_a_bucket_of_three_that_gets_two_a_second(taken_after: list[float], admitted: list[bool]) -> None:
    clock = StillClock(0)
    buckets = Buckets(clock.now)
    got = []
    for seconds in taken_after:
        clock.jump_to(clock.now() + seconds)
        got.append(buckets.take("key", Rate(3, 2)))
    assert got == admitted


def test_each_key_has_a_bucket_of_its_own_and_full_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_quotas, "_SWEPT_AT", 10)
    clock = StillClock(0)
    buckets = Buckets(clock.now)
    assert [buckets.take(n, Rate(1, 1)) for n in range(10)] == [True] * 10
    assert not buckets.take(9, Rate(1, 1))
    clock.jump_to(1)
    assert buckets.take("one more", Rate(1, 1))
    assert list(buckets._levels) == ["one more"]


def test_a_call_that_comes_too_fast_is_throttled_and_changes_nothing() -> None:
    client = limited(calls={"SignalWorkflowExecution": Rate(2, 1)})
    client.start()
    for _ in range(2):
        client.signal("s")
    with pytest.raises(Fault, match=SLOW_DOWN):
        client.signal("s")
    assert client.types().count("WorkflowExecutionSignaled") == 2
    client.pass_time(1)
    client.signal("s")
    client.close()


def test_quotas_of_one_execution_are_counted_for_each() -> None:
    client = limited(of_one_execution={name: Rate(1, 1) for name in rate_quotas.OF_ONE_EXECUTION})
    runs = {name: client.start(name) for name in ("a", "b")}
    client.decide(schedule("one"), schedule("two"))
    client.decide(schedule("three"))
    tokens = [client.activity_task()["taskToken"] for _ in range(3)]
    for name, run_id in runs.items():
        calls = [
            lambda name=name: client.signal("s", name),
            lambda name=name: client.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId=name),
            lambda name=name, run_id=run_id: client.swf.get_workflow_execution_history(
                domain=DOMAIN, execution={"workflowId": name, "runId": run_id}
            ),
        ]
        for call in calls:
            call()
            with pytest.raises(Fault, match=SLOW_DOWN):
                call()
    client.swf.record_activity_task_heartbeat(taskToken=tokens[0])
    with pytest.raises(Fault, match=SLOW_DOWN):  # another activity of the same execution
        client.swf.record_activity_task_heartbeat(taskToken=tokens[1])
    client.swf.record_activity_task_heartbeat(taskToken=tokens[2])
    client.close()


def test_decisions_that_come_too_fast_fail_and_the_others_of_the_response_do_not() -> None:
    client = limited(decisions={"ScheduleActivityTask": Rate(2, 1)})
    client.start()
    client.decide(*[schedule(f"a-{n}") for n in range(3)], start_child("child"))
    assert attributes(client.the("ScheduleActivityTaskFailed"))["activityId"] == "a-2"
    client.the("ChildWorkflowExecutionStarted")
    client.pass_time(1)
    client.decide(schedule("a-2"))
    client.the("ActivityTaskScheduled", count=3)
    client.close()


def test_a_decision_that_fails_by_itself_uses_up_no_quota() -> None:
    client = limited(decisions={"ScheduleActivityTask": Rate(1, 0)})
    client.start()
    client.decide(schedule("a", activityType={"name": "unknown", "version": "1"}), schedule("b"))
    client.the("ActivityTaskScheduled")
    client.close()


def test_tasks_scheduled_on_one_list_are_counted_for_each_list() -> None:
    client = limited(scheduled_on_one_list=Rate(1, 0))
    client.start()
    client.decide(schedule("a"), schedule("b"), schedule("c", taskList={"name": "other"}))
    failed = attributes(client.the("ScheduleActivityTaskFailed"))
    assert (failed["activityId"], failed["cause"]) == ("b", "ACTIVITY_CREATION_RATE_EXCEEDED")
    admission = client.local.admission
    body: dict[str, Any] = {"taskList": {"name": "work"}}
    refusals = [admission.refusal(domain, "ScheduleActivityTask", body) for domain in ("another", "another")]
    assert refusals == [None, "ACTIVITY_CREATION_RATE_EXCEEDED"]
    client.close()


def test_a_signal_that_is_throttled_was_never_initiated() -> None:
    client = limited(decisions={"SignalExternalWorkflowExecution": Rate(0, 0)})
    client.start()
    client.decide(signal_external("run", "s", runId="", control="kept"))
    assert attributes(client.the("SignalExternalWorkflowExecutionFailed")) == {
        "workflowId": "run",
        "runId": "",
        "control": "kept",
        "cause": "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED",
        "initiatedEventId": 0,
        "decisionTaskCompletedEventId": 4,
    }
    client.close()


def test_a_request_that_another_process_has_left_is_not_throttled(path: Any) -> None:
    client = opened(path, rates=RateQuotas(calls={"SignalWorkflowExecution": Rate(0, 0)}))
    client.start()
    leave_request(path, "signal_workflow_execution", {"domain": DOMAIN, "workflowId": "run", "signalName": "s"})
    client.pass_time(0)
    client.the("WorkflowExecutionSignaled")
    client.close()


def test_boto3_is_told_to_slow_down() -> None:
    http = HttpService(LocalService(poll_seconds=0, rates=RateQuotas(calls={"ListDomains": Rate(1, 0)})))
    http.start()
    swf = client_of(http)
    swf.list_domains(registrationStatus="REGISTERED")
    with pytest.raises(ClientError) as throttled:
        swf.list_domains(registrationStatus="REGISTERED")
    assert throttled.value.response["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
    http.close()


@activity.with_attributes(name="quotas.double")
def double(x: int) -> int:
    return 2 * x


class Doubling(Workflow):
    name, version = "quotas.doubling", "1"

    def run(self, tasks: int) -> int:
        return sum(futures.wait(*[self.submit(double, n) for n in range(tasks)]))


def test_a_workflow_whose_activities_come_too_fast_waits_and_comes_to_its_end() -> None:
    rates = RateQuotas(calls={}, of_one_execution={}, decisions={"ScheduleActivityTask": Rate(10, 1)})
    service = LocalService(clock=VirtualClock(), rates=rates)
    engine = Engine(service, DOMAIN, decision_list="quotas", task_lists={"quotas": 2}, workflows=[Doubling])
    engine.start()
    try:
        run_id = service.start_workflow_execution(
            domain=DOMAIN,
            workflowId="run",
            workflowType={"name": Doubling.type_name(), "version": Doubling.version},
            taskList={"name": "quotas"},
            input=execution_input(Doubling, {"args": [40]}),
        )["runId"]
        assert service.wait_closed("run", run_id, 120) == "COMPLETED"
        events: list[Any] = service.events("run", run_id)
    finally:
        engine.stop()
        service.close()
    assert attributes(events[-1])["result"] == str(sum(2 * n for n in range(40)))
    causes = {attributes(event)["cause"] for event in events if event["eventType"] == "ScheduleActivityTaskFailed"}
    assert causes == {"ACTIVITY_CREATION_RATE_EXCEEDED"}
    assert events[-1]["eventTimestamp"] - events[0]["eventTimestamp"] > 29  # ten at once, and thirty in as many seconds


def test_service_start_says_whether_it_throttles(tmp_path: Path) -> None:
    for words, throttles in (([], False), (["--quotas"], True)):
        with served(tmp_path / "journal.sqlite3", *words) as service:
            assert service.process.stdout is not None
            lines = [service.process.stdout.readline() for _ in range(2)]
            assert lines[1].endswith("throttling without --quotas\n") is not throttles


@pytest.mark.parametrize("quotas", [False, True])
def test_a_served_journal_throttles_if_it_is_asked_to(tmp_path: Path, quotas: bool) -> None:
    journal = ServedJournal(tmp_path / "journal.sqlite3", quotas=quotas)
    with journal.serving():
        assert journal._http is not None
        assert journal._http.service.admission.is_open is not quotas


def test_the_quotas_of_a_new_account_admit_a_run_and_throttle_its_two_thousand_and_first_start() -> None:
    client = ManualClient(rates=RateQuotas())
    for n in range(2_000):
        client.start(f"run-{n}")
    with pytest.raises(Fault, match=SLOW_DOWN):
        client.start("one more")
    client.pass_time(1)
    for n in range(200):
        client.start(f"later-{n}")
    with pytest.raises(Fault, match=SLOW_DOWN):
        client.start("one more")
    client.close()


def test_every_call_has_a_quota() -> None:
    assert rate_quotas.CALLS.keys() == CALLS.keys()


@pytest.mark.parametrize(
    ("rates", "sentence"),
    [
        ({"calls": {"Dance": Rate(1, 1)}}, "^'Dance' is neither a call nor a decision of SWF$"),
        ({"of_one_execution": {"Dance": Rate(1, 1)}}, "^'Dance' is neither a call nor a decision of SWF$"),
        ({"decisions": {"RecordMarker": Rate(1, 1)}}, "^'RecordMarker' is no decision that SWF limits in a time; those are "),
    ],
)
def test_a_quota_of_what_swf_does_not_limit_is_refused(rates: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        limited(**rates)


def test_without_quotas_the_calls_are_the_services_own() -> None:
    client = ManualClient()
    assert "start_workflow_execution" not in vars(client.local)
    client.close()
