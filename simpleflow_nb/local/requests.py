"""Signals, cancellations and terminations that another process asks of the journal's owner.

They wait in the journal until the owner takes them, within a tenth of a second, or until the next owner starts.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from ..exceptions import JournalError

OPERATIONS = ("signal_workflow_execution", "request_cancel_workflow_execution", "terminate_workflow_execution")


def leave_request(journal: Path, operation: str, arguments: dict[str, Any]) -> None:
    """Leave a request for the owner; it is durable when this returns.

    Raises:
        JournalError: the journal is not there or cannot be written.
        ValueError: not one of :data:`OPERATIONS`.
    """
    if operation not in OPERATIONS:
        raise ValueError(f"{operation!r} cannot be left as a request; one of {', '.join(OPERATIONS)} can")
    if not journal.exists():
        raise JournalError(f"{journal} does not exist; nothing has run here yet")
    try:
        db = sqlite3.connect(journal, isolation_level=None, timeout=10)
        try:
            db.execute("INSERT INTO requests (operation, arguments) VALUES (?, ?)", (operation, json.dumps(arguments)))
        finally:
            db.close()
    except sqlite3.Error as error:
        raise JournalError(f"{journal} cannot be written: {error}") from None


class Inbox:
    """The owner's side: a connection of its own, so that looking never touches a transaction under way."""

    def __init__(self, journal: Path) -> None:
        self._db = sqlite3.connect(journal, isolation_level=None, check_same_thread=False, timeout=10)
        self._seen = 0

    def take(self) -> list[tuple[int, str, dict[str, Any]]]:
        """The requests not taken yet: (id, operation, arguments). They are deleted with the events that they lead to.

        Raises:
            JournalError: they cannot be read.
        """
        try:
            rows = self._db.execute(
                "SELECT id, operation, arguments FROM requests WHERE id > ? ORDER BY id", (self._seen,)
            ).fetchall()
            taken = [(number, operation, json.loads(arguments)) for number, operation, arguments in rows]
        except (sqlite3.Error, ValueError) as error:
            raise JournalError(f"the requests of other processes cannot be read: {error}") from None
        if rows:
            self._seen = rows[-1][0]
        return taken

    def close(self) -> None:
        self._db.close()
