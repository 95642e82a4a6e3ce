"""Workers that carry out one task and end: ``worker.start --one-task`` and ``--poll-data``."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.launcher import outcome

from .process_fleet import DOMAIN, PATIENCE_SECONDS, ProcessFleet, client, wait_for
from .samples import typed

MINE = """\
from pathlib import Path

from simpleflow_nb import Workflow, activity


@activity.with_attributes(task_list="notes")
def note(x):
    with Path("notes").open("a") as notes:
        notes.write(f"{x}\\n")
    return x


class Two(Workflow):
    name, version, task_list = "two", "1", "decide"

    def run(self):
        return [future.result for future in [self.submit(note, 1), self.submit(note, 2)]]
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[ProcessFleet]:
    """A service, and a decider that has scheduled two activities."""
    (tmp_path / "mine.py").write_text(MINE)
    fleet = ProcessFleet(tmp_path, supervised=False)
    fleet.supervisors.append(fleet._start(("decider.start", "mine.Two", "--domain", DOMAIN)))
    yield fleet
    fleet.close()


def worker(fleet: ProcessFleet, *words: str) -> subprocess.CompletedProcess[str]:
    return outcome(("worker.start", "--domain", DOMAIN, *words), fleet.folder, fleet.environment, PATIENCE_SECONDS)


def start(fleet: ProcessFleet) -> None:
    words = ("workflow.start", "mine.Two", "--domain", DOMAIN, "--workflow-id", "w")
    outcome(words, fleet.folder, fleet.environment).check_returncode()


def status(fleet: ProcessFleet) -> str:
    found = client(fleet.port).list_closed_workflow_executions(
        domain=DOMAIN, startTimeFilter={"oldestDate": 0}, executionFilter={"workflowId": "w"}
    )["executionInfos"]
    return found[0]["closeStatus"] if found else "OPEN"


def test_a_worker_for_one_task_ends_after_it_and_another_may_carry_out_the_next(fleet: ProcessFleet) -> None:
    start(fleet)
    first = worker(fleet, "--task-list", "notes", "--one-task")
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    assert len((fleet.folder / "notes").read_text().split()) == 1
    assert status(fleet) == "OPEN"
    assert worker(fleet, "--task-list", "notes", "--one-task").returncode == 0
    wait_for(lambda: status(fleet) == "COMPLETED", "the end of the run", fleet.log)
    assert sorted((fleet.folder / "notes").read_text().split()) == ["1", "2"]


def test_a_worker_carries_out_a_task_that_was_polled_elsewhere_without_a_poll(fleet: ProcessFleet) -> None:
    start(fleet)
    service = client(fleet.port)
    for _ in range(2):
        task = service.poll_for_activity_task(domain=DOMAIN, taskList={"name": "notes"})
        task.pop("ResponseMetadata")
        done = worker(fleet, "--poll-data", base64.b64encode(json.dumps(task).encode()).decode())
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    wait_for(lambda: status(fleet) == "COMPLETED", "the end of the run", fleet.log)
    assert sorted((fleet.folder / "notes").read_text().split()) == ["1", "2"]


def test_processes_are_called_by_what_they_do(fleet: ProcessFleet) -> None:
    process = psutil.Process(fleet.supervisors[0].pid)
    wait_for(lambda: process.cmdline()[0].startswith("simpleflow-nb"), "its title", fleet.log)
    assert process.cmdline()[0].rstrip("\0 ") == "simpleflow-nb decider(decide)[running]"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--one-task",), "name the list to work on with --task-list, or give the FILE.yml of notebook workflows"),
        (
            ("--one-task", "--task-list", "a", "--task-list", "b"),
            "--one-task works on one list, and there are a, b; name one with --task-list",
        ),
        (("--one-task", "--task-list", "a", "-N", "2"), "--nb-processes does nothing for a single task; leave it out"),
        (("--poll-data", "{}"), "the polled task is not JSON in base64"),
        (("--poll-data", base64.b64encode(b"{").decode()), "the polled task is not JSON in base64"),
        (
            ("--poll-data", base64.b64encode(b'{"taskToken": "t"}').decode()),
            "the polled task is no answer to PollForActivityTask with taskToken, activityId, activityType and "
            "workflowExecution",
        ),
    ],
)
def test_a_single_task_that_nobody_can_know_is_refused(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = typed("worker.start", "--domain", "d", *words, cwd=tmp_path, AWS_DEFAULT_REGION="eu-west-1")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"simpleflow-nb: {told}\n")
    assert os.listdir(tmp_path) == []
