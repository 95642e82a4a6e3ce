"""An interrupted suite leaves no process behind.

Ctrl-C and SIGTERM end the test that runs as an exception would, so that fixtures clean up; then whatever was started and is
still there is told to end, and killed: descendants, and those that only the environment that they were started with gives away.
A second signal does not wait for the fixtures.
"""

from __future__ import annotations

import os
import signal
import time
from types import FrameType

import psutil
import pytest

from simpleflow_nb.processes.guardian import become_subreaper

_MARK = "TESTS_OF"  #: in the environment of everything that the suite starts
_GRACE_SECONDS = 5.0
_EXIT_CODE = 130
_XDISTS_WORKER = "exec(eval(sys.stdin.readline()))"

_owner = os.getpid()
_signals = 0
_is_worker = False


def install(config: pytest.Config) -> None:
    """Take SIGINT and SIGTERM, for this process alone and not for those that it forks."""
    global _is_worker
    _is_worker = hasattr(config, "workerinput")
    if not _is_worker:
        os.environ[_MARK] = f"{_owner}-{psutil.Process().create_time()}"
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_signal)


def is_interrupted() -> bool:
    return _signals > 0


def clean_up() -> None:
    """Once the tests have ended: nothing happens unless they were interrupted."""
    if _signals and not _is_worker:
        _end_all(_GRACE_SECONDS)


def _on_signal(number: int, frame: FrameType | None) -> None:
    global _signals
    if os.getpid() != _owner:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return
    _signals += 1
    if _signals == 1:
        become_subreaper()  # what loses its parent from now on is still a descendant
        if not _is_worker:
            _tell(_xdists_workers(), signal.SIGTERM)  # a signal may have been sent to us alone
        raise KeyboardInterrupt
    if not _is_worker:
        _end_all(0)
        os._exit(_EXIT_CODE)


def _xdists_workers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        try:
            if any(_XDISTS_WORKER in word for word in child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def _end_all(grace_seconds: float) -> None:
    until = time.monotonic() + grace_seconds
    if grace_seconds:
        _tell(_left(), signal.SIGTERM)
    while left := _left():
        if time.monotonic() > until:
            _tell(left, signal.SIGKILL)
        psutil.wait_procs(left, timeout=0.2)


def _left() -> list[psutil.Process]:
    """What the suite has started and is there, zombies aside."""
    found = {process.pid: process for process in psutil.Process().children(recursive=True)}
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(_MARK) == os.environ[_MARK]:
                found[process.pid] = process
        except (psutil.Error, OSError):
            continue
    return [process for process in found.values() if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _tell(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.Error:
            continue
