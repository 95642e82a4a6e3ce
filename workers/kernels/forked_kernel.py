"""What happens in a process between its fork from the fork server and the first cell: it becomes a kernel like any other.

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

OURS = frozenset({"simpleflow_nb", "workers"})  #: packages of ours that the fork server has imported

_INLINE = "matplotlib_inline.backend_inline"
_BACKEND, _PARENT = "MPLBACKEND", "JPY_PARENT_PID"  # variables of matplotlib and of Jupyter


def become_kernel(lifeline: socket.socket, set_by_imports: Mapping[str, str]) -> NoReturn:
    """Run a kernel in this process, which leads its session, until it is told to shut down.

    The first line from the owner is ``{"arguments": [...], "log": "...", "held": false}``, the second ``{"environment":
    {...}, "folder": "...", "settings": {...}}``. With ``held`` the kernel is got ready before it waits for the second. What the
    imports of the fork server have set in the environment is added, as it would be by those of the kernel.
    """
    code = 1
    try:
        code = _run(lifeline, set_by_imports)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:  # IPython's own except hook would show it to nobody
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
        # Before IPython puts its pipes over standard output and error: done later, it would undo that.
        guardian.redirect_standard_streams(first["log"])
        sys.argv = [os.path.join(os.path.dirname(_ipykernel_launcher()), "ipykernel_launcher.py"), *first["arguments"]]
        if not first["held"]:
            settings = _move_in(json.loads(owner.readline() or "null"), set_by_imports)
        application = IPKernelApp.instance()
        # What died with us without a word would be a kernel that its guardian lost; the number is frozen at import otherwise.
        application.initialize([*first["arguments"], f"--IPKernelApp.parent_handle={os.getppid()}"])
        captured_output.install(application.shell, None)
        if first["held"]:
            guardian.tell(lifeline, {"held": True})
            settings = _move_in(json.loads(owner.readline() or "null"), set_by_imports)
            _settle(application)
        inside.prepare(application.shell, settings)
        if _INLINE in sys.modules:
            sys.modules[_INLINE]._enable_matplotlib_integration()  # done at its import, it found no IPython
        _look_for_children_that_run(application.kernel)
        _forget_our_modules()
        guardian.tell(lifeline, {"ready": True})
    application.start()
    return _leave(application)


def _move_in(place: Mapping[str, Any] | None, set_by_imports: Mapping[str, str]) -> inside.Settings:
    """Take on the environment and the working directory of the run; nobody else's randomness. Returns the settings."""
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
    """What IPython has read from the environment and the working directory, once more."""
    application.shell.init_environment()
    os.environ.setdefault(_BACKEND, f"module://{_INLINE}")
    here = os.getcwd()
    application.shell.starting_dir = here
    application.shell.history_manager.dir_hist[:] = [here]


def _look_for_children_that_run(kernel: Any) -> None:
    """Spare the end of the kernel a look at all processes of the system, and a wait for children that have ended.

    ipykernel asks children to end and looks again and again whether they are there, up to its own end by force. Those that
    the notebook has not waited for stay in the table of processes, and would be waited for in vain.
    """
    listed = getattr(kernel, "_process_children", None)
    if listed is None:  # another ipykernel: it may do as it likes
        return

    def running() -> list[Any]:
        if not guardian.children_of(os.getpid()):
            return []
        return [child for child in listed() if child.is_running() and child.status() != "zombie"]

    kernel._process_children = running


def _forget_our_modules() -> None:
    """A notebook gets our packages as they are now, or modules of its own that are called as they are."""
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]


def _leave(application: Any) -> int:
    """End as Python does, without the 300 ms that taking down pandas costs.

    ``IPKernelApp.close`` is left out: it stops the thread that sends output and then waits for one that flushes it, up to
    ten seconds. The system closes sockets as well.
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
