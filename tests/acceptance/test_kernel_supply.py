"""Which kernels are forked, why others are not, and what becomes of a fork server."""

import json
import logging
import os
import signal
import site
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from simpleflow_nb.variables import SIMPLEFLOW_NB_PRELOAD
from tests.acceptance.conftest import is_running, wait_until
from workers.kernels import supply as supplies
from workers.kernels.fork_server import ForkServer, ForkServerError
from workers.kernels.spawn_reasons import changed_variable, shadowing_file
from workers.kernels.supply import (
    KernelSettings,
    KernelSupply,
    is_shared_kept,
    open_shared,
    release_shared,
    shared_supply,
    warm_kernels,
)
from workers.notebooks.notebook_run import run_notebook

pytestmark = pytest.mark.usefixtures("temporary", "no_kernel_is_left")


@pytest.fixture
def bare():
    """A supply of its own for the test, which imports little and starts soon."""
    made = KernelSupply(KernelSettings(preload=()))
    yield made
    made.close()


def origin_of(into):
    kernel = json.loads((into / "run.json").read_text())["kernel"]
    return kernel["origin"], kernel["reason"]


def told_by(caplog):
    """What the log says of kernels that are started afresh."""
    return [(record.levelname, record.getMessage()) for record in caplog.records if "afresh" in record.getMessage()]


@pytest.mark.parametrize(
    ("there", "here", "name"),
    [
        ({"A": "1", "PATH": "/bin"}, {"B": "2", "PATH": "/usr/bin", "TZ": "UTC", "MPLBACKEND": "agg"}, ""),
        ({}, {"PYTHONPATH": "/x"}, "PYTHONPATH"),
        ({"OMP_NUM_THREADS": "1"}, {}, "OMP_NUM_THREADS"),
        ({"LC_ALL": "C"}, {"LC_ALL": "de_CH"}, "LC_ALL"),
        ({"LANGUAGES": "a"}, {}, ""),
    ],
)
def test_only_variables_that_are_read_at_the_start_keep_a_kernel_from_being_forked(there, here, name):
    assert changed_variable(there, here) == name


@pytest.mark.parametrize(
    ("names", "hiding"),
    [
        (["output.txt", "pandas.txt", "config.json", "pandas.py.bak"], None),
        (["pandas.py"], "pandas.py"),
        (["numpy.cpython-311-x86_64-linux-gnu.so", "z.py"], None),
        (["pandas/__init__.py"], "pandas"),
        (["pandas/data.csv"], None),
    ],
)
def test_only_what_can_be_imported_hides_a_module(tmp_path, names, hiding):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = shadowing_file(tmp_path, frozenset({"pandas", "output", "config"}))
    assert (found and found.name) == hiding


def test_a_kernel_that_cannot_be_forked_is_spawned_and_the_reason_kept(write, into, forking, caplog, tmp_path, monkeypatch):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(forking, "_told", set())
    path = write("a = 1", "import pandas; print(pandas.__file__)")
    into.mkdir(parents=True)
    (into / "pandas.py").touch()
    run_notebook(path, {}, into, kernels=forking)
    assert (into / "output.txt").read_text() == f"{into}/pandas.py\n"
    reason = "pandas.py in its folder hides a module that is imported ahead"
    assert origin_of(into) == ("spawn", reason)
    assert told_by(caplog) == [("INFO", f"a kernel is started afresh, because {reason}")]
    run_notebook(path, {}, tmp_path / "2", environment={"OMP_NUM_THREADS": "1", "PYTHONPATH": "."}, kernels=forking)
    reason = "OMP_NUM_THREADS differs from that of the worker, and is read at the start of Python"
    assert origin_of(tmp_path / "2") == ("spawn", reason)


