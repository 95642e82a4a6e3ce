"""Processes killed and connections cut at random instants: every run completes with the right result all the same."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.service.conformance import history_problems
from tests.settings import count

from .process_fleet import DOMAIN, PATIENCE_SECONDS, WORKFLOWS, ProcessFleet, client, wait_for

RUNS = 3  # at once


class Acknowledged(threading.Thread):
    """A worker that remembers which of its results the service has acknowledged: those must never be lost."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port, self.results, self.stopped = port, {}, threading.Event()  # type: ignore[var-annotated]

    def run(self) -> None:
        swf = client(self.port)
        while not self.stopped.is_set():
            try:
                task = swf.poll_for_activity_task(domain=DOMAIN, taskList={"name": "acknowledged"})
                if not task.get("taskToken"):
                    continue
                token = uuid.uuid4().hex
                swf.respond_activity_task_completed(taskToken=task["taskToken"], result=json.dumps(token))
            except (BotoCoreError, ClientError):
                self.stopped.wait(0.05)
                continue
            self.results[task["workflowExecution"]["runId"], task["activityId"]] = token
        swf.close()


def insist(call: Callable[[], Any]) -> Any:
    """The answer of a service that may be away for a moment."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except BotoCoreError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[ProcessFleet]:
    (tmp_path / "faulty.py").write_text(WORKFLOWS)
    fleet = ProcessFleet(tmp_path)
    yield fleet
    fleet.close()


def test_every_run_completes_with_its_result_whatever_is_killed_and_cut(fleet: ProcessFleet) -> None:
    choice = random.Random(2)
    acknowledging = Acknowledged(fleet.port)
    acknowledging.start()
    swf = client(fleet.port)
    try:
        types = {"domain": DOMAIN, "registrationStatus": "REGISTERED"}
        wait_for(lambda: swf.list_workflow_types(**types)["typeInfos"], "the registration of the workflow", fleet.log)
        for number in range(count(small=2, soak=300)):
            one_round(fleet, swf, choice, number, acknowledging)
        wait_for(lambda: not fleet.orphans(), "the end of the orphans", fleet.log)
        fleet.restart_ended()
        wait_for(lambda: len(fleet.children()) == 4, "two deciders and two workers", fleet.log)
        fleet.end()
        assert [process.cmdline() for process in fleet.members()] == []
    finally:
        acknowledging.stopped.set()
        acknowledging.join()
        swf.close()
    log = fleet.log.read_text()
    assert "Traceback" not in log, log[-8_000:]
    assert " CRITICAL " not in log


def one_round(fleet: ProcessFleet, swf: Any, choice: random.Random, number: int, acknowledging: Acknowledged) -> None:
    runs = {}
    for n in range(RUNS):
        folder = fleet.folder / f"effects-{number}-{n}"
        folder.mkdir()
        workflow_id = f"round-{number}-{n}"
        request = {
            "domain": DOMAIN,
            "workflowId": workflow_id,
            "workflowType": {"name": "faulty", "version": "1"},
            "taskList": {"name": "decide"},
            "input": json.dumps({"args": [str(folder)], "kwargs": {}}),
        }
        runs[workflow_id] = (folder, insist(lambda: swf.start_workflow_execution(**request))["runId"])  # noqa: B023
    fleet.proxy.injects_faults = True
    for _ in range(3):
        time.sleep(choice.uniform(0, 0.5))
        fleet.inject_fault(choice)
    fleet.proxy.injects_faults = False
    for workflow_id, (folder, run_id) in runs.items():
        check_run(fleet, swf, workflow_id, run_id, folder, acknowledging)


def check_run(fleet: ProcessFleet, swf: Any, workflow_id: str, run_id: str, folder: Path, acknowledging: Acknowledged) -> None:
    execution = {"workflowId": workflow_id, "runId": run_id}

    def is_closed() -> bool:
        fleet.restart_ended()
        described = insist(lambda: swf.describe_workflow_execution(domain=DOMAIN, execution=execution))
        return bool(described["executionInfo"]["executionStatus"] == "CLOSED")

    wait_for(is_closed, f"the end of {workflow_id}", fleet.log)
    events = insist(lambda: swf.get_workflow_execution_history(domain=DOMAIN, execution=execution))["events"]
    last = events[-1]
    assert last["eventType"] == "WorkflowExecutionCompleted", last
    worked, watched = json.loads(last["workflowExecutionCompletedEventAttributes"]["result"])
    for n, token in enumerate(worked):
        assert token in (folder / str(n)).read_text().split(), f"{workflow_id}: result {n} is not that of its activity"
    scheduled = {
        event["eventId"]: event["activityTaskScheduledEventAttributes"]["activityId"]
        for event in events
        if event["eventType"] == "ActivityTaskScheduled"
    }
    recorded = {
        scheduled[event["activityTaskCompletedEventAttributes"]["scheduledEventId"]]: event[
            "activityTaskCompletedEventAttributes"
        ]["result"]
        for event in events
        if event["eventType"] == "ActivityTaskCompleted"
    }
    promised = {activity: token for (run, activity), token in acknowledging.results.items() if run == run_id}
    assert {activity: json.loads(recorded[activity]) for activity in promised} == promised
    assert set(watched) <= {json.loads(result) for result in recorded.values()}
    assert history_problems(events) == []


def test_processes_show_what_they_are_and_end_with_a_supervisor_that_is_killed(fleet: ProcessFleet) -> None:
    def titles() -> list[str]:
        return sorted(" ".join(child.cmdline()).strip() for child in fleet.children())

    expected = ["simpleflow-nb decider(decide)[running]"] * 2 + ["simpleflow-nb worker(work)[running]"] * 2
    wait_for(lambda: titles() == expected, "the titles", fleet.log)
    shown = [" ".join(psutil.Process(supervisor.pid).cmdline()).strip() for supervisor in fleet.supervisors]
    assert shown == ["simpleflow-nb deciders(decide)", "simpleflow-nb workers(work)"]
    for supervisor in fleet.supervisors:
        supervisor.kill()
        supervisor.wait()
    wait_for(lambda: not fleet.orphans(), "the end of their processes", fleet.log)
    assert "Traceback" not in fleet.log.read_text()
