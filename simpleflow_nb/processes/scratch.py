"""The folder for temporary files of the owner of a journal: kernels' sockets, unfinished reports.

A process that is killed cannot remove its folder; so the folder is recorded beside the journal before it is created, and the
next owner removes it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from .process_groups import folder_identity

_PREFIX = "sfnb-"
_LONGEST_BYTES = 50  #: kernels' sockets are in it, and systems limit their paths to about 100 bytes


class Scratch:
    """The folder of this process's temporary files while it is open. A process has one scratch folder.

    Args:
        notes: folder for the records of scratch folders, owned by this process while it runs.
    """

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.path: Path | None = None
        self._former: str | None = None

    def remove_left_over(self) -> None:
        """Remove the folders of former owners. The processes that used them must have ended."""
        if not self.notes.is_dir():
            return
        for note in self.notes.glob(f"{_PREFIX}*"):
            path, _, noted_in = note.read_text().partition("\n")
            if noted_in and noted_in.strip() != folder_identity(self.notes):  # a copy: the folder belongs to the original
                note.unlink(missing_ok=True)
                continue
            folder = Path(path.strip() or note)
            if folder.name == note.name and folder != note:
                shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists() or folder == note:
                note.unlink(missing_ok=True)

    def open(self) -> None:
        """Create the folder, readable by this user alone.

        Raises:
            OSError: neither the system's folder for temporary files nor /tmp can be written.
        """
        parent = Path(tempfile.gettempdir())
        if len(os.fsencode(parent)) > _LONGEST_BYTES - 20:
            parent = Path("/tmp")
        self.path = parent / f"{_PREFIX}{secrets.token_hex(5)}"  # nobody can have guessed and created it before
        self.notes.mkdir(parents=True, exist_ok=True)
        (self.notes / self.path.name).write_text(f"{self.path}\n{folder_identity(self.notes)}\n")
        self.path.mkdir(mode=0o700)
        self._former, tempfile.tempdir = tempfile.tempdir, str(self.path)

    def close(self) -> None:
        """Remove the folder with its contents."""
        if self.path is None:
            return
        tempfile.tempdir = self._former
        shutil.rmtree(self.path, ignore_errors=True)
        (self.notes / self.path.name).unlink(missing_ok=True)
        self.path = None
