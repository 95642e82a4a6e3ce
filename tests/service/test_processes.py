"""Decider, worker and supervisor processes: what they do when calls, tasks and processes go wrong."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.exceptions import ConnectionClosedError as BotoConnectionClosedError

from simpleflow_nb import Workflow
from simpleflow_nb.cli.logs import JsonFormatter, TextFormatter
from simpleflow_nb.exceptions import ServiceError
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.checkpoints import last_details, with_progress
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.processes.log_context import logged_as
from simpleflow_nb.processes.worker import Running
from simpleflow_nb.swf.client import SwfService
from simpleflow_nb.swf.explanations import explained
from simpleflow_nb.testing import harness

from . import bodies
from .floor import ConnectionClosedError, Floor, is_gone, throttled, until
from .moto_server import environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def floor() -> Iterator[Floor]:
    floor = Floor()
    yield floor
    floor.close()


def of(workflow_id: str, request: dict[str, Any], floor: Floor) -> bool:
    """Whether a response to a decision task is for that execution."""
    number = int(request["taskToken"][1:].partition(".")[0])
    run = floor.service.runs.get(number)
    return run is not None and run.workflow_id == workflow_id


def test_a_local_decider_says_in_each_line_of_the_log_which_run_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    class Short(Workflow):
        def run(self) -> int:
            return 1

    lines: list[dict[str, str]] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    log, handler = logging.getLogger("simpleflow_nb.processes.decider"), Lines()
    caplog.set_level(logging.INFO, log.name)
    log.addHandler(handler)
    try:
        with harness(Short) as opened:
            workflow_id, run_id = opened.start(Short)
            opened.result(workflow_id, run_id)
    finally:
        log.removeHandler(handler)
    decided = [line for line in lines if "decisions at event" in line["message"]]
    assert [(line.get("workflow_id"), line.get("run_id")) for line in decided] == [(workflow_id, run_id)]


def test_a_decider_that_is_stopped_while_workflow_code_blocks_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Its answer finds the service closed: what was to be expected is no error."""
    entered, released = threading.Event(), threading.Event()

    class Blocks(Workflow):
        def run(self) -> int:
            entered.set()
            released.wait(60)
            return 1

    service = LocalService()
    engine = Engine(service, DOMAIN, decision_list="x", task_lists={"x": 1}, workflows=[Blocks])
    engine.start()
    service.start_workflow_execution(
        domain=DOMAIN, workflowId="w", workflowType={"name": Blocks.type_name(), "version": "1"}, taskList={"name": "x"}
    )
    assert entered.wait(60)
    engine.stop()
    service.close()
    released.set()
    assert engine.join(60)
    assert (engine.failure, [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]) == (None, [])


# ---- deciders ----------------------------------------------------------------------------------------------------------------


def test_interleaved_executions_are_replayed_once_each_and_then_come_on_the_own_list(floor: Floor) -> None:
    process = floor.decider()
    runs = {f"run-{n}": floor.start(bodies.Chain, 10 * n, 4, workflow_id=f"run-{n}") for n in range(5)}
    floor.worker()
    ends = {workflow_id: floor.end_of(run_id, workflow_id) for workflow_id, run_id in runs.items()}
    assert ends == {f"run-{n}": ("COMPLETED", str(10 * n + 4)) for n in range(5)}
    assert process.decider.replays == 5
    for workflow_id, run_id in runs.items():
        lists = [
            event["decisionTaskScheduledEventAttributes"]["taskList"]["name"]
            for event in floor.history(run_id, workflow_id)
            if event["eventType"] == "DecisionTaskScheduled"
        ]
        assert [name.partition("~")[0] for name in lists] == ["decide"] * len(lists)
        assert ["~" in name for name in lists] == [False] + [True] * (len(lists) - 1)


