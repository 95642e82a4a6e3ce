"""Client of the fork server: starts it once, asks it for kernels, and replaces it when it is outdated."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simpleflow_nb.environment import inherited
from simpleflow_nb.exceptions import SimpleflowError

from .lifeline import Lifeline

START_SECONDS = 60  #: for all imports; matplotlib reads all fonts at its first import on a machine
END_SECONDS = 10

_HOME = str(Path(__file__).parents[2])
_PROGRAM = (
    f"import sys; sys.path[:] = [{_HOME!r}, *filter(None, sys.path)]; "
    "from workers.kernels.fork_server_process import main; main()"
)
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")


class ForkServerError(SimpleflowError):
    """The fork server did not start, or has ended; one sentence without its subject."""


class ForkServer:
    """A fork server, starting or ready. It ends when :meth:`close` is called or this process ends for any reason.

    Args:
        preload: modules to import; those that cannot be imported are skipped (see ``missing``).

    Raises:
        ForkServerError: there are no processes or descriptors left.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self._begun = time.monotonic()
        self.environment = inherited()  #: at the start of its interpreter and libraries
        # Known once it is ready:
        self.modules: frozenset[str] = frozenset()  #: top-level names of all imported modules
        self.missing: dict[str, str] = {}  #: modules that could not be imported, and the reasons
        self.path: list[str] = []  #: its ``sys.path``
        self.start_seconds = 0.0
        self._asking, self._starting = threading.Lock(), threading.Lock()
        self._is_ready = False
        self._fault = ""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # whole messages
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _PROGRAM, str(theirs.fileno()), *preload],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=self._said,
                    stderr=self._said,
                    cwd="/",
                    start_new_session=True,  # Ctrl-C is passed on by us
                )
            except OSError as error:
                self._control.close()
                self._said.close()
                raise ForkServerError(f"cannot be started: {(error.strerror or str(error)).lower()}") from None

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_ready(self) -> None:
        """Wait until it has imported everything.

        Raises:
            ForkServerError: it ended, or took too long; the same error each time.
        """
        with self._starting:
            if not self._is_ready and not self._fault:
                self._hear_first_line()
        if self._fault:
            raise ForkServerError(self._fault)

    def is_alive(self) -> bool:
        """Return True if the server still takes requests."""
        return self._process.poll() is None

    def has_old_packages(self) -> bool:
        """Return True if packages were installed or removed since the server was ready."""
        return _changed_times(self.path) != self._packages

    def fork(self, folder: Path) -> Lifeline:
        """Fork a process that waits on the lifeline for its instructions; ``folder`` is removed when it has ended.

        Raises:
            ForkServerError: the server is gone.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                with self._asking:
                    socket.send_fds(self._control, [os.fsencode(folder)], [theirs.fileno()])
            except OSError:
                ours.close()
                raise ForkServerError("has ended") from None
        lifeline = Lifeline(ours)
        # A process that is being killed still accepts messages, which are lost.
        if not lifeline.wait_for_start(END_SECONDS):
            lifeline.hang_up()
            raise ForkServerError("has ended")
        return lifeline

    def close(self) -> None:
        """End the server. Its kernels go on. May be called again."""
        if not self._is_ready:
            self._process.kill()  # it would finish its imports first
        with self._asking:
            self._control.close()
        self._said.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _hear_first_line(self) -> None:
        line = b""
        try:
            self._control.settimeout(START_SECONDS)
            line = self._control.recv(1 << 20)
            self._control.settimeout(None)
        except OSError as error:
            self._process.kill()
            self._fault = f"was not ready within {START_SECONDS} s" if isinstance(error, TimeoutError) else "has ended"
            return
        if not line:
            self._said.seek(0)
            last = self._said.read().decode("utf-8", "replace").strip().splitlines()[-1:]
            self._fault = f"did not start: {last[0] if last else 'it said nothing'}"
            return
        ready: dict[str, Any] = json.loads(line)
        self.modules, self.missing, self.path = frozenset(ready["modules"]), ready["missing"], ready["path"]
        self.start_seconds = time.monotonic() - self._begun
        self._packages = _changed_times(self.path)
        self._is_ready = True


def _changed_times(path: Sequence[str]) -> Mapping[str, int]:
    """Return the time, in the file system's nanoseconds, at which an entry of each folder of packages was last added or
    removed.
    """
    times = {}
    for folder in path:
        if folder.endswith(_PACKAGE_FOLDERS):
            try:
                times[folder] = os.stat(folder).st_mtime_ns
            except OSError:
                continue  # missing; if it appears, that is a change
    return times
