"""Looking at a journal beside its owner, or when nobody owns it. Changes nothing."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from ..exceptions import JournalError
from .journal import Journal, check_schema
from .reading import Reading


class _ReadOnlyJournal(Journal):
    """The reading half of a journal, on a connection that cannot write."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise JournalError(f"{path} does not exist; nothing has run here yet (name another journal with --db)")
        self.path = path
        try:
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=10)
            check_schema(self._db, path)
        except sqlite3.Error as error:
            raise JournalError(f"{path} is not a readable journal: {error}; name another with --db") from None


class JournalReader(Reading):
    """The looking half of the local service. Each object sees the journal as it was when it was made.

    Raises:
        JournalError: there is no journal, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        journal = _ReadOnlyJournal(Path(path))
        self.journal = journal
        self.lock, self._reading = threading.Lock(), threading.Lock()
        self.runs, self.infos, self.closed, self.dirty = {}, {}, {}, {}
        self.numbers, self.latest_by_id = {}, {}
        for number, workflow_id, run_id, _, info, closed_at, close_status in journal.runs():
            self.infos[number] = info
            self.numbers[workflow_id, run_id] = self.latest_by_id[workflow_id] = number
            if close_status is not None and closed_at is not None:
                self.closed[number] = (closed_at, close_status)
        self.types = {"workflow": {}, "activity": {}, "domain": {}}
        for kind, name, version, body in journal.types():
            self.types[kind][name, version] = body

    def close(self) -> None:
        assert self.journal is not None
        self.journal.close()
