"""A guardian: a small process that nothing its one child has started can outlive.

The child is a kernel, or carries out the body of an activity. What it leaves behind, sessions of their own included,
becomes the guardian's (Linux: subreaper, prctl(2)) and is killed. When the owner, the process that wants the work done,
hangs up, by dying too, everything is killed.

The guardian of a kernel holds one end of its *lifeline*, a socket to the owner. On it, one JSON object a line::

    owner     {"command": [...], "environment": {...}, "folder": "...", "log": "..."}     a program to start
    guardian  {"pid": 123}                                 the kernel's process id, which is its process group's too
              {"error": 2}                                 errno: the program cannot be started
    kernel    {"ready": true}                              forked kernels only: it listens
    guardian  {"exit": -9}                                 as in ``subprocess``; nothing of the kernel is left

The kernel's process id stays taken until the owner hangs up, so that no signal can reach a stranger.

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

END_SECONDS = 10.0  #: for processes that were killed to be gone; one in an uninterruptible wait may take longer

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_reaped: dict[int, int] = {}
_wakeup: list[int] = []
_RESTORED = ("SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGTSTP")


def guard(lifeline: socket.socket, folder: str, start: Callable[[], int]) -> None:
    """Start a kernel, watch over it until it has ended and the owner has hung up. Returns when nothing of it is left.

    Args:
        folder: the kernel's private one, for its sockets. It is removed at the end: the owner may be dead.
        start: forks the kernel and gives its process id once it leads its group: whoever is told the id may kill the group.
            May raise OSError: the owner is told.
    """
    expect_child()
    try:
        kernel = start()
    except OSError as error:
        tell(lifeline, {"error": error.errno})
        return
    tell(lifeline, {"pid": kernel})

    # Reading would take what the owner says to a forked kernel; where there is no POLLRDHUP no kernel is forked.
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
    """Whether the system hands to a guardian what has lost its parent."""
    return sys.platform == "linux"


def expect_child() -> None:
    """Get ready to watch over a child that is about to be started."""
    become_subreaper()
    _wakeup[:] = reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # SIG_DFL would not wake anybody
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)


def watch(child: int, owner: int, events: int) -> int | None:
    """Wait until the child has ended or its owner has hung up, then kill whatever is left; how the child ended by itself.

    The child stays a zombie, so that its process id, which is its group's too, stays taken.

    Args:
        owner: a descriptor of which poll(2) reports the owner's end, as one of ``events`` or as POLLHUP.
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
    """How a child has ended (negative: the signal that killed it), None while it runs. It is not reaped."""
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
    """Kill the child's process group and every descendant of this process, again until none is left."""
    until = time.monotonic() + END_SECONDS
    _kill_group(child)
    while time.monotonic() < until:
        _reap_all_but(child)
        has_ended = exit_status(child) is not None  # asked first: what an ending child leaves may come to us during the look
        left = [pid for pid in descendants(os.getpid()) if pid != child]
        if has_ended and not left:
            return
        for pid in left:  # those that have left the group; one that is forking meanwhile is found in the next round
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue  # gone; or it runs as somebody else, and cannot be ended by us
        time.sleep(0.001)


def descendants(pid: int) -> list[int]:
    """The processes that descend from ``pid``, parents before children; empty where there is no ``/proc``."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = children_of(waiting.pop())
        found += children
        waiting += children
    return found


def children_of(pid: int) -> list[int]:
    """The direct children of a process, zombies included; empty when it is gone or there is no ``/proc``."""
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
            is_complete = False  # the thread has ended, and another one has its children
    if is_complete or os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children"):
        return found
    return _children_by_parent(pid)  # the system was built without those files


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


def start_program(request: Mapping[str, Any]) -> int:
    """Fork and execute a program in a session of its own; standard output and error go to the end of the file ``log``.

    Raises:
        OSError: it cannot be executed.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            lead_session()
            redirect_standard_streams(request["log"])
            os.chdir(request["folder"])
            environment = {**request["environment"], "JPY_PARENT_PID": str(os.getppid())}
            os.execvpe(request["command"][0], request["command"], environment)
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
    # What a program inherits as ignored or blocked it would never get: our owner may have been started with nohup.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # the guardian has one thread, so its end is the process's end
    if os.getppid() != parent:
        os._exit(1)


def fork() -> int:
    """Fork, as ``os.fork`` does."""
    with warnings.catch_warnings():
        # Python 3.12 and later warn of native threads, such as those of OpenBLAS and Arrow, which both start them anew.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def handle_signals_as_python() -> None:
    """What an interpreter does at its start, for a process that was forked from one and has led a session since."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def redirect_standard_streams(log: str) -> None:
    """Read nothing, write to the end of the file ``log``."""
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
    """Become the parent of descendants whose own parent ends. Linux only; elsewhere nothing happens."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def tell(lifeline: socket.socket, message: Mapping[str, Any]) -> None:
    """Send a message; nothing happens when the other side has hung up."""
    try:
        lifeline.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        pass  # poll says so too, and then everything ends


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Not its leader yet, or gone; macOS says PermissionError for a group of zombies.
        os.kill(leader, signal.SIGKILL)


def _reap_all_but(child: int) -> None:
    """Reap what became ours and has ended; the child stays a zombie, which keeps its process id taken."""
    for pid in children_of(os.getpid()):
        if pid != child:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _remove(folder: str) -> None:
    """Remove a folder of files; whoever else removes it at the same time does no harm."""
    try:
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
    except OSError:
        pass  # gone already; or somebody has put a folder into it, which is not ours


def _drain(reader: int) -> None:
    try:
        while os.read(reader, 512):
            pass
    except BlockingIOError:
        pass


def main() -> None:
    """Guard the program that the first line on the lifeline asks for."""
    lifeline = socket.socket(fileno=int(sys.argv[1]))
    lifeline.set_inheritable(False)
    line = b""
    while not line.endswith(b"\n"):
        chunk = lifeline.recv(1 << 16)
        if not chunk:
            return
        line += chunk
    request = json.loads(line)
    guard(lifeline, os.path.dirname(request["log"]), lambda: start_program(request))


if __name__ == "__main__":
    main()
