"""The report of one executed notebook, outside of any workflow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...inspection.documents import Document, document_of

if TYPE_CHECKING:
    from workers.reports import ReportOptions


@dataclass(frozen=True)
class NotebookReport:
    """A report that has been written."""

    path: Path
    pages: int | None  #: None for a format without pages
    size_bytes: int
    seconds: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> Document:
        return document_of(
            "report",
            {
                "path": str(self.path),
                "pages": self.pages,
                "size_bytes": self.size_bytes,
                "seconds": round(self.seconds, 3),
                "warnings": list(self.warnings),
            },
        )


def make_notebook_report(notebook: Path, report: Path, options: ReportOptions) -> NotebookReport:
    """Make the report of an executed notebook. Nothing is run: it shows what the notebook holds.

    Raises:
        DefinitionError: it is no notebook.
        ReportError: the report cannot be made; one that was there stays as it was.
    """
    from workers.reports import end_idle_children, make_report
    from workers.reports.notebook import UnreadableNotebook, read_notebook

    if notebook.is_dir():
        raise DefinitionError(f"not a readable notebook: {notebook} (it is a folder)")
    try:
        has_run = _has_run(read_notebook(notebook))
    except UnreadableNotebook as reason:
        raise DefinitionError(f"not a readable notebook: {notebook} ({reason})") from None
    began = time.monotonic()
    try:
        made = make_report(notebook, report, options)
    finally:
        end_idle_children()
    warnings = list(made.warnings)
    if not has_run:
        warnings.insert(0, f"no cell of {notebook} has been run, so that there are no results to show; notebook.run runs it")
    return NotebookReport(report, made.pages, report.stat().st_size, time.monotonic() - began, tuple(warnings))


def _has_run(notebook: dict[str, Any]) -> bool:
    """Tell whether anything of a notebook has been executed; one without code needs not be."""
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    return not cells or any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
