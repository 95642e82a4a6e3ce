"""Worker processes: their heartbeats, and what they do when bodies and calls go wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.checkpoints import last_details, with_progress
from simpleflow_nb.processes.running_task import RunningTask

from . import bodies
from .process_threads import ConnectionClosedError, ProcessThreads, is_gone, throttled, until


@pytest.mark.parametrize(
    ("heartbeat", "whole", "most_seconds", "apart", "silence", "looks_again"),
    [
        ("120", "300", 30, 30, 120.0, 300.2),
        ("60", "300", 30, 20, 60.0, 300.2),
        ("3", "NONE", 30, 1, 3.0, float("inf")),
        ("NONE", "NONE", 30, 30, None, float("inf")),
        ("0", "0", 30, 30, None, float("inf")),
        ("120", "300", 1, 1, 120.0, 300.2),
    ],
)
def test_a_heart_beats_three_times_in_its_timeout(
    heartbeat: str, whole: str, most_seconds: float, apart: float, silence: float | None, looks_again: float
) -> None:
    running = RunningTask({"taskToken": "t", "activityId": "a", "workflowExecution": {"workflowId": "w", "runId": "r"}})
    running.limit({"heartbeatTimeout": heartbeat, "startToCloseTimeout": whole}, most_seconds)
    assert running.beat_seconds == apart
    assert running.given_up_after == silence
    assert running.next_beat == running.started + apart
    assert running.ends_by == pytest.approx(running.started + looks_again)


@pytest.mark.parametrize("body", ["work_for", "work_for_elsewhere"])
def test_throttled_heartbeats_neither_fail_a_task_nor_the_worker(body: str, processes: ProcessThreads) -> None:
    def throttle(real: Any, request: dict[str, Any]) -> Any:
        if len(processes.interceptor.requests["record_activity_task_heartbeat"]) < 3:
            raise throttled()
        return real(**request)

    processes.interceptor.replacements["record_activity_task_heartbeat"] = throttle
    processes.decider()
    processes.worker()
    run_id = processes.start(bodies.Single, body, 2.6)
    assert processes.end_of(run_id) == ("COMPLETED", '"worked"')
    assert processes.kinds(run_id).count("ActivityTaskStarted") == 1
    assert processes.failures == []


def test_a_body_that_reports_often_does_not_call_often(processes: ProcessThreads) -> None:
    processes.decider()
    processes.worker(beat_seconds=10)
    assert processes.end_of(processes.start(bodies.Single, "report", 500)) == ("COMPLETED", "500")
    beats = processes.interceptor.requests["record_activity_task_heartbeat"]
    assert [beat.get("details") for beat in beats][:1] == ["0"]
    assert len(beats) < 10


@pytest.mark.parametrize("body", ["go_on_from_half", "go_on_from_half_elsewhere", "go_on_after_timeout"])
def test_the_next_attempt_knows_how_far_the_former_ones_came(body: str, processes: ProcessThreads) -> None:
    processes.decider()
    processes.worker()
    assert processes.end_of(processes.start(bodies.Single, body, "nope")) == ("COMPLETED", '"half"')


def test_a_first_attempt_does_not_look_up_earlier_ones() -> None:
    assert last_details(None, "d", {}, "activity-etl-v1.2-1") is None


@pytest.mark.parametrize(
    ("details", "progress", "kept"),
    [
        ('{"error":"x"}', None, '{"error":"x"}'),
        ('{"error":"x"}', "half", '{"error":"x","last_heartbeat_details":"half"}'),
        ("not JSON", "half", "not JSON"),
    ],
)
def test_progress_stands_in_the_details_of_a_failure(details: str, progress: str | None, kept: str) -> None:
    assert with_progress(details, progress) == kept


def test_progress_is_kept_at_the_cost_of_a_long_traceback() -> None:
    details = json.dumps({"error": "x", "traceback": ["y" * 32_000]})
    text = with_progress(details, "z" * 2_000)
    assert json.loads(text)["last_heartbeat_details"] == "z" * 2_000
    assert len(text) < 32_768


@pytest.mark.parametrize("body", ["wait_in_thread", "wait_in_process"])
def test_a_cancellation_reaches_the_body_and_the_service(body: str, processes: ProcessThreads, tmp_path: Path) -> None:
    processes.decider()
    processes.worker()
    note = tmp_path / "note"
    run_id = processes.start(bodies.Cancelling, body, str(note))
    assert processes.end_of(run_id) == ("COMPLETED", '"TaskCanceled"')
    events = processes.history(run_id)
    asked = next(e for e in events if e["eventType"] == "ActivityTaskCancelRequested")
    ended = next(e for e in events if e["eventType"] == "ActivityTaskCanceled")["activityTaskCanceledEventAttributes"]
    assert ended["latestCancelRequestedEventId"] == asked["eventId"]
    assert re.fullmatch(rf"activity-tests.service.bodies.{body}-1: cancellation requested", ended["details"])
    assert body == "wait_in_thread" or is_gone(int(note.read_text()))


@pytest.mark.parametrize("why", ["cancelled", "timed out", "execution closed", "worker stopped twice"])
def test_a_body_in_its_own_process_is_killed_when_it_is(why: str, processes: ProcessThreads, tmp_path: Path) -> None:
    processes.decider()
    worker = processes.worker()
    note = tmp_path / "note"
    body = "outlast_in_process" if why == "timed out" else "wait_in_process"
    if why == "cancelled":
        run_id = processes.start(bodies.Cancelling, body, str(note))
    else:
        run_id = processes.start(bodies.Single, body, str(note))
    until(lambda: note.exists() and note.read_text(), "the start of the body")
    pid = int(note.read_text())
    if why == "execution closed":
        processes.service.terminate_workflow_execution(domain=DOMAIN, workflowId="run")
    elif why == "worker stopped twice":
        processes.end(worker, times=2)
    until(lambda: is_gone(pid), "its end")
    if why == "cancelled":  # the body is gone a moment before its end is reported
        until(lambda: "ActivityTaskCanceled" in processes.kinds(run_id), "the report of its end")
    ended = [kind for kind in processes.kinds(run_id) if kind in ("ActivityTaskCanceled", "ActivityTaskFailed")]
    assert ended == (["ActivityTaskCanceled"] if why == "cancelled" else [])


def test_a_body_that_exits_fails_its_task_and_leaves_the_worker_alone(processes: ProcessThreads) -> None:
    processes.decider()
    processes.worker()
    for n in range(5):  # more than the worker has threads
        run_id = processes.start(bodies.Single, "leave", 3, workflow_id=f"run-{n}")
        status, reason = processes.end_of(run_id, f"run-{n}")
        assert status == "FAILED"
        assert "SystemExit: 3" in str(reason)


@pytest.mark.parametrize("error", [throttled, ConnectionClosedError])
def test_a_result_is_reported_until_the_service_has_it(error: Callable[[], Exception], processes: ProcessThreads) -> None:
    def refuse_twice(real: Any, request: dict[str, Any]) -> Any:
        if len(processes.interceptor.requests["respond_activity_task_completed"]) < 3:
            raise error()
        return real(**request)

    processes.interceptor.replacements["respond_activity_task_completed"] = refuse_twice
    processes.decider()
    processes.worker()
    run_id = processes.start(bodies.Single, "increment", 1)
    assert processes.end_of(run_id) == ("COMPLETED", "2")
    assert processes.kinds(run_id).count("ActivityTaskStarted") == 1


def test_a_result_that_the_service_refuses_fails_the_task(processes: ProcessThreads) -> None:
    def refuse(real: Any, request: dict[str, Any]) -> Any:
        raise Fault("ValidationException", "not like this")

    processes.interceptor.replacements["respond_activity_task_completed"] = refuse
    processes.decider()
    processes.worker()
    status, reason = processes.end_of(processes.start(bodies.Single, "increment", 1))
    assert status == "FAILED"
    assert "Fault: ValidationException: not like this" in str(reason)


def test_a_worker_whose_heartbeats_do_not_arrive_abandons_its_task(
    processes: ProcessThreads, caplog: pytest.LogCaptureFixture
) -> None:
    """By then the service has given it to another worker."""

    def deaf(real: Any, request: dict[str, Any]) -> Any:
        raise ConnectionClosedError

    deaf_worker = processes.worker()
    processes.decider(service=processes.service)
    processes.interceptor.replacements["record_activity_task_heartbeat"] = deaf
    run_id = processes.start(bodies.Single, "work_for", 4.0)
    until(lambda: "ActivityTaskStarted" in processes.kinds(run_id), "the first worker took it")
    deaf_worker.worker.stop()
    processes.worker(service=processes.service)
    assert processes.end_of(run_id) == ("COMPLETED", '"worked"')
    kinds = processes.kinds(run_id)
    assert (kinds.count("ActivityTaskTimedOut"), kinds.count("ActivityTaskStarted")) == (1, 2)
    until(lambda: not deaf_worker.worker.running(), "the first worker is done")
    assert "respond_activity_task_completed" not in processes.interceptor.requests
    assert "given up: its heartbeats have not reached the service for 2 s" in caplog.text
