"""Commands that a test leaves running: forked by the launcher, and otherwise like a ``subprocess.Popen`` of them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from .launcher import command, shared

_MODULE_WORDS = len(command())
_running: set[Launched] = set()


def running() -> set[Launched]:
    """The commands that have not ended, as far as this process has looked."""
    return {one for one in _running if one.poll() is None}


class Launched:
    """A command that runs: ``Launched(command("sensor.start", file), cwd=..., env=..., stdout=..., stderr=..., text=...)``.

    ``pid``, ``returncode``, ``stdout``, ``stderr`` and the methods are those of ``subprocess.Popen``, whose module has the
    constants for standard output and error. The process leads a session of its own, with nothing to read. It is killed when
    the block that uses it fails, and with this process.
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | str | None = None,
        stdout: int | IO[Any] | None = None,
        stderr: int | IO[Any] | None = None,
        text: bool = False,
    ) -> None:
        assert list(args[:_MODULE_WORDS]) == command(), "any other program is for subprocess to start"
        self.args = list(args)
        self.returncode: int | None = None
        self._launcher = shared()
        self._told = b""
        ours: list[int] = []
        self.stdout, out = _opened(stdout, 1, text, ours)
        self.stderr, err = (None, out) if stderr == subprocess.STDOUT else _opened(stderr, 2, text, ours)
        try:
            self._call = self._launcher.call(self.args[_MODULE_WORDS:], Path(cwd or Path.cwd()), env, (out, err))
        finally:
            for descriptor in ours:
                os.close(descriptor)
        self.pid = int(self._line(None) or 0)
        assert self.pid, "the launcher has ended"
        _running.add(self)

    def __enter__(self) -> Launched:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.kill()
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()

    def poll(self) -> int | None:
        if self.returncode is None:
            line = self._line(0)
            if line is not None:
                self._end(line)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            line = self._line(timeout)
            if line is None:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self._end(line)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, *, timeout: float | None = None) -> tuple[Any, Any]:
        until = None if timeout is None else time.monotonic() + timeout
        streams = [stream for stream in (self.stdout, self.stderr) if stream is not None and not stream.closed]
        found: dict[int, Any] = {}
        readers = [threading.Thread(target=_read_all, args=(stream, found), daemon=True) for stream in streams]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(None if until is None else max(0, until - time.monotonic()))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.wait(None if until is None else max(0, until - time.monotonic()))
        for stream in streams:
            stream.close()
        return found.get(id(self.stdout)), found.get(id(self.stderr))

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass  # it has just ended

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _end(self, line: str) -> None:
        assert line, "the launcher has ended"
        self.returncode = self._launcher.ended(line)
        self._call.close()
        _running.discard(self)

    def _line(self, timeout: float | None) -> str | None:
        """The next line that the launcher tells: empty if it has ended, None if there is none in time."""
        until = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._told:
            left = None if until is None else max(0, until - time.monotonic())
            if not select.select([self._call], [], [], left)[0]:
                return None
            more = self._call.recv(4096)
            if not more:
                return ""
            self._told += more
        line, _, self._told = self._told.partition(b"\n")
        return line.decode()


def _opened(where: int | IO[Any] | None, inherited: int, text: bool, ours: list[int]) -> tuple[IO[Any] | None, int]:
    """The stream to read from, if there is one, and the descriptor for the process; what is to be closed here is added to
    ``ours``."""
    if where is None:
        return None, inherited
    if where == subprocess.PIPE:
        reader, writer = os.pipe()
        ours.append(writer)
        return open(reader, "r" if text else "rb", encoding="utf-8" if text else None), writer
    if where == subprocess.DEVNULL:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        ours.append(nowhere)
        return None, nowhere
    return None, where if isinstance(where, int) else where.fileno()


def _read_all(stream: IO[Any], found: dict[int, Any]) -> None:
    found[id(stream)] = stream.read()
