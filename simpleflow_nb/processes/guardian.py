"""A guardian: a small process that ends everything that its child has started.

The child is a kernel, or carries out the body of an activity. Orphans of the child, also in sessions of their own, become
children of the guardian (Linux: subreaper, prctl(2)) and are killed. When the owner, the process that started the guardian,
hangs up or dies, everything is killed.

The guardian of a kernel holds one end of its *lifeline*, a socket to the owner. On it, one JSON object a line::

    owner     {"command": [...], "environment": {...}, "folder": "...", "log": "..."}     a program to start
    guardian  {"pid": 123}                                 the kernel's process id, which is its process group's too
              {"error": 2}                                 errno: the program cannot be started
    kernel    {"ready": true}                              forked kernels only: it listens
    guardian  {"exit": -9}                                 as in ``subprocess``; all its processes have ended

The kernel's process id stays taken until the owner hangs up, so that no signal can reach another process.

Only the standard library is used: the module also runs as a script, ``python -I -S guardian.py FD``, in 20 ms.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

END_SECONDS = 10.0  #: for killed processes to end; one in an uninterruptible wait may take longer

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_reaped: dict[int, int] = {}
_wakeup: list[int] = []
_RESTORED = ("SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGTSTP")


def guard(lifeline: socket.socket, folder: str, start: Callable[[], int]) -> None:
    """Start a kernel and watch it until it has ended and the owner has hung up. Returns when all its processes have ended.

    Args:
        folder: private folder for the kernel's sockets. Removed here at the end, as the owner may be dead.
        start: forks the kernel and returns its process id once it leads its group: the owner may kill the group by that id.
            An OSError is sent to the owner.
    """
    expect_child()
    try:
        kernel = start()
    except OSError as error:
        tell(lifeline, {"error": error.errno})
        return
    tell(lifeline, {"pid": kernel})

    # Reading would take messages from the owner to a forked kernel; without POLLRDHUP no kernel is forked.
    events = getattr(select, "POLLRDHUP", select.POLLIN)
    status = watch(kernel, lifeline.fileno(), events)
    if status is not None:
        tell(lifeline, {"exit": status})
        hung_up = select.poll()
        hung_up.register(lifeline, events)
        hung_up.poll()
    if kernel not in _reaped:
        os.waitpid(kernel, 0)
    _remove(folder)


def adopts_orphans() -> bool:
    """Return whether the system makes a guardian the parent of orphans."""
    return sys.platform == "linux"


def expect_child() -> None:
    """Prepare to watch a child that is about to be started."""
    become_subreaper()
    _wakeup[:] = reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # SIG_DFL would not wake the poll
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)


def watch(child: int, owner: int, events: int) -> int | None:
    """Wait until the child has ended or its owner has hung up, then kill the rest; return how the child ended by itself.

    The child stays a zombie, so that its process id, which is its group's too, stays taken.

    Args:
        owner: a descriptor for which poll(2) reports the owner's end, as one of ``events`` or as POLLHUP.
    """
    reader = _wakeup[0]
    hung_up = select.poll()
    hung_up.register(owner, events)
    either = select.poll()
    either.register(owner, events)
    either.register(reader, select.POLLIN)
    while (status := exit_status(child)) is None and not hung_up.poll(0):
        either.poll()
        _drain(reader)
        _reap_all_but(child)
    end_all(child)
    return status


def exit_status(pid: int) -> int | None:
    """Return the exit status of a child (negative: the signal that killed it), None while it runs. It is not reaped."""
    if not hasattr(os, "waitid"):  # macOS before Python 3.13: reaped now, and remembered
        if pid not in _reaped:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                return None
            _reaped[pid] = os.waitstatus_to_exitcode(status)
        return _reaped[pid]
    report = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if report is None:
        return None
    return report.si_status if report.si_code == os.CLD_EXITED else -report.si_status


def end_all(child: int) -> None:
    """Kill the child's process group and all descendants of this process, until none is left."""
    until = time.monotonic() + END_SECONDS
    _kill_group(child)
    while time.monotonic() < until:
        _reap_all_but(child)
        has_ended = (
            exit_status(child) is not None
        )  # checked first: orphans of an ending child may become ours during the search
        left = [pid for pid in descendants(os.getpid()) if pid != child]
        if has_ended and not left:
            return
        for pid in left:  # processes outside the group; one forked meanwhile is found in the next round
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue  # it has ended; or it runs as another user, and cannot be killed by us
        time.sleep(0.001)


