"""Where a run leaves its files, and how they get there without ever being half written.

::

    <outputs>/notebooks/<workflow>/<instance>/<label>/<label>.ipynb, config.json, output.txt, run.json, ...
    <outputs>/notebooks/<workflow>/<instance>/<label>/report-pdf.json, ...   what a report was made from, and its warnings
    <outputs>/notebooks/<workflow>/<instance>/.attempts/<n>/<label>/         earlier attempts
    <outputs>/reports/<workflow>/<instance>/<label>.pdf, <label>.html        or as ``name`` of the output says
    <outputs>/.simpleflow-nb/                                                journal and run records
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deciders.path_parts import LONGEST_PART_BYTES, path_part
from simpleflow_nb.exceptions import ExitCode, SimpleflowError

__all__ = ["LONGEST_PART_BYTES", "Artefacts", "OutputsError", "path_part", "read_record", "why_unreadable", "write_atomically"]

_PROBE_BYTES = 65_536
_MOVE_TRIES = 10


class OutputsError(SimpleflowError):
    """The outputs folder cannot be used."""

    exit_code = ExitCode.WRONG


def read_record(path: Path) -> dict[str, Any]:
    """A JSON object that was written beside an artefact; empty when there is none, or one that cannot be read.

    What it belongs to is made again then.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def why_unreadable(path: Path) -> str | None:
    """Why `read_record` finds nothing in a file that is there, such as ``not JSON``; None if it is good, or not there."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        return _reason(error)
    except (ValueError, RecursionError):
        return "not JSON"
    return None if isinstance(content, dict) else "not a JSON object"


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a whole file: a reader sees the old content or the new one, and a crash leaves no half of it.

    Text is UTF-8 (a lone surrogate becomes ``?``, it has no UTF-8). The folder must exist. The bytes are not synced to
    the disk: losing the power may lose the last writes, never mix them.

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


@dataclass(frozen=True)
class Artefacts:
    """The layout of an outputs folder.

    Only ``begin_attempt`` and ``check_writable`` change anything on the disk; ``kept_attempts`` and ``attempts`` look at it.
    """

    outputs: Path

    def notebook_folder(self, workflow: str, instance: str, label: str) -> Path:
        """The notebook's own folder: its working directory and the place of its artefacts."""
        return self._instance_folder(workflow, instance) / path_part(label)

    def notebook(self, workflow: str, instance: str, label: str) -> Path:
        """The executed notebook."""
        return self.notebook_folder(workflow, instance, label) / f"{path_part(label)}.ipynb"

    def reports_folder(self, workflow: str, instance: str) -> Path:
        """Where the reports of a run are made. Which file is which is for the records to say: `workers.runs.report_places`."""
        return self.outputs / "reports" / path_part(workflow) / path_part(instance)

    def report(self, workflow: str, instance: str, label: str, format: str = "pdf") -> Path:
        """Where a report is made whose output has no name."""
        return Path(self.report_path(workflow, instance, label, format))

    def report_path(self, workflow: str, instance: str, label: str, format: str) -> str:
        """The same as text, for whoever looks at thousands of them."""
        folder = os.path.join(self.outputs, "reports", path_part(workflow), path_part(instance))
        return os.path.join(folder, f"{path_part(label)}.{format}")

    def attempt_folder(self, workflow: str, instance: str, label: str, attempt: int) -> Path:
        """Where an earlier attempt of the notebook was moved to."""
        return self._attempts_folder(workflow, instance) / str(attempt) / path_part(label)

    def kept_attempts(self, workflow: str, instance: str, label: str) -> list[int]:
        """Numbers of the earlier attempts at the notebook whose folders are there, ascending."""
        folder = self._attempts_folder(workflow, instance)
        if not folder.is_dir():
            return []
        # A number without the label's folder was made for another label, or by a move that a crash cut short.
        numbers = [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()]
        return sorted(number for number in numbers if (folder / str(number) / path_part(label)).exists())

    def begin_attempt(self, workflow: str, instance: str, label: str) -> int:
        """Number of the attempt about to begin, 1 for the first; what an earlier one left is moved to ``.attempts/<n>/``.

        The move is one rename, so it has happened or not: after a crash the call is simply made again, and gives the
        same number as long as the attempt has left nothing. At most one attempt of a notebook may begin at a time.

        Raises:
            OSError: the folder cannot be moved.
        """
        kept = self._last_kept(workflow, instance, label)
        folder = self.notebook_folder(workflow, instance, label)
        if not folder.is_dir() or not any(folder.iterdir()):
            return kept + 1
        destination = self.attempt_folder(workflow, instance, label, kept + 1)
        for tries_left in range(_MOVE_TRIES, 0, -1):
            try:
                destination.parent.mkdir(parents=True, exist_ok=True)
                os.rename(folder, destination)
                break
            except (FileNotFoundError, FileExistsError):
                # another label, whose attempts lie beside, has just removed the empty folder
                if tries_left == 1 or not folder.is_dir():
                    raise
        return kept + 2

    def attempts(self, workflow: str, instance: str, label: str) -> int:
        """How many attempts at the notebook have left something, the latest included."""
        folder = self.notebook_folder(workflow, instance, label)
        return self._last_kept(workflow, instance, label) + (1 if folder.is_dir() and any(folder.iterdir()) else 0)

    def check_writable(self) -> None:
        """Make the outputs folder if it is missing, and write a file into it for a moment.

        Raises:
            OutputsError: one sentence: it is a file, it cannot be made, it cannot be written to.
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
        return self.outputs / "notebooks" / path_part(workflow) / path_part(instance)

    def _attempts_folder(self, workflow: str, instance: str) -> Path:
        return self._instance_folder(workflow, instance) / ".attempts"

    def _last_kept(self, workflow: str, instance: str, label: str) -> int:
        return max(self.kept_attempts(workflow, instance, label), default=0)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
