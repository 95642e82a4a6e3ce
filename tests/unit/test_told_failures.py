"""What a failure says in histories, on the terminal and in logs holds no known secret, wherever it is cut."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simpleflow_nb import Workflow, activity
from simpleflow_nb.cli.main import show_error
from simpleflow_nb.exceptions import DefinitionError, TaskFailed
from simpleflow_nb.processes.activity_bodies import failure_of
from simpleflow_nb.testing import RunFailed, run_workflow

SECRET = "db&<ZQZQ>\"q's\\wörd%$1"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOFLOW_DB_PASSWORD", SECRET)


@pytest.mark.parametrize("length", [0, 200, 230, 236, 240, 256, 40_000])
def test_the_reason_and_details_of_an_activitys_failure_are_masked_before_they_are_cut(length: int) -> None:
    def body() -> None:
        raise ValueError("x" * length + SECRET)

    with pytest.raises(ValueError, match=r"x*") as caught:
        body()
    reason, details = failure_of(caught.value)
    assert not any(part in reason + details for part in (SECRET[:3], "ZQ", "rd%$1"))
    assert reason == f"ValueError: {'x' * length}***"[:256]
    assert json.loads(details)["message"].startswith("x" * min(length, 1000))


def test_a_failure_that_another_process_has_described_is_masked_too() -> None:
    assert failure_of(TaskFailed("task-1", f"ValueError: {SECRET}", json.dumps({"error": SECRET}))) == (
        "ValueError: ***",
        '{"error": "***"}',
    )


@activity.with_attributes(task_list="testing", retry=0)
def refuses(text: str) -> None:
    raise LookupError(f"{text} {SECRET}")


class Fails(Workflow):
    name, version, task_list = "fails", "1", "testing"
    execution_timeout, task_timeout = 60, 60

    def run(self, how: str) -> None:
        self.log("z" * 290 + SECRET)
        if how == "activity":
            self.submit(refuses, "no").result
        if how == "fail":
            self.fail("y" * 250 + SECRET, SECRET)
        raise ValueError("x" * 240 + SECRET)


@pytest.mark.parametrize("how", ["activity", "fail", "raise"])
def test_the_history_of_a_workflow_that_fails_holds_no_secret(how: str) -> None:
    with pytest.raises(RunFailed) as failed:
        run_workflow(Fails, how)
    history = json.dumps(failed.value.history, default=str, ensure_ascii=False)
    assert "***" in history
    assert "ZQ" not in history + str(failed.value)
    assert "db&" not in history


def test_messages_of_the_command_line_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(DefinitionError(f"it is {SECRET!r}"))
    assert capsys.readouterr().err == "simpleflow-nb: it is '***'\n"


def test_even_a_bug_of_ours_tells_no_secret(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom simpleflow_nb.cli import main\n"
        "def broken(*_, **__):\n    raise KeyError(os.environ['AUTOFLOW_DB_PASSWORD'])\n"
        "main.cli.main = broken\nmain.main(['plan'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.endswith("KeyError: '***'\n")
    assert "ZQ" not in done.stderr
