"""Run one notebook with parameters, in a folder of its own.

After ``run_notebook`` the folder holds, whether it went well or not:

``<label>.ipynb``   the executed notebook, up to where it came
``config.json``     label, source, its SHA-256, kernel, environment, limits, and the parameters as the notebook got them
``output.txt``      what the notebook printed
``run.json``        status, light, times, attempt, version of the source, where its kernel came from, progress, warnings, error
and what the notebook itself has written: the folder is its working directory.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from workers.artefacts import path_part, write_atomically
from workers.kernels.supply import KernelSupply, shared_supply, warm_kernels
from workers.lights import Light, warning_lines
from workers.notebook_errors import NotebookFailed, NotebookRefused
from workers.notebook_output import OutputText
from workers.notebook_session import Cancellation, NotebookLimits, NotebookSession
from workers.notebook_source import NotebookSource, checked_parameters, read_notebook_source
from workers.secrets import known_secrets, masked, masked_leaves, masker
from workers.source_version import SourceVersion, read_source_version

__all__ = [
    "Cancellation",
    "NotebookFailed",
    "NotebookRefused",
    "NotebookResult",
    "prepare_notebook",
    "run_notebook",
    "warm_kernels",
]

PROGRESS_SECONDS = 1.0  #: until other processes can read in run.json which cell runs
KEPT_WARNINGS = 50  #: warning lines in a result; all of them are in output.txt
KEPT_WARNING_CHARACTERS = 300  #: of each
KEPT_TRACEBACK_LINES = 30


@dataclass(frozen=True, kw_only=True)
class NotebookResult:
    """A notebook that ran to its end."""

    path: Path  #: the executed notebook
    light: Light  #: green, or orange if it printed warnings
    status: Literal["succeeded"]
    duration_seconds: float
    warnings: tuple[str, ...]  #: the first 50 lines that warn, each cut at 300 characters


def run_notebook(
    path: str | os.PathLike[str],
    parameters: Mapping[str, Any] | None,
    into: str | os.PathLike[str],
    *,
    label: str | None = None,
    kernel: str | None = None,
    timeout_seconds: float | None = None,
    cell_timeout_seconds: float | None = None,
    memory_limit_bytes: int | None = None,
    environment: Mapping[str, str] | None = None,
    attempt: int = 1,
    cancellation: Cancellation | None = None,
    kernels: KernelSupply | None = None,
    on_kernel_started: Callable[[int], None] | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> NotebookResult:
    """Run the notebook ``path`` in a fresh kernel process and keep what it leaves in the folder ``into``.

    ``path`` is an ``.ipynb`` file, or a ``.py`` file in percent format. ``into`` is made if it is missing; what an
    earlier run left there is overwritten. ``label`` names the notebook, by default after its file. ``kernel`` is the name
    of the kernel to run it in, by default the notebook's own. ``environment`` is added to ours for the kernel. Several
    notebooks may run at once in threads of one process. Kernels are forked from a fork server within a
    :func:`warm_kernels` block, or come from ``kernels``; else each is a program of its own.

    ``on_kernel_started`` gets the kernel's process id, which is also the id of its process group, before anything runs.
    ``on_progress`` is called when a cell begins, with its number from 1, the number of cells, and the last Markdown
    heading so far (perhaps empty). Both are called in the caller's thread, unless an event loop runs there. What they
    raise kills the kernel and leaves this function; the artefacts are kept and say so.

    After ``timeout_seconds`` (the start of the kernel included), after ``cell_timeout_seconds`` in one cell, or when
    somebody calls ``cancellation.cancel()``, the cell is interrupted, and killed 2 s later if it goes on. A kernel that
    with all its descendants has more than ``memory_limit_bytes`` resident (looked at ten times a second) is killed at
    once. When the function returns or raises, nothing that descends from the kernel is left.

    Raises:
        NotebookRefused: nothing has run: no such notebook or kernel, a parameter that the notebook does not declare, a
            value that has no JSON form, or the executed notebook would overwrite ``path``.
        NotebookFailed: a cell raised, the kernel died or did not start, a limit was reached, or it was cancelled.
        OSError: the artefacts cannot be written.
    """
    source = read_notebook_source(path, kernel=kernel)
    values = checked_parameters(source, parameters or {})
    cancellation = cancellation or Cancellation()
    limits = NotebookLimits(
        timeout_seconds=timeout_seconds, cell_timeout_seconds=cell_timeout_seconds, memory_bytes=memory_limit_bytes
    )
    folder, label, notebook = _begin(source, values, into, label, environment, limits)
    record: dict[str, Any] = {
        "label": label,
        "status": "running",
        "light": None,
        "started": datetime.now(UTC).isoformat(),
        "ended": None,
        "duration_seconds": None,
        "attempt": attempt,
        "source": str(source.path),
        "source_sha256": source.sha256,
        "git_commit": None,
        "git_dirty": None,
        "kernel": None,
        "peak_memory_bytes": None,
        "progress": None,
        "warnings": [],
        "error": None,
    }
    _write_json(folder / "run.json", record)
    progress = _Progress(folder, record, on_progress)
    begun = time.monotonic()
    error: dict[str, Any] | None = {"cell": None, "ename": "Interrupted", "evalue": ""}
    session: NotebookSession | None = None
    # git answers while the kernel starts.
    variables = {**os.environ, **(environment or {})}
    with (
        ThreadPoolExecutor(1, thread_name_prefix="source-version") as pool,
        OutputText(folder / "output.txt", variables) as output,
    ):
        version = pool.submit(read_source_version, source.path)
        try:
            session = NotebookSession(
                source=source,
                path=notebook,
                folder=folder,
                environment=variables,
                output=output,
                limits=limits,
                kernels=kernels or shared_supply(),
                cancellation=cancellation,
                on_kernel_started=on_kernel_started,
                on_progress=progress.note,
            )
            _execute(session, values, label)
            error = None
        except NotebookFailed as failure:
            error = {"cell": failure.cell, "ename": failure.ename, "evalue": failure.evalue}
            raise
        except BaseException as stop:
            error = {"cell": None, "ename": type(stop).__name__, "evalue": str(stop)}
            raise
        finally:
            output.close()
            record.update(_end(folder, begun, error, version.result()))
            if error is not None and cancellation.is_asked:
                record["status"] = "cancelled"
            if session is not None and session.kernel is not None:
                made = session.kernel
                record["kernel"] = {"name": source.kernel_name, "origin": made.origin, "reason": made.reason or None}
                record["peak_memory_bytes"] = session.peak_memory_bytes or None
            _write_json(folder / "run.json", record)
    return NotebookResult(
        path=notebook,
        light=record["light"],
        status="succeeded",
        duration_seconds=record["duration_seconds"],
        warnings=tuple(record["warnings"]),
    )


class _Progress:
    """Notes in ``run.json`` which cell runs, and passes it on."""

    def __init__(self, folder: Path, record: dict[str, Any], tell: Callable[[int, int, str], None] | None) -> None:
        self._folder, self._record, self._tell = folder, record, tell
        self._writing: asyncio.TimerHandle | None = None

    def note(self, cell: int, cells: int, heading: str) -> None:
        self._record["progress"] = {"cell": cell, "cells": cells, "heading": heading}
        if self._writing is None:  # later, so that a notebook of many quick cells costs no more
            self._writing = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._write)
        if self._tell is not None:
            self._tell(cell, cells, heading)

    def _write(self) -> None:
        self._writing = None
        try:
            _write_json(self._folder / "run.json", self._record)
        except OSError:
            pass  # the disk is full, say; the end of the run is written in any case, or says so


def prepare_notebook(
    path: str | os.PathLike[str],
    parameters: Mapping[str, Any] | None,
    into: str | os.PathLike[str],
    *,
    label: str | None = None,
    kernel: str | None = None,
    timeout_seconds: float | None = None,
    cell_timeout_seconds: float | None = None,
    memory_limit_bytes: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """Write the notebook as it would run, with a cell of these parameters, into the folder ``into``; nothing is executed.

    ``config.json`` is written beside it, with the environment and the limits that are given. Returns the path of the notebook.

    Raises:
        NotebookRefused: as for :func:`run_notebook`.
        OSError: it cannot be written.
    """
    source = read_notebook_source(path, kernel=kernel)
    values = checked_parameters(source, parameters or {})
    limits = NotebookLimits(
        timeout_seconds=timeout_seconds, cell_timeout_seconds=cell_timeout_seconds, memory_bytes=memory_limit_bytes
    )
    _, _, notebook = _begin(source, values, into, label, environment, limits)
    import papermill

    from workers.notebook_saves import masked_notebook, notebook_text

    prepared = papermill.execute_notebook(
        source.notebook,
        None,
        parameters=values,
        prepare_only=True,
        kernel_name=source.kernel_name,
        language=source.language,
    )
    prepared.metadata["kernelspec"] = {
        "name": source.kernel_name,
        "display_name": source.kernel_spec.display_name,
        "language": source.language,
    }
    prepared.metadata.pop("papermill", None)  # it has not run
    for cell in prepared.cells:
        cell.metadata.pop("papermill", None)
    write_atomically(notebook, notebook_text(masked_notebook(prepared, masker(_secrets_of(environment)))))
    return notebook


def _begin(
    source: NotebookSource,
    values: dict[str, Any],
    into: str | os.PathLike[str],
    label: str | None,
    environment: Mapping[str, str] | None,
    limits: NotebookLimits,
) -> tuple[Path, str, Path]:
    """The folder, made, with ``config.json`` in it; the label; where the executed notebook will be."""
    folder = Path(into).absolute()
    label = label or source.path.stem
    notebook = folder / f"{path_part(label)}.ipynb"
    if notebook.exists() and notebook.samefile(source.path):
        raise NotebookRefused(f"notebook {source.path} would be overwritten by the executed one; run it into another folder")
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "label": label,
        "source": str(source.path),
        "source_sha256": source.sha256,
        "kernel": source.kernel_name,
        "environment": dict(environment or {}),
        "limits": {
            "timeout_seconds": limits.timeout_seconds,
            "cell_timeout_seconds": limits.cell_timeout_seconds,
            "memory_limit_bytes": limits.memory_bytes,
        },
        "parameters": values,
    }
    _write_json(folder / "config.json", config, _secrets_of(environment))
    return folder, label, notebook


def _execute(session: NotebookSession, values: dict[str, Any], label: str) -> None:
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from workers.notebook_engine import ENGINE_NAME
    from workers.notebook_stops import KernelNotStarted

    source = session.source
    try:
        # The notebook itself rather than paths: papermill takes braces in a path for templates, writes in place, and
        # changes the directory of the whole process.
        papermill.execute_notebook(
            source.notebook,
            None,
            parameters=values,
            engine_name=ENGINE_NAME,
            kernel_name=source.kernel_name,
            language=source.language,
            progress_bar=False,
            session=session,
        )
    except PapermillExecutionError as error:
        raise _failure(label, error, session) from None
    except KernelNotStarted as error:
        reason = masked(str(error), known_secrets(session.environment))
        failed = NotebookFailed(label, None, error.name, reason, "", session.path)
        assert session.saved is not None
        session.saved.name_failure(f"The kernel did not start: {failed.cause.removeprefix('KernelNotStarted: ')}")
        raise failed from None


def _failure(label: str, error: Any, session: NotebookSession) -> NotebookFailed:
    from papermill.exceptions import strip_color

    assert session.saved is not None
    number = session.cell_number(error.cell_index)
    secrets = known_secrets(session.environment)
    lines = masked(strip_color("\n".join(error.traceback)), secrets).splitlines()
    failed = NotebookFailed(
        label,
        number,
        masked(error.ename, secrets),
        masked(strip_color(error.evalue), secrets),
        "\n".join(lines[-KEPT_TRACEBACK_LINES:]),
        session.path,
    )
    session.saved.name_failure(f"Cell {number} failed: {failed.cause}")
    return failed


def _end(folder: Path, begun: float, error: dict[str, Any] | None, version: SourceVersion | None) -> dict[str, Any]:
    """What the end of a run adds to its record."""
    with open(folder / "output.txt", encoding="utf-8", errors="replace") as file:
        warnings = warning_lines(file)
    light = Light.RED if error else Light.ORANGE if warnings else Light.GREEN
    return {
        "status": "failed" if error else "succeeded",
        "light": light,
        "ended": datetime.now(UTC).isoformat(),
        "duration_seconds": round(time.monotonic() - begun, 3),
        "git_commit": version.commit if version else None,
        "git_dirty": version.dirty if version else None,
        "warnings": [line[:KEPT_WARNING_CHARACTERS] for line in warnings[:KEPT_WARNINGS]],
        "error": error,
    }


def _secrets_of(environment: Mapping[str, str] | None) -> dict[str, str]:
    """Those of a kernel with these variables besides ours."""
    return known_secrets({**os.environ, **(environment or {})})


def _write_json(path: Path, content: dict[str, Any], secrets: Mapping[str, str] | None = None) -> None:
    write_atomically(path, json.dumps(masked_leaves(content, secrets), indent=2, ensure_ascii=False) + "\n")