def test_a_poisoned_history_parks_its_execution_and_hurts_no_other(floor: Floor) -> None:
    poisoned = True

    def poison(real: Any, request: dict[str, Any]) -> Any:
        answer = real(**request)
        if poisoned and answer.get("workflowExecution", {}).get("workflowId") == "bad":
            strange = {**answer["events"][-2], "eventType": "WorkflowExecutionTeleported"}
            return {**answer, "events": [*answer["events"][:-2], strange, answer["events"][-1]]}
        return answer

    floor.between.spoil["poll_for_decision_task"] = poison
    floor.decider()
    floor.worker()
    bad = floor.start(bodies.Chain, 1, 2, workflow_id="bad")
    good = [floor.start(bodies.Chain, n, 2, workflow_id=f"good-{n}") for n in range(3)]
    assert [floor.end_of(run_id, f"good-{n}") for n, run_id in enumerate(good)] == [("COMPLETED", str(n + 2)) for n in range(3)]
    until(lambda: floor.parked, "the poisoned execution parked")
    assert {parked.workflow_id for parked in floor.parked} == {"bad"}
    marker = next(e for e in floor.history(bad, "bad") if e["eventType"] == "MarkerRecorded")["markerRecordedEventAttributes"]
    assert (marker["markerName"], marker["details"]) == (
        "_park-1",
        "HistoryError: event 2: 'WorkflowExecutionTeleported' is not an event that this version can read",
    )
    poisoned = False
    assert floor.end_of(bad, "bad") == ("COMPLETED", "3")


def test_a_decision_that_the_service_refuses_parks_its_execution_and_hurts_no_other(floor: Floor) -> None:
    refusals = iter([True, False])

    def refuse(real: Any, request: dict[str, Any]) -> Any:
        if of("bad", request, floor) and next(refusals, False):
            raise Fault("ValidationException", "1 validation error detected")
        return real(**request)

    floor.between.spoil["respond_decision_task_completed"] = refuse
    floor.decider()
    floor.worker()
    bad = floor.start(bodies.Chain, 1, 1, workflow_id="bad")
    good = floor.start(bodies.Chain, 5, 1, workflow_id="good")
    assert floor.end_of(good, "good") == ("COMPLETED", "6")
    assert floor.end_of(bad, "bad") == ("COMPLETED", "2")
    assert [str(parked.error) for parked in floor.parked] == ["ValidationException: 1 validation error detected"]
    assert floor.failures == []


@pytest.mark.parametrize("how", ["throttled", "lost on the way there", "lost on the way back"])
def test_a_decision_that_is_not_delivered_is_made_again(how: str, floor: Floor) -> None:
    spoilt = 0

    def spoil(real: Any, request: dict[str, Any]) -> Any:
        nonlocal spoilt
        if spoilt == 0:
            spoilt += 1
            if how == "throttled":
                raise throttled()
            if how == "lost on the way back":
                real(**request)
            raise ConnectionClosedError
        return real(**request)

    floor.between.spoil["respond_decision_task_completed"] = spoil
    process = floor.decider()
    floor.worker()
    run_id = floor.start(bodies.Chain, 1, 3)
    assert floor.end_of(run_id) == ("COMPLETED", "4")
    assert floor.kinds(run_id).count("DecisionTaskTimedOut") == (0 if how == "lost on the way back" else 1)
    assert floor.kinds(run_id).count("ActivityTaskScheduled") == 3
    assert process.decider.replays == 2
    assert process.decider.sticky_list is not None


def test_a_history_that_cannot_be_read_just_now_parks_nothing(floor: Floor) -> None:
    """The rest of a paged history comes from the service too."""
    pages = 0

    def small_pages(real: Any, request: dict[str, Any]) -> Any:
        nonlocal pages
        if "nextPageToken" in request:
            pages += 1
            if pages == 1:
                raise ConnectionClosedError
        return real(**request, maximumPageSize=2)

    floor.between.spoil["poll_for_decision_task"] = small_pages
    floor.decider()
    floor.worker()
    assert floor.end_of(floor.start(bodies.Chain, 1, 1)) == ("COMPLETED", "2")
    assert floor.parked == []
    assert pages > 1


