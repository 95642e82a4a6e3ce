"""A process that has loaded every command, and forks itself for each one that it is told to run.

A command that is forked here prints, leaves behind and ends with what ``python -m simpleflow_nb`` does, in a process of its
own, without the quarter of a second, or half, that its imports take. Where it would import something else, it does so in an
interpreter of its own.

Started by :mod:`tests.launcher`, which connects to a socket once for each command and sends a line of JSON, ``{"words",
"folder", "environment"}``, with two descriptors: standard output and error. The answer is a line with the id of the process at
once, and in the end a line with its exit code and the CPU seconds that it took. If the caller hangs up before, the command is
killed.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, TextIO

import deciders
import simpleflow_nb
import workers
from simpleflow_nb.cli.main import console

_LIBRARIES = ("asyncio", "boto3", "croniter", "jupytext", "nbformat", "papermill", "pydantic", "sqlalchemy.orm")
_PROGRAMS = ("__main__",)
_LONGEST_REQUEST = 1 << 22
#: Variables that an interpreter, or a library in it, reads when it starts: with others than ours a command gets its own.
_READ_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_", "OMP_", "OPENBLAS_", "MPL", "JUPYTER_", "IPYTHON")


class Server:
    """The calls that are being answered, and the socket on which they come."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._calls: dict[int, tuple[socket.socket, int]] = {}  # by the descriptor of the caller
        self._pids: dict[int, tuple[int, int]] = {}  # by the process's own descriptor: its id, and the caller's descriptor
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self._poll.register(0, select.POLLIN)

    def serve(self) -> tuple[dict[str, Any], list[int]]:
        """Answer calls until standard input ends; returns in forked processes alone, with the request and its descriptors."""
        while True:
            descriptor, _ = self._poll.poll()[0]  # the others are told again, if they are still what they were
            if descriptor == 0:
                self._kill_all()
                os._exit(0)
            if descriptor == self._listener.fileno():
                forked = self._accept()
                if forked is not None:
                    return forked
            elif descriptor in self._pids:
                self._tell_end(descriptor)
            else:
                os.kill(self._calls[descriptor][1], signal.SIGKILL)
                self._poll.unregister(descriptor)  # the end of its process is told later

    def _accept(self) -> tuple[dict[str, Any], list[int]] | None:
        caller, _ = self._listener.accept()
        text, descriptors, _, _ = socket.recv_fds(caller, _LONGEST_REQUEST, 2)
        while not text.endswith(b"\n"):
            more = caller.recv(_LONGEST_REQUEST)
            if not more:  # the caller has gone away
                break
            text += more
        pid = os.fork() if text.endswith(b"\n") else None
        if pid == 0:
            self._close()
            caller.close()
            return json.loads(text), descriptors
        for descriptor in descriptors:
            os.close(descriptor)
        if pid is None:
            caller.close()
            return None
        try:
            caller.sendall(f"{pid}\n".encode())
        except OSError:
            pass  # it has hung up, which is seen below
        process = os.pidfd_open(pid)
        self._calls[caller.fileno()] = caller, pid
        self._pids[process] = pid, caller.fileno()
        self._poll.register(caller, select.POLLRDHUP)
        self._poll.register(process, select.POLLIN)
        return None

    def _tell_end(self, process: int) -> None:
        pid, descriptor = self._pids.pop(process)
        _, status, used = os.wait4(pid, 0)
        self._poll.unregister(process)
        os.close(process)
        caller, _ = self._calls.pop(descriptor)
        try:
            self._poll.unregister(descriptor)
            caller.sendall(f"{os.waitstatus_to_exitcode(status)} {used.ru_utime + used.ru_stime}\n".encode())
        except (KeyError, BrokenPipeError):
            pass  # it has hung up
        caller.close()

    def _kill_all(self) -> None:
        for pid, _ in self._pids.values():
            os.kill(pid, signal.SIGKILL)

    def _close(self) -> None:
        self._listener.close()
        for caller, _ in self._calls.values():
            caller.close()
        for process in self._pids:
            os.close(process)


def become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Be the process that a shell would have started for the command."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nowhere, *descriptors)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, name, _opened(getattr(sys, name)))
        setattr(sys, f"__{name}__", getattr(sys, name))
    os.chdir(request["folder"])
    if _read_at_start(request["environment"]) != _read_at_start(os.environ) or _hides_modules(request["folder"]):
        command = [sys.executable, "-m", "simpleflow_nb", *request["words"]]
        os.execve(sys.executable, command, request["environment"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = ["simpleflow-nb", *request["words"]]
    sys.path[0] = request["folder"]  # the folder of this file until now


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


def _hides_modules(folder: str) -> bool:
    """Whether a module or a package there comes before one that is loaded."""
    names = {entry.name if entry.is_dir() else entry.name.removesuffix(".py") for entry in os.scandir(folder)}
    return not names.isdisjoint(sys.modules)


def _opened(stream: TextIO) -> TextIO:
    """The stream as the interpreter opens it: what there is has been opened for another file."""
    number = stream.fileno()
    return open(
        number,
        "w" if number else "r",
        encoding=stream.encoding,
        errors=stream.errors,
        buffering=1 if number == 2 else -1,
        closefd=False,
    )


def leave(code: Any) -> None:
    """End as the interpreter does, but leave its memory alone: to take it apart would copy all that is shared."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def load() -> None:
    """Import what commands import when they need it; modules that are programs are left out."""
    for library in _LIBRARIES:
        importlib.import_module(library)
    for package in (simpleflow_nb, deciders, workers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.rpartition(".")[2] not in _PROGRAMS:
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # what is never looked through again stays shared
    assert threading.active_count() == 1, "a process with threads must not fork"


if __name__ == "__main__":
    load()
    with socket.socket(fileno=int(sys.argv[1])) as socket_of_calls:
        become(*Server(socket_of_calls).serve())
    try:
        console()
    except SystemExit as end:
        leave(end.code)
