"""Run one notebook with parameters, in a folder of its own.

After ``run_notebook`` the folder holds, whether it went well or not:

``<label>.ipynb``   the executed notebook, as far as it ran
``config.json``     label, source, its SHA-256, kernel, environment, limits, and the parameters as the notebook got them
``output.txt``      what the notebook printed
``run.json``        status, light, times, attempt, version of the source, where its kernel came from, progress, warnings, error
                    (``ArtefactNames`` gives them other names)
and the files that the notebook itself has written: the folder is its working directory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deciders.values.label_state import AttemptState
from deciders.values.light import Light
from simpleflow_nb.environment import inherited

from ..artefacts import path_part, write_atomically
from ..kept_paths import RELATIVE, place_beside, portable_parameters
from ..kernels.supply import KernelSupply, shared_supply, warm_kernels
from ..lights import printed_warnings
from ..secrets import known_secrets, masked, masker
from .artefact_names import OWN_FOLDER, ArtefactNames
from .kernel_output import DEFAULT_OUTPUT_LIMITS, OutputLimits
from .notebook_errors import NotebookFailed, NotebookRefused
from .notebook_kernels import substitute_note
from .notebook_output import OutputText
from .notebook_session import Cancellation, CountedWarnings, NotebookLimits, NotebookSession
from .notebook_source import NotebookSource, checked_parameters, read_notebook_source, unused_values
from .own_files import OwnFiles
from .papermill_stores import load_papermill
from .run_json import ItemOfRun, RunJson, write_json
from .source_version import read_source_version

if TYPE_CHECKING:
    from .notebook_stops import CellFailure

__all__ = [
    "Cancellation",
    "NotebookFailed",
    "NotebookRefused",
    "NotebookResult",
    "prepare_notebook",
    "run_notebook",
    "warm_kernels",
]

KEPT_TRACEBACK_LINES = 30
KEPT_REASON_CHARACTERS = 300  #: of a notebook's reason for skipping its run


@dataclass(frozen=True, kw_only=True)
class NotebookResult:
    """The result of a notebook that ran to its end, or ended itself."""

    path: Path  #: the executed notebook
    light: Light  #: green, or orange if there are warnings
    #: ``skipped``: it has said that there is nothing to do, and notebooks that need it should not run
    status: AttemptState
    duration_seconds: float
    #: replacements and omissions, warnings of Python's ``warnings`` module that count, printed lines that warn: the first 50,
    #: each cut at 300 characters
    warnings: tuple[str, ...]
    ended_in_cell: int | None = None  #: the cell of the source, from 1, that has ended it with ``exit()`` or ``skip()``
    skipped_for: str | None = None  #: the reason that it gave for being skipped


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
    output_limits: OutputLimits = DEFAULT_OUTPUT_LIMITS,
    environment: Mapping[str, str] | None = None,
    inputs_dir: str | os.PathLike[str] | None = None,
    outputs: Path | None = None,
    counted_warnings: CountedWarnings = "own",
    kernel_fallback: bool = True,
    attempt: int = 1,
    item: ItemOfRun | None = None,
    cancellation: Cancellation | None = None,
    kernels: KernelSupply | None = None,
    on_kernel_started: Callable[[int], None] | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
    on_printed: Callable[[str], None] | None = None,
    names: ArtefactNames = OWN_FOLDER,
    takes_undeclared: bool = False,
) -> NotebookResult:
    """Run the notebook ``path`` in a fresh kernel process and keep its artefacts in the folder ``into``.

    ``path`` is an ``.ipynb`` file, or a ``.py`` file in percent format. ``into`` is created if it is missing; files of an
    earlier run there are overwritten. ``label`` names the notebook, by default after its file. ``kernel`` is the name of the
    kernel to run it in, by default the notebook's own. ``environment`` is added to ours for the kernel. Several notebooks may
    run at once in threads of one process. Kernels are forked from a fork server within a :func:`warm_kernels` block, or come
    from ``kernels``; else each is a program of its own.

    ``on_kernel_started`` gets the kernel's process id, which is also the id of its process group, before anything runs.
    ``on_progress`` is called when a cell begins, with its number from 1, the number of cells, and the last Markdown
    heading so far (perhaps empty). ``on_printed`` gets what the notebook prints, as it is written to ``output.txt``: mostly
    whole lines, and without secrets. All are called in the caller's thread, unless an event loop runs there. What they
    raise kills the kernel and propagates; the artefacts are kept and show it.

    ``names`` are those of the artefacts. With ``takes_undeclared`` also values are passed that the notebook does not declare:
    without a cell tagged ``parameters`` they are set at its top.

    After ``timeout_seconds`` (the start of the kernel included), after ``cell_timeout_seconds`` in one cell, or when
    somebody calls ``cancellation.cancel()``, the cell is interrupted, and killed 2 s later if it goes on. A kernel that
    with all its descendants has more than ``memory_limit_bytes`` resident (looked at ten times a second) is killed at
    once. A cell that puts out more than ``output_limits`` allow is interrupted as well; what came before is kept. When the
    function returns or raises, nothing that descends from the kernel is left.

    ``exit()`` and ``sys.exit()``, also with 0, end the notebook as a success; any other argument is a failure. A notebook that
    calls :func:`simpleflow_nb.notebooks.skip`, or writes a reason into the file that ``SIMPLEFLOW_NB_SKIP`` names, is
    ``skipped``, unless it fails.

    Python's warnings count if the analyst's own code has raised them: cells, and files below ``inputs_dir`` (by default the
    notebook's folder); ``counted_warnings`` may also be ``all`` or ``none``. A Python notebook whose kernel is not installed
    runs on this interpreter and is orange; without ``kernel_fallback`` it is refused.

    Our own paths in ``config.json`` and ``run.json`` are relative to the folder ``outputs``, if given, so that they stay valid
    if it is moved. ``item`` is what ``run.json`` says of the item of a workflow that the notebook is.

    Raises:
        NotebookRefused: nothing has run: no such notebook or kernel, a parameter that the notebook does not declare, a
            value that has no JSON form, or the executed notebook would overwrite ``path``.
        NotebookFailed: a cell raised, the kernel died or did not start, a limit was reached, or it was cancelled.
        OSError: the artefacts cannot be written.
    """
    source = read_notebook_source(path, kernel=kernel, falls_back=kernel_fallback)
    values = checked_parameters(source, parameters or {}, takes_undeclared=takes_undeclared)
    cancellation = cancellation or Cancellation()
    limits = NotebookLimits(
        timeout_seconds=timeout_seconds,
        cell_timeout_seconds=cell_timeout_seconds,
        memory_bytes=memory_limit_bytes,
        output=output_limits,
    )
    inputs = os.fspath(inputs_dir) if inputs_dir is not None else None
    folder, label, notebook = _begin(source, values, into, label, environment, limits, names, outputs, inputs)
    variables = inherited(environment)
    own_files = OwnFiles()
    if names.config is not None:
        own_files.are_left(folder / names.config)
    record = RunJson(folder, source, label, attempt, variables, outputs, item, names.record, own_files)
    status, skipped_for = AttemptState.FAILED, None
    error: dict[str, Any] | None = {"cell": None, "ename": "Interrupted", "evalue": ""}
    session: NotebookSession | None = None
    # git answers while the kernel starts.
    with (
        ThreadPoolExecutor(1, thread_name_prefix="source-version") as pool,
        OutputText(folder / names.output, variables, on_printed, own_files) as output,
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
                on_progress=record.progress(on_progress),
                own_folders=[Path(inputs_dir).absolute() if inputs_dir is not None else source.path.parent],
                counted_warnings=counted_warnings,
                own_files=own_files,
            )
            if source.missing_kernel is not None:
                session.notes.append(substitute_note(source.missing_kernel))
            session.notes += unused_values(source, values)
            _execute(session, values, label)
            skipped_for = _skip_reason(session)
            if session.early_end is not None or skipped_for is not None:
                _say_early_end(session, skipped_for)
            status, error = AttemptState.SUCCEEDED if skipped_for is None else AttemptState.SKIPPED, None
        except NotebookFailed as failure:
            error = {"cell": failure.cell, "ename": failure.ename, "evalue": failure.evalue}
            raise
        except BaseException as stop:
            error = {"cell": None, "ename": type(stop).__name__, "evalue": str(stop)}
            raise
        finally:
            try:
                output.close()  # `on_printed` may raise
            finally:
                if error is not None and cancellation.is_asked:
                    status = AttemptState.CANCELLED
                record.end(status, error, skipped_for, _warnings(output.path, session, own_files), session, version.result())
    return NotebookResult(
        path=notebook,
        light=record.content["light"],
        status=status,
        duration_seconds=record.content["duration_seconds"],
        warnings=tuple(record.content["warnings"]),
        ended_in_cell=record.content["ended_in_cell"],
        skipped_for=skipped_for,
    )


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
    output_limits: OutputLimits = DEFAULT_OUTPUT_LIMITS,
    environment: Mapping[str, str] | None = None,
    names: ArtefactNames = OWN_FOLDER,
    takes_undeclared: bool = False,
) -> Path:
    """Write the notebook as it would run, with a cell of these parameters, into the folder ``into``; nothing is executed.

    ``config.json`` is written beside it, with the environment and the limits that are given. Returns the path of the notebook.

    Raises:
        NotebookRefused: as for :func:`run_notebook`.
        OSError: it cannot be written.
    """
    source = read_notebook_source(path, kernel=kernel)
    values = checked_parameters(source, parameters or {}, takes_undeclared=takes_undeclared)
    limits = NotebookLimits(
        timeout_seconds=timeout_seconds,
        cell_timeout_seconds=cell_timeout_seconds,
        memory_bytes=memory_limit_bytes,
        output=output_limits,
    )
    _, _, notebook = _begin(source, values, into, label, environment, limits, names)
    load_papermill()
    from .notebook_saves import masked_notebook, notebook_text
    from .parameterized_notebook import parameterized_notebook

    prepared = parameterized_notebook(source, values)
    prepared.metadata["kernelspec"] = {
        "name": source.kernel_name,
        "display_name": source.kernel_spec.display_name,
        "language": source.language,
    }
    prepared.metadata.pop("papermill", None)  # it has not run
    for cell in prepared.cells:
        cell.metadata.pop("papermill", None)
        if not cell.metadata.get("tags"):
            cell.metadata.pop("tags", None)
    write_atomically(notebook, notebook_text(masked_notebook(prepared, masker(_secrets_of(environment)))))
    return notebook


def _begin(
    source: NotebookSource,
    values: dict[str, Any],
    into: str | os.PathLike[str],
    label: str | None,
    environment: Mapping[str, str] | None,
    limits: NotebookLimits,
    names: ArtefactNames,
    outputs: Path | None = None,
    inputs_dir: str | None = None,
) -> tuple[Path, str, Path]:
    """Create the folder with ``config.json``; return the folder, the label, and the path of the executed notebook."""
    folder = Path(into).absolute()
    label = label or source.path.stem
    notebook = folder / (names.notebook or f"{path_part(label)}.ipynb")
    if notebook.exists() and notebook.samefile(source.path):
        raise NotebookRefused(f"notebook {source.path} would be overwritten by the executed one; run it into another folder")
    folder.mkdir(parents=True, exist_ok=True)
    if names.config is None:
        return folder, label, notebook
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
            "printed_limit_bytes": limits.output.printed_bytes,
            "displayed_limit_bytes": limits.output.displayed_bytes,
        },
        "parameters": values,
    }
    if outputs is not None:
        config["source"] = place_beside(source.path, outputs)
        config["parameters"], config[RELATIVE] = portable_parameters(values, outputs, inputs_dir)
    write_json(folder / names.config, config, _secrets_of(environment))
    return folder, label, notebook


def _execute(session: NotebookSession, values: dict[str, Any], label: str) -> None:
    load_papermill()
    from .notebook_engine import NotebookEngine
    from .notebook_stops import KernelNotStarted
    from .parameterized_notebook import parameterized_notebook

    source = session.source
    prepared = parameterized_notebook(source, values)
    try:
        NotebookEngine.execute_notebook(prepared, source.kernel_name, session=session)
    except KernelNotStarted as error:
        reason = masked(str(error), known_secrets(session.environment))
        failed = NotebookFailed(label, None, error.name, reason, "", session.path)
        assert session.saved is not None
        session.saved.name_failure(f"The kernel did not start: {failed.cause.removeprefix('KernelNotStarted: ')}")
        raise failed from None
    if session.failure is not None:
        raise _failure(label, *session.failure, session)


def _failure(label: str, index: int, failure: CellFailure, session: NotebookSession) -> NotebookFailed:
    from papermill.exceptions import strip_color

    assert session.saved is not None
    number = session.cell_number(index)
    secrets = known_secrets(session.environment)
    lines = masked(strip_color("\n".join(failure.traceback)), secrets).splitlines()
    failed = NotebookFailed(
        label,
        number,
        masked(failure.ename, secrets),
        masked(strip_color(failure.evalue), secrets),
        "\n".join(lines[-KEPT_TRACEBACK_LINES:]),
        session.path,
    )
    session.saved.name_failure(f"Cell {number} failed: {failed.cause}", index)
    return failed


def _skip_reason(session: NotebookSession) -> str | None:
    """Return the notebook's reason for having nothing to do, on one line; None if it was not skipped."""
    said = session.skip_reason
    if said is None and session.early_end is not None:
        said = session.early_end.skipped_for
    return (
        None
        if said is None
        else masked(" ".join(said.split()), known_secrets(session.environment))[:KEPT_REASON_CHARACTERS] or "it gave no reason"
    )


def _say_early_end(session: NotebookSession, skipped_for: str | None) -> None:
    early = session.early_end
    where = f" in cell {early.cell}" if early is not None else ""
    text = f"Ended by the notebook{where}." if skipped_for is None else f"Skipped by the notebook{where}: {skipped_for}"
    assert session.saved is not None
    session.saved.name_early_end(text, early.cell if early is not None else None)


def _warnings(printed_output: Path, session: NotebookSession | None, own_files: OwnFiles) -> list[str]:
    """Return everything that turns the run orange: replacements, Python's warnings, and printed lines that warn."""
    with open(printed_output, encoding="utf-8", errors="replace") as file:
        printed = printed_warnings(file)
    if session is None:
        return printed
    secrets = known_secrets(session.environment)
    return [masked(text, secrets) for text in [*session.notes, *own_files.notes(), *session.warnings]] + printed


def _secrets_of(environment: Mapping[str, str] | None) -> dict[str, str]:
    """Return the secrets of a kernel with these variables, besides ours."""
    return known_secrets(inherited(environment))
