"""The owner's end of the socket to a kernel's guardian.

:mod:`simpleflow_nb.processes.guardian` describes the messages.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simpleflow_nb.processes import guardian

_KILLED_SECONDS = 15.0  # for a guardian to end its kernel and itself


class Lifeline:
    """The state of one kernel, as reported by its guardian. While it is not closed, the process id cannot be reused."""

    def __init__(self, end: socket.socket, guarding: subprocess.Popen[bytes] | None = None) -> None:
        self.pid: int | None = None  #: of the kernel, which leads its session and process group
        self.error: OSError | None = None  #: why it could not be started
        self.is_ready = False  #: a forked kernel listens
        self.is_held = False  #: a forked kernel waits for its notebook
        self.exit_status: int | None = None  #: as in ``subprocess``; once it is set, nothing of the kernel is left
        self.is_over = False  #: no more messages will come
        self._socket, self._guarding, self._unread = end, guarding, b""
        self._waiters: set[asyncio.Event] = set()  # all in one event loop
        self._loop: asyncio.AbstractEventLoop | None = None  # the one that listens

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message to the reader: the guardian first, then a forked kernel. Nothing is done if there is none."""
        try:
            self._socket.setblocking(True)
            guardian.tell(self._socket, message)
        except OSError:
            pass  # closed; `is_over` will be set

    def hear(self) -> None:
        """Read messages that have arrived, without waiting."""
        while not self.is_over:
            try:
                chunk = self._socket.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self.is_over = True
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            for line in lines:
                self._take(json.loads(line))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds, or no more messages will come."""
        self.hear()
        if condition() or self.is_over:
            return
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._socket, self._wake)
        heard = asyncio.Event()
        self._waiters.add(heard)
        try:
            while not condition() and not self.is_over:
                await heard.wait()
                heard.clear()
        finally:
            self._waiters.discard(heard)
            if not self._waiters:
                self._stop_listening()

    def wait(self, seconds: float | None = None) -> None:
        """Wait, without an event loop, until a message arrives, at most for this time."""
        heard = select.poll()
        heard.register(self._socket, select.POLLIN)
        heard.poll(None if seconds is None else seconds * 1_000)

    def wait_for_start(self, seconds: float) -> bool:
        """Wait, without an event loop, until the kernel's process exists or could not be created; return False on timeout."""
        until = time.monotonic() + seconds
        while self.pid is None and self.error is None and not self.is_over and (left := until - time.monotonic()) > 0:
            self.wait(left)
            self.hear()
        return self.pid is not None or self.error is not None

    def signal(self, number: int) -> None:
        """Send a signal to the kernel's process group; nothing is done if it has ended."""
        self.hear()
        if self.pid is None or self.exit_status is not None or self.is_over:
            return
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # gone; macOS says PermissionError for a group of zombies

    def hang_up(self) -> None:
        """Have everything killed that is left of the kernel, and wait until it is gone. May be called again."""
        if self._socket.fileno() < 0:
            return
        self._stop_listening()
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the guardian is gone
        if self.exit_status is None:
            self._socket.settimeout(_KILLED_SECONDS)
            try:
                while self._socket.recv(1 << 16):
                    pass
            except OSError:
                pass  # the process cannot be killed now; its guardian goes on trying
        self.is_over = True
        self._socket.close()
        for heard in self._waiters:
            heard.set()
        if self._guarding is not None:
            self._guarding.wait()

    def _wake(self) -> None:
        self.hear()
        for heard in self._waiters:
            heard.set()

    def _stop_listening(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
        self._loop = None

    def _take(self, message: dict[str, Any]) -> None:
        if "pid" in message:
            self.pid = message["pid"]
        elif "error" in message:
            self.error = OSError(message["error"], os.strerror(message["error"]))
        elif "exit" in message:
            self.exit_status = message["exit"]
        else:
            self.is_ready = self.is_ready or "ready" in message
            self.is_held = self.is_held or "held" in message


def spawn(command: Sequence[str], folder: str, environment: Mapping[str, str], log: Path) -> Lifeline:
    """Have a guardian execute a program in ``folder``; its output is added to ``log``.

    A program that cannot be executed is reported later.

    Raises:
        OSError: there are no processes or descriptors left.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            guarding = subprocess.Popen(
                # Isolated and without site: nothing of the user's is imported, and it starts in 20 ms.
                [sys.executable, "-I", "-S", guardian.__file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us to pass on
            )
        except BaseException:
            ours.close()
            raise
    made = Lifeline(ours, guarding)
    made.tell({"command": list(command), "folder": folder, "environment": dict(environment), "log": str(log)})
    return made


def described_end(status: int | None) -> str:
    """Describe the end of a kernel, in words that follow ``the kernel``."""
    if status is None:
        return "stopped answering"
    if status >= 0:
        return f"exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}" + (", perhaps because memory ran out" if name == "SIGKILL" else "")
