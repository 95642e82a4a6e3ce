"""The executed notebook on the disk: replaced whole, with secrets masked, and not more often than is cheap."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.engines import NotebookExecutionManager
from papermill.iorw import write_ipynb

from workers.artefacts import write_atomically
from workers.notebook_session import NotebookSession
from workers.secrets import masked

LEAST_SAVE_SECONDS = 1.0  #: between two saves while cells run
SAVE_SHARE = 20  #: and at least this many times what the last save took

ERROR_TAG = "papermill-error-cell-tag"  #: papermill's, for the cells that it puts into a notebook that failed


class SavedNotebook(NotebookExecutionManager):  # type: ignore[misc, unused-ignore]
    """papermill's record of a run, kept in ``session.path``."""

    def __init__(self, nb: NotebookNode, session: NotebookSession, **options: Any) -> None:
        super().__init__(nb, **{"output_path": str(session.path), "progress_bar": False, **options})
        self.session = session
        self._next_save = 0.0

    def save(self, *, force: bool = False, **options: Any) -> None:
        """Save, unless the last save was a moment ago. papermill saves twice for each cell, which is quadratic."""
        if "nb" in options:
            self.nb = options["nb"]
        begun = time.monotonic()
        if not force and begun < self._next_save:
            return
        self.write()
        ended = time.monotonic()
        self._next_save = ended + max(LEAST_SAVE_SECONDS, SAVE_SHARE * (ended - begun))

    def write(self) -> None:
        """Put the notebook where it belongs."""
        write_atomically(self.session.path, masked(self._text()))

    def autosave_cell(self) -> None:
        """Called for each message of the kernel."""
        self.save()

    def cell_exception(self, cell: NotebookNode, cell_index: int | None = None, **options: Any) -> None:
        """Mark the cell failed and save: the kernel's end may take a while."""
        super().cell_exception(cell, cell_index=cell_index, **options)
        self.session.failed = True
        self.save(force=True)

    def notebook_complete(self, **options: Any) -> None:
        """Close the notebook's record. Cells that were not reached stay pending."""
        self.end_time = self.now()
        record = self.nb.metadata.papermill
        record["end_time"] = self.end_time.isoformat()
        record["duration"] = (self.end_time - self.start_time).total_seconds()
        self.cleanup_pbar()
        self.save(force=True)

    def name_failure(self, text: str) -> None:
        """Say at the top what failed and why, and save. If papermill has marked a cell there, the text leads to it."""
        top = next((cell for cell in self.nb.cells if ERROR_TAG in cell.metadata.get("tags", ())), None)
        link = ""
        if top is None:
            top = nbformat.v4.new_markdown_cell(metadata={"tags": [ERROR_TAG]})  # type: ignore[no-untyped-call, unused-ignore]
            self.nb.cells.insert(0, top)
        else:
            link = ' <a href="#papermill-error-cell">Go to the cell</a>'
        top.source = (
            '<span style="color:red; font-family:Helvetica Neue, Helvetica, Arial, sans-serif; font-size:1.5em;">'
            f"{_escaped(text)}{link}</span>"
        )
        self.save(force=True)

    def _text(self) -> str:
        text: str = nbformat.writes(self.nb)  # type: ignore[no-untyped-call, unused-ignore]
        return text


class PapermillSavedNotebook(SavedNotebook):
    """The same for those who run papermill themselves: where and as papermill would write it, secrets and all."""

    def write(self) -> None:
        """Write to ``output_path``: a file atomically, an address through papermill; None is nowhere."""
        if self.output_path is None:
            return
        if "://" in str(self.output_path):
            write_ipynb(self.nb, self.output_path)
        else:
            write_atomically(Path(self.output_path), self._text())


def _escaped(text: str) -> str:
    for character in "&<>":
        text = text.replace(character, f"&#{ord(character)};")
    return "".join(f"\\{character}" if character in "\\`*_[]$" else character for character in " ".join(text.split()))
