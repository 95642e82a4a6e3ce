"""Executed notebooks as HTML, with their code and all that they have printed."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from pathlib import Path

from ..exceptions import DefinitionError


class DrawnNotebooks:
    """Notebooks that were drawn, in a folder of this process's own; they are drawn again when the file has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # made for the first one

    def close(self) -> None:
        """Remove what was drawn, and end the processes that draw."""
        from workers.reports import end_idle_children

        end_idle_children()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def _place(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="simpleflow-nb-page-")
            return Path(self._folder.name)

    def page(self, notebook: Path) -> bytes:
        """Return the notebook as HTML. Nothing of it is executed or fetched.

        Raises:
            DefinitionError: it cannot be drawn; one sentence.
        """
        from workers.reports import ReportError, ReportOptions, make_report

        try:
            about = notebook.stat()
            name = hashlib.sha256(f"{notebook}\0{about.st_mtime_ns}\0{about.st_size}".encode()).hexdigest()
            target = self._place / f"{name}.html"
            if not target.exists():
                make_report(notebook, target, ReportOptions(format="html", code=True, streams=True, parameters=True))
            return target.read_bytes()
        except (ReportError, OSError) as error:
            raise DefinitionError(f"{notebook.name} cannot be shown: {error}") from error
