"""A forked process becomes a kernel: from its fork by the fork server to its first cell.

Nothing here may run before the fork: no thread, event loop or ZeroMQ context survives one.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

from simpleflow_nb.processes import guardian

from . import inside
from .inside import captured_output

OURS = frozenset({"simpleflow_nb", "workers"})  #: our packages that the fork server has imported

_INLINE = "matplotlib_inline.backend_inline"
_BACKEND, _PARENT = "MPLBACKEND", "JPY_PARENT_PID"  # variables of matplotlib and of Jupyter


def become_kernel(lifeline: socket.socket, set_by_imports: Mapping[str, str]) -> NoReturn:
    """Run a kernel in this process, which leads its session, until it is told to shut down.

    The first line from the owner is ``{"arguments": [...], "log": "...", "held": false}``, the second ``{"environment": {...},
    "folder": "...", "settings": {...}}``. With ``held`` the kernel is prepared before it waits for the second. Variables that
    the imports of the fork server have set are added to the environment, as the kernel's own imports would do.
    """
    code = 1
    try:
        code = _run(lifeline, set_by_imports)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # IPython's own except hook would not show it anywhere
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def _run(lifeline: socket.socket, set_by_imports: Mapping[str, str]) -> int:
    from ipykernel.kernelapp import IPKernelApp

    guardian.handle_signals_as_python()
    gc.enable()
    with lifeline, lifeline.makefile("rb") as owner:
        first = json.loads(owner.readline() or "null")
        if first is None:
            return 0
        # Before IPython replaces standard output and error by pipes, which this would undo.
        guardian.redirect_standard_streams(first["log"])
        sys.argv = [os.path.join(os.path.dirname(_ipykernel_launcher()), "ipykernel_launcher.py"), *first["arguments"]]
        if not first["held"]:
            settings = _move_in(json.loads(owner.readline() or "null"), set_by_imports)
        application = IPKernelApp.instance()
        # The parent is the guardian: if it is gone the kernel must end. The default was set at import, in another process.
        application.initialize([*first["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"])
        captured_output.install(application.shell, None)
        if first["held"]:
            guardian.tell(lifeline, {"held": True})
            settings = _move_in(json.loads(owner.readline() or "null"), set_by_imports)
            _settle(application)
        inside.prepare(application.shell, settings)
        if _INLINE in sys.modules:
            sys.modules[_INLINE]._enable_matplotlib_integration()  # at its import there was no IPython
        _look_for_children_that_run(application.kernel)
        _forget_our_modules()
        guardian.tell(lifeline, {"ready": True})
    application.start()
    return _leave(application)


def _move_in(place: Mapping[str, Any] | None, set_by_imports: Mapping[str, str]) -> inside.Settings:
    """Apply the environment and the working directory of the run, with random numbers of its own; return the settings."""
    if place is None:
        os._exit(0)
    os.environ.clear()
    os.environ.update({**set_by_imports, **place["environment"]})
    os.environ[_PARENT] = str(os.getppid())
    time.tzset()
    os.chdir(place["folder"])
    tempfile.tempdir = None  # TMPDIR is read once
    if "numpy" in sys.modules:  # Python's own generators see to it themselves
        sys.modules["numpy"].random.seed()
    if "matplotlib" in sys.modules and os.environ.get(_BACKEND):
        sys.modules["matplotlib"].rcParams["backend"] = os.environ[_BACKEND]
    settings: inside.Settings = place["settings"]
    return settings


def _settle(application: Any) -> None:
    """Repeat what IPython has read from the environment and the working directory."""
    application.shell.init_environment()
    os.environ.setdefault(_BACKEND, f"module://{_INLINE}")
    here = os.getcwd()
    application.shell.starting_dir = here
    application.shell.history_manager.dir_hist[:] = [here]


def _look_for_children_that_run(kernel: Any) -> None:
    """At the end of the kernel, look only for running children, not at all processes of the system or at ended children.

    ipykernel asks children to end and polls until they are gone or it is killed. Children that the notebook has not waited for
    stay in the process table after their end, and would be waited for in vain.
    """
    listed = getattr(kernel, "_process_children", None)
    if listed is None:  # another version of ipykernel, left as it is
        return

    def running() -> list[Any]:
        if not guardian.children_of(os.getpid()):
            return []
        return [child for child in listed() if child.is_running() and child.status() != "zombie"]

    kernel._process_children = running


def _forget_our_modules() -> None:
    """Remove our modules, so that a notebook imports our packages as they are now, or its own modules of the same names."""
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]


def _leave(application: Any) -> int:
    """End like Python, without the 300 ms that tearing down pandas takes.

    ``IPKernelApp.close`` is not called: it stops the thread that sends output and then waits for a flush, up to ten seconds.
    The system closes sockets anyway.
    """
    atexit.unregister(application.close)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # the notebook has closed it
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            stream.flush()
    return 0


def _ipykernel_launcher() -> str:
    import ipykernel_launcher

    path: str = ipykernel_launcher.__file__
    return path