def test_a_stopped_decider_finishes_what_came_and_hands_its_executions_back(floor: Floor) -> None:
    stopped = threading.Event()

    def wait_for_stop(real: Any, request: dict[str, Any]) -> Any:
        stopped.wait(60)
        return real(**request)

    floor.between.spoil["respond_decision_task_completed"] = wait_for_stop
    process = floor.decider(sticky_seconds=1)
    runs = [floor.start(bodies.Chain, n, 1, workflow_id=f"run-{n}") for n in range(3)]
    for n, run_id in enumerate(runs):
        until(lambda: floor.kinds(run_id, f"run-{n}")[-1] == "DecisionTaskStarted", "all three were taken")  # noqa: B023
    process.stop()
    stopped.set()
    floor.end(process, times=0)
    responses = floor.between.requests["respond_decision_task_completed"]
    assert ["taskList" in response for response in responses] == [True, False, False]
    assert floor.failures == []
    floor.decider(service=floor.service)
    floor.worker()
    assert [floor.end_of(run_id, f"run-{n}") for n, run_id in enumerate(runs)] == [("COMPLETED", str(n + 1)) for n in range(3)]


def test_a_task_that_its_dead_process_does_not_take_goes_to_everybody(floor: Floor) -> None:
    killed = floor.decider(sticky_seconds=1)
    run_id = floor.start(bodies.Chain, 1, 2)
    until(lambda: "ActivityTaskScheduled" in floor.kinds(run_id), "the first decision")
    floor.end(killed, times=2)
    own = next(name for name in floor.service.decision_lists if "~" in name)
    until(lambda: not floor.service.decision_lists[own].waiting, "the end of its polls")
    floor.decider()
    floor.worker()
    assert floor.end_of(run_id) == ("COMPLETED", "3")
    late = [event for event in floor.history(run_id) if event["eventType"] == "DecisionTaskTimedOut"]
    assert [event["decisionTaskTimedOutEventAttributes"]["timeoutType"] for event in late] == ["SCHEDULE_TO_START"]


def test_where_the_service_ignores_own_lists_they_are_given_up_and_the_cache_still_serves(floor: Floor) -> None:
    def ignore(real: Any, request: dict[str, Any]) -> Any:
        return real(**{k: v for k, v in request.items() if not k.startswith("taskList")})

    floor.between.spoil["respond_decision_task_completed"] = ignore
    process = floor.decider()
    floor.worker()
    assert floor.end_of(floor.start(bodies.Chain, 1, 3)) == ("COMPLETED", "4")
    assert process.decider.sticky_list is None
    assert process.decider.replays == 1


def test_deciders_and_workers_wait_for_a_service_that_is_away(floor: Floor) -> None:
    away = True

    def spoil(real: Any, request: dict[str, Any]) -> Any:
        if away:
            raise ConnectionClosedError
        return real(**request)

    for name in ("poll_for_decision_task", "poll_for_activity_task"):
        floor.between.spoil[name] = spoil
    floor.decider()
    floor.worker()
    run_id = floor.start(bodies.Chain, 1, 1)
    until(lambda: len(floor.between.requests.get("poll_for_activity_task", ())) > 4, "several tries")
    away = False
    assert floor.end_of(run_id) == ("COMPLETED", "2")
    assert floor.failures == []


def test_a_service_that_is_broken_ends_them(floor: Floor) -> None:
    def broken(real: Any, request: dict[str, Any]) -> Any:
        raise ServiceError("the disk is full")

    for name in ("poll_for_decision_task", "poll_for_activity_task"):
        floor.between.spoil[name] = broken
    floor.decider()
    floor.worker()
    until(lambda: len(floor.failures) == 2, "both ended")
    assert [str(error) for error in floor.failures] == ["the disk is full"] * 2


# ---- workers -----------------------------------------------------------------------------------------------------------------


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
    running = Running({"taskToken": "t", "activityId": "a", "workflowExecution": {"workflowId": "w", "runId": "r"}})
    running.limit({"heartbeatTimeout": heartbeat, "startToCloseTimeout": whole}, most_seconds)
    assert running.beat_seconds == apart
    assert running.given_up_after == silence
    assert running.next_beat == running.started + apart
    assert running.ends_by == pytest.approx(running.started + looks_again)


