"""The fork server: a process that has imported the modules that notebooks import most, and forks a kernel on request.

Started by :class:`.fork_server.ForkServer`. Its first argument is the descriptor of a socket, the others are modules. Over the
socket it sends one JSON line when it is ready, and receives one message for each kernel: the path of its private folder, and
the file descriptor of the other end of its lifeline. It ends when the socket is closed; the kernels do not need it.

It never starts a thread, an event loop or a ZeroMQ context, which no fork would survive.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping

from simpleflow_nb.processes import guardian
from simpleflow_nb.processes.standard_streams import write_by_lines

from . import inside
from .forked_kernel import OURS, become_kernel

#: Modules that a kernel imports up to and in its first cell.
KERNEL_MODULES = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.heartbeat",
    "ipykernel.debugger",
    "ipykernel.comm.manager",
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.core.historyapp",
    "IPython.core.magics",
    "IPython.core.pylabtools",
    "IPython.core.debugger",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "zmq.asyncio",
    "importlib.metadata",
    "ipykernel_launcher",
    "sqlite3",
    "jedi",
    "psutil",
    "faulthandler",
    "pdb",
    "unittest",
)

_BACKEND = "MPLBACKEND"  # variable of matplotlib
_wakeup: list[int] = []  # descriptors that the processes forked here do not keep


def main() -> None:
    """Import the modules, report that, and fork."""
    write_by_lines()
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    del sys.path[0]  # our own folder, which is not on the path of notebooks
    before = dict(os.environ)
    os.environ[_BACKEND] = "module://matplotlib_inline.backend_inline"  # read at the import
    gc.disable()
    inside.load()
    missing = _import_all([*KERNEL_MODULES, *sys.argv[2:]])
    set_by_imports = {name: value for name, value in os.environ.items() if name not in before and name != _BACKEND}
    gc.collect()
    gc.freeze()  # a collection would write to the pages that the kernels share
    signal.signal(signal.SIGCHLD, lambda *_: None)  # SIG_DFL would not wake the wait below
    guardian.become_subreaper()
    roots = sorted({name.partition(".")[0] for name in sys.modules} - {*OURS, "__main__"})
    guardian.tell(control, {"modules": roots, "missing": missing, "path": sys.path})
    ends = _ends_of_children()
    waited_for: list[socket.socket | int] = [control, ends]
    while True:
        ready, _, _ = select.select(waited_for, [], [])
        if ends in ready:
            os.read(ends, 4096)
            _reap()
        if control not in ready:
            continue
        folder, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
        if not folder:
            return
        lifeline = socket.socket(fileno=descriptors[0])
        _fork_guardian(control, lifeline, os.fsdecode(folder), set_by_imports)
        lifeline.close()


def _ends_of_children() -> int:
    """Return a descriptor from which there is something to read once a child has ended.

    A signal that comes just before a wait begins interrupts no wait; what is to be read ends it.
    """
    reader, writer = os.pipe()
    _wakeup.extend((reader, writer))
    for end in _wakeup:
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _import_all(names: list[str]) -> dict[str, str]:
    """Import the modules; return those that could not be imported, and the reasons. Their warnings go to our standard error,
    which nobody reads.
    """
    missing = {}
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken library is reported by the notebook that needs it
            missing[name] = f"{type(error).__name__}: {error}"
    return missing


def _fork_guardian(control: socket.socket, lifeline: socket.socket, folder: str, set_by_imports: Mapping[str, str]) -> None:
    if guardian.fork() == 0:
        signal.set_wakeup_fd(-1)
        while _wakeup:
            os.close(_wakeup.pop())
        control.close()
        try:
            guardian.guard(lifeline, folder, lambda: _fork_kernel(lifeline, set_by_imports))
        finally:
            os._exit(0)


def _fork_kernel(lifeline: socket.socket, set_by_imports: Mapping[str, str]) -> int:
    reader, writer = os.pipe()
    pid = guardian.fork()
    if pid == 0:
        guardian.lead_session()
        os.close(reader)
        os.close(writer)
        become_kernel(lifeline, set_by_imports)
    os.close(writer)
    os.read(reader, 1)  # returns at the end of file; the group exists before its id is reported, and can be signalled at once
    os.close(reader)
    return pid


def _reap() -> None:
    """Reap guardians that have ended. Children that a killed guardian left are ours now, and are killed here."""
    was_killed = False
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        was_killed = was_killed or os.WIFSIGNALED(status)
    if was_killed:
        for pid in guardian.children_of(os.getpid()):
            if _was_orphaned(pid):
                for each in (*guardian.descendants(pid), pid):
                    try:
                        os.kill(each, signal.SIGKILL)
                    except ProcessLookupError:
                        continue


def _was_orphaned(pid: int) -> bool:
    """Return True if the process is an orphan: guardians are in the server's own session, kernels and their children
    are not.
    """
    try:
        return os.getsid(pid) != os.getsid(0)
    except ProcessLookupError:
        return False
