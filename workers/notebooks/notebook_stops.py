"""Reasons for which a notebook ends before its last cell, and their marks in the executed copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from simpleflow_nb.exceptions import SimpleflowError

MOST_TEXT = 20_000  #: characters of the text of an exception


class KernelNotStarted(SimpleflowError):
    """The kernel ended, or did not answer, before the first cell. The text is the reason, ``name`` the kind of end."""

    def __init__(self, reason: str, name: str = "KernelNotStarted") -> None:
        super().__init__(reason)
        self.name = name


class NotebookStopped(SimpleflowError):
    """Stops the notebook; the engine puts it into the cell, where papermill finds it."""

    name = ""


class KernelDied(NotebookStopped):
    """``said`` is the end of what the process wrote to its own standard output and error."""

    name = "DeadKernelError"

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(reason)
        self.said = said


class NoAnswer(NotebookStopped):
    """The kernel has ended the cell without reporting the result; ``said`` as above."""

    name = "KernelError"

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(reason)
        self.said = said


class TooSlow(NotebookStopped):
    """A time limit was reached; the cell has been interrupted."""

    name = "TimeoutError"


class Cancelled(NotebookStopped):
    """The notebook was cancelled; the cell has been interrupted."""

    name = "Cancelled"


class TooMuchMemory(NotebookStopped):
    """The memory limit was reached; the kernel has been killed."""

    name = "MemoryLimitExceeded"


class TooMuchOutput(NotebookStopped):
    """An output limit was exceeded; the cell has been interrupted."""

    name = "OutputLimitExceeded"


class Exited(NotebookStopped):
    """The notebook ended itself as a failure, in a kernel where that does not raise."""

    name = "SystemExit"


@dataclass(frozen=True)
class CellFailure:
    """The failure of a cell: class and text of the exception, and the lines of its traceback."""

    ename: str
    evalue: str
    traceback: tuple[str, ...]


def add_error(cell: NotebookNode, error: BaseException) -> CellFailure:
    """Put the reason for its end into a cell whose kernel no longer could."""
    name = error.name if isinstance(error, NotebookStopped) else type(error).__name__
    text = str(error)
    if cell.cell_type != "code":
        return CellFailure(name, text, ())
    if isinstance(error, TooSlow | Cancelled | TooMuchOutput):
        # The interrupted cell's own traceback says where it was; the reason is ours.
        trace = [line for output in cell.outputs if output.output_type == "error" for line in output.traceback]
        cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
    else:
        trace = getattr(error, "said", "").splitlines()
    trace.append(f"{name}: {text}" if text else name)
    return _added(cell, CellFailure(name, text, tuple(trace)))


def failure_of(error: CellExecutionError, cell: NotebookNode, reply: Mapping[str, Any]) -> CellFailure:
    """Return the failure that the kernel has reported; it is put into the cell, too, if the kernel has shown it elsewhere.

    IPython prints what is wrong with a magic, and groups of exceptions, to standard error.
    """
    name = error.ename or "Error"
    trace = tuple(reply.get("traceback") or ())
    shown = [output for output in cell.outputs if output.output_type == "error"]
    if error.ename == "NoneType" and shown:  # ipykernel's name for an error while a result was displayed
        return CellFailure(shown[-1].ename, shown[-1].evalue, tuple(shown[-1].traceback))
    for output in reversed(shown):
        if output.ename == error.ename and output.evalue == error.evalue:
            return CellFailure(name, error.evalue, trace or tuple(output.traceback))
    if not any(name in line for line in trace[-1:]):  # an unprepared kernel: of an earlier exception
        trace = (f"{name}: {error.evalue}" if error.evalue else name,)
    return _added(cell, CellFailure(name, error.evalue, trace))


def shorten_error(content: dict[str, Any]) -> None:
    """Cut the text of an exception from the kernel, in place: it may have any length."""
    if len(content.get("evalue") or "") > MOST_TEXT:
        content["evalue"] = content["evalue"][:MOST_TEXT] + f"... (cut at {MOST_TEXT:,} characters)"
    trace = content.get("traceback") or []
    if sum(map(len, trace)) > 10 * MOST_TEXT:
        content["traceback"] = [line[:MOST_TEXT] for line in (*trace[:10], *trace[-10:])][-20:]


def forget_exit(cell: NotebookNode) -> None:
    """Remove the error from a cell that exited on purpose."""
    cell.outputs = [output for output in cell.outputs if output.output_type != "error"]


def _added(cell: NotebookNode, failure: CellFailure) -> CellFailure:
    output = nbformat.v4.new_output(  # type: ignore[no-untyped-call, unused-ignore]
        "error", ename=failure.ename, evalue=failure.evalue, traceback=list(failure.traceback)
    )
    cell.outputs.append(output)
    return failure
