"""A flow that runs as a script: its options, its log, and its record."""

from __future__ import annotations

import argparse
import atexit
import hashlib
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn

from deciders.values.label_state import AttemptState
from deciders.values.light import Light
from simpleflow_nb.exceptions import ExitCode
from workers.artefacts import write_record
from workers.lights import printed_warnings
from workers.notebooks.run_json import KEPT_WARNING_CHARACTERS, KEPT_WARNINGS

from .called_flows import CalledFlow, outer_flow
from .flow_config import FlowConfig, read_config
from .flow_files import FlowFiles


def load_cli_config(default_config_path: str | Path, description: str = "Run ductaflow analysis") -> dict[str, Any]:
    """Read the config of a flow that runs as a script, and keep from now on what the script prints.

    ``--config FILE`` is read instead of the default; paths are relative to the working directory. ``--output-dir DIR`` is
    created and becomes the working directory, with ``<stem>_config.json``. There, else in the working directory,
    ``<stem>_run.json`` says how the script went, and ``<stem>_execution_output.txt`` gets what it prints through Python,
    tracebacks included. ``--no-execute`` ends the script here, with code 0, when the folder and the config are written.

    Raises:
        SystemExit: an option is unknown, or the config cannot be read (code 2, with a sentence); or ``--no-execute``.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", default=str(default_config_path), help="the config, a JSON file (default: %(default)s)")
    parser.add_argument("--output-dir", help="the folder to run in, created if missing (default: the working directory)")
    parser.add_argument("--no-execute", action="store_true", help="write the config into the folder, and end")
    chosen = parser.parse_args()
    script = Path(sys.argv[0]).absolute()
    try:
        config = FlowConfig.of(read_config(Path(chosen.config)))
    except OSError as error:
        parser.error(f"config {chosen.config} cannot be read: {(error.strerror or str(error)).lower()}; name one with --config")
    except ValueError as error:
        parser.error(str(error))
    files = FlowFiles(Path(chosen.output_dir or ".").absolute(), script.stem)
    if chosen.output_dir:
        files.folder.mkdir(parents=True, exist_ok=True)
        os.chdir(files.folder)
        config.write(files.config)
    if chosen.no_execute or config.no_execute:
        print(f"prepared: {files.folder}; nothing is executed")
        raise SystemExit(ExitCode.DONE)
    ScriptRun(script, files).begin()
    return config.values


class ScriptRun:
    """A flow that runs as a script, from now to the end of this process."""

    def __init__(self, script: Path, files: FlowFiles) -> None:
        self._script, self._files, self._process = script, files, os.getpid()
        self._error: dict[str, Any] | None = None
        self._exited: SystemExit | None = None  # the last call of `sys.exit`, which may have been caught
        self._status = AttemptState.SUCCEEDED
        self._began = time.monotonic()
        self._started = datetime.now(UTC).isoformat()
        self._sha256 = hashlib.sha256(script.read_bytes()).hexdigest() if script.is_file() else None

    def begin(self) -> None:
        """Write the record, and copy what is printed into the log."""
        if (outer := outer_flow()) is not None:
            outer.note(CalledFlow(str(self._script), self._sha256 or "", str(self._files.record), None))
        self._write(AttemptState.RUNNING)
        self._log = open(self._files.log, "w", encoding="utf-8", errors="replace")  # noqa: SIM115  closed by `_end`
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = Copied(sys.stdout, self._log), Copied(sys.stderr, self._log)
        self._excepthook, sys.excepthook = sys.excepthook, self._note_exception
        self._exit, sys.exit = sys.exit, self._noted_exit
        atexit.register(self._end)

    def _note_exception(self, kind: type[BaseException], error: BaseException, at: TracebackType | None, /) -> None:
        self._error = {"cell": None, "ename": kind.__name__, "evalue": str(error)}
        self._status = AttemptState.CANCELLED if issubclass(kind, KeyboardInterrupt) else AttemptState.FAILED
        self._excepthook(kind, error, at)

    def _noted_exit(self, status: Any = None, /) -> NoReturn:
        """Exit as `sys.exit`, of whose exception no hook is told."""
        try:
            self._exit(status)
        except SystemExit as error:
            self._exited = error
            raise

    def _end(self) -> None:
        if os.getpid() != self._process:
            return  # a fork of the script, which goes on
        if self._exited is not None and self._exited.code not in (None, 0) and _ended(self._exited):
            self._error = {"cell": None, "ename": "SystemExit", "evalue": str(self._exited.code)}
            self._status = AttemptState.FAILED
        sys.stdout, sys.stderr = self._streams
        self._log.close()
        with open(self._files.log, encoding="utf-8") as file:
            found = printed_warnings(file)
        self._write(self._status, [line[:KEPT_WARNING_CHARACTERS] for line in found[:KEPT_WARNINGS]])

    def _write(self, status: AttemptState, warnings: list[str] | None = None) -> None:
        has_ended = status != AttemptState.RUNNING
        record = {
            "label": self._files.stem,
            "status": status,
            "light": Light.of_work(failed=self._error is not None, warned=bool(warnings)) if has_ended else None,
            "started": self._started,
            "ended": datetime.now(UTC).isoformat() if has_ended else None,
            "duration_seconds": round(time.monotonic() - self._began, 3) if has_ended else None,
            "source": str(self._script),
            "source_sha256": self._sha256,
            "warnings": warnings or [],
            "error": self._error,
        }
        write_record(self._files.record, record)


def _ended(error: SystemExit) -> bool:
    """Tell whether a call of `sys.exit` has ended the process: where it was caught, the code has gone on to another line.

    Up to Python 3.11 the traceback grows only where the exception is caught.
    """
    outermost = error.__traceback__
    if outermost is None:
        return False
    was_never_caught = outermost.tb_frame.f_code is ScriptRun._noted_exit.__code__
    return was_never_caught or outermost.tb_frame.f_lineno == outermost.tb_lineno


class Copied:
    """A stream of this process whose text is also written to a log."""

    def __init__(self, stream: Any, log: IO[str]) -> None:
        self._stream, self._log = stream, log

    def write(self, text: str) -> int:
        """Write to both; the log is flushed, as it may be read meanwhile."""
        written: int = self._stream.write(text)
        if not self._log.closed:  # else this is the very end of the process
            self._log.write(text)
            self._log.flush()
        return written

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
