"""A process that a body starts and waits for: ended with all that it started on a timeout, on cancellation and on errors."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

import psutil

from ..activity_context import ActivityContext, running_context
from ..environment import value_of
from ..exceptions import ExecutionTimeoutError
from ..variables import ACTIVITY_SIGTERM_WAIT_SEC
from .process_groups import kill_group

_KILLED_SECONDS = 5.0  # for killed processes to end; one in an uninterruptible wait may take longer


def call_process(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdout: IO[bytes] | None = None,
    pass_fds: Sequence[int] = (),
    timeout_seconds: float | None = None,
) -> int:
    """Run a command in a process group of its own and return its exit code; negative: the signal that killed it.

    Within an activity, the process ends when the task is cancelled or is over, and with the worker.

    Args:
        env: its whole environment; None is that of this process.
        stdout: where its output goes; None is where that of this process goes.
        timeout_seconds: None or 0 for no timeout.

    Raises:
        ExecutionTimeoutError: it took longer; it has ended, with all that it started.
        ActivityCanceled: the task was cancelled; it has ended, with all that it started.
        OSError: it cannot be started.
    """
    context = running_context()
    if context is not None:
        context.check()  # nothing is started for a task that is over already
    process = subprocess.Popen(command, env=env, stdout=stdout, pass_fds=tuple(pass_fds), start_new_session=True)
    is_over = threading.Event()  # ended, or to be ended

    def wait() -> None:
        process.wait()
        is_over.set()

    waiter = threading.Thread(target=wait, name=f"wait for {process.pid}", daemon=True)
    waiter.start()
    try:
        with _known_to_worker(process.pid, context, is_over.set):
            is_in_time = is_over.wait(timeout_seconds or None)
            if process.poll() is None:  # late, or cancelled
                end_tree(process.pid)
    except BaseException:  # interrupted
        end_tree(process.pid)
        raise
    finally:
        waiter.join()
    if not is_in_time:
        raise ExecutionTimeoutError(list(command), timeout_seconds)
    if context is not None:
        context.check()
    return process.returncode


@contextmanager
def _known_to_worker(pid: int, context: ActivityContext | None, on_cancel: Callable[[], None]) -> Iterator[None]:
    """Within the block, the process is ended if the worker dies, and a cancellation of the task is told."""
    if context is None:
        yield
        return
    if context.process_groups is not None:
        context.process_groups.record(pid)
    context.on_cancel.append(on_cancel)
    if context.cancel_requested():  # before the hook was there
        on_cancel()
    try:
        yield
    finally:
        context.on_cancel.remove(on_cancel)
        if context.process_groups is not None:
            context.process_groups.forget(pid)


def end_tree(pid: int) -> None:
    """End a process that leads its group, with all that it started: SIGTERM, then SIGKILL to those that are left.

    ``ACTIVITY_SIGTERM_WAIT_SEC`` says how many seconds they have in between; nobody waits once all have ended.
    """
    family = family_of(pid)
    for member in family:
        _send(member.terminate)
    _, left = psutil.wait_procs(family, timeout=value_of(ACTIVITY_SIGTERM_WAIT_SEC))
    left = list({*left, *family_of(pid)})  # also those that were started meanwhile
    for member in left:
        _send(member.kill)
    kill_group(pid)
    psutil.wait_procs(left, timeout=_KILLED_SECONDS)


def end_children(pid: int) -> None:
    """End all that a process has started, as :func:`end_tree` does, but for the process itself."""
    children = family_of(pid)[1:]
    for child in children:
        _send(child.terminate)
    _, left = psutil.wait_procs(children, timeout=value_of(ACTIVITY_SIGTERM_WAIT_SEC))
    for child in left:
        _send(child.kill)
    psutil.wait_procs(left, timeout=_KILLED_SECONDS)


def family_of(pid: int) -> list[psutil.Process]:
    """Return a process and all that it started, in groups of their own too; empty if it has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _send(signal: Callable[[], None]) -> None:
    try:
        signal()
    except psutil.NoSuchProcess:
        pass  # it has ended by itself
