"""``latest``: a link beside a workflow's reports that leads to those of its newest date."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.artefacts import path_part

try:
    import fcntl
except ImportError:  # not a POSIX system: of two runs that end at once the last one wins
    fcntl = None  # type: ignore[assignment]

NAME = "latest"


def point_latest(outputs: Path, workflow: str, instance: str, reference_date: str | None) -> None:
    """Let ``reports/<workflow>/latest`` lead to the reports of this run, unless it leads to those of a later date.

    Nothing happens for a run without reports or without a date, nor where something that is no link has that name. A link
    that leads nowhere is replaced.

    Raises:
        OSError: the link cannot be made.
    """
    folder = outputs / "reports" / path_part(workflow)
    target = folder / path_part(instance)
    if reference_date is None or not target.is_dir():
        return
    link = folder / NAME
    with _locked(folder / f".{NAME}.lock"):
        if link.is_symlink():
            # ISO dates sort as text, and an instance's name begins with its date.
            if (folder / os.readlink(link)).is_dir() and os.readlink(link)[:10] > reference_date:
                return
        elif link.exists():
            return
        temporary = folder / f".{NAME}.{uuid.uuid4().hex[:12]}.tmp"
        os.symlink(target.name, temporary)
        os.replace(temporary, link)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "a") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
