"""Notebooks for tests, and folders for what they leave."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from tests.launcher import is_launcher
from tests.settings import PATIENCE_SECONDS, is_soak
from workers.kernels.supply import KernelSettings, KernelSupply
from workers.notebooks.notebook_run import NotebookResult, run_notebook

new = nbformat.v4
PRELOADED = ("numpy", "pandas", "matplotlib.pyplot", "matplotlib_inline.backend_inline")

Write = Callable[..., Path]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a table, the first row alone is tried in a kernel that is a program of its own, which costs ten times as much as one
    that is forked; in a soak each row is."""
    if is_soak():
        return
    spawned: set[str] = set()
    left_out = []
    for item in items:
        origins = [value for name, value in _parameters(item).items() if name in ("run", "origin")]
        if origins == ["spawn"]:
            function = item.nodeid.partition("[")[0]
            if function in spawned:
                left_out.append(item)
            spawned.add(function)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _parameters(item: pytest.Item) -> dict[str, Any]:
    return item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a notebook: its first cell is tagged `parameters`; text that begins with # is Markdown."""

    def write_notebook(*cells: str, name: str = "report.ipynb", tagged: bool = True, **metadata: object) -> Path:
        notebook = new.new_notebook()
        notebook.metadata.update(metadata)
        for cell in cells:
            kind = new.new_markdown_cell if cell.startswith("#") else new.new_code_cell
            notebook.cells.append(kind(cell))
        if tagged:
            notebook.cells[0].metadata["tags"] = ["parameters"]
        path = tmp_path / name
        nbformat.write(notebook, path)
        return path

    return write_notebook


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "out" / "report"


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Folder for temporary files, with a path that is short enough for sockets. Nothing of ours may stay in it."""
    assert tmp_path.is_dir()  # pytest's own folder comes first, or it would be made in ours
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        wait_until(lambda: not list(Path(folder).glob("sfnb-*")))  # the guardian of a killed worker's kernel removes its folder


@pytest.fixture(scope="session")
def forking() -> Iterator[KernelSupply]:
    """A fork server for all tests of the session, ready."""
    supply = KernelSupply(KernelSettings(preload=PRELOADED))
    supply.start()
    supply.wait_ready()
    yield supply
    supply.close()


@pytest.fixture
def forked(forking: KernelSupply, temporary: Path, no_kernel_is_left: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are forked where nothing else is said; what their origin could matter for is in kernels/."""
    monkeypatch.setattr("workers.kernels.supply._shared", forking)


@pytest.fixture(params=["fork", "spawn"])
def run(
    request: pytest.FixtureRequest, forking: KernelSupply, temporary: Path, no_kernel_is_left: None
) -> Callable[..., NotebookResult]:
    """``run_notebook`` with a kernel of each origin, in an environment in which ipykernel takes output as it does in a run."""
    kernels = forking if request.param == "fork" else KernelSupply(KernelSettings(forks=False))

    def run_it(path: Path, parameters: dict[str, Any], into: Path, **options: Any) -> NotebookResult:
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # with it the output of subprocesses is not captured
        return run_notebook(path, parameters, into, kernels=kernels, **options)

    return run_it


@pytest.fixture
def no_kernel_is_left() -> Iterator[None]:
    """Fails a test after which something is left of a kernel, wherever in the tree of processes."""
    before = set(psutil.Process().children(recursive=True))  # a report's process may be kept for the next one
    yield

    def left() -> set[psutil.Process]:
        new = set(psutil.Process().children(recursive=True)) - before - set(_servers())
        return {process for process in new if not _is_reaped(process)}

    try:
        wait_until(lambda: not left())
    except AssertionError:
        named = [process.as_dict(["pid", "ppid", "status", "cmdline"]) for process in left()]
        pytest.fail(f"left behind: {named}", pytrace=False)


def _is_reaped(process: psutil.Process) -> bool:
    """Whether it has ended: what has lost its parent is ours, and nobody else asks for its exit status."""
    try:
        if process.status() != psutil.STATUS_ZOMBIE or process.ppid() != os.getpid():
            return False
        process.wait(0)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        return False
    return True


def _servers() -> list[psutil.Process]:
    """Children of ours, which stay: what they fork for us, kernels and commands, does not."""
    found = []
    for child in psutil.Process().children():
        try:
            command = " ".join(child.cmdline())
            if "fork_server_process" in command or is_launcher(command):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that notes who calls."""
    calls: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, address = server.accept()
            except OSError:
                return
            calls.append(str(address))
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(60)


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Poll until the condition holds.

    Raises:
        AssertionError: it did not in that time.
    """
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited for {seconds:g} s"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether the process is there and has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def run_json(into: Path) -> dict[str, Any]:
    """The record of a run in that folder."""
    record: dict[str, Any] = json.loads((into / "run.json").read_text())
    return record


def sources_and_states(path: Path) -> list[tuple[str, str]]:
    """The first line and the status of each cell of code."""
    cells = nbformat.read(path, 4).cells
    return [(cell.source.split("\n")[0], cell.metadata.papermill.status) for cell in cells if cell.cell_type == "code"]
