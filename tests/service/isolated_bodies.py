"""Activities that run in processes of their own, so they must stand in a module that another interpreter can import."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from simpleflow_nb import activity
from simpleflow_nb.activity_context import context

_SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


class Outcome(BaseException):
    """Like those of pytest."""


@activity.with_attributes(isolation="process")
def add(x: int, y: int) -> int:
    return x + y


@activity.with_attributes(isolation="process", raises_on_failure=False)
def spoil(how: str) -> object:
    if how == "raise":
        raise ValueError("nope")
    if how == "exit":
        sys.exit(3)
    if how == "cancel":
        raise asyncio.CancelledError("inner")
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "outcome":
        raise Outcome("failed")
    if how == "die":
        os._exit(7)
    if how == "kill":
        os.kill(os.getpid(), 9)
    if how == "fork and die":
        if os.fork() == 0:
            time.sleep(600)
        os._exit(7)
    return object()


@activity.with_attributes(isolation="process", raises_on_failure=False)
def leave_a_daemon(how: str, pids: str) -> object:
    """Starts a process in a session of its own, and then ends as :func:`spoil` does, or well."""
    daemon = subprocess.Popen(_SLEEPER, start_new_session=True)
    Path(pids).write_text(str(daemon.pid))
    return "done" if how == "return" else spoil.callable(how)


@activity.with_attributes(isolation="process")
def read_everything() -> str:
    """What a program finds on its standard input when it is started by a body."""
    return subprocess.run(["cat"], capture_output=True, text=True, check=True, timeout=20).stdout + sys.stdin.read()


@activity.with_attributes(isolation="process")
def talk(lines: int) -> int:
    for n in range(lines):
        print(f"line {n} of a body")
    return lines


@activity.with_attributes(isolation="process")
def leave_a_thread() -> str:
    threading.Thread(target=time.sleep, args=(600,)).start()
    return "done"


def whereabouts(*, y: int, context: object) -> list[object]:
    return [y, getattr(context, "activity_id", None)]


whereabouts.add_context_in_kwargs = True  # type: ignore[attr-defined]
isolated_whereabouts = activity.with_attributes(name=f"{__name__}.isolated_whereabouts", isolation="process")(whereabouts)
threaded_whereabouts = activity.with_attributes(name=f"{__name__}.threaded_whereabouts")(whereabouts)


@activity.with_attributes(isolation="process", raises_on_failure=False)
def family(pids: str) -> None:
    """Never ends; starts a child in its own group, one in a session of its own, and a grandchild there."""
    nested = f"import subprocess, sys, time; print(subprocess.Popen({_SLEEPER!r}).pid, flush=True); time.sleep(600)"
    near = subprocess.Popen(_SLEEPER)
    far = subprocess.Popen([sys.executable, "-c", nested], start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert far.stdout is not None
    grandchild = far.stdout.readline().strip()
    file = Path(pids)
    file.with_suffix(".part").write_text(f"{os.getpid()} {near.pid} {far.pid} {grandchild}")
    os.replace(file.with_suffix(".part"), file)
    time.sleep(600)


@activity.with_attributes(isolation="process", start_to_close_timeout=5, raises_on_failure=False)
def short_lived_family(pids: str) -> None:
    family(pids)


@activity.with_attributes(isolation="process", raises_on_failure=False)
def beats() -> str:
    context().heartbeat("cell 1")
    context().heartbeat("cell 2")
    raise ValueError("after two cells")


@activity.with_attributes(version="7", isolation="process")
def knowing(x, *, y):
    return knowing.context
