"""The folder for temporary files of one owner of a journal: kernels' sockets, half-made reports.

A process that is killed cannot remove its folder, so a note of it stands beside the journal before it is made, and the next
owner removes it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from .process_groups import folder_identity

_PREFIX = "sfnb-"
_LONGEST_BYTES = 50  #: kernels' socket paths are under it, and systems take about 100 bytes for one


class Scratch:
    """While it is open, the temporary files of this process are made in it. One process, one scratch folder.

    Args:
        notes: folder for the notes, owned by this process as long as it lives.
    """

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.path: Path | None = None
        self._former: str | None = None

    def remove_left_over(self) -> None:
        """Remove the folders of former owners. The processes that used them must have been ended."""
        if not self.notes.is_dir():
            return
        for note in self.notes.glob(f"{_PREFIX}*"):
            place, _, noted_in = note.read_text().partition("\n")
            if noted_in and noted_in.strip() != folder_identity(self.notes):  # a copy: the folder is that of the original
                note.unlink(missing_ok=True)
                continue
            folder = Path(place.strip() or note)
            if folder.name == note.name and folder != note:
                shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists() or folder == note:
                note.unlink(missing_ok=True)

    def open(self) -> None:
        """Make the folder, readable by this user alone.

        Raises:
            OSError: neither the system's folder for temporary files nor /tmp can be written.
        """
        parent = Path(tempfile.gettempdir())
        if len(os.fsencode(parent)) > _LONGEST_BYTES - 20:
            parent = Path("/tmp")
        self.path = parent / f"{_PREFIX}{secrets.token_hex(5)}"  # nobody can have made it before us
        self.notes.mkdir(parents=True, exist_ok=True)
        (self.notes / self.path.name).write_text(f"{self.path}\n{folder_identity(self.notes)}\n")
        self.path.mkdir(mode=0o700)
        self._former, tempfile.tempdir = tempfile.tempdir, str(self.path)

    def close(self) -> None:
        """Remove the folder with what is left in it."""
        if self.path is None:
            return
        tempfile.tempdir = self._former
        shutil.rmtree(self.path, ignore_errors=True)
        (self.notes / self.path.name).unlink(missing_ok=True)
        self.path = None
