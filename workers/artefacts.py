"""The layout of an outputs folder, and writing into it without ever leaving a half-written file.

::

    <outputs>/notebooks/<workflow>/<instance>/<label>/<label>.ipynb, config.json, output.txt, run.json, ...
    <outputs>/notebooks/<workflow>/<instance>/<label>/report-pdf.json, ...   sources of a report, and its warnings
    <outputs>/notebooks/<workflow>/<instance>/<label>/<index>-<slug>/        the same of an item, where a label has several
    <outputs>/notebooks/<workflow>/<instance>/.attempts/<n>/<label>/         earlier attempts; of an item one folder deeper
    <outputs>/reports/<workflow>/<instance>/<label>.pdf, <label>.html        or as ``name`` of the output says
    <outputs>/reports/<workflow>/<instance>/<label>/<index>-<slug>.pdf       of an item
    <outputs>/.simpleflow-nb/                                                journal and run records
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deciders.path_parts import LONGEST_PART_BYTES, path_part
from simpleflow_nb.exceptions import ExitCode, SimpleflowError
from simpleflow_nb.inspection.documents import SCHEMA

__all__ = [
    "LONGEST_PART_BYTES",
    "Artefacts",
    "OutputsError",
    "path_in_run",
    "path_part",
    "read_record",
    "why_unreadable",
    "with_schema",
    "write_atomically",
    "write_record",
]

_NOTEBOOKS, _REPORTS = "notebooks", "reports"
#: Numbers of parts from here on: of the path of an executed notebook, or of a report; of a label, and of an item.
_PARTS = {_NOTEBOOKS: (5, 6), _REPORTS: (4, 5)}

_PROBE_BYTES = 65_536
_MOVE_TRIES = 10


class OutputsError(SimpleflowError):
    """The outputs folder cannot be used."""

    exit_code = ExitCode.WRONG


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON object written beside an artefact; empty if there is none, or none that can be read.

    Without it, the artefact is made again. Files of early versions have no ``schema``.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def why_unreadable(path: Path) -> str | None:
    """Explain why `read_record` cannot read an existing file, such as ``not JSON``; None if it can, or there is no file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        return _reason(error)
    except (ValueError, RecursionError):
        return "not JSON"
    return None if isinstance(content, dict) else "not a JSON object"


