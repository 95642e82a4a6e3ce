"""What holds for every test: system programs may be missing here but not in CI, and no test leaves processes behind, nor does a
suite that is interrupted."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import settings

from . import interruption, launched, launcher

_GRACE_SECONDS = 20
#: Python's own helper processes live as long as the process that needed them.
_LIVES_ON = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")

# Ours write line by line by themselves; with this they would, whatever we did.
os.environ.pop("PYTHONUNBUFFERED", None)
# With this each of some two thousand processes would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# As hypothesis does by itself in CI: a busy machine fails no test.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")


_seconds: dict[str, float] = {}  # by folder of tests
_cpu_seconds: dict[str, float] = {}  # by test, with the processes that it waited for
_CPU = "CPU seconds"
_CPU_BEFORE = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "show the N tests that took most CPU seconds, in this process and in those that they started and waited for"
    parser.addoption("--cpu", type=int, default=0, metavar="N", help=text)


def pytest_configure(config: pytest.Config) -> None:
    # Also because a suite that a script runs in the background is started with SIGINT ignored; and so would be what it starts.
    interruption.install(config)


@pytest.hookimpl(tryfirst=True)  # others complain here of what an interrupted test did not close
def pytest_unconfigure() -> None:
    interruption.clean_up()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_CPU_BEFORE] = _cpu_until_now()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, pytest.TestReport]:
    report: pytest.TestReport = yield
    if call.when == "teardown":
        report.user_properties.append((_CPU, _cpu_until_now() - item.stash[_CPU_BEFORE]))
    return report


def _cpu_until_now() -> float:
    return sum(os.times()[:4]) + launcher.cpu_seconds()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Of every test, by whichever process it was run."""
    folder = _folder_of(report.nodeid)
    _seconds[folder] = _seconds.get(folder, 0) + report.duration
    if report.when == "teardown":
        _cpu_seconds[report.nodeid] = dict(report.user_properties)[_CPU]  # type: ignore[assignment]


def _folder_of(nodeid: str) -> str:
    folders = Path(nodeid.partition("::")[0]).parent.parts
    return folders[1] if len(folders) > 1 else ".".join(folders) or "."


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not _seconds:
        return
    by_folder: dict[str, float] = {}
    for nodeid, seconds in _cpu_seconds.items():
        by_folder[_folder_of(nodeid)] = by_folder.get(_folder_of(nodeid), 0) + seconds
    for what, found in (("seconds", _seconds), ("CPU seconds", by_folder)):
        told = ", ".join(f"{folder} {seconds:.0f}" for folder, seconds in _most_first(found))
        terminalreporter.write_line(f"{what} of the tests, by folder: {told}")
    for nodeid, seconds in _most_first(_cpu_seconds)[: config.getoption("--cpu")]:
        terminalreporter.write_line(f"{seconds:8.2f}  {nodeid}")


def _most_first(seconds: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(seconds.items(), key=lambda found: -found[1])


def require_program(name: str, package: str) -> str:
    """The path of a system program, for tests that cannot do without it.

    Without it the test is skipped with the command that installs it on Debian; with ``CI=true`` it fails.
    """
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed; apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return path


@pytest.fixture(autouse=True)
def no_process_is_left_behind() -> Iterator[None]:
    """Fails a test that started a process and did not end it; fixtures of a wider scope may keep theirs."""
    before, running = _children(), launched.running()
    yield
    _end_launched(launched.running() - running)
    new = _children() - before
    if not new or interruption.is_interrupted():
        return
    left = [child for child in psutil.Process().children() if child.pid in new and not _lives_on(child)]
    _, left = psutil.wait_procs(left, timeout=_GRACE_SECONDS)
    named = [f"{child.pid} {_command(child)}" for child in left]
    for child in left:
        child.kill()
    psutil.wait_procs(left, timeout=_GRACE_SECONDS)
    if named:
        pytest.fail(f"left processes behind: {'; '.join(named)}", pytrace=False)


def _end_launched(left: set[launched.Launched]) -> None:
    """Kill commands that a test has left running; that they were is its failure."""
    until = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < until and any(one.poll() is None for one in left):
        time.sleep(0.05)
    named = [f"{one.pid} {' '.join(one.args)}" for one in left if one.poll() is None]
    for one in left:
        one.kill()
        one.wait(_GRACE_SECONDS)
    if named and not interruption.is_interrupted():
        pytest.fail(f"left commands behind: {'; '.join(named)}", pytrace=False)


@pytest.fixture(autouse=True)
def no_signal_handler_is_left_behind() -> Iterator[None]:
    """Fails a test after which a signal would reach what that test has made, and not the suite."""
    before = _handlers()
    yield
    after = _handlers()
    for number, handler in before.items():
        signal.signal(number, handler)
    if after != before:
        pytest.fail(f"left handlers of signals behind: {after}", pytrace=False)


def _handlers() -> dict[signal.Signals, Any]:
    return {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)}


def _children() -> set[int]:
    """Of this process: the same twice, for a look leaves out siblings of a process that ends meanwhile (proc(5))."""
    seen, again = _look_at_children(), _look_at_children()
    while seen != again:
        seen, again = again, _look_at_children()
    return seen


def _look_at_children() -> set[int]:
    """Linux tells them at once; psutil looks at every process there is."""
    try:
        return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}
    except OSError:  # another system, or a thread that has just ended
        return {child.pid for child in psutil.Process().children()}


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:200] or process.name()
    except psutil.Error:
        return "(gone)"


def _lives_on(process: psutil.Process) -> bool:
    command = _command(process)
    return launcher.is_launcher(command) or any(helper in command for helper in _LIVES_ON)