def test_another_kernel_is_spawned(write, into, forking, tmp_path, monkeypatch):
    folder = tmp_path / "jupyter" / "kernels" / "mine"
    folder.mkdir(parents=True)
    kernel = {"argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Mine"}
    (folder / "kernel.json").write_text(json.dumps({**kernel, "language": "python", "env": {"MINE": "yes"}}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    run_notebook(write("a = 1", "import os; print(os.environ['MINE'])"), {}, into, kernel="mine", kernels=forking)
    assert origin_of(into) == ("spawn", "its kernel is 'Mine', not the Python of the worker")
    assert (into / "output.txt").read_text() == "yes\n"


def test_a_fork_server_older_than_the_packages_is_replaced(write, into, bare, tmp_path, monkeypatch):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    path = write("a = 1")
    bare.wait_ready()
    first = bare.server
    monkeypatch.setattr(first, "path", [*first.path, str(packages)])
    run_notebook(path, {}, into, kernels=bare)
    assert origin_of(into) == ("spawn", "packages have changed since the fork server was started")
    wait_until(lambda: not is_running(first.pid))
    run_notebook(path, {}, into, kernels=bare)
    assert origin_of(into) == ("fork", None)
    assert site.getsitepackages()[0] in bare.server.path


def test_a_fork_server_that_was_killed_is_replaced(write, into, bare, caplog):
    bare.wait_ready()
    first = bare.server.pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not is_running(first))
    run_notebook(write("a = 1"), {}, into, kernels=bare)
    assert origin_of(into) == ("spawn", "the fork server has ended")
    assert told_by(caplog) == [("WARNING", "a kernel is started afresh, because the fork server has ended")]
    run_notebook(write("a = 1"), {}, into, kernels=bare)
    assert origin_of(into) == ("fork", None)
    assert bare.server.pid != first


def test_a_kernel_outlives_its_fork_server(write, into, bare):
    def kill_server(cell, cells, heading):
        if cell == 2:
            bare.server._process.kill()

    run_notebook(
        write("a = 1", "import time; time.sleep(0.2)", "print('done')"), {}, into, kernels=bare, on_progress=kill_server
    )
    assert (into / "output.txt").read_text() == "done\n"


def test_a_fork_server_that_does_not_start_is_said_once_and_kernels_are_spawned(
    write, into, tmp_path, monkeypatch, bare, caplog
):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('no licence')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    bare.start()
    with pytest.raises(ForkServerError, match=r"^did not start: SystemExit: no licence$"):
        bare.wait_ready()
    monkeypatch.delenv("PYTHONPATH")
    reason = "the fork server did not start: SystemExit: no licence"
    for _ in range(2):
        run_notebook(write("a = 1"), {}, into, kernels=bare)
        assert origin_of(into) == ("spawn", reason)
    assert told_by(caplog) == [("WARNING", f"a kernel is started afresh, because {reason}")]


def test_a_module_that_somebody_wants_imported_ahead_and_cannot_be_is_a_warning(write, into, caplog):
    supply = KernelSupply(KernelSettings(preload=("no_such_module",)))
    try:
        run_notebook(write("a = 1"), {}, into, kernels=supply)
    finally:
        supply.close()
    sentence = "no_such_module is not imported ahead of notebooks: ModuleNotFoundError: No module named 'no_such_module'"
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [sentence]


def test_a_module_that_cannot_be_imported_ahead_is_passed_over(tmp_path):
    server = ForkServer(["no_such_module"])
    server.wait_ready()
    assert server.missing == {"no_such_module": "ModuleNotFoundError: No module named 'no_such_module'"}
    server.close()
    assert not is_running(server.pid)


def test_nothing_is_imported_ahead_for_notebooks_that_nobody_named():
    server = ForkServer([])
    server.wait_ready()
    server.close()
    assert {"ipykernel", "IPython"} <= server.modules
    assert server.modules.isdisjoint({"matplotlib", "numpy", "pandas"})


def test_a_fork_server_is_ended_while_it_still_starts():
    supply = KernelSupply(KernelSettings())
    supply.start()
    pid = supply.server.pid
    supply.close()
    assert not is_running(pid)


def test_kernels_that_are_held_are_used_once_and_others_take_their_place(write, into):
    supply = KernelSupply(KernelSettings(preload=(), pool_size=2))
    try:
        supply.wait_ready()
        server = psutil.Process(supply.server.pid)
        held = {child.pid for child in server.children()}
        assert len(held) == 2
        run_notebook(write("a = 1"), {}, into, kernels=supply)
        assert origin_of(into) == ("pool", None)
        wait_until(lambda: len({child.pid for child in server.children() if is_running(child.pid)} - held) == 1)
        supply.drain()
        run_notebook(write("a = 1"), {}, into, kernels=supply)
        assert origin_of(into) == ("fork", None)  # nothing was held: it is not waited for
        supply.drain()
    finally:
        supply.close()


def test_within_a_block_kernels_are_forked_and_after_it_nothing_is_left(write, into, monkeypatch):
    monkeypatch.setenv("SIMPLEFLOW_NB_PRELOAD", "")
    with warm_kernels() as supply:
        run_notebook(write("a = 1"), {}, into)
        assert origin_of(into) == ("fork", None)
        pid = supply.server.pid
    assert not is_running(pid)
    assert supplies.shared_supply() is None
    run_notebook(write("a = 1"), {}, into)
    assert origin_of(into) == ("spawn", "no fork server was started, as workers and warm_kernels() do")


def test_an_operator_can_have_all_kernels_spawned(write, into, monkeypatch):
    monkeypatch.setenv("SIMPLEFLOW_NB_KERNELS", "spawn")
    with warm_kernels() as supply:
        run_notebook(write("a = 1"), {}, into)
        assert supply.server is None
    assert origin_of(into) == ("spawn", "SIMPLEFLOW_NB_KERNELS asks for it")


def test_a_block_within_another_or_beside_it_ends_nothing_that_is_in_use(monkeypatch):
    monkeypatch.setenv("SIMPLEFLOW_NB_PRELOAD", "")
    with warm_kernels() as outer:
        pid = outer.server.pid
        with warm_kernels() as inner:
            assert inner is outer
        assert is_running(pid)
        beside, other = ExitStack(), ThreadPoolExecutor(1)
        with other:
            other.submit(beside.enter_context, warm_kernels()).result()
        assert supplies.shared_supply() is outer
    assert is_running(pid)
    beside.close()
    assert not is_running(pid)
    assert supplies.shared_supply() is None


def test_a_block_in_a_worker_leaves_the_worker_its_fork_server(monkeypatch):
    monkeypatch.setenv("SIMPLEFLOW_NB_PRELOAD", "")
    kept = supplies.open_shared()
    try:
        with warm_kernels() as supply:
            assert supply is kept
        assert supplies.shared_supply() is kept
        assert is_running(kept.server.pid)
    finally:
        supplies.close_shared()
    with warm_kernels() as supply:
        pid = supply.server.pid
    assert not is_running(pid)


@pytest.mark.parametrize(
    ("environment", "settings"),
    [
        ({}, KernelSettings(forks=True, preload=SIMPLEFLOW_NB_PRELOAD.default, pool_size=0)),
        ({"SIMPLEFLOW_NB_PRELOAD": " numpy , a.b "}, KernelSettings(preload=("numpy", "a.b"))),
        ({"SIMPLEFLOW_NB_PRELOAD": "", "SIMPLEFLOW_NB_KERNEL_POOL": "3"}, KernelSettings(preload=(), pool_size=3)),
        ({"SIMPLEFLOW_NB_KERNELS": "spawn"}, KernelSettings(forks=False)),
    ],
)
def test_settings_come_from_the_environment(environment, settings, monkeypatch):
    for name in ("SIMPLEFLOW_NB_KERNELS", "SIMPLEFLOW_NB_PRELOAD", "SIMPLEFLOW_NB_KERNEL_POOL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert KernelSettings.from_environment() == settings


def test_idle_memory_of_a_held_kernel_is_small():
    supply = KernelSupply(KernelSettings(pool_size=1))
    try:
        supply.wait_ready()
        assert supply.server.start_seconds > 0
        guardian = psutil.Process(supply.server.pid).children()[0]
        private = sum(_private_bytes(pid) for pid in (guardian.pid, *(child.pid for child in guardian.children())))
        print(f"{private / 1e6:.1f} MB")
        assert private < 40_000_000, f"{private / 1e6:.0f} MB"
    finally:
        supply.close()


def _private_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))


def test_what_a_call_has_opened_ends_with_it_unless_somebody_else_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_NB_PRELOAD", "")
    with warm_kernels() as supply:
        assert open_shared() is supply
        assert is_shared_kept()
        release_shared()
        assert (is_shared_kept(), shared_supply()) == (False, supply)
    assert shared_supply() is None
    open_shared()
    release_shared()
    assert shared_supply() is None
