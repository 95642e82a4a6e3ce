"""One notebook, outside any workflow: run, or written as it would run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import DefinitionError
from ...inspection.documents import Document, document_of

if TYPE_CHECKING:
    from workers.notebooks.kernel_output import OutputLimits
    from workers.notebooks.notebook_errors import NotebookFailed
    from workers.notebooks.notebook_run import Cancellation
    from workers.notebooks.notebook_session import CountedWarnings

_OURS = {"config.json", "run.json"}


@dataclass(frozen=True)
class Limits:
    """Limits of what a notebook may take; None is no limit, or the usual one."""

    timeout_seconds: float | None = None
    cell_timeout_seconds: float | None = None
    memory_bytes: int | None = None
    printed_bytes: int | None = None
    displayed_bytes: int | None = None

    @classmethod
    def read(cls, texts: Mapping[str, str | None]) -> Limits:
        """Return the limits that were typed, such as ``{"cell_timeout": "10m", "memory_limit": "2GiB"}``; what is not there, or
        None, is no limit.

        Raises:
            DefinitionError: one of them is no duration, or no size.
        """
        from deciders.specification.notebook_limits import duration_seconds, memory_bytes

        return cls(
            _limit("timeout", texts, duration_seconds),
            _limit("cell_timeout", texts, duration_seconds),
            _limit("memory_limit", texts, memory_bytes),
            _limit("output_limit", texts, memory_bytes),
            _limit("display_limit", texts, memory_bytes),
        )

    def arguments(self) -> dict[str, Any]:
        """Return the limits as `workers.notebooks` takes them."""
        return {
            "timeout_seconds": self.timeout_seconds,
            "cell_timeout_seconds": self.cell_timeout_seconds,
            "memory_limit_bytes": self.memory_bytes,
            "output_limits": self._output_limits(),
        }

    def _output_limits(self) -> OutputLimits:
        from workers.notebooks.kernel_output import OutputLimits

        return OutputLimits.given(self.printed_bytes, self.displayed_bytes)


def _limit(name: str, texts: Mapping[str, str | None], read: Callable[[Any], Any]) -> Any:
    text = texts.get(name)
    if text is None:
        return None
    try:
        number: Any = float(text)
    except ValueError:
        number = text
    try:
        return read(number)
    except ValueError as error:
        raise DefinitionError(f"--{name.replace('_', '-')} {text}: give {error}") from None


@dataclass(frozen=True)
class NotebookEnd:
    """End of a notebook, and the path where it was kept."""

    path: Path  #: the executed notebook
    status: str  #: ``succeeded``, ``skipped``, ``failed``, ``cancelled``; ``prepared``: nothing was executed
    light: str | None = None  #: ``green``, ``orange``, ``red``
    duration_seconds: float | None = None
    warnings: tuple[str, ...] = ()
    skipped_for: str | None = None  #: the reason that the notebook gave
    ended_in_cell: int | None = None  #: in which it has ended itself
    error: dict[str, Any] | None = None  #: ``cell``, ``type``, ``message`` of what made it fail

    def to_dict(self) -> Document:
        return document_of(
            "notebook",
            {
                "path": str(self.path),
                "status": self.status,
                "light": self.light,
                "duration_seconds": self.duration_seconds,
                "warnings": list(self.warnings),
                "skipped_for": self.skipped_for,
                "ended_in_cell": self.ended_in_cell,
                "error": self.error,
            },
        )


def run_one(
    file: Path,
    parameters: Mapping[str, Any],
    into: Path,
    *,
    kernel: str | None = None,
    kernel_fallback: bool = True,
    counted_warnings: CountedWarnings = "own",
    limits: Limits = Limits(),
    cancellation: Cancellation | None = None,
    on_cell: Callable[[int, int, str], None] | None = None,
) -> NotebookEnd:
    """Run a notebook into a folder of its own; see `workers.notebooks.run_notebook` for the rest.

    Args:
        on_cell: called when a cell begins with its number from 1, the number of cells and the last heading so far.

    Raises:
        DefinitionError: nothing has run: no such notebook or kernel, a parameter that it does not declare, or files of somebody
            else in the folder.
        NotebookFailed: a cell raised, the kernel died, a limit was reached, or it was cancelled; see `end_of_failure`.
    """
    from workers.notebooks.notebook_run import run_notebook

    _check(file, into)
    done = run_notebook(
        file,
        parameters,
        into,
        kernel=kernel,
        kernel_fallback=kernel_fallback,
        counted_warnings=counted_warnings,
        cancellation=cancellation,
        on_progress=on_cell,
        **limits.arguments(),
    )
    return NotebookEnd(
        done.path,
        str(done.status),
        str(done.light),
        done.duration_seconds,
        done.warnings,
        done.skipped_for,
        done.ended_in_cell,
    )


def prepare_one(
    file: Path, parameters: Mapping[str, Any], into: Path, *, kernel: str | None = None, limits: Limits = Limits()
) -> NotebookEnd:
    """Write a notebook as it would run, with its parameters in it; nothing is executed.

    Raises:
        DefinitionError: as :func:`run_one` does.
    """
    from workers.notebooks.notebook_run import prepare_notebook

    _check(file, into)
    return NotebookEnd(prepare_notebook(file, parameters, into, kernel=kernel, **limits.arguments()), "prepared")


def end_of_failure(failure: NotebookFailed) -> NotebookEnd:
    """Return the end of a notebook that failed, from what it has left."""
    from deciders.values.label_state import AttemptState
    from deciders.values.light import Light
    from workers.artefacts import read_record

    record = read_record(failure.notebook.parent / "run.json")
    error = {"cell": failure.cell, "type": failure.ename, "message": failure.evalue}
    return NotebookEnd(
        failure.notebook,
        str(record.get("status") or AttemptState.FAILED),
        str(record.get("light") or Light.RED),
        record.get("duration_seconds"),
        tuple(record.get("warnings") or ()),
        error=error,
    )


def _check(file: Path, into: Path) -> None:
    if file.is_dir():
        raise DefinitionError(f"notebook {file} is a folder; name the .ipynb or .py file in it")
    check_folder(into)


def check_folder(into: Path) -> None:
    """Refuse a folder with files of somebody else: notebooks are written over what is there.

    Raises:
        DefinitionError: it has some, or is a file.
    """
    if into.is_file():
        raise DefinitionError(f"{into} is a file; name a folder with --into")
    if into.is_dir():
        names = {entry.name for entry in into.iterdir()}
        if names and not names & _OURS:
            raise DefinitionError(f"{into} has files that no earlier run has left; name another folder with --into")
