"""Looking at a journal beside its owner, or when nobody owns it. Changes nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..exceptions import JournalError, ServiceError
from .journal import Journal, check_schema, read_only_uri, refuse_foreign, unusable
from .pruning import Prunable
from .reading import Reading


class _ReadOnlyJournal(Journal):
    """The reading half of a journal, on a connection that cannot write."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise JournalError(f"{path} does not exist; nothing has run here yet (name another journal with --db)")
        self.path, self._writing = path, threading.Lock()
        try:
            self._db = sqlite3.connect(read_only_uri(path), uri=True, check_same_thread=False, timeout=10)
        except sqlite3.Error as error:
            raise unusable(path, error) from None
        try:
            refuse_foreign(self._db, path)
            check_schema(self._db, path)
            self._looking = self._db
        except sqlite3.Error as error:
            self._db.close()
            raise unusable(path, error) from None
        except JournalError:
            self._db.close()
            raise


class JournalReader(Reading, Prunable):
    """The looking half of the local service. Each object sees the journal as it was when it was made.

    Raises:
        JournalError: there is no journal, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        journal = _ReadOnlyJournal(Path(path))
        self.journal = journal
        self.lock, self._reading = threading.Lock(), threading.Lock()
        self.runs, self.infos, self.closed, self.dirty, self.unborn = {}, {}, {}, {}, set()
        self.broken, self.ended = None, False
        self.numbers = {}
        self._load_runs(journal)

    def count_pending_decision_tasks(self, *, domain: str, taskList: Mapping[str, Any]) -> dict[str, Any]:
        raise ServiceError("only the owner of a journal knows which tasks wait")

    count_pending_activity_tasks = count_pending_decision_tasks

    def close(self) -> None:
        assert self.journal is not None
        self.journal.close()
