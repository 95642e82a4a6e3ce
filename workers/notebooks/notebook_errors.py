"""Errors raised by running a notebook.

SimpleflowError
├── NotebookRefused    nothing has run: the file, its kernel or the parameters are wrong
├── NotebookSkipped    it has said that there is nothing to do
└── NotebookFailed     it ran, or its kernel did not start; the partly executed notebook is kept
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simpleflow_nb.exceptions import ExitCode, SimpleflowError

_LONGEST_CAUSE = 300  # characters; the whole is in the notebook


class NotebookRefused(SimpleflowError):
    """The notebook cannot be run as requested; one sentence. Nothing has run and nothing was written."""

    exit_code = ExitCode.WRONG


class NotebookSkipped(SimpleflowError):
    """The notebook has said that there is nothing to do, and why. Raised for those that need its results; it is no failure."""


class ScrapMissing(SimpleflowError):
    """A notebook ended well, and has not glued a scrap that the workflow file refers to. It would not the next time either."""


class NotebookFailed(SimpleflowError):
    """A cell of the notebook raised, its kernel died, or its time limit was reached.

    ``cell`` counts all cells of the source notebook from 1 and is None if the kernel ended before the first one.
    ``ename`` and ``evalue`` are those of the exception in the notebook; a kernel that died gives ``DeadKernelError``, a
    notebook that was too slow ``TimeoutError``, one that took too much memory ``MemoryLimitExceeded``, one that was
    cancelled ``Cancelled``. ``traceback`` is the end of the traceback in plain text, perhaps empty.
    ``notebook`` is the path of the half-run notebook. Survives pickling.
    """

    def __init__(self, label: str, cell: int | None, ename: str, evalue: str, traceback: str, notebook: Path, /) -> None:
        where = f"in cell {cell}" if cell else "before its first cell"
        cause = " ".join(f"{ename}: {evalue}".split()) if evalue else ename
        if len(cause) > _LONGEST_CAUSE:
            cause = cause[: _LONGEST_CAUSE - 3] + "..."
        super().__init__(f"notebook {label!r} failed {where}: {cause} (see {notebook})")
        self.label, self.cell, self.ename, self.evalue = label, cell, ename, evalue
        self.cause = cause  #: class and text of the exception, on one line
        self.traceback, self.notebook = traceback, notebook

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.label, self.cell, self.ename, self.evalue, self.traceback, self.notebook)
