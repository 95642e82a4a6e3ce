"""What is printed in a process of ours is written line by line, whoever reads it: a pipe, a file or a terminal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_nb.processes import standard_streams
from workers.kernels.fork_server import ForkServer, ForkServerError
from workers.reports import ReportOptions, ReportStopped
from workers.reports.conversion_process import Limits, ReportChild

ROOT = Path(__file__).parents[2]

#: When the module of that name is imported by a statement, prints a line and ends the process as SIGKILL does: unflushed.
SPEAK_AND_DIE = """
import os, sys

def hook(event, arguments):
    if event == "import" and arguments[0] == {module!r}:
        print("said by a library")
        os._exit(9)

sys.addaudithook(hook)
"""


def said_by_the_command(folder: Path) -> str:
    words = [sys.executable, "-m", "simpleflow_nb", "worker.start", "--domain", "Nowhere"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60).stdout


def said_by_an_isolated_body(folder: Path) -> str:
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "simpleflow_nb.processes.isolated", str(writer)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(writer,), cwd=folder)
    os.close(writer)
    with process, open(reader, "rb") as answers:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"sys_path": [str(ROOT), *sys.path]}).encode() + b"\n")
        process.stdin.flush()
        answers.read()  # until it has ended: its input must not end before
        return process.stdout.read().decode()


def said_by_a_fork_server(folder: Path) -> str:
    server = ForkServer([])
    try:
        with pytest.raises(ForkServerError) as failed:
            server.wait_ready()
    finally:
        server.close()
    return str(failed.value).removeprefix("did not start: ") + "\n"


def said_by_a_process_for_reports(folder: Path) -> str:
    child = ReportChild()
    try:
        with pytest.raises(ReportStopped):
            child.answer(folder / "a.ipynb", ReportOptions(), Limits(), None)
        return child._said.read_text()
    finally:
        child.end()


@pytest.mark.parametrize(
    ("said", "module"),
    [
        (said_by_the_command, "simpleflow_nb.processes.supervisor"),
        (said_by_an_isolated_body, "simpleflow_nb.processes.activity_bodies"),
        (said_by_a_fork_server, "zmq"),
        (said_by_a_process_for_reports, "tinycss2"),
    ],
)
def test_a_line_that_a_process_of_ours_prints_is_written_before_it_is_killed(
    said: Callable[[Path], str], module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SPEAK_AND_DIE.format(module=module))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    assert said(tmp_path) == "said by a library\n"


def test_streams_that_are_missing_or_not_pythons_own_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    standard_streams.write_by_lines()