@pytest.mark.parametrize("body", ["work_for", "work_for_elsewhere"])
def test_throttled_heartbeats_neither_fail_a_task_nor_the_worker(body: str, floor: Floor) -> None:
    def throttle(real: Any, request: dict[str, Any]) -> Any:
        if len(floor.between.requests["record_activity_task_heartbeat"]) < 3:
            raise throttled()
        return real(**request)

    floor.between.spoil["record_activity_task_heartbeat"] = throttle
    floor.decider()
    floor.worker()
    run_id = floor.start(bodies.Single, body, 2.6)
    assert floor.end_of(run_id) == ("COMPLETED", '"worked"')
    assert floor.kinds(run_id).count("ActivityTaskStarted") == 1
    assert floor.failures == []


def test_a_body_that_reports_often_does_not_call_often(floor: Floor) -> None:
    floor.decider()
    floor.worker(beat_seconds=10)
    assert floor.end_of(floor.start(bodies.Single, "report", 500)) == ("COMPLETED", "500")
    beats = floor.between.requests["record_activity_task_heartbeat"]
    assert [beat.get("details") for beat in beats][:1] == ["0"]
    assert len(beats) < 10


@pytest.mark.parametrize("body", ["go_on_from_half", "go_on_from_half_elsewhere", "go_on_after_timeout"])
def test_the_next_attempt_knows_how_far_the_former_ones_came(body: str, floor: Floor) -> None:
    floor.decider()
    floor.worker()
    assert floor.end_of(floor.start(bodies.Single, body, "nope")) == ("COMPLETED", '"half"')


def test_a_first_attempt_asks_nobody_for_former_ones() -> None:
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
def test_a_cancellation_reaches_the_body_and_the_service(body: str, floor: Floor, tmp_path: Path) -> None:
    floor.decider()
    floor.worker()
    note = tmp_path / "note"
    run_id = floor.start(bodies.Cancelling, body, str(note))
    assert floor.end_of(run_id) == ("COMPLETED", '"TaskCanceled"')
    events = floor.history(run_id)
    asked = next(e for e in events if e["eventType"] == "ActivityTaskCancelRequested")
    ended = next(e for e in events if e["eventType"] == "ActivityTaskCanceled")["activityTaskCanceledEventAttributes"]
    assert ended["latestCancelRequestedEventId"] == asked["eventId"]
    assert re.fullmatch(rf"activity-tests.service.bodies.{body}-1: cancellation requested", ended["details"])
    assert body == "wait_in_thread" or is_gone(int(note.read_text()))


@pytest.mark.parametrize("why", ["cancelled", "timed out", "execution closed", "worker stopped twice"])
def test_a_body_in_its_own_process_is_killed_when_it_is(why: str, floor: Floor, tmp_path: Path) -> None:
    floor.decider()
    worker = floor.worker()
    note = tmp_path / "note"
    body = "outlast_in_process" if why == "timed out" else "wait_in_process"
    if why == "cancelled":
        run_id = floor.start(bodies.Cancelling, body, str(note))
    else:
        run_id = floor.start(bodies.Single, body, str(note))
    until(lambda: note.exists() and note.read_text(), "the start of the body")
    pid = int(note.read_text())
    if why == "execution closed":
        floor.service.terminate_workflow_execution(domain=DOMAIN, workflowId="run")
    elif why == "worker stopped twice":
        floor.end(worker, times=2)
    until(lambda: is_gone(pid), "its end")
    if why == "cancelled":  # the body is gone a moment before its end is reported
        until(lambda: "ActivityTaskCanceled" in floor.kinds(run_id), "the report of its end")
    ended = [kind for kind in floor.kinds(run_id) if kind in ("ActivityTaskCanceled", "ActivityTaskFailed")]
    assert ended == (["ActivityTaskCanceled"] if why == "cancelled" else [])


def test_a_body_that_exits_fails_its_task_and_leaves_the_worker_alone(floor: Floor) -> None:
    floor.decider()
    floor.worker()
    for n in range(5):  # more than the worker has threads
        run_id = floor.start(bodies.Single, "leave", 3, workflow_id=f"run-{n}")
        status, reason = floor.end_of(run_id, f"run-{n}")
        assert status == "FAILED"
        assert "SystemExit: 3" in str(reason)


