"""How kernels end, wherever they come from, and that nothing outlives them."""

import json
import os
import signal
import subprocess
import sys
import threading

import nbformat
import psutil
import pytest

from tests.acceptance.conftest import is_running, wait_until
from workers.notebooks.notebook_run import Cancellation

from .conftest import failure_of

pytestmark = pytest.mark.usefixtures("temporary", "no_kernel_is_left")


def states(path):
    return [cell.metadata.papermill.status for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("os._exit(3)", "the kernel exited with status 3"),
        ("os.kill(os.getpid(), 9)", "the kernel was killed by SIGKILL, perhaps because memory ran out"),
        ("import ctypes; ctypes.string_at(0)", "the kernel was killed by SIGSEGV"),
    ],
)
def test_a_kernel_that_dies_takes_everything_along_that_it_has_started(write, run, into, death, reason):
    path = write(
        "import os, subprocess, sys, time",
        "for own in (False, True):\n"
        "    child = subprocess.Popen(['sleep', '600'], start_new_session=own)\n"
        "    print(child.pid, file=open(f'{own}.txt', 'w'))\n"
        "# a daemon: its parent is gone, it has its own session and an empty environment\n"
        "subprocess.run([sys.executable, '-c', 'import os, subprocess\\n"
        'print(subprocess.Popen(["sleep", "600"], start_new_session=True, env={}).pid, file=open("daemon.txt", "w"))\'])\n'
        "print('last words'); sys.stdout.flush(); time.sleep(0.5)\n" + death,
        "never",
    )
    failed = failure_of(run, path)
    assert (failed.cell, failed.ename, failed.evalue) == (2, "DeadKernelError", reason)
    assert states(failed.notebook) == ["completed", "failed", "pending"]
    assert (into / "output.txt").read_text() == "last words\n"
    assert [is_running(int((into / f"{name}.txt").read_text())) for name in ("False", "True", "daemon")] == [False] * 3


def test_what_a_notebook_leaves_running_when_it_ends_well_is_ended_too(write, run, into):
    path = write(
        "import subprocess",
        "pids = [subprocess.Popen(['sleep', '600'], start_new_session=own).pid for own in (False, True)]\n"
        "print(*pids, file=open('pids.txt', 'w'))",
    )
    run(path)
    assert [is_running(int(pid)) for pid in (into / "pids.txt").read_text().split()] == [False, False]


STUBBORN = "import signal, time\nfor s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\n"


@pytest.mark.parametrize(
    ("cell", "trace"),
    [("while True: pass", "KeyboardInterrupt"), (STUBBORN + "while True: pass", "")],
    ids=["busy", "stubborn"],
)
def test_a_cell_that_takes_too_long_is_interrupted_then_killed(write, run, cell, trace):
    # The cell is the first one: on a busy machine any other could take as long.
    failed = failure_of(run, write(cell, "never"), cell_timeout_seconds=0.5)
    assert str(failed) == (
        f"notebook 'report' failed in cell 1: TimeoutError: the cell was stopped after 0.5 s (see {failed.notebook})"
    )
    assert trace in failed.traceback
    assert states(failed.notebook) == ["failed", "pending"]


@pytest.mark.parametrize("cell", ["time.sleep(600)", STUBBORN + "time.sleep(600)"], ids=["polite", "stubborn"])
def test_a_notebook_that_is_cancelled_ends_and_says_so(write, run, into, cell):
    cancellation = Cancellation()
    path = write(
        "import subprocess, time", "subprocess.Popen(['sleep', '600'], start_new_session=True)\nopen('on', 'w')\n" + cell
    )

    def cancel():
        wait_until((into / "on").exists)
        cancellation.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    failed = failure_of(run, path, cancellation=cancellation)
    thread.join()
    assert (failed.cell, failed.ename, failed.evalue) == (2, "Cancelled", "on request")
    assert states(failed.notebook) == ["completed", "failed"]
    record = json.loads((into / "run.json").read_text())
    assert (record["status"], record["light"]) == ("cancelled", "red")


