"""One process runs workflows with outputs in a folder: each journal lets an instance run once, but two know nothing of each
other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...constants import STATE_FOLDER
from ...exceptions import DefinitionError, JournalInUse
from ...local.ownership import Ownership, is_owned, owner_pid


def holder_path(outputs: Path) -> Path:
    """Return the path that a process which runs workflows into these outputs owns, beside its journal."""
    return outputs / STATE_FOLDER / "outputs"


@contextmanager
def held_outputs(outputs: Path, journal: Path) -> Iterator[None]:
    """Keep every other process from running workflows into these outputs, whatever its journal.

    Raises:
        JournalInUse: one does, with this journal.
        DefinitionError: one does, with another journal.
    """
    holder = holder_path(outputs)
    holder.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = Ownership(holder)
    except JournalInUse as error:
        raise _in_use(outputs, journal, error.pid) from None
    try:
        yield
    finally:
        held.release()


def check_no_other_journal(outputs: Path, journal: Path | None) -> None:
    """Check the outputs for commands that change them after a look at what runs in ``journal``, or in a domain (None).

    Raises:
        DefinitionError: a process runs workflows with these outputs and another journal.
    """
    holder = holder_path(outputs)
    if is_owned(holder):
        error = _in_use(outputs, journal, owner_pid(holder))
        if isinstance(error, DefinitionError):
            raise error


def _in_use(outputs: Path, journal: Path | None, pid: int) -> DefinitionError | JournalInUse:
    if journal is not None and is_owned(journal) and owner_pid(journal) == pid:
        return JournalInUse(str(journal), pid)
    who = f"process {pid}" if pid else "another process"
    return DefinitionError(f"{who} runs workflows with outputs in {outputs} and another journal; stop it first")