@pytest.mark.parametrize("error", [throttled, ConnectionClosedError])
def test_a_result_is_reported_until_the_service_has_it(error: Callable[[], Exception], floor: Floor) -> None:
    def refuse_twice(real: Any, request: dict[str, Any]) -> Any:
        if len(floor.between.requests["respond_activity_task_completed"]) < 3:
            raise error()
        return real(**request)

    floor.between.spoil["respond_activity_task_completed"] = refuse_twice
    floor.decider()
    floor.worker()
    run_id = floor.start(bodies.Single, "increment", 1)
    assert floor.end_of(run_id) == ("COMPLETED", "2")
    assert floor.kinds(run_id).count("ActivityTaskStarted") == 1


def test_a_result_that_the_service_refuses_fails_the_task(floor: Floor) -> None:
    def refuse(real: Any, request: dict[str, Any]) -> Any:
        raise Fault("ValidationException", "not like this")

    floor.between.spoil["respond_activity_task_completed"] = refuse
    floor.decider()
    floor.worker()
    status, reason = floor.end_of(floor.start(bodies.Single, "increment", 1))
    assert status == "FAILED"
    assert "Fault: ValidationException: not like this" in str(reason)


def test_a_task_whose_heart_nobody_hears_is_given_up(floor: Floor, caplog: pytest.LogCaptureFixture) -> None:
    """By then the service has given it to another worker."""

    def deaf(real: Any, request: dict[str, Any]) -> Any:
        raise ConnectionClosedError

    deaf_worker = floor.worker()
    floor.decider(service=floor.service)
    floor.between.spoil["record_activity_task_heartbeat"] = deaf
    run_id = floor.start(bodies.Single, "work_for", 4.0)
    until(lambda: "ActivityTaskStarted" in floor.kinds(run_id), "the first worker took it")
    deaf_worker.worker.stop()
    floor.worker(service=floor.service)
    assert floor.end_of(run_id) == ("COMPLETED", '"worked"')
    kinds = floor.kinds(run_id)
    assert (kinds.count("ActivityTaskTimedOut"), kinds.count("ActivityTaskStarted")) == (1, 2)
    until(lambda: not deaf_worker.worker.running(), "the first worker is done")
    assert "respond_activity_task_completed" not in floor.between.requests
    assert "given up: its heartbeats have not reached the service for 2 s" in caplog.text


# ---- the supervisor ----------------------------------------------------------------------------------------------------------

SUPERVISE = """
import logging, sys
from simpleflow_nb.processes.supervisor import Supervisor
logging.basicConfig(level="WARNING", format="%(message)s", stream=sys.stderr)
sys.exit(Supervisor([sys.executable, "-c", sys.argv[1]], int(sys.argv[2])).run())
"""


def supervising(code: str, number: int, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, code, str(number)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        **options,
    )


@pytest.mark.parametrize("code", [2, 3])
def test_what_cannot_start_ends_the_supervisor_with_its_code(code: int) -> None:
    process = supervising(f"raise SystemExit({code})", 3)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, "")


def test_what_keeps_dying_is_started_later_and_later() -> None:
    process = supervising("raise SystemExit(1)", 1)
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(3)]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert [re.sub(r"process \d+|after \d+", lambda found: found[0].split()[0] + " N", line) for line in lines] == [
        "process N ended with exit code 1 after N s; starting another in 1 s\n",
        "process N ended with exit code 1 after N s; starting another in 2 s\n",
        "process N ended with exit code 1 after N s; starting another in 4 s\n",
    ]


CHILD = """
import os, signal, sys, time
signals = []
def say(line):  # in one write: two processes share the pipe
    os.write(1, line.encode() + b"\\n")
signal.signal(signal.SIGTERM, lambda *_: signals.append("TERM"))
signal.signal(signal.SIGINT, lambda *_: signals.append("INT"))
say("ready")
while not signals:
    time.sleep(0.01)
say("finishing")
until = time.monotonic() + SECONDS
while time.monotonic() < until:
    if "INT" in signals:
        say("at once")
        sys.exit(0)
    time.sleep(0.01)
say("done")
"""


