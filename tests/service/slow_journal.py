"""A journal that writes only with leave."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from simpleflow_nb.local.journal import Journal


class SlowJournal(Journal):
    """Each write waits for leave, then takes as long as it takes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.leave = threading.Event()
        self.leave.set()
        self.writing = threading.Event()

    def write(self, *parts: Any) -> None:
        self.writing.set()
        assert self.leave.wait(60)
        super().write(*parts)
        self.writing.clear()
