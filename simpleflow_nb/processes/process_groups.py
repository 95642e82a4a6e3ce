"""Process groups started by a worker, recorded on disk so that none outlives it unnoticed."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import signal
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil


class ProcessGroups:
    """Records of process groups, a small file for each.

    It has the group's id; when its leader was started, so that a reused id is never killed; and the folder, so that a copy of
    the folder kills no process of the original.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory

    def record(self, pid: int) -> None:
        """Record a process that leads its own group, right after its start."""
        if self.directory is None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        part = self.directory / f".{pid}"  # whoever kills what is left over finds the whole record or none
        part.write_text(f"{_started(pid)}\n{folder_identity(self.directory)}\n")
        part.rename(self.directory / str(pid))

    def forget(self, pid: int) -> None:
        if self.directory is not None:
            (self.directory / str(pid)).unlink(missing_ok=True)

    def kill_left_over(self) -> list[int]:
        """Kill the groups that a former process left running; return their ids."""
        killed: list[int] = []
        if self.directory is None or not self.directory.is_dir():
            return killed
        own = folder_identity(self.directory)
        for file in self.directory.iterdir():
            if not file.name.isdigit():
                continue
            pid = int(file.name)
            started, _, folder = file.read_text().partition("\n")
            if folder and folder.strip() != own:  # early versions recorded no folder
                pass
            elif started and started == _started(pid):
                kill_group(pid)
                killed.append(pid)
            elif not _is_alive(pid) and _group_has_members(pid):
                kill_group(pid)  # its leader has ended, its children have not; the id of a group with members is not reused
                killed.append(pid)
            file.unlink(missing_ok=True)
        return killed


@contextlib.contextmanager
def own_process_groups(folder: Path) -> Iterator[ProcessGroups]:
    """Open the groups of this process, in a folder that several processes and machines may share.

    Groups left by crashed processes of this machine are killed first.
    """
    host = socket.gethostname()
    for other in folder.glob(f"{glob.escape(host)}-*"):
        number = other.name.rpartition("-")[2]
        if not number.isdigit() or _is_alive(int(number)):
            continue
        claimed = folder / f".{uuid.uuid4().hex}"
        try:
            other.rename(claimed)
        except FileNotFoundError:
            continue  # another process handles it
        ProcessGroups(claimed).kill_left_over()
        shutil.rmtree(claimed)
    own = folder / f"{host}-{os.getpid()}"
    try:
        yield ProcessGroups(own)
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(own)


def folder_identity(folder: Path) -> str:
    """Return an id that a moved folder keeps, and that its copy does not have."""
    known = folder.stat()
    return f"{known.st_dev}:{known.st_ino}"


def kill_group(pid: int) -> None:
    """Send SIGKILL to a process group; does nothing if it has ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _started(pid: int) -> str:
    """Return when a process was started, in the kernel's unit if available; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass  # no such process, or not Linux
    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _group_has_members(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