def test_a_notebook_that_was_cancelled_before_it_began_runs_no_cell(write, run):
    cancellation = Cancellation()
    cancellation.cancel()
    failed = failure_of(run, write("open('never', 'w')"), cancellation=cancellation)
    assert failed.ename == "Cancelled"
    assert not (failed.notebook.parent / "never").exists()


def test_a_notebook_that_takes_too_much_memory_is_killed_and_the_peak_told(write, run, into):
    path = write(
        "import subprocess, sys, time",
        "subprocess.Popen([sys.executable, '-c', 'x = b\"x\" * 400_000_000; import time; time.sleep(600)'], "
        "start_new_session=True)\ntime.sleep(600)",
    )
    failed = failure_of(run, path, memory_limit_bytes=400_000_000)
    assert (failed.cell, failed.ename) == (2, "MemoryLimitExceeded")
    assert failed.evalue.startswith("used ")
    assert failed.evalue.endswith(" MB of memory, more than its limit of 400 MB")
    assert json.loads((into / "run.json").read_text())["peak_memory_bytes"] > 400_000_000


def test_a_notebook_within_its_limit_of_memory_is_left_alone(write, run, into):
    run(write("a = 1", "import pandas, time; time.sleep(0.5)"), memory_limit_bytes=400_000_000)
    assert 0 < json.loads((into / "run.json").read_text())["peak_memory_bytes"] < 400_000_000


WORKER = """\
import sys
from workers.kernels.supply import KernelSettings, KernelSupply
from workers.notebooks import run_notebook
path, into, origin = sys.argv[1:]
supply = KernelSupply(KernelSettings(forks=origin != "spawn", preload=(), pool_size=2 * (origin == "pool")))
if origin != "spawn":
    supply.wait_ready()
run_notebook(path, {}, into, kernels=supply)
"""


def test_nothing_outlives_a_worker_that_is_killed_not_even_a_busy_kernels_daemon(write, origin, into, temporary):
    path = write(
        "import os, subprocess, sys",
        "daemon = subprocess.Popen(['sleep', '600'], start_new_session=True, env={})\n"
        "print(os.getpid(), daemon.pid, file=open('pids', 'w'), flush=True); os.rename('pids', 'pids.txt')\n"
        "10 ** 10 ** 8  # holds the interpreter's lock: no thread of the kernel can see that its parent is gone",
    )
    with subprocess.Popen([sys.executable, "-c", WORKER, path, into, origin], start_new_session=True) as worker:
        wait_until((into / "pids.txt").exists, 60)
        kernel, daemon = map(int, (into / "pids.txt").read_text().split())
        family = psutil.Process(worker.pid).children(recursive=True)
        assert {kernel, daemon} <= {one.pid for one in family} | {daemon}
        worker.kill()
    wait_until(lambda: not any(is_running(pid) for pid in (kernel, daemon, *(one.pid for one in family))))
    assert json.loads((into / "run.json").read_text())["status"] == "running"
    wait_until(lambda: not list(temporary.glob("sfnb-*")))  # its guardian has removed the folder of the kernel


def test_a_kernel_whose_guardian_is_killed_dies_with_it(write, run, into):
    path = write(
        "import os, signal, subprocess, time",
        "print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid, file=open('pid.txt', 'w'), flush=True)\n"
        "os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)",
    )
    failed = failure_of(run, path)
    assert (failed.cell, failed.ename) == (2, "DeadKernelError")
    orphan = int((into / "pid.txt").read_text())
    if is_running(orphan) and "spawn" in json.loads((into / "run.json").read_text())["kernel"]["origin"]:
        os.kill(orphan, signal.SIGKILL)  # nobody is left to see to it
    wait_until(lambda: not is_running(orphan))


def test_a_kernel_is_interruptible_although_its_worker_ignores_the_signal(write, run):
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        failed = failure_of(run, write("import time; time.sleep(600)"), cell_timeout_seconds=0.5)
    finally:
        signal.signal(signal.SIGINT, former)
    assert "KeyboardInterrupt" in failed.traceback