@pytest.mark.parametrize(("signals", "seconds", "how"), [(1, 0.5, "done"), (2, 60, "at once")])
def test_one_signal_lets_processes_finish_and_two_do_not(signals: int, seconds: float, how: str) -> None:
    process = supervising(CHILD.replace("SECONDS", str(seconds)), 2)
    assert process.stdout is not None
    for said in ["ready\n", "finishing\n"][:signals]:  # two signals at once would be one
        assert [process.stdout.readline() for _ in range(2)] == [said] * 2
        process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert [line for line in rest.splitlines() if line != "finishing"] == [how] * 2


# ---- logs --------------------------------------------------------------------------------------------------------------------


def logged(formatter: logging.Formatter, level: int, message: str, **options: Any) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("simpleflow_nb.processes.worker")
    logger.addHandler(handler)
    logger.log(level, message, **options)
    return stream.getvalue()


def test_lines_of_the_log_name_the_execution_and_the_task() -> None:
    with logged_as(workflow_id="daily", run_id="r", activity_id="activity-pkg.load-1"):
        line = logged(TextFormatter(), logging.INFO, "started")
        again = logged(TextFormatter(), logging.WARNING, "daily is parked")
    assert line[20:] == "INFO simpleflow_nb.processes.worker [daily activity-pkg.load-1]: started\n"
    assert again[20:] == "WARNING simpleflow_nb.processes.worker [activity-pkg.load-1]: daily is parked\n"
    assert logged(TextFormatter(), logging.INFO, "idle")[20:] == "INFO simpleflow_nb.processes.worker: idle\n"


def test_as_json_each_line_is_an_object() -> None:
    with logged_as(workflow_id="daily", run_id="r", activity_id="activity-pkg.load-1"):
        try:
            raise ValueError("nope")
        except ValueError:
            line = logged(JsonFormatter(), logging.ERROR, "two\nlines", exc_info=True)
    body = json.loads(line)
    assert line.count("\n") == 1
    assert body.pop("error").endswith("ValueError: nope")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.pop("time"))
    assert body == {
        "level": "ERROR",
        "logger": "simpleflow_nb.processes.worker",
        "process": os.getpid(),
        "workflow_id": "daily",
        "run_id": "r",
        "activity_id": "activity-pkg.load-1",
        "message": "two\nlines",
    }


def test_worker_and_decider_log_what_they_do_with_ids(floor: Floor, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            body = json.loads(JsonFormatter().format(record))
            seen.append(f"{body.get('workflow_id')} {body.get('activity_id')} {body['message'].split(' after')[0]}")

    logger = logging.getLogger("simpleflow_nb")
    handler = Noting()
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, "simpleflow_nb"):
            floor.decider()
            floor.worker()
            floor.end_of(floor.start(bodies.Chain, 1, 1))
            until(lambda: len(seen) >= 4, "four lines")
    finally:
        logger.removeHandler(handler)
    task = "activity-tests.service.bodies.increment-1"
    assert seen == [
        "run None 2 decisions at event 3",
        f"run {task} started",
        f"run {task} completed",
        "run None 1 decisions at event 10",
    ]


# ---- SWF ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def swf(http: HttpService) -> Iterator[SwfService]:
    with environment(AWS_ENDPOINT_URL=http.endpoint):
        service = SwfService()
    yield service
    service.close()


def test_heartbeats_are_sent_once_and_soon_given_up(swf: SwfService) -> None:
    config = swf._beating.meta.config
    assert (config.read_timeout, config.connect_timeout, config.retries["total_max_attempts"]) == (10, 5, 1)
    with pytest.raises(ClientError, match=r"UnknownResourceFault"):
        swf.record_activity_task_heartbeat(taskToken="a1.2.3")


