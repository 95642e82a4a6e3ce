"""Run one notebook with parameters, in a folder of its own.

After ``run_notebook`` the folder holds, whether it went well or not:

``<label>.ipynb``   the executed notebook, up to where it came
``config.json``     label, source, its SHA-256, and the parameters as the notebook got them
``output.txt``      what the notebook printed
``run.json``        status, light, times, attempt, version of the source, warnings, error
and what the notebook itself has written: the folder is its working directory.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workers.artefacts import path_part, write_atomically
from workers.lights import Light, warning_lines
from workers.notebook_errors import NotebookFailed, NotebookRefused
from workers.notebook_source import NotebookSource, checked_parameters, read_notebook_source
from workers.secrets import masked
from workers.source_version import SourceVersion, read_source_version

if TYPE_CHECKING:
    from workers.notebook_engine import NotebookSession

__all__ = ["NotebookFailed", "NotebookRefused", "NotebookResult", "run_notebook"]

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
    timeout_seconds: float | None = None,
    attempt: int = 1,
    on_kernel_started: Callable[[int], None] | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> NotebookResult:
    """Run the notebook ``path`` in a kernel process of its own and keep what it leaves in the folder ``into``.

    ``path`` is an ``.ipynb`` file, or a ``.py`` file in percent format. ``into`` is made if it is missing; what an
    earlier run left there is overwritten. ``label`` names the notebook, by default after its file. ``environment`` is
    added to ours for the kernel. Several notebooks may run at once in threads of one process.

    ``on_kernel_started`` gets the kernel's process id, which is also the id of its process group, before anything runs.
    ``on_progress`` is called when a cell begins, with its number from 1, the number of cells, and the last Markdown
    heading so far (perhaps empty). Both are called in the caller's thread, unless an event loop runs there. What they
    raise kills the kernel and leaves this function; the artefacts are kept and say so.

    After ``timeout_seconds``, the start of the kernel included, the cell is interrupted, and killed 2 s later if it
    goes on. When the function returns or raises, no process of the kernel's group is left.

    Raises:
        NotebookRefused: nothing has run: no such notebook or kernel, a parameter that the notebook does not declare, or
            a value that has no JSON form.
        NotebookFailed: a cell raised, the kernel died or did not start, or the time was over.
        OSError: the artefacts cannot be written.
    """
    source = read_notebook_source(path)
    values = checked_parameters(source, parameters or {})
    folder = Path(into).absolute()
    label = label or source.path.stem
    folder.mkdir(parents=True, exist_ok=True)
    notebook = folder / f"{path_part(label)}.ipynb"
    _write_json(
        folder / "config.json",
        {"label": label, "source": str(source.path), "source_sha256": source.sha256, "parameters": values},
    )
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
        "warnings": [],
        "error": None,
    }
    _write_json(folder / "run.json", record)
    begun = time.monotonic()
    error: dict[str, Any] | None = {"cell": None, "ename": "Interrupted", "evalue": ""}
    # git answers while the kernel starts.
    with ThreadPoolExecutor(1, thread_name_prefix="source-version") as pool:
        version = pool.submit(read_source_version, source.path)
        try:
            _execute(source, values, label, notebook, folder, timeout_seconds, on_kernel_started, on_progress, environment)
            error = None
        except NotebookFailed as failure:
            error = {"cell": failure.cell, "ename": failure.ename, "evalue": failure.evalue}
            raise
        except BaseException as stop:
            error = {"cell": None, "ename": type(stop).__name__, "evalue": str(stop)}
            raise
        finally:
            record.update(_end(folder, begun, error, version.result()))
            _write_json(folder / "run.json", record)
    return NotebookResult(
        path=notebook,
        light=record["light"],
        status="succeeded",
        duration_seconds=record["duration_seconds"],
        warnings=tuple(record["warnings"]),
    )


def _execute(
    source: NotebookSource,
    values: dict[str, Any],
    label: str,
    notebook: Path,
    folder: Path,
    timeout_seconds: float | None,
    on_kernel_started: Callable[[int], None] | None,
    on_progress: Callable[[int, int, str], None] | None,
    environment: Mapping[str, str] | None,
) -> None:
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from workers.notebook_engine import ENGINE_NAME, KernelNotStarted, NotebookSession
    from workers.notebook_output import OutputText

    with OutputText(folder / "output.txt") as output:
        session = NotebookSession(
            source=source,
            path=notebook,
            folder=folder,
            environment={**os.environ, **(environment or {})},
            output=output,
            timeout_seconds=timeout_seconds,
            on_kernel_started=on_kernel_started,
            on_progress=on_progress,
        )
        try:
            # The notebook itself rather than paths: papermill takes braces in a path for templates, writes in place,
            # and changes the directory of the whole process.
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
            raise NotebookFailed(label, None, error.name, masked(str(error)), "", notebook) from None


def _failure(label: str, error: Any, session: NotebookSession) -> NotebookFailed:
    from papermill.exceptions import strip_color

    assert session.saved is not None
    number = session.cell_number(error.cell_index)
    session.saved.save(force=True)  # papermill has put its mark at the top and at the cell
    lines = strip_color("\n".join(error.traceback)).splitlines()
    return NotebookFailed(
        label,
        number,
        error.ename,
        masked(strip_color(error.evalue)),
        masked("\n".join(lines[-KEPT_TRACEBACK_LINES:])),
        session.path,
    )


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


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_atomically(path, masked(json.dumps(content, indent=2, ensure_ascii=False)) + "\n")
