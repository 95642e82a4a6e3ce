"""Runs of flows: ductaflow's two functions, on kernels of ours."""

from __future__ import annotations

import difflib
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deciders.values.light import Light
from workers.artefacts import read_record, write_record
from workers.notebooks import NotebookFailed, NotebookRefused, prepare_notebook
from workers.notebooks import run_notebook as run_in_kernel
from workers.notebooks.notebook_source import NotebookSource, read_notebook_source

from .called_flows import CalledFlow, CalledFlows, OuterFlow, outer_flow
from .console import Console
from .flow_config import FlowConfig
from .flow_files import PREPARED, FlowFiles
from .kept_flows import keep, key_of, reason_to_run, started
from .notebook_html import convert_notebook_to_html


def run_notebook(
    notebook_file: str | Path,
    notebooks_dir: str | Path | None = None,
    config: Mapping[str, Any] | None = None,
    output_suffix: str = "_executed",
    kernel_name: str | None = None,
    timeout: float | None = None,
    export_html: bool = True,
    execution_dir: str | Path | None = None,
    project_root: str | Path | None = None,
    no_execute: bool = False,
    *,
    force: bool = False,
) -> Path:
    """Run a flow, an ``.ipynb`` file or a ``.py`` file with cells, in a kernel of its own; return the absolute path of the
    executed notebook.

    ``config`` becomes the variable ``config`` of the flow, with ``_project_root``: ``project_root``, else that of the config,
    else the working directory. ``execution_dir``, by default the working directory, is that of the flow; it is created. It
    gets ``<stem>_executed.ipynb``, ``<stem>_config.json``, ``<stem>_run.json``, ``<stem>_execution_output.txt`` with all that
    the flow prints, while it does, and with ``export_html`` also ``<stem>_executed.html``. What is printed is shown here, too.

    ``timeout`` is in seconds for each cell. With ``no_execute`` the notebook is only written, with its config in a cell.
    A flow whose file, config, kernel and called flows are the same as in its last run there, which ended well, is not run
    again; with ``force`` it is, and so are the flows that it calls. May be called from several threads, and from notebooks.

    Raises:
        FileNotFoundError: there is no such flow.
        NotebookFailed: a cell raised, the kernel died, or a cell took longer than ``timeout``. The files are there.
        NotebookRefused: it is no notebook, its kernel is missing, or it runs in that folder already.
        TypeError, ValueError: the config is no mapping, or contains itself.
        OSError: the files cannot be written.
    """
    path = _found(Path(notebooks_dir or ".") / notebook_file)
    given = FlowConfig.of(config, project_root)
    files = FlowFiles(Path(execution_dir or ".").absolute(), path.stem, output_suffix)
    source = read_notebook_source(path, kernel=kernel_name)
    outer = outer_flow()
    with _alone(files, path):
        if no_execute or given.no_execute:
            _prepare(source, given, files, kernel_name)
            _tell(outer, source, files, None)
            return files.executed
        key = key_of(source, given.values)
        is_forced = force or (outer is not None and outer.is_forced)
        before = outer.calls() if outer is not None else []
        reason = "force=True" if is_forced else reason_to_run(files, key, given.values, before)
        if reason is None:
            print(f"kept: {path.name} in {files.folder} (nothing has changed; force=True runs it again)")
            _tell(outer, source, files, started(files))
            if export_html and not files.html.exists():
                _export_html(files, Console(files, is_inner=outer is not None))
            return files.executed
        if reason and files.record.exists():
            print(f"again: {path.name} in {files.folder} ({reason})")
        began = None
        try:
            began = _run(source, given, files, kernel_name, timeout, key, is_forced=is_forced, is_inner=outer is not None)
        finally:
            _tell(outer, source, files, began)
            if export_html and files.executed.exists():
                _export_html(files, Console(files, is_inner=outer is not None))
    return files.executed


def run_step_flow(
    notebook_path: str | Path | None = None,
    step_name: str | None = None,
    instance_name: str | None = None,
    config: Mapping[str, Any] | None = None,
    suffix: str = "",
    *,
    notebook_file: str | Path | None = None,
    force: bool = False,
) -> Path:
    """Run a flow in ``runs/<step_name>/<instance_name><suffix>``, as `run_notebook` does; return the executed notebook's path.

    ``notebook_path`` and ``notebook_file`` mean the same.

    Raises:
        TypeError: the flow is given by both names or by none, or the step or the instance is missing.
        Exception: as from `run_notebook`.
    """
    flows = [flow for flow in (notebook_path, notebook_file) if flow is not None]
    if len(flows) != 1 or not step_name or not instance_name:
        raise TypeError("run_step_flow needs a notebook_file (or notebook_path), a step_name and an instance_name")
    folder = Path("runs") / step_name / f"{instance_name}{suffix}"
    return run_notebook(flows[0], config=config, execution_dir=folder, force=force)


