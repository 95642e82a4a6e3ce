"""``run.json``: the state and result of one attempt at a notebook, readable while it runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders.values.label_state import AttemptState
from deciders.values.light import Light

from ..artefacts import write_record
from ..kept_paths import place_beside
from ..secrets import known_secrets, masked_leaves
from .artefact_names import OWN_FOLDER
from .notebook_session import NotebookSession
from .notebook_source import NotebookSource
from .own_files import OwnFiles
from .source_version import SourceVersion

PROGRESS_SECONDS = 1.0  #: until other processes can read the running cell in run.json
KEPT_WARNINGS = 50  #: warnings in a record; all that is printed is in output.txt
KEPT_WARNING_CHARACTERS = 300  #: of each

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class ItemOfRun:
    """The item of a run that a notebook was, as its record has it."""

    index: int | None  #: None of a label without a list of items
    key: str | None  #: identifies its work for a later attempt
    run_id: str
    run: str | None = None  #: NAME/INSTANCE
    key_parts: Mapping[str, Any] | None = None  #: what the key was made of, if other runs may take it over
    reason: str | None = None  #: why it runs although it ran before

    def as_json(self) -> dict[str, Any]:
        """Return what the record says; what came later than the first three only where there is any."""
        own = {"index": self.index, "key": self.key, "run_id": self.run_id}
        others = {"run": self.run, "key_parts": self.key_parts, "reason": self.reason}
        return own | {name: value for name, value in others.items() if value is not None}


class RunJson:
    """The record of a run in its folder. ``content`` is the last written state; secrets of the ``environment`` are masked.

    Raises:
        OSError: it cannot be written; also from :meth:`end`.
    """

    def __init__(
        self,
        folder: Path,
        source: NotebookSource,
        label: str,
        attempt: int,
        environment: Mapping[str, str],
        outputs: Path | None = None,
        item: ItemOfRun | None = None,
        name: str = OWN_FOLDER.record,
        own_files: OwnFiles | None = None,
    ) -> None:
        """Begin the record. The path of the source is relative to the folder ``outputs``, if one is given. ``own_files`` learns
        of others that write to it.
        """
        self._path, self._environment = folder / name, environment
        self._own_files = own_files or OwnFiles()
        self._began = time.monotonic()
        self._writing: asyncio.TimerHandle | None = None
        self.content: dict[str, Any] = {
            "label": label,
            "status": AttemptState.RUNNING,
            "light": None,
            "started": datetime.now(UTC).isoformat(),
            "ended": None,
            "duration_seconds": None,
            "attempt": attempt,
            "source": str(source.path) if outputs is None else place_beside(source.path, outputs),
            "source_sha256": source.sha256,
            "git_commit": None,
            "git_dirty": None,
            "kernel": None,
            "peak_memory_bytes": None,
            "progress": None,
            "warnings": [],
            "ended_in_cell": None,
            "skipped_for": None,
            "error": None,
            **(item.as_json() if item is not None else {}),
        }
        self._write()

    def progress(self, tell: Tell | None) -> Tell:
        """Return a function that notes the running cell, and passes it on to ``tell``."""

        def note(cell: int, cells: int, heading: str) -> None:
            self.content["progress"] = {"cell": cell, "cells": cells, "heading": heading}
            if self._writing is None:  # later, so that a notebook of many quick cells costs no more
                self._writing = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._write_progress)
            if tell is not None:
                tell(cell, cells, heading)

        return note

    def end(
        self,
        status: AttemptState,
        error: dict[str, Any] | None,
        skipped_for: str | None,
        warnings: list[str],
        session: NotebookSession | None,
        version: SourceVersion | None,
    ) -> None:
        """Note the end of the run. Warnings turn it orange, an error red."""
        record = self.content
        record["status"] = status
        record["light"] = Light.of_work(failed=bool(error), warned=bool(warnings))
        record["ended"] = datetime.now(UTC).isoformat()
        record["duration_seconds"] = round(time.monotonic() - self._began, 3)
        record["git_commit"] = version.commit if version else None
        record["git_dirty"] = version.dirty if version else None
        record["warnings"] = [warning[:KEPT_WARNING_CHARACTERS] for warning in warnings[:KEPT_WARNINGS]]
        record["error"] = error
        record["skipped_for"] = skipped_for
        if session is not None and session.kernel is not None:
            kernel, source = session.kernel, session.source
            record["kernel"] = {"name": source.kernel_name, "origin": kernel.origin, "reason": kernel.reason or None}
            if source.missing_kernel is not None:
                record["kernel"] |= {"instead_of": source.missing_kernel, "program": source.kernel_spec.argv[0]}
            record["peak_memory_bytes"] = session.peak_memory_bytes or None
        if session is not None and session.early_end is not None:
            record["ended_in_cell"] = session.early_end.cell
        self._write()

    def _write_progress(self) -> None:
        self._writing = None
        try:
            self._write()
        except OSError:
            pass  # a full disk, say; a failure to write the end of the run is reported

    def _write(self) -> None:
        self._own_files.notice_change(self._path)
        write_json(self._path, self.content, known_secrets(self._environment))
        self._own_files.are_left(self._path)


def write_json(path: Path, content: dict[str, Any], secrets: Mapping[str, str]) -> None:
    """Write a mapping as `write_record` does, with these secrets masked."""
    write_record(path, masked_leaves(content, secrets))
