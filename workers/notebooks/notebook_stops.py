"""Why a notebook ends before its last cell, and how its executed copy says so."""

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
    """The kernel ended, or did not answer, before the first cell. The text says why, ``name`` what kind of end it is."""

    def __init__(self, reason: str, name: str = "KernelNotStarted") -> None:
        super().__init__(reason)
        self.name = name


class NotebookStopped(SimpleflowError):
    """Ends the notebook; the engine puts it into the cell and papermill finds it there."""

    name = ""


class KernelDied(NotebookStopped):
    """``said`` is the end of what the process wrote to its own standard output and error."""

    name = "DeadKernelError"

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(reason)
        self.said = said


class NoAnswer(NotebookStopped):
    """The kernel has ended the cell, and has not said how; ``said`` as above."""

    name = "KernelError"

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(reason)
        self.said = said


class TooSlow(NotebookStopped):
    """A limit of time was reached; the cell has been interrupted."""

    name = "TimeoutError"


class Cancelled(NotebookStopped):
    """Somebody asked for its end; the cell has been interrupted."""

    name = "Cancelled"


class TooMuchMemory(NotebookStopped):
    """The limit of memory was reached; the kernel has been killed."""

    name = "MemoryLimitExceeded"


class TooMuchOutput(NotebookStopped):
    """More was printed or displayed than is allowed; the cell has been interrupted."""

    name = "OutputLimitExceeded"


class Exited(NotebookStopped):
    """The notebook asked for its end and said that it has failed, in a kernel where that does not raise."""

    name = "SystemExit"


@dataclass(frozen=True)
class CellFailure:
    """Why a cell failed: class and text of the exception, and the lines of its traceback."""

    ename: str
    evalue: str
    traceback: tuple[str, ...]


def add_error(cell: NotebookNode, error: BaseException) -> CellFailure:
    """Say in the cell why it ended when the kernel no longer could."""
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
    """The failure that the kernel has told; the cell shows it also where the kernel has put it elsewhere.

    IPython prints what is wrong with a magic, and groups of exceptions, to standard error.
    """
    name = error.ename or "Error"
    trace = tuple(reply.get("traceback") or ())
    shown = [output for output in cell.outputs if output.output_type == "error"]
    if error.ename == "NoneType" and shown:  # ipykernel's word for an error while a result was shown
        return CellFailure(shown[-1].ename, shown[-1].evalue, tuple(shown[-1].traceback))
    for output in reversed(shown):
        if output.ename == error.ename and output.evalue == error.evalue:
            return CellFailure(name, error.evalue, trace or tuple(output.traceback))
    if not any(name in line for line in trace[-1:]):  # a kernel that was not prepared: that of an exception before it
        trace = (f"{name}: {error.evalue}" if error.evalue else name,)
    return _added(cell, CellFailure(name, error.evalue, trace))


def shorten_error(content: dict[str, Any]) -> None:
    """Cut what a kernel says of an exception, in place: its text may be as long as any."""
    if len(content.get("evalue") or "") > MOST_TEXT:
        content["evalue"] = content["evalue"][:MOST_TEXT] + f"... (cut at {MOST_TEXT:,} characters)"
    trace = content.get("traceback") or []
    if sum(map(len, trace)) > 10 * MOST_TEXT:
        content["traceback"] = [line[:MOST_TEXT] for line in (*trace[:10], *trace[-10:])][-20:]


def forget_exit(cell: NotebookNode) -> None:
    """Take out the error that a cell shows which was left on purpose: it is none."""
    cell.outputs = [output for output in cell.outputs if output.output_type != "error"]


def _added(cell: NotebookNode, failure: CellFailure) -> CellFailure:
    output = nbformat.v4.new_output(  # type: ignore[no-untyped-call, unused-ignore]
        "error", ename=failure.ename, evalue=failure.evalue, traceback=list(failure.traceback)
    )
    cell.outputs.append(output)
    return failure
