"""A process that has loaded every command, and forks itself for each one that it is told to run.

Started by :mod:`tests.transcript.play`; each line on standard input is a request ``{"words", "folder", "environment",
"stdout", "stderr"}``, each line on standard output the exit code. A command prints what ``python -m simpleflow_nb`` prints,
without the half second that the imports take.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import sys
import threading
from typing import Any

import deciders
import simpleflow_nb
import workers

_LIBRARIES = ("asyncio", "boto3", "croniter", "jupytext", "nbformat", "papermill", "pydantic", "sqlalchemy.orm")
_PROGRAMS = ("__main__",)


def serve() -> dict[str, Any]:
    """Answer requests until standard input ends; returns, in the forked process alone, the request that it is for."""
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            return request
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    os._exit(0)


def become(request: dict[str, Any]) -> None:
    """Be the process that a shell would have started for the command."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    for number, key in ((1, "stdout"), (2, "stderr")):
        written = os.open(request[key], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(written, number)
        os.close(written)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["simpleflow-nb", *request["words"]]
    sys.path[0] = request["folder"]  # the folder of this file until now


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
    become(serve())
    try:
        simpleflow_nb.cli.main.console()
    except SystemExit as end:
        leave(end.code)
