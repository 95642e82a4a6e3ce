"""Commands in processes of their own, forked by one that has loaded everything (:mod:`tests.launcher_process`)."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import AnyStr

from .settings import PATIENCE_SECONDS

ROOT = Path(__file__).parents[1]
PROGRAM = Path(__file__).with_name("launcher_process.py")

_shared: Launcher | None = None
_cpu_seconds = 0.0  # of all commands that have ended, of launchers that have not


def command(*words: object) -> list[str]:
    """The command line of ``simpleflow-nb WORDS``."""
    return [sys.executable, "-m", "simpleflow_nb", *map(str, words)]


def outcome(
    words: Sequence[object], folder: Path, environment: Mapping[str, str], timeout: float = PATIENCE_SECONDS
) -> subprocess.CompletedProcess[str]:
    """The end of ``simpleflow-nb WORDS``, typed in that folder, and what it printed.

    It is forked by the launcher of this process.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was killed.
    """
    return shared().outcome(words, folder, environment, timeout)


def shared() -> Launcher:
    """The launcher of this process."""
    global _shared
    if _shared is None or _shared.owner != os.getpid():
        _shared = Launcher(os.environ)
        atexit.register(_shared.close)
    return _shared


def cpu_seconds() -> float:
    """CPU seconds of commands that have ended, with those of the processes that they waited for, while their launcher runs."""
    return _cpu_seconds


def is_launcher(command_line: str) -> bool:
    """Whether that is the command line of a launcher, which lives as long as the process that needed it."""
    return str(PROGRAM) in command_line


class Started(subprocess.Popen[AnyStr]):
    """A process that is killed when the block that uses it fails: what it waits for may never come then."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None and self.poll() is None:
            self.kill()
        super().__exit__(kind, error, trace)


class Launcher:
    """A process that forks commands. Its interpreter starts in the environment that is given here."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.owner = os.getpid()
        self._cpu_seconds = 0.0
        self._folder = tempfile.TemporaryDirectory(dir="/tmp", prefix="launcher-")
        self._address = f"{self._folder.name}/calls"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._address)
            listener.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, PROGRAM, str(listener.fileno())],
                env={**environment, "PYTHONPATH": str(ROOT)},
                cwd=ROOT,
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
            )

    def __enter__(self) -> Launcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and kill the commands that have not ended."""
        if self.owner == os.getpid():
            global _cpu_seconds
            self._process.communicate(timeout=60)
            _cpu_seconds -= self._cpu_seconds  # the system counts them now, as those of a child that has ended
            self._folder.cleanup()

    def outcome(
        self, words: Sequence[object], folder: Path, environment: Mapping[str, str], timeout: float = PATIENCE_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """As :func:`outcome`.

        Raises:
            subprocess.TimeoutExpired: it took longer, and was killed.
        """
        out, out_there = os.pipe()
        err, err_there = os.pipe()
        with open(out, "rb", 0) as printed, open(err, "rb", 0) as said:
            try:
                call = self.call(words, folder, environment, (out_there, err_there))
            finally:
                os.close(out_there)
                os.close(err_there)
            with call:
                found = _read([call.fileno(), printed.fileno(), said.fileno()], timeout)
        if found is None:
            raise subprocess.TimeoutExpired(command(*words), timeout)
        answer, *printed_and_said = found
        assert answer, "the launcher has ended"
        _, end = answer.decode().splitlines()
        return subprocess.CompletedProcess(command(*words), self.ended(end), *map(_text, printed_and_said))

    def call(
        self, words: Sequence[object], folder: Path, environment: Mapping[str, str], descriptors: tuple[int, int]
    ) -> socket.socket:
        """Have the command forked, with these descriptors as its standard output and error; return the connection on which its
        process and its end are told. If that is closed before, the command is killed.
        """
        request = {"words": [str(word) for word in words], "folder": str(folder), "environment": dict(environment)}
        text = json.dumps(request).encode() + b"\n"
        call = socket.socket(socket.AF_UNIX)
        try:
            call.connect(self._address)
            sent = socket.send_fds(call, [text], list(descriptors))
            if sent < len(text):  # the other side may have answered and hung up already
                call.sendall(text[sent:])
        except BaseException:
            call.close()
            raise
        return call

    def ended(self, end: str) -> int:
        """Count the CPU seconds of a command that has ended, and return its exit code."""
        global _cpu_seconds
        code, seconds = end.split()
        _cpu_seconds += float(seconds)
        self._cpu_seconds += float(seconds)
        return int(code)


def _read(descriptors: Sequence[int], timeout: float) -> list[bytes] | None:
    """Everything from each of them up to its end; None if that takes longer."""
    until = time.monotonic() + timeout
    found = dict.fromkeys(descriptors, b"")
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            left = until - time.monotonic()
            if left <= 0:
                return None
            for key, _ in selector.select(left):
                piece = os.read(key.fd, 1 << 20)
                found[key.fd] += piece
                if not piece:
                    selector.unregister(key.fd)
    return list(found.values())


def _text(printed: bytes) -> str:
    """As ``subprocess`` reads it."""
    return printed.decode().replace("\r\n", "\n").replace("\r", "\n")
