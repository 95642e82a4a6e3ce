"""The lock by which one process owns a journal; the operating system releases it however the process ends."""

from __future__ import annotations

import os
from pathlib import Path

from ..exceptions import JournalError, JournalInUse

try:
    import fcntl
except ImportError:  # not a POSIX system: SQLite's own locking is all there is
    fcntl = None  # type: ignore[assignment]


class Ownership:
    """The lock file beside a journal, locked until :meth:`release` or the end of the process.

    Raises:
        JournalInUse: another process holds it.
        JournalError: the lock file cannot be written.
    """

    def __init__(self, journal: Path) -> None:
        self.path = journal.with_name(journal.name + ".lock")
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be written: {error.strerror}") from None
        if fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                pid = owner_pid(journal)
                os.close(self._file)
                raise JournalInUse(str(journal), pid) from None
        try:
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())
        except OSError as error:  # a full disk
            os.close(self._file)
            raise JournalError(f"{self.path} cannot be written: {error.strerror}") from None

    def release(self) -> None:
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1


def owner_pid(journal: Path) -> int:
    """Return the process id in the lock file, 0 without one."""
    try:
        return int(journal.with_name(journal.name + ".lock").read_text().strip() or 0)
    except (OSError, ValueError):
        return 0


def is_owned(journal: Path) -> bool:
    """Return whether a process owns the journal now."""
    lock = journal.with_name(journal.name + ".lock")
    if fcntl is None:
        return owner_pid(journal) != 0
    try:
        file = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(file)
