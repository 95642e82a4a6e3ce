"""Why a notebook ends before its last cell, and how its executed copy says so."""

from __future__ import annotations

import nbformat
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode


class KernelNotStarted(Exception):
    """The kernel ended, or did not answer, before the first cell. The text says why, ``name`` what kind of end it is."""

    def __init__(self, reason: str, name: str = "KernelNotStarted") -> None:
        super().__init__(reason)
        self.name = name


class NotebookStopped(Exception):
    """Ends the notebook; the engine puts it into the cell and papermill finds it there."""

    name = ""


class KernelDied(NotebookStopped):
    """``said`` is the end of what the process wrote to its own standard output and error."""

    name = "DeadKernelError"

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


def add_error(cell: NotebookNode, error: BaseException) -> None:
    """Say in the cell why it ended when the kernel no longer could."""
    if cell.cell_type != "code":
        return
    if isinstance(error, TooSlow | Cancelled):
        # The interrupted cell's own traceback says where it was; the reason is ours.
        trace = [line for output in cell.outputs if output.output_type == "error" for line in output.traceback]
        cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
    else:
        trace = getattr(error, "said", "").splitlines()
    name = error.name if isinstance(error, NotebookStopped) else type(error).__name__
    text = str(error)
    trace.append(f"{name}: {text}" if text else name)
    output = nbformat.v4.new_output("error", ename=name, evalue=text, traceback=trace)  # type: ignore[no-untyped-call, unused-ignore]
    cell.outputs.append(output)


def left_on_purpose(error: CellExecutionError) -> bool:
    """``sys.exit()`` or ``sys.exit(0)``: the end of the notebook, as papermill has it."""
    return error.ename == "SystemExit" and error.evalue in ("", "0")