def _found(path: Path) -> Path:
    if path.exists():
        return path.absolute()
    names = [entry.name for entry in path.parent.iterdir() if entry.is_file()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    raise FileNotFoundError(f"Notebook file not found: {path}" + (f" (did you mean {close[0]!r}?)" if close else ""))


@contextmanager
def _alone(files: FlowFiles, path: Path) -> Iterator[None]:
    """Keep other runs of the flow, also of other processes, from writing the same files."""
    files.folder.mkdir(parents=True, exist_ok=True)
    lock = _locked(files.called)
    if lock is None:
        raise NotebookRefused(f"{path.name} runs in {files.folder} already; give each run an execution_dir of its own")
    try:
        if files.executed.exists() and not files.record.exists() and not files.output_suffix:
            raise NotebookRefused(f"{files.executed} is not of an earlier run, and would be overwritten; give an output_suffix")
        yield
    finally:
        files.called.unlink(missing_ok=True)
        os.close(lock)


def _locked(path: Path) -> int | None:
    """Make and lock a file until the descriptor is closed; None if somebody else has locked it."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
                return file
        except BlockingIOError:
            os.close(file)
            return None
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # its owner has just removed it: a lock on it would keep nobody away


def _prepare(source: NotebookSource, given: FlowConfig, files: FlowFiles, kernel: str | None) -> None:
    prepare_notebook(
        source.path,
        {"config": given.values},
        files.folder,
        label=files.stem,
        kernel=kernel,
        names=files.names,
        takes_undeclared=True,
    )
    given.write(files.config)
    files.html.unlink(missing_ok=True)  # of another notebook by now
    write_record(files.record, {"label": files.stem, "status": PREPARED, "light": None, "source": str(source.path)})
    print(f"prepared: {files.executed}")
    for note in given.notes:
        print(note)


def _run(
    source: NotebookSource,
    given: FlowConfig,
    files: FlowFiles,
    kernel: str | None,
    timeout: float | None,
    key: dict[str, str],
    *,
    is_forced: bool,
    is_inner: bool,
) -> str:
    """Run a flow to its end; return the time at which it began."""
    given.write(files.config)
    files.html.unlink(missing_ok=True)
    called = CalledFlows(files.called, is_forced=is_forced, notebook=files.executed)
    with Console(files, is_inner=is_inner) as console:
        try:
            result = run_in_kernel(
                source.path,
                {"config": given.values},
                files.folder,
                label=files.stem,
                kernel=kernel,
                cell_timeout_seconds=timeout,
                environment=called.environment,
                on_printed=console.show,
                names=files.names,
                takes_undeclared=True,
            )
        except NotebookFailed as failure:
            where = f" (cell {failure.cell})" if failure.cell else ""
            console.add(f"❌ Failed {source.path.name}: {failure.cause}{where}")
            raise
        except BaseException as stop:
            if files.log.exists():  # it had begun
                console.add(f"❌ Failed {source.path.name}: {type(stop).__name__}")
            raise
        done = f"✅ Completed {source.path.name} - Time: {result.duration_seconds:.1f} s"
        console.add(done, is_shown=not is_inner)  # else the log of the outer flow would count it, too
        for note in given.notes:
            _warn(files, console, note)
        return keep(files, key, given, called.read())


def _export_html(files: FlowFiles, console: Console) -> None:
    """Make the web page. A failure turns the run orange, and is no failure of the flow."""
    try:
        convert_notebook_to_html(files.executed, files.html)
    except Exception as error:  # nbconvert, its templates and what they call may raise anything; the log and the record say it
        _warn(files, console, f"HTML export failed: {type(error).__name__}: {' '.join(str(error).split())}")


def _warn(files: FlowFiles, console: Console, text: str) -> None:
    """Add a warning to the log and the record of a run that has ended."""
    line = f"⚠️ {text}"
    console.add(line)
    record = read_record(files.record)
    light = Light.worst((record.get("light") or Light.GREEN, Light.ORANGE))
    write_record(files.record, {**record, "light": light, "warnings": [*record.get("warnings", ()), line]})


def _tell(outer: OuterFlow | None, source: NotebookSource, files: FlowFiles, began: str | None) -> None:
    if outer is not None:
        outer.note(CalledFlow(str(source.path), source.sha256, str(files.record), began))
