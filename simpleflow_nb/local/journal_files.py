"""Where journals are, when nobody says it."""

from __future__ import annotations

from pathlib import Path

from ..constants import STATE_FOLDER

JOURNAL = "journal.sqlite3"


def journal_path(db: Path | None, outputs: Path | None = None) -> Path:
    """The journal of a local run: the one given, the outputs folder's, or the one of the working directory."""
    if db is not None:
        return db.absolute()
    return (outputs.absolute() if outputs else Path.cwd()) / STATE_FOLDER / JOURNAL


def found_journal(db: Path | None) -> Path:
    """The journal to look at: the one given, the working directory's, or that of an ``outputs`` folder here."""
    if db is not None:
        return db.absolute()
    here = journal_path(None)
    if not here.exists():
        for near in sorted(Path.cwd().glob(f"*/{STATE_FOLDER}/{here.name}")):
            return near
    return here
