"""What a process still tells of executions whose histories it has removed itself, as keep_history says."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
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
from simpleflow_nb.application.states.run_states import NOTEBOOK_TYPE, Watch
from simpleflow_nb.cli.notebooks.summary import show_outcome
from simpleflow_nb.cli.progress import say
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


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ({"reason": "ValueError: no", "details": payload.encode({"message": "it cannot"})}, "the sensor failed: it cannot"),
        ({"reason": "ValueError: no"}, "the sensor failed: ValueError: no"),
        (
            {
                "reason": 'Workflow execution error in activity-workers.activities.feed_new_dates-1: "OSError: away"',
                "details": payload.encode({"message": "the data are away"}),
            },
            "the check for new dates failed: the data are away",
        ),
    ],
)
def test_a_sensor_that_failed_says_why_itself_failed_also_after_a_check_with_that_cause(
    failure: dict[str, str], said: str, run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sensor = Sensor(run, specification(tmp_path, schedule="0 6 * * *"), str(tmp_path), once=False, tell=say)
    sensor._tell(said)
    task = run.service.poll_for_decision_task(domain=DOMAIN, taskList={"name": "deciders"})
    end: dict[str, Any] = {"decisionType": "FailWorkflowExecution", "failWorkflowExecutionDecisionAttributes": failure}
    run.service.respond_decision_task_completed(taskToken=task["taskToken"], decisions=[end])
    assert (sensor.is_open(), sensor.tell_end()) == (False, False)
    assert capsys.readouterr().err == f"simpleflow-nb: {said}\n" * 2


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