def descendants(pid: int) -> list[int]:
    """Return the descendants of ``pid``, parents before children; empty without ``/proc``."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = children_of(waiting.pop())
        found += children
        waiting += children
    return found


def children_of(pid: int) -> list[int]:
    """Return the direct children of a process, zombies included; empty if it has ended or there is no ``/proc``."""
    found: list[int] = []
    is_complete = True
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
        except OSError:
            is_complete = False  # the thread has ended, and another one has taken its children
    if is_complete or os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children"):
        return found
    return _children_by_parent(pid)  # a kernel built without those files


def _children_by_parent(pid: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            if parent == pid:
                found.append(int(name))
    return found


def start_program(program: Mapping[str, Any]) -> int:
    """Fork and execute a program in a session of its own; standard output and error go to the end of the file ``log``.

    Raises:
        OSError: it cannot be executed.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            lead_session()
            redirect_standard_streams(program["log"])
            os.chdir(program["folder"])
            environment = {**program["environment"], "JPY_PARENT_PID": str(os.getppid())}
            os.execvpe(program["command"][0], program["command"], environment)
        except OSError as error:
            os.write(writer, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(writer)
    with open(reader, "rb") as file:
        problem = file.read()
    if problem:
        os.waitpid(pid, 0)
        raise OSError(int(problem), os.strerror(int(problem)))
    return pid


def lead_session() -> None:
    """Make this process the leader of a session and group, with Python's own signal handling, that dies with its parent."""
    parent = os.getppid()
    os.setsid()
    signal.set_wakeup_fd(-1)
    while _wakeup:
        os.close(_wakeup.pop())
    for name in _RESTORED:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    # Signals inherited as ignored or blocked would never arrive: our owner may have been started with nohup.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    die_with_parent()  # the guardian has one thread, so its end is the process's end
    if os.getppid() != parent:
        os._exit(1)


def fork() -> int:
    """Fork, as ``os.fork`` does."""
    with warnings.catch_warnings():
        # Python 3.12 and later warn of native threads, such as those of OpenBLAS and Arrow, which both start them anew.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def handle_signals_as_python() -> None:
    """Set signal handlers as an interpreter does at its start, in a process forked from one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def redirect_standard_streams(log: str) -> None:
    """Connect standard input to nothing, and standard output and error to the end of the file ``log``."""
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT),
        (2, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, descriptor)
        if opened != descriptor:
            os.close(opened)


def become_subreaper() -> None:
    """Become the parent of descendants whose own parent ends. Does nothing except on Linux."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Have this process killed when the thread that has started it ends. Does nothing except on Linux.

    To be followed by a look at the parent, which may have ended before.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def tell(lifeline: socket.socket, message: Mapping[str, Any]) -> None:
    """Send a message; ignored if the other side has hung up."""
    try:
        lifeline.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        pass  # poll reports that too, and then everything ends


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # It does not lead its group yet, or has ended; macOS raises PermissionError for a group of zombies.
        os.kill(leader, signal.SIGKILL)


def _reap_all_but(child: int) -> None:
    """Reap orphans that have ended; the child stays a zombie, which keeps its process id taken."""
    for pid in children_of(os.getpid()):
        if pid != child:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _remove(folder: str) -> None:
    """Remove a folder of files; another process may remove it at the same time."""
    try:
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
    except OSError:
        pass  # removed already; or it contains a folder that is not ours


def _drain(reader: int) -> None:
    try:
        while os.read(reader, 512):
            pass
    except BlockingIOError:
        pass


def main() -> None:
    """Guard the program named by the first line on the lifeline."""
    lifeline = socket.socket(fileno=int(sys.argv[1]))
    lifeline.set_inheritable(False)
    line = b""
    while not line.endswith(b"\n"):
        chunk = lifeline.recv(1 << 16)
        if not chunk:
            return
        line += chunk
    program = json.loads(line)
    guard(lifeline, os.path.dirname(program["log"]), lambda: start_program(program))


if __name__ == "__main__":
    main()
