"""``examples/demo.sh``: each command of it does what it is to show, and nothing is left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import psutil
import pytest

from tests.settings import PATIENCE_SECONDS

from .process_fleet import MARK, ROOT

STANDALONE = "simpleflow-nb standalone --domain TestDomain"
WAITING = "simpleflow-nb workflow.start --domain TestDomain examples.simpleflow.cancellation.ObedientWorkflow --workflow-id"
BASIC = "examples.basic.BasicWorkflow"
NO_TIMES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d\.\d{6}\+00:00)?")

#: what each command prints; run ids, moments and durations are told by words, and blanks are one
PRINTED = {
    f"simpleflow-nb workflow.start --domain TestDomain {BASIC} --workflow-id basic-1 --input '[1, 1]'": "basic-1 RUN",
    "simpleflow-nb --header workflow.list TestDomain --status closed": (
        "Workflow ID Workflow Type Status\nbasic-1 basic COMPLETED"
    ),
    "simpleflow-nb --header workflow.tasks TestDomain basic-1 --nb-tasks 3": (
        "Tasks Last State Last State Time Scheduled Time ID Attempt Reason\n"
        "examples.basic.double completed MOMENT MOMENT activity-examples.basic.double-1 1\n"
        "examples.basic.delay completed MOMENT MOMENT activity-examples.basic.delay-1 1\n"
        "examples.basic.increment completed MOMENT MOMENT activity-examples.basic.increment-1 1"
    ),
    f"{WAITING} told": "told RUN",
    f"{WAITING} cancelled": "cancelled RUN",
    f"{WAITING} ended": "ended RUN",
    "simpleflow-nb --header workflow.list TestDomain": (
        "Workflow ID Workflow Type Status\n"
        "ended simpleflow-obedient OPEN\ncancelled simpleflow-obedient OPEN\ntold simpleflow-obedient OPEN"
    ),
    'simpleflow-nb workflow.signal TestDomain told --name go --input \'{"by": "demo"}\'': "told: asked; it takes effect now",
    "simpleflow-nb workflow.cancel TestDomain cancelled": "cancelled: asked; it takes effect now",
    "simpleflow-nb workflow.terminate TestDomain ended --reason 'no longer needed'": "ended: asked; it takes effect now",
    "simpleflow-nb workflow.list TestDomain --status closed": (
        "ended simpleflow-obedient TERMINATED\ncancelled simpleflow-obedient CANCELED\n"
        "told simpleflow-obedient COMPLETED\nbasic-1 basic COMPLETED"
    ),
    "simpleflow-nb --format human task.info TestDomain basic-1 activity-examples.basic.double-1": (
        "type activity\nid activity-examples.basic.double-1\nname examples.basic.double\nversion example\nstate completed\n"
        'timestamp MOMENT\ninput {"args":[2],"kwargs":{}}\nresult 4\nreason'
    ),
    "simpleflow-nb --format csv workflow.filter TestDomain --close-status terminated": (
        "ended,simpleflow-obedient,example,RUN,CLOSED,TERMINATED,MOMENT,MOMENT,False,,,"
    ),
    "simpleflow-nb workflow.restart TestDomain ended": "ended RUN",
    "simpleflow-nb workflow.filter TestDomain --workflow-type-name simpleflow-obedient": (
        "ended simpleflow-obedient example RUN OPEN MOMENT False"
    ),
    f"{STANDALONE} {BASIC} --input '[1, 0]' 2>/dev/null": "(1 + 1) * 2 = 4\n4",
    f"{STANDALONE} examples.simpleflow.failing.FailingWorkflow 2>/dev/null": "(exit code 1)",
    f"simpleflow-nb workflow.start --local --quiet {BASIC} --input '[1, 0]' 2>/dev/null": "(1 + 1) * 2 = 4\n4",
}
INFO = {
    "domain": "TestDomain",
    "workflow_type.name": "basic",
    "workflow_type.version": "example",
    "task_list": "example",
    "workflow_id": "basic-1",
    "run_id": "RUN",
    "execution_time": "SECONDS",
    "input": "{'args': [1, 1]}",
    "status": "COMPLETED",
    "events": "SOME",
    "result": "4",
    "activities": "3 completed",
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the demo prints, by command."""
    temporary, mark = tmp_path_factory.mktemp("demo"), uuid.uuid4().hex
    place = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "TMPDIR": str(temporary), MARK: mark}
    done = subprocess.run(
        [ROOT / "examples" / "demo.sh"],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(temporary.iterdir()) == []
    assert [process.cmdline() for process in psutil.process_iter() if _has(process, mark)] == []
    blocks = re.split(r"^\$ ", done.stdout, flags=re.MULTILINE)[1:]
    return {
        block.partition("\n")[0]: re.sub(r"^#.*", "", block.partition("\n")[2], flags=re.MULTILINE).strip() for block in blocks
    }


def _has(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except psutil.Error:
        return False


def plain(text: str) -> str:
    text = re.sub(r"\b[0-9a-f]{32}\b", "RUN", NO_TIMES.sub("MOMENT", text))
    return "\n".join(re.sub(" +", " ", line.strip()) for line in text.splitlines())


@pytest.mark.parametrize("command", PRINTED)
def test_a_command_of_the_demo_prints(printed: dict[str, str], command: str) -> None:
    assert plain(printed[command]) == PRINTED[command]


def test_the_demo_shows_an_execution_in_two_ways(printed: dict[str, str]) -> None:
    lines = plain(printed["simpleflow-nb --format human workflow.info TestDomain basic-1"]).splitlines()
    found: dict[str, str] = {line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in lines}
    assert re.fullmatch(r"\d+\.\d\d", found["execution_time"])
    assert found["events"].isdigit()
    assert found | {"execution_time": "SECONDS", "events": "SOME"} == INFO
    header, row = printed["SWF_DOMAIN=TestDomain simpleflow-nb --header workflow.info basic-1"].splitlines()
    assert set(INFO) < set(header.split())
    assert row.startswith("TestDomain ")


def test_the_demo_shows_where_the_time_went_and_every_event(printed: dict[str, str]) -> None:
    header, *rows = printed["simpleflow-nb --header workflow.profile TestDomain basic-1"].splitlines()
    assert header.split("  ")[0] == "Task"
    assert rows[0].split()[:2] == ["activity-examples.basic.delay-1", "completed"]  # it took a second
    assert {row.split()[0] for row in rows} == {
        f"activity-examples.basic.{name}-1" for name in ("increment", "double", "delay")
    }
    _, first, *_, last = printed["simpleflow-nb --header workflow.history TestDomain basic-1"].splitlines()
    assert first.split()[3] == "WorkflowExecutionStarted"
    assert last.split()[3] == "WorkflowExecutionCompleted"


def test_every_command_of_the_demo_is_checked(printed: dict[str, str]) -> None:
    others = {
        "--format human workflow.info",
        "--header workflow.profile",
        "--header workflow.history",
        "--header workflow.info",
    }
    unchecked = [command for command in printed if command not in PRINTED and not any(other in command for other in others)]
    assert [command.split()[1] for command in unchecked] == ["service.start", "decider.start", "worker.start"]
    assert all(printed[command] == "" for command in unchecked)
