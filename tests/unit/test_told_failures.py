"""What a failure says in histories, on the terminal and in logs holds no known secret, wherever it is cut."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_nb import Workflow, activity
from simpleflow_nb.cli.main import console, main, show_error
from simpleflow_nb.exceptions import DefinitionError, RunEnded, TaskFailed
from simpleflow_nb.masking import masked
from simpleflow_nb.processes.activity_bodies import failure_of
from simpleflow_nb.replay.suspended_code.suspension import failure_attributes
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


@pytest.mark.parametrize("length", [0, 200, 236, 250, 256, 6_300, 16_350, 40_000])
def test_the_reason_and_details_of_a_workflows_own_failure_are_masked_before_they_are_cut(length: int) -> None:
    texts = {"reason": "x" * length + SECRET, "details": "x" * length + SECRET + "x" * 26_000}
    said = failure_attributes(RunEnded("FailWorkflowExecution", texts), masked)
    assert said["reason"] == f"{'x' * length}***"[:256]
    assert len(said["details"]) <= 32_768
    assert not any(part in said["details"] for part in (SECRET[:3], "ZQ", "rd%$1"))


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


@pytest.mark.parametrize("begin", ["main.console()", "import runpy; runpy.run_module('simpleflow_nb', run_name='__main__')"])
def test_even_a_bug_of_ours_tells_no_secret(begin: str, tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom simpleflow_nb.cli import main\n"
        "def broken(*_, **__):\n    raise KeyError(os.environ['AUTOFLOW_DB_PASSWORD'])\n"
        f"main.cli.main = broken\nsys.argv[1:] = ['plan']\n{begin}"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 4
    [kept] = tmp_path.glob("simpleflow-nb-bug-*.txt")
    line = f"simpleflow-nb: this is a bug of simpleflow-nb, please report it with {kept}: KeyError: '***'\n"
    assert (done.stdout, done.stderr) == ("", line)
    text = kept.read_text()
    assert re.match(r"simpleflow-nb \S+, Python \S+, .*\n\S+Z, process \d+\n\$ simpleflow-nb plan\n\nTraceback ", text)
    assert text.endswith("KeyError: '***'\n")
    assert "ZQ" not in text
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_console_script_is_what_shows_bugs_so() -> None:
    settings = configparser.ConfigParser()
    settings.read(Path(__file__).parents[2] / "setup.cfg")
    scripts = settings["options.entry_points"]["console_scripts"]
    assert scripts.strip() == "simpleflow-nb = simpleflow_nb.cli.main:console"


@pytest.mark.parametrize("begin", [lambda: main(["--version"]), console])
def test_whoever_calls_the_command_line_from_python_keeps_their_own_hook_for_errors(
    begin: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def own(*_: object) -> None:
        raise AssertionError("nothing has failed")

    monkeypatch.setattr(sys, "argv", ["simpleflow-nb", "--version"])
    monkeypatch.setattr(sys, "excepthook", own)
    monkeypatch.setattr(threading, "excepthook", own)
    with pytest.raises(SystemExit):
        begin()
    assert (sys.excepthook, threading.excepthook) == (own, own)
