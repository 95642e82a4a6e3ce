"""The fork server as the process sees it that wants notebooks run: started once, asked for kernels, replaced when it is old."""

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

from simpleflow_nb.exceptions import SimpleflowError

from .lifeline import Lifeline

START_SECONDS = 60  #: for all imports; the first one of matplotlib on a machine looks at all fonts
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
    """A fork server on its way. It ends when :meth:`close` is called or this process ends, however it does.

    Args:
        preload: modules to import; those that cannot be imported are passed over (see ``missing``).

    Raises:
        ForkServerError: there are no processes or descriptors left.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        self._begun = time.monotonic()
        self.environment = dict(os.environ)  #: with which its interpreter and libraries were started
        # Known once it is ready:
        self.modules: frozenset[str] = frozenset()  #: top-level names of all that it has imported
        self.missing: dict[str, str] = {}  #: what could not be imported, and why
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
                    start_new_session=True,  # Ctrl-C is for us to pass on
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
            ForkServerError: it ended, or took too long; every time the same.
        """
        with self._starting:
            if not self._is_ready and not self._fault:
                self._hear_first_line()
        if self._fault:
            raise ForkServerError(self._fault)

    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def has_old_packages(self) -> bool:
        """Whether something was installed or removed since it was ready."""
        return _changed_times(self.path) != self._packages

    def fork(self, folder: Path) -> Lifeline:
        """A new process that waits on the lifeline to be told what to become; ``folder`` is removed when it has ended.

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
        # What a process that is being killed is sent is still taken, and lost.
        if not lifeline.wait_for_start(END_SECONDS):
            lifeline.hang_up()
            raise ForkServerError("has ended")
        return lifeline

    def close(self) -> None:
        """End it. Its kernels go on. May be called again."""
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
    """When an entry of each folder of packages was last made or removed, in the file system's nanoseconds."""
    times = {}
    for folder in path:
        if folder.endswith(_PACKAGE_FOLDERS):
            try:
                times[folder] = os.stat(folder).st_mtime_ns
            except OSError:
                continue  # not there; should it appear, that is a change
    return times
