"""Memory used by a kernel and all its descendants."""

from __future__ import annotations

import os
from collections.abc import Sequence

from simpleflow_nb.processes import guardian

SAMPLE_SECONDS = 0.1  #: between two looks at a kernel with a limit

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def used_bytes(kernel: int, limit_bytes: int) -> int:
    """Return the resident memory of the process ``kernel``, its descendants, and the orphans that its guardian has adopted.

    A page shared by several processes is counted once in all (the proportional set size of proc(5)), but only if the sum of
    their resident memory reaches the limit; else that sum is returned. 0 for a kernel that has ended.
    """
    pids = _tree(kernel)
    resident = sum(map(_resident_bytes, pids))
    return resident if resident <= limit_bytes else min(resident, sum(map(_proportional_bytes, pids)))


def shown_bytes(number: int) -> str:
    """Format as ``512 MB``, ``1.5 GB``: decimal units, three digits at most."""
    value, unit = float(number), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.3g} {unit}"


def _tree(kernel: int) -> Sequence[int]:
    try:
        with open(f"/proc/{kernel}/stat", "rb") as file:
            parent = int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return _tree_by_psutil(kernel) if not os.path.isdir("/proc/self") else ()
    return guardian.descendants(parent)


def _tree_by_psutil(kernel: int) -> Sequence[int]:
    import psutil

    try:
        return [kernel, *(child.pid for child in psutil.Process(kernel).children(recursive=True))]
    except psutil.Error:
        return ()


def _resident_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        pass  # it has ended, or there is no /proc
    if os.path.isdir("/proc/self"):
        return 0
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _proportional_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass  # it has ended, is a zombie, or the system does not provide it
    return _resident_bytes(pid)
