"""Notebooks that fail, are stopped, or whose kernel dies: what is said and what is kept."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading

import nbformat
import pytest

from tests.acceptance.conftest import is_running, run_json, sources_and_states, wait_until
from workers.notebooks.notebook_run import NotebookFailed, run_notebook

pytestmark = pytest.mark.usefixtures("forked")

BROKEN = {"name": "broken", "display_name": "Broken", "language": "python"}


def failure_of(path, parameters, into, **options):
    with pytest.raises(NotebookFailed) as failed:
        run_notebook(path, parameters, into, **options)
    return failed.value


def banner(notebook):
    """What the cell says that a failure has put at the top."""
    top = nbformat.read(notebook, 4).cells[0]
    assert top.metadata.tags == ["papermill-error-cell-tag"]
    return re.sub("<.*?>", "", top.source)


def test_a_cell_that_raises_is_named_and_the_half_run_notebook_kept(write, into):
    path = write("a = 1", "# Part", "print(1 / a)", "print('never')")
    failed = failure_of(path, {"a": 0}, into)

    assert str(failed) == (f"notebook 'report' failed in cell 3: ZeroDivisionError: division by zero (see {into}/report.ipynb)")
    assert (failed.label, failed.cell, failed.ename, failed.evalue) == ("report", 3, "ZeroDivisionError", "division by zero")
    assert "----> 1 print(1 / a)" in failed.traceback
    assert "\x1b" not in failed.traceback
    copy = pickle.loads(pickle.dumps(failed))
    assert (str(copy), copy.notebook, copy.traceback) == (str(failed), into / "report.ipynb", failed.traceback)
    states = sources_and_states(failed.notebook)
    assert states == [
        ("a = 1", "completed"),
        ("# Parameters", "completed"),
        ("print(1 / a)", "failed"),
        ("print('never')", "pending"),
    ]
    assert banner(failed.notebook) == "Cell 3 failed: ZeroDivisionError: division by zero Go to the cell"
    record = run_json(into)
    assert (record["status"], record["light"]) == ("failed", "red")
    assert record["error"] == {"cell": 3, "ename": "ZeroDivisionError", "evalue": "division by zero"}


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("os._exit(3)", "the kernel exited with status 3"),
        ("os.kill(os.getpid(), 9)", "the kernel was killed by SIGKILL, perhaps because memory ran out"),
        ("import ctypes; ctypes.string_at(0)", "the kernel was killed by SIGSEGV"),
    ],
)
def test_a_kernel_that_dies_takes_its_children_along_and_its_cell_says_why(write, into, death, reason):
    path = write(
        "import os, subprocess, sys, time",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('child.txt', 'w').write(str(child.pid))\nprint('last words'); sys.stdout.flush(); time.sleep(0.5)\n" + death,
        "print('never')",
    )
    failed = failure_of(path, {}, into)
    assert str(failed) == f"notebook 'report' failed in cell 2: DeadKernelError: {reason} (see {into}/report.ipynb)"
    assert [state for _, state in sources_and_states(failed.notebook)] == ["completed", "failed", "pending"]
    outputs = [cell for cell in nbformat.read(failed.notebook, 4).cells if cell.cell_type == "code"][1].outputs
    assert [(output.output_type, output.get("evalue")) for output in outputs] == [("stream", None), ("error", reason)]
    assert (into / "output.txt").read_text() == "last words\n"
    child = int((into / "child.txt").read_text())
    wait_until(lambda: not is_running(child))  # killed before run_notebook returned; gone when the system has got to it


def test_a_notebook_that_takes_too_long_is_interrupted(write, into):
    failed = failure_of(write("import time; time.sleep(600)", "never"), {}, into, timeout_seconds=8)
    assert str(failed) == f"notebook 'report' failed in cell 1: TimeoutError: stopped after 8 s (see {into}/report.ipynb)"
    assert "KeyboardInterrupt" in failed.traceback
    assert [state for _, state in sources_and_states(failed.notebook)] == ["failed", "pending"]


def test_a_timeout_before_the_kernel_answers_is_reported_as_that(write, into):
    failed = failure_of(write("a = 1"), {}, into, timeout_seconds=0.001)
    assert str(failed) == (
        f"notebook 'report' failed before its first cell: TimeoutError: stopped after 0.001 s (see {into}/report.ipynb)"
    )
    assert sources_and_states(failed.notebook) == [("a = 1", "pending")]
    assert banner(failed.notebook) == "The kernel did not start: TimeoutError: stopped after 0.001 s"


class Cancelled(Exception):
    pass


def test_an_exception_from_on_progress_ends_the_kernel_and_keeps_the_notebook(write, into):
    def cancel(cell, cells, heading):
        if cell == 2:
            raise Cancelled("by the operator")

    with pytest.raises(Cancelled, match=r"^by the operator$"):
        run_notebook(write("a = 1", "b = 2", "c = 3"), {"a": 2}, into, on_progress=cancel)
    assert sources_and_states(into / "report.ipynb") == [
        ("a = 1", "completed"),
        ("# Parameters", "completed"),
        ("b = 2", "failed"),
        ("c = 3", "pending"),
    ]
    assert run_json(into)["error"] == {"cell": None, "ename": "Cancelled", "evalue": "by the operator"}


def test_an_exception_from_on_kernel_started_ends_the_kernel(write, into):
    def cancel(pid):
        raise Cancelled

    with pytest.raises(Cancelled):
        run_notebook(write("a = 1"), {}, into, on_kernel_started=cancel)
    assert run_json(into)["status"] == "failed"


def test_ctrl_c_ends_the_kernel_and_keeps_the_notebook(write, into):
    def interrupt(cell, cells, heading):
        if cell == 2:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        run_notebook(write("a = 1", "import time; time.sleep(600)"), {}, into, on_progress=interrupt)
    assert [state for _, state in sources_and_states(into / "report.ipynb")] == ["completed", "failed"]


def test_a_killed_worker_leaves_no_kernel(write, into, temporary):
    path = write(
        "import os, time", "open('pid.txt', 'w').write(str(os.getpid()))\nos.rename('pid.txt', 'pid')\ntime.sleep(600)"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", f"from workers.notebooks import *; run_notebook({str(path)!r}, {{}}, {str(into)!r})"]
    )
    wait_until((into / "pid").exists)
    kernel = int((into / "pid").read_text())
    worker.kill()
    worker.wait()
    wait_until(lambda: not is_running(kernel))
    assert run_json(into)["status"] == "running"
    assert nbformat.read(into / "report.ipynb", 4).cells


def test_leaving_with_a_status_is_a_failure(write, into):
    failed = failure_of(write("a = 1", "import sys; sys.exit(4)"), {}, into)
    assert str(failed) == f"notebook 'report' failed in cell 2: SystemExit: 4 (see {into}/report.ipynb)"


def test_secrets_are_masked_in_all_that_is_kept(write, into, monkeypatch):
    token = "tok-1234567890-secret"
    monkeypatch.setenv("FLOWAPI_TOKEN", token)
    path = write(
        "a = 1",
        "import os, sys, time; t = os.environ['FLOWAPI_TOKEN']; print(t)\n"
        "print(t[:8], end=''); sys.stdout.flush(); time.sleep(0.3); print(t[8:])\nraise ValueError(t)",
    )
    failed = failure_of(path, {}, into)
    assert failed.evalue == "***"
    for kept in into.iterdir():
        assert token not in kept.read_text(), kept
    assert token not in str(failed) + failed.traceback
    assert (into / "output.txt").read_text() == "***\n***\n"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (["/nowhere/kernel"], "its program /nowhere/kernel cannot be started: No such file or directory"),
        ([sys.executable, "-c", "import sys; sys.exit('no licence')"], "it exited with status 1; it said: no licence"),
    ],
)
def test_a_kernel_that_does_not_start_is_a_failure_that_says_why(write, into, tmp_path, monkeypatch, program, reason):
    folder = tmp_path / "jupyter" / "kernels" / "broken"
    folder.mkdir(parents=True)
    specification = {"argv": [*program, "{connection_file}"], "display_name": "Broken", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(specification))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    failed = failure_of(write("a = 1", kernelspec=BROKEN), {}, into)
    assert str(failed) == (
        f"notebook 'report' failed before its first cell: KernelNotStarted: {reason} (see {into}/report.ipynb)"
    )
    assert failed.cell is None
    assert banner(failed.notebook) == f"The kernel did not start: {reason}"


def test_a_notebook_whose_kernel_did_not_start_names_no_secret_and_runs_again(write, into, monkeypatch):
    token = "tok-1234567890-secret"
    monkeypatch.setenv("FLOWAPI_TOKEN", token)
    failed = failure_of(write("a = 1"), {}, into, environment={"PYTHONHOME": f"/{token}"})
    assert "it exited with status 1; it said: ..." in banner(failed.notebook)
    assert "No module named 'encodings'" in failed.cause  # the end is what says most
    assert token not in failed.notebook.read_text() + str(failed)
    again = run_notebook(failed.notebook, {}, into.with_name("again"), label="report")
    assert [cell.source for cell in nbformat.read(again.path, 4).cells] == ["a = 1"]
