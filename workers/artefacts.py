"""Where a run leaves its files, and how they get there without ever being half written.

::

    <outputs>/notebooks/<workflow>/<instance>/<label>/<label>.ipynb, config.json, output.txt, run.json, ...
    <outputs>/notebooks/<workflow>/<instance>/<label>/report-pdf.json, ...   what a report was made from, and its warnings
    <outputs>/notebooks/<workflow>/<instance>/.attempts/<n>/<label>/         earlier attempts
    <outputs>/reports/<workflow>/<instance>/<label>.pdf, <label>.html
    <outputs>/.simpleflow-nb/                                                journal and run records
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from simpleflow_nb.exceptions import SimpleflowError

#: Bytes of one part of a path. File systems take 255; the rest is for suffixes such as ``.ipynb`` and for temporary names.
LONGEST_PART_BYTES = 180
_PROBE_BYTES = 65_536

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|%]|^\.')


class OutputsError(SimpleflowError):
    """The outputs folder cannot be used."""


@lru_cache(maxsize=50_000)
def path_part(name: str) -> str:
    """``name`` as one part of a path, the same on every machine and different for different names.

    A name that is safe is kept as it is. Path separators, control characters, a leading dot and the characters that
    other systems refuse are percent-encoded; a name of more than 180 bytes is cut and ends in the start of its SHA-256.

    Raises:
        ValueError: the name is empty.
    """
    if not name:
        raise ValueError("a workflow, an instance and a label need a name to get a folder")
    part = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", name)
    encoded = part.encode("utf-8", "surrogatepass")
    if len(encoded) <= LONGEST_PART_BYTES:
        return part
    digest = hashlib.sha256(encoded).hexdigest()[:12]
    return f"{encoded[: LONGEST_PART_BYTES - 13].decode('utf-8', 'ignore')}-{digest}"


def read_record(path: Path) -> dict[str, Any]:
    """A JSON object that was written beside an artefact; empty when there is none, or one that cannot be read.

    What it belongs to is made again then.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


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
    """The layout of an outputs folder. Only ``begin_attempt`` and ``check_writable`` touch the disk."""

    outputs: Path

    def notebook_folder(self, workflow: str, instance: str, label: str) -> Path:
        """The notebook's own folder: its working directory and the place of its artefacts."""
        return self._instance_folder(workflow, instance) / path_part(label)

    def notebook(self, workflow: str, instance: str, label: str) -> Path:
        """The executed notebook."""
        return self.notebook_folder(workflow, instance, label) / f"{path_part(label)}.ipynb"

    def report(self, workflow: str, instance: str, label: str, format: str = "pdf") -> Path:
        """The report of that format made from the executed notebook."""
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
        destination.parent.mkdir(parents=True, exist_ok=True)
        os.rename(folder, destination)
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
