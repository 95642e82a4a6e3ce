"""Notebooks that crash, hang, take too much, are cancelled, lose their worker: nothing is left, all is on record."""

import json
import os
import random
import sys
import tempfile
import threading
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.acceptance.conftest import PRELOADED, is_running, wait_until
from tests.launcher import Started
from tests.settings import count
from workers.kernels.supply import KernelSettings, KernelSupply
from workers.notebooks.notebook_run import Cancellation, NotebookFailed, run_notebook

pytestmark = pytest.mark.usefixtures("temporary", "no_kernel_is_left")

DAEMON = "import os, subprocess, sys, time\nsubprocess.Popen(['sleep', '601'], start_new_session=True, env={})\n"
#: What a notebook does in its second cell, what it is given, and how it ends.
FATES = {
    "well": ("print(a)", {}, None),
    "figure": ("import matplotlib.pyplot as plt; plt.plot([a]);", {}, None),
    "raises": ("1 / 0", {}, "ZeroDivisionError"),
    "exits": ("os._exit(3)", {}, "DeadKernelError"),
    "crashes": ("import ctypes; ctypes.string_at(0)", {}, "DeadKernelError"),
    "kills its guardian": ("os.kill(os.getppid(), 9); time.sleep(600)", {}, "DeadKernelError"),
    "hangs": ("time.sleep(600)", {"cell_timeout_seconds": 3}, "TimeoutError"),
    "takes too much": ("x = b'x' * 900_000_000; time.sleep(600)", {"memory_limit_bytes": 400_000_000}, "MemoryLimitExceeded"),
    "is cancelled": ("open('on', 'w').close(); time.sleep(600)", {}, "Cancelled"),
}
WORKER = """\
import sys
from workers.kernels.supply import KernelSettings, KernelSupply
from workers.notebooks import run_notebook
path, into, pool = sys.argv[1:]
supply = KernelSupply(KernelSettings(preload=(), pool_size=int(pool)))
run_notebook(path, {"a": 1}, into, kernels=supply)
"""


def family_of(pid):
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def test_nothing_is_left_of_notebooks_that_end_in_any_way_and_all_is_on_record(write, tmp_path, temporary):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    choice = random.Random(seed)
    supply = KernelSupply(KernelSettings(preload=PRELOADED, pool_size=1))
    try:
        for number in range(count(small=len(FATES), soak=200)):
            name = list(FATES)[number] if number < len(FATES) else choice.choice(list(FATES))
            if number % 20 == 19:
                kill_a_worker(write, tmp_path / str(number), choice, temporary)
            else:
                end_as_fated(write, tmp_path / str(number), supply, *FATES[name])
        supply.drain()
        server = psutil.Process(supply.server.pid)
        wait_until(lambda: server.children() == [])
    finally:
        supply.close()
    wait_until(lambda: not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "601"]])


def end_as_fated(write, into, supply, cell, limits, ename):
    path = write("a = 1", DAEMON + cell)
    cancellation = Cancellation()
    threading.Thread(target=lambda: (into / "on").exists() or wait_and_cancel(into, cancellation), daemon=True).start()
    try:
        run_notebook(path, {"a": 2}, into, kernels=supply, cancellation=cancellation, **limits)
        ended = None
    except NotebookFailed as failed:
        ended = failed.ename
    finally:
        (into / "over").touch()
    record = json.loads((into / "run.json").read_text())
    assert ended == ename
    assert record["status"] == {None: "succeeded", "Cancelled": "cancelled"}.get(ename, "failed")
    assert record["ended"] is not None
    states = [
        cell.metadata.papermill.status for cell in nbformat.read(into / "report.ipynb", 4).cells if "code" in cell.cell_type
    ]
    assert states == ["completed", "completed", "failed" if ename else "completed"]


def wait_and_cancel(into, cancellation):
    wait_until(lambda: (into / "on").exists() or (into / "over").exists(), 180)
    if (into / "on").exists():
        cancellation.cancel()


def kill_a_worker(write, into, choice, temporary):
    path = write("a = 1", DAEMON + "open('on', 'w').close(); 10 ** 10 ** 8")
    folders = Path(tempfile.mkdtemp(dir=temporary))  # those in `temporary` are of kernels that are held here
    words = [sys.executable, "-c", WORKER, path, into, str(choice.randrange(2))]
    with Started(words, env={**os.environ, "TMPDIR": str(folders)}) as worker:
        wait_until((into / "on").exists, 180)
        family = family_of(worker.pid)
        worker.kill()
    wait_until(lambda: not any(map(is_running, family)) and not list(folders.glob("sfnb-*")))
    assert nbformat.read(into / "report.ipynb", 4).cells


@pytest.mark.skipif(count(small=0, soak=1) == 0, reason="takes minutes; --soak runs it")
def test_memory_does_not_grow_with_the_number_of_notebooks(write, into):
    path = write("a = 1", "import pandas; print(pandas.Series(range(1000)).sum())")
    with_ours = psutil.Process()
    supply = KernelSupply(KernelSettings(preload=PRELOADED))
    try:
        sizes = []
        for number in range(500):
            run_notebook(path, {"a": number}, into, kernels=supply)
            if number % 50 == 49:
                sizes.append((with_ours.memory_info().rss, psutil.Process(supply.server.pid).memory_info().rss))
                print(
                    number + 1,
                    *(f"{size / 1e6:.1f} MB" for size in sizes[-1]),
                    len(with_ours.open_files()),
                    with_ours.num_fds(),
                )
        for ours in (0, 1):
            assert sizes[-1][ours] < sizes[1][ours] * 1.05 + 2_000_000
    finally:
        supply.close()