def with_schema(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a file with its ``schema`` in front: ours, unless it has one already."""
    return {"schema": SCHEMA, **content}


def write_record(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object atomically, with its ``schema`` first; values without a JSON form are written as text.

    Raises:
        OSError: see `write_atomically`.
    """
    write_atomically(path, json.dumps(with_schema(content), indent=2, ensure_ascii=False, default=str) + "\n")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a whole file: a reader sees either the old content or the new, and a crash leaves no half of it.

    Text is UTF-8 (a lone surrogate becomes ``?``, it has no UTF-8). The folder must exist. The bytes are not synced to
    the disk: a power failure may lose the last writes, but never mix them.

    Raises:
        OSError: the file cannot be written; nothing is left beside it.
    """
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    # Not tempfile: its files are readable by their owner only, and outputs are often shared.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def path_in_run(path: str, workflow: str, instance: str) -> str | None:
    """Return the end of a path, from ``notebooks`` or ``reports`` on, if it is that of an executed notebook or a report of that
    run in some outputs folder; else None.
    """
    if not instance:
        return None
    parts = path.split(os.sep)
    for kind, numbers in _PARTS.items():
        for number in numbers:
            if parts[-number:][:3] == [kind, path_part(workflow), path_part(instance)]:
                return "/".join(parts[-number:])
    return None


@dataclass(frozen=True)
class Artefacts:
    """The layout of an outputs folder.

    ``item`` is the name of an item's folder in that of its label; None of a label without a list of items. Only
    ``begin_attempt`` and ``check_writable`` change anything on the disk; ``kept_attempts`` and ``attempts`` look at it.
    """

    outputs: Path

    def notebook_folder(self, workflow: str, instance: str, label: str, item: str | None = None) -> Path:
        """Return the notebook's own folder: its working directory, which also holds its artefacts."""
        return self._instance_folder(workflow, instance) / _place(label, item)

    def notebook(self, workflow: str, instance: str, label: str, item: str | None = None) -> Path:
        """Return the path of the executed notebook."""
        return self.notebook_folder(workflow, instance, label, item) / f"{path_part(label)}.ipynb"

    def reports_folder(self, workflow: str, instance: str) -> Path:
        """Return the folder of a run's reports. The records say which file is which: `workers.runs.report_paths`."""
        return self.workflow_reports_folder(workflow) / path_part(instance)

    def workflow_reports_folder(self, workflow: str) -> Path:
        """Return the folder of the reports of all runs of a workflow, with the links to the latest ones."""
        return self.outputs / _REPORTS / path_part(workflow)

    def report(self, workflow: str, instance: str, label: str, format: str = "pdf") -> Path:
        """Return the path of a report whose output has no name."""
        return Path(self.report_path(workflow, instance, label, format))

    def report_path(self, workflow: str, instance: str, label: str, format: str, item: str | None = None) -> str:
        """Return the same path as text, for callers that look at thousands of them; or that of the report of an item."""
        folder = os.path.join(self.outputs, _REPORTS, path_part(workflow), path_part(instance))
        return os.path.join(folder, f"{_place(label, item)}.{format}")

    def folders(self, workflow: str, instance: str) -> tuple[Path, Path]:
        """Return the folder of an instance's notebooks, with earlier attempts, and that of its reports."""
        return self._instance_folder(workflow, instance), self.reports_folder(workflow, instance)

    def attempt_folder(self, workflow: str, instance: str, label: str, attempt: int, item: str | None = None) -> Path:
        """Return the folder to which an earlier attempt at the notebook was moved."""
        return self._attempts_folder(workflow, instance) / str(attempt) / _place(label, item)

    def kept_attempts(self, workflow: str, instance: str, label: str, item: str | None = None) -> list[int]:
        """Return the numbers of the earlier attempts at the notebook whose folders exist, ascending."""
        folder = self._attempts_folder(workflow, instance)
        if not folder.is_dir():
            return []
        # A number without the label's folder was made for another label, or by a move that a crash cut short.
        numbers = [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()]
        return sorted(number for number in numbers if (folder / str(number) / _place(label, item)).exists())

    def begin_attempt(self, workflow: str, instance: str, label: str, item: str | None = None) -> int:
        """Return the number of the attempt about to begin, from 1; files of an earlier one are moved to ``.attempts/<n>/``.

        The move is a single rename, and therefore atomic: after a crash the call is repeated, and returns the same number as
        long as the attempt has left nothing. At most one attempt at a notebook may begin at a time.

        Raises:
            OSError: the folder cannot be moved.
        """
        kept = self._last_kept(workflow, instance, label, item)
        folder = self.notebook_folder(workflow, instance, label, item)
        if not folder.is_dir() or not any(folder.iterdir()):
            return kept + 1
        destination = self.attempt_folder(workflow, instance, label, kept + 1, item)
        for tries_left in range(_MOVE_TRIES, 0, -1):
            try:
                destination.parent.mkdir(parents=True, exist_ok=True)
                os.rename(folder, destination)
                break
            except (FileNotFoundError, FileExistsError):
                # another label with attempts in the same folder has just removed it, since it was empty
                if tries_left == 1 or not folder.is_dir():
                    raise
        return kept + 2

    def attempts(self, workflow: str, instance: str, label: str, item: str | None = None) -> int:
        """Count the attempts at the notebook that have left something, the latest included."""
        folder = self.notebook_folder(workflow, instance, label, item)
        return self._last_kept(workflow, instance, label, item) + (1 if folder.is_dir() and any(folder.iterdir()) else 0)

    def check_writable(self) -> None:
        """Create the outputs folder if it is missing, and check that it can be written to.

        Raises:
            OutputsError: it is a file, or cannot be created or written to; one sentence.
        """
        folder = self.outputs
        if folder.exists() and not folder.is_dir():
            raise OutputsError(f"outputs folder {folder} is a file; name a folder")
        for part in (folder, *folder.parents):
            if part.is_symlink() and not part.exists():
                raise OutputsError(
                    f"outputs folder {folder} cannot be made: {part} is a link to {part.readlink()}, which is not there"
                )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputsError(f"outputs folder {folder} does not exist and cannot be made: {_reason(error)}") from None
        probe = folder / f".writable-{uuid.uuid4().hex[:12]}.tmp"
        try:
            try:
                with open(probe, "xb") as file:
                    file.write(bytes(_PROBE_BYTES))  # an empty file fits on a full disk
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise OutputsError(f"outputs folder {folder} cannot be written to: {_reason(error)}") from None

    def _instance_folder(self, workflow: str, instance: str) -> Path:
        return self.outputs / _NOTEBOOKS / path_part(workflow) / path_part(instance)

    def _attempts_folder(self, workflow: str, instance: str) -> Path:
        return self._instance_folder(workflow, instance) / ".attempts"

    def _last_kept(self, workflow: str, instance: str, label: str, item: str | None) -> int:
        return max(self.kept_attempts(workflow, instance, label, item), default=0)


def _place(label: str, item: str | None) -> str:
    return path_part(label) if item is None else os.path.join(path_part(label), path_part(item))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
