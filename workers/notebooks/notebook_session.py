"""One run of one notebook: the inputs of its engine, and its results."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol

from deciders.notebooks.notebook_document import INJECTED_TAG, tags_of

from .kernel_output import DEFAULT_OUTPUT_LIMITS, OutputLimits
from .own_files import OwnFiles

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from ..kernels.kernel import Kernel
    from ..kernels.supply import KernelSupply
    from .notebook_saves import SavedNotebook
    from .notebook_source import NotebookSource
    from .notebook_stops import CellFailure

#: Warnings of Python's ``warnings`` module that make a run orange: those of the analyst's own code, all, or none.
CountedWarnings = Literal["own", "all", "none"]


class Output(Protocol):
    """The destination of a notebook's printed output; streams may be missing."""

    stdout: Any
    stderr: Any

    def end_cell(self) -> None: ...


@dataclass
class PassedOutput:
    """Output handled elsewhere: the files given to papermill."""

    stdout: IO[str] | None = None
    stderr: IO[str] | None = None

    def end_cell(self) -> None:
        """Do nothing, as nothing is held back."""


class Cancellation:
    """A request to end a notebook, which may come at any time, from any thread, even before the notebook begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_asked = False
        self._listeners: list[Callable[[], None]] = []

    @property
    def is_asked(self) -> bool:
        return self._is_asked

    def cancel(self) -> None:
        """Interrupt the cell that runs, and kill everything soon after; returns at once. A second call changes nothing."""
        with self._lock:
            self._is_asked = True
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called once, perhaps at once, in the thread that cancels."""
        with self._lock:
            if not self._is_asked:
                self._listeners.append(listener)
                return
        listener()

    def forget(self, listener: Callable[[], None]) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)


@dataclass(frozen=True, kw_only=True)
class NotebookLimits:
    """Limits of a notebook; None is no limit."""

    timeout_seconds: float | None = None  #: for all of it, the start of the kernel included
    cell_timeout_seconds: float | None = None  #: for each cell
    memory_bytes: int | None = None  #: resident memory of the kernel and all that descends from it
    output: OutputLimits = DEFAULT_OUTPUT_LIMITS


@dataclass(frozen=True)
class EarlyEnd:
    """The notebook ended itself before its last cell."""

    cell: int  #: the cell that asked for it, from 1, counted in the source notebook
    skipped_for: str | None = None  #: its reason for having nothing to do; None if it only ended


@dataclass
class NotebookSession:
    """One run of one notebook."""

    source: NotebookSource
    path: Path  #: of the executed notebook
    folder: Path  #: working directory of the kernel
    environment: Mapping[str, str]
    output: Output
    limits: NotebookLimits = NotebookLimits()
    kernels: KernelSupply | None = None  #: None: the kernel is a program of its own
    cancellation: Cancellation = field(default_factory=Cancellation)
    on_kernel_started: Callable[[int], None] | None = None
    on_progress: Callable[[int, int, str], None] | None = None
    own_folders: Sequence[Path] = ()  #: Python files below them are the analyst's own
    counted_warnings: CountedWarnings = "own"
    own_files: OwnFiles = field(default_factory=OwnFiles)
    warnings: list[str] = field(default_factory=list)  #: of Python's ``warnings`` module, those that count
    notes: list[str] = field(default_factory=list)  #: replacements and omissions, which make the run orange
    failure: tuple[int, CellFailure] | None = None  #: index of the cell that failed in the executed notebook, and why
    early_end: EarlyEnd | None = None
    skip_reason: str | None = None  #: text of the file of `SIMPLEFLOW_NB_SKIP`
    saved: SavedNotebook | None = None  #: set when the engine begins
    kernel: Kernel | None = None
    peak_memory_bytes: int = 0  #: the most that was measured; 0 without measurements
    added_cell: int = -1  #: index of the cell of parameters that papermill has added
    stopping: asyncio.Future[Any] | None = None
    _numbers: list[int] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def new_kernel(self) -> Kernel:
        """Make the kernel for this run, not started yet."""
        from ..kernels.kernel import Kernel
        from ..kernels.supply import NO_FORK_SERVER

        name, spec = self.source.kernel_name, self.source.kernel_spec
        if self.kernels is None:
            kernel = Kernel.of(name, spec)
            kernel.reason = NO_FORK_SERVER
        else:
            kernel = self.kernels.kernel(name, spec, self.folder, self.environment)
        kernel.on_started = self.on_kernel_started
        self.kernel = kernel
        return kernel

    def note_warning(self, text: str, *, is_own: bool) -> None:
        """Note a warning of Python's ``warnings`` module that was shown."""
        if self.counted_warnings == "all" or (self.counted_warnings == "own" and is_own):
            self.warnings.append(text)

    def end_early(self, index: int, *, skip: str | None = None) -> None:
        """Note that the cell at ``index`` of the executed notebook has ended it on purpose; ``skip`` is a reason for having
        nothing to do.
        """
        self.early_end = EarlyEnd(self.cell_number(index), skip)

    def seconds_left(self) -> float | None:
        """Return the seconds until the notebook's time limit, at least 0; None without a limit."""
        if self.limits.timeout_seconds is None:
            return None
        return max(0.0, self._started + self.limits.timeout_seconds - time.monotonic())

    def count_cells(self, cells: list[NotebookNode]) -> None:
        """Map the cells of the executed notebook to those of the source, before papermill marks a failure."""
        added = len(cells) > len(self.source.notebook.cells)  # else the source had a cell with injected parameters
        injected = next((index for index, cell in enumerate(cells) if added and _is_injected(cell)), len(cells))
        self.added_cell = injected
        self._numbers = [index + 1 if index < injected else index for index in range(len(cells))]

    def cell_number(self, index: int) -> int:
        """Return the number, from 1, that a cell of the executed notebook has in the source notebook.

        The cell that papermill adds for the parameters counts as the one before it.
        """
        return self._numbers[index]


def _is_injected(cell: NotebookNode) -> bool:
    return INJECTED_TAG in tags_of(cell)
