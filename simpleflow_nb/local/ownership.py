"""The lock by which one process owns a journal; the operating system releases it however the process ends.

The lock file has the process id of the owner, and below it what the owner carries out.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..exceptions import JournalError, JournalInUse

try:
    import fcntl
except ImportError:  # not a POSIX system: SQLite's own locking is all there is
    fcntl = None  # type: ignore[assignment]


_ATTEMPTS, _ATTEMPT_SECONDS = 5, 0.01  #: who only asks whether there is an owner holds the lock for a moment


@dataclass(frozen=True)
class OwnerWork:
    """Kinds of executions that the owner of a journal carries out if they are started there, as it says itself.

    Without a decision list it carries out nothing: it only serves those who do.
    """

    decision_list: str | None = None
    decides: Mapping[str, str] = field(default_factory=dict)  #: ``NAME VERSION`` of a workflow type: the file of its class
    parked: Mapping[str, str] = field(default_factory=dict)  #: run id of an execution that cannot go on: why

    def decides_type(self, name: str, version: str) -> bool:
        """Tell whether it decides executions of a workflow type."""
        return f"{name} {version}" in self.decides


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
        if fcntl is not None and not self._is_locked():
            pid = owner_pid(journal)
            os.close(self._file)
            raise JournalInUse(str(journal), pid)
        try:
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())
        except OSError as error:  # a full disk
            os.close(self._file)
            raise JournalError(f"{self.path} cannot be written: {error.strerror}") from None

    def _is_locked(self) -> bool:
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_ATTEMPT_SECONDS)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            return True
        return False

    def note(self, work: OwnerWork) -> None:
        """Write what this process carries out, for those who would leave something for it.

        Raises:
            OSError: it cannot be written.
        """
        if self._file < 0:
            return
        text = f"{os.getpid()}\n{json.dumps(asdict(work))}\n".encode()
        os.pwrite(self._file, text, 0)
        os.ftruncate(self._file, len(text))

    def release(self) -> None:
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1


def owner_pid(journal: Path) -> int:
    """Return the process id in the lock file, 0 without one."""
    try:
        return int(journal.with_name(journal.name + ".lock").read_text().partition("\n")[0].strip() or 0)
    except (OSError, ValueError):
        return 0


def owner_work(journal: Path) -> OwnerWork | None:
    """Return what the owner says that it carries out; None while it has not said so, as a former version never does."""
    try:
        text = journal.with_name(journal.name + ".lock").read_text().partition("\n")[2]
        found = json.loads(text) if text else None
        return OwnerWork(**found) if found else None
    except (OSError, ValueError, TypeError):  # being written just now, or of another version
        return None


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