def test_a_poll_is_sent_by_the_client_that_waits_and_its_further_pages_by_the_one_that_retries(swf: SwfService) -> None:
    sent: list[str] = []
    for name in ("_polling", "_other"):
        events = getattr(swf, name).meta.events
        events.register("before-send.swf", lambda _name=name, **_: sent.append(_name))
    poll: dict[str, Any] = {"domain": "local", "taskList": {"name": "d"}}
    swf.poll_for_decision_task(**poll)
    with pytest.raises(ClientError):
        swf.poll_for_decision_task(**poll, nextPageToken="1.2.3.0")
    assert sent == ["_polling", "_other"]


def client_error(code: str, message: str, **metadata: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
    return ClientError(response, "Poll")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            client_error("ThrottlingException", "Rate exceeded"),
            "the service has too much to do and refuses calls (ThrottlingException); try again later",
        ),
        (
            ReadTimeoutError(endpoint_url="http://127.0.0.1:1/"),
            'the service does not answer: Read timeout on endpoint URL: "http://127.0.0.1:1/"',
        ),
        (
            BotoConnectionClosedError(endpoint_url="http://127.0.0.1:1/"),
            "the service cannot be reached: Connection was closed before we received a valid response from endpoint URL: "
            '"http://127.0.0.1:1/".',
        ),
        (
            client_error("X", "down", HTTPStatusCode=503),
            "the service fails: An error occurred (X) when calling the Poll operation: down",
        ),
    ],
)
def test_a_service_in_trouble_is_one_sentence(error: Exception, sentence: str) -> None:
    assert str(explained(error)) == sentence


# ---- the service over HTTP ---------------------------------------------------------------------------------------------------


def posted(http: HttpService, operation: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    headers = {"X-Amz-Target": f"SimpleWorkflowService.{operation}", **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(http.endpoint, data=body, headers=headers), timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture
def http() -> Iterator[HttpService]:
    served = HttpService(LocalService(poll_seconds=1, workers_inside=False))
    served.start()
    yield served
    served.close()


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:1", 200), ("127.0.0.1:4617", 200), ("[::1]:4617", 200), ("evil.example", 400), ("evil.example:80", 400)],
)
def test_without_a_token_pages_of_other_names_are_not_served(host: str, status: int, http: HttpService) -> None:
    assert posted(http, "ListDomains", b'{"registrationStatus": "REGISTERED"}', Host=host)[0] == status


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"domain": "local"}', 'Missing required parameter in input: "workflowId"'),
        (b'{"domain": "local", "workflowId": "x", "workflowType": "t"}', "Invalid type for parameter workflowType"),
        (b'{"domain": "local", "workflowId": "x", "workflowType": {"name": "a", "version": "1"}, "colour": "red"}', "colour"),
    ],
)
def test_a_request_that_is_not_as_swf_describes_it_is_refused(body: bytes, message: str, http: HttpService) -> None:
    status, answer = posted(http, "StartWorkflowExecution", body)
    assert (status, answer["__type"].rpartition("#")[2]) == (400, "ValidationException")
    assert message in answer["message"]


def test_a_bug_of_the_service_is_not_blamed_on_the_request(http: HttpService, caplog: pytest.LogCaptureFixture) -> None:
    http.service.infos = None  # type: ignore[assignment]
    request = b'{"domain": "local", "startTimeFilter": {"oldestDate": 0}}'
    status, answer = posted(http, "ListOpenWorkflowExecutions", request)
    assert (status, answer["__type"].rpartition("#")[2]) == (500, "InternalFailure")
    assert "list_open_workflow_executions raised" in caplog.text


def test_a_service_that_stops_answers_the_polls_that_wait() -> None:
    served = HttpService(LocalService(poll_seconds=60, workers_inside=False))
    served.start()
    answers: list[Any] = []
    body = b'{"domain": "local", "taskList": {"name": "d"}}'
    threads = [threading.Thread(target=lambda: answers.append(posted(served, "PollForDecisionTask", body))) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: served.service.decision_lists["d"].waiting == 4, "four polls")
    served.close()
    for thread in threads:
        thread.join(60)
    assert [status for status, _ in answers] == [200] * 4
