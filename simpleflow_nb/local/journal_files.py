"""Default paths of journals."""

from __future__ import annotations

from pathlib import Path

from ..constants import STATE_FOLDER

JOURNAL = "journal.sqlite3"


def journal_path(db: Path | None, outputs: Path | None = None) -> Path:
    """Return the journal of a local run: the one given, the outputs folder's, or the working directory's."""
    if db is not None:
        return db.absolute()
    return (outputs.absolute() if outputs else Path.cwd()) / STATE_FOLDER / JOURNAL


def found_journal(db: Path | None) -> Path:
    """Return the journal to read: the one given, the working directory's, or that of an ``outputs`` folder in it."""
    if db is not None:
        return db.absolute()
    here = journal_path(None)
    if not here.exists():
        for near in sorted(Path.cwd().glob(f"*/{STATE_FOLDER}/{here.name}")):
            return near
    return here
