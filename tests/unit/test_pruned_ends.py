"""What a process still tells of executions whose histories it has removed itself, as keep_history says."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deciders.activities import DECISIONS
from deciders.notebook_workflow import NotebookWorkflow
from deciders.sensor_workflow import SensorWorkflow
from simpleflow_nb import payload
from simpleflow_nb.application.run_outcomes import local_outcome
from simpleflow_nb.application.runners.local_sensors import Sensor
from simpleflow_nb.application.states.run_states import Watch
from simpleflow_nb.application.states.sensors import CHECK_TYPE
from simpleflow_nb.cli.notebooks.summary import show_outcome
from simpleflow_nb.cli.progress import say
from simpleflow_nb.constants import NOTEBOOK_TYPE
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.interrupts import Interrupts
from simpleflow_nb.processes.payload_directory import PayloadDirectory, kept
from simpleflow_nb.processes.payload_pruning import remove_unreferenced
from tests.unit.workflow_files import specification

_LATER = 60.0


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    """What a sensor needs of a local run that decides nothing."""
    service = LocalService.open(tmp_path / "journal.sqlite3", poll_seconds=0)
    Decider(service, DOMAIN, DECISIONS, [NotebookWorkflow, SensorWorkflow]).register_types()
    yield SimpleNamespace(service=service, payloads=PayloadDirectory(tmp_path / "payloads"), interrupts=Interrupts(), parked={})
    service.close()


def close(service: LocalService, result: str) -> None:
    """Complete the execution whose decision task waits."""
    task = service.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
    end: dict[str, Any] = {"decisionType": "CompleteWorkflowExecution"}
    end["completeWorkflowExecutionDecisionAttributes"] = {"result": result}
    service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[end])


def start_run(service: LocalService) -> str:
    found: str = service.start_workflow_execution(
        domain=DOMAIN,
        workflowId="days-1",
        workflowType={"name": NOTEBOOK_TYPE, "version": NotebookWorkflow.version},
        tagList=["days", "2024-01-01"],
        input="{}",
    )["runId"]
    return found


def test_a_check_whose_history_is_gone_is_over_and_its_end_is_told(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sensor = Sensor(run, specification(tmp_path, schedule=None), str(tmp_path), once=True, tell=say)
    assert sensor.is_open()
    result = payload.encode({"warnings": ["no x of 2024-01-02"], "not_due": 3, "started": ["days"] * 10_000})
    close(run.service, kept(result, run.payloads))
    assert not sensor.is_open()
    assert run.service.prune(time.time() + _LATER).executions == 1
    for file in (tmp_path / "payloads").rglob("*.json"):
        file.unlink()
    assert not sensor.is_open()
    sensor.tell_checks()
    assert (sensor.tell_end(), sensor.not_due) == (True, 3)
    assert capsys.readouterr().err == "simpleflow-nb: warning: no x of 2024-01-02\n"


def test_a_sensor_that_was_ended_long_ago_says_so_once(run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sensor = Sensor(run, specification(tmp_path, schedule="0 6 * * *"), str(tmp_path), once=False, tell=say)
    run.service.terminate_workflow_execution(domain=DOMAIN, workflowId=sensor.workflow_id, reason="enough")
    assert not sensor.is_open()
    run.service.prune(time.time() + _LATER)
    assert [sensor.tell_end(), sensor.tell_end()] == [False, False]
    assert capsys.readouterr().err == "simpleflow-nb: the sensor was terminated: enough\n"


def test_a_signal_that_the_sensor_ignores_is_told_as_that(run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sensor = Sensor(run, specification(tmp_path, schedule="0 6 * * *"), str(tmp_path), once=False, tell=say)
    whole = specification(tmp_path, schedule="0 7 * * *").model_copy(update={"keep_history_seconds": 5})
    for name, given in (
        ("reload", {"sensor": {"schedule": "61 * * * *", "timezone": "UTC"}}),
        ("start", {"requests": [5]}),
        ("reload", whole.model_dump(mode="json")),
    ):
        run.service.signal_workflow_execution(
            domain=DOMAIN, workflowId=sensor.workflow_id, signalName=name, input=payload.encode(given)
        )
    sensor.tell_checks()
    assert capsys.readouterr().err == (
        "simpleflow-nb: the signal reload was ignored: schedule '61 * * * *' cannot be understood: minute '61' "
        "(allowed: 0-59)\n"
        "simpleflow-nb: the signal start was ignored: request 1 is not one that backfill or runs.retry make\n"
        "simpleflow-nb: reloaded\n"
    )
    assert sensor.specification.keep_history_seconds == 5


def decide(service: LocalService, kind: str, **attributes: Any) -> None:
    task = service.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
    decision: Any = {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": attributes}
    service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[decision])


def schedule(service: LocalService, name: str) -> None:
    """Let the sensor ask for a task."""
    kind = {"name": name, "version": "1"}
    with suppress(Fault):  # it is there already if its body has been imported
        service.register_activity_type(domain=DOMAIN, **kind)
    timeouts = dict.fromkeys(["scheduleToStart", "startToClose", "scheduleToClose", "heartbeat"], "60")
    options = {f"{name}Timeout": seconds for name, seconds in timeouts.items()}
    decide(service, "ScheduleActivityTask", activityType=kind, activityId="1", taskList={"name": "sensor"}, **options)


def fail_check(service: LocalService) -> None:
    """Let the sensor check, and its check fail."""
    schedule(service, CHECK_TYPE)
    task = service.poll_for_activity_task(domain=DOMAIN, taskList={"name": "sensor"})
    service.respond_activity_task_failed(taskToken=task["taskToken"], reason="OSError: away", details="")


@pytest.mark.parametrize(
    ("failure", "checks", "said"),
    [
        ({"reason": "ValueError: no", "details": payload.encode({"message": "it cannot"})}, [], "the sensor failed: it cannot"),
        ({"reason": "ValueError: no"}, [], "the sensor failed: ValueError: no"),
        ({"reason": "ValueError: no"}, ["before"], "the sensor failed: ValueError: no"),
        (
            {"reason": "a sentence about it", "details": payload.encode({"message": "the data are away"})},
            ["last"],
            "the check for new dates failed: the data are away",
        ),
    ],
)
def test_a_sensor_that_failed_says_why_itself_failed_also_after_a_check_with_that_cause(
    failure: dict[str, str], checks: list[str], said: str, run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sensor = Sensor(run, specification(tmp_path, schedule="0 6 * * *"), str(tmp_path), once=False, tell=say)
    sensor._tell(said)
    if checks:
        fail_check(run.service)
    if checks == ["before"]:
        decide(run.service, "StartTimer", timerId="1", startToFireTimeout="600")
        run.service.signal_workflow_execution(domain=DOMAIN, workflowId=sensor.workflow_id, signalName="check")
    decide(run.service, "FailWorkflowExecution", **failure)
    assert (sensor.is_open(), sensor.tell_end()) == (False, False)
    assert capsys.readouterr().err == f"simpleflow-nb: {said}\n" * 2


@pytest.mark.parametrize("name", [CHECK_TYPE, "workers.activities.start_backfill"])
def test_only_a_check_has_warnings_to_tell(name: str, run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sensor = Sensor(run, specification(tmp_path, schedule="0 6 * * *"), str(tmp_path), once=False, tell=say)
    schedule(run.service, name)
    task = run.service.poll_for_activity_task(domain=DOMAIN, taskList={"name": "sensor"})
    result = payload.encode({"started": [], "warnings": ["no x of 2024-01-02"]})
    run.service.respond_activity_task_completed(taskToken=task["taskToken"], result=result)
    sensor.tell_checks()
    assert capsys.readouterr().err == ("simpleflow-nb: warning: no x of 2024-01-02\n" if name == CHECK_TYPE else "")


def test_a_sensor_that_has_no_schedule_any_more_says_that_it_ended(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sensor = Sensor(run, specification(tmp_path, schedule="0 6 * * *"), str(tmp_path), once=False, tell=say)
    close(run.service, payload.encode({"warnings": ["no x"], "not_due": 3, "started": []}))
    assert (sensor.is_open(), sensor.tell_end()) == (False, True)
    assert capsys.readouterr().err == (
        "simpleflow-nb: warning: no x\nsimpleflow-nb: the sensor ended with a last check: the file has no schedule any more\n"
    )


def test_runs_that_nobody_has_looked_at_since_they_ended_are_named_so_that_they_stay(run: Any) -> None:
    watch = Watch(run.service, [NOTEBOOK_TYPE])
    former = start_run(run.service)
    assert watch.unread() == {former}
    watch.look()
    close(run.service, '{"state": "succeeded"}')
    latter = start_run(run.service)
    assert watch.unread() == {former, latter}
    run.service.prune(time.time() + _LATER, spared=watch.unread())
    assert [state.status for state in watch.look()] == ["COMPLETED", None]
    assert watch.unread() == {latter}


def test_the_summary_tells_of_runs_whose_results_were_removed_since(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.seconds = lambda: 5.0
    watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
    start_run(run.service)
    paths = [f"/outputs/{'long' * 50}/{number}.pdf" for number in range(200)]
    result = payload.encode({"state": "succeeded", "artefacts": {f"report:{path}": path for path in paths}})
    close(run.service, kept(result, run.payloads))
    watch.look()
    for file in (tmp_path / "payloads").rglob("*.json"):
        os.utime(file, (0, 0))
    run.service.prune(time.time() + _LATER, spared=watch.unread())
    assert remove_unreferenced(run.payloads, run.service.journal) == 1
    assert show_outcome(local_outcome(run, watch, Path("workflows.yml"), ended=True)) == 0
    shown = capsys.readouterr().out.splitlines()
    assert (shown[0], shown[-1]) == ("200 reports:", "1 of 1 run succeeded in 5 s")
