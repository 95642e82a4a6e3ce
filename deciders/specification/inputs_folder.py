"""Files named by a workflow file: they lie in its folder or below, and nowhere else."""

from __future__ import annotations

import errno
import os.path
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from simpleflow_nb.invisible import invisible_in

from ..problems import Problems, shown

_LONGEST_NAME_CHARACTERS = 100
#: Names become file names, and file systems take 255 bytes, endings included.
_LONGEST_NAME_BYTES = 200
_UNWANTED_IN_NAMES = re.compile(r"[/\\:|]")


def name_fault(name: str) -> str | None:
    """Explain why ``name`` cannot name a workflow or a notebook, as the end of a sentence; None if it can.

    Names become parts of file names and of SWF's workflow ids, which may not hold ``/ : |`` or control characters. People read
    them, too: no two names may look the same, and none may be displayed in another order than it is written.
    """
    if not name.strip():
        return "is empty"
    if name in (".", ".."):
        return "means a folder"
    if len(name) > _LONGEST_NAME_CHARACTERS:
        return f"has {len(name)} characters, more than {_LONGEST_NAME_CHARACTERS}"
    if len(name.encode()) > _LONGEST_NAME_BYTES:
        return f"needs {len(name.encode())} bytes as a file name, more than {_LONGEST_NAME_BYTES}"
    if found := _UNWANTED_IN_NAMES.search(name):
        return f"holds {found[0]!r}, which file names and workflow ids cannot hold"
    if _holds_control(name):
        return "holds a control character"
    if (invisible := invisible_in(name)) is not None:
        return f"holds the invisible character {invisible}; write the name without it"
    return None


def folded_name(name: str) -> str:
    """Fold ``name`` so that names that some file system cannot tell apart become equal."""
    return unicodedata.normalize("NFC", name).casefold()


def checked_file(inputs_dir: Path, filename: str, suffixes: tuple[str, ...], line: int, problems: Problems) -> Path | None:
    """Return the existing file called ``filename`` under ``inputs_dir``, or None with the reason in ``problems``.

    ``suffixes``, unless empty, are the accepted endings, exactly as written. A symbolic link may lead anywhere inside the
    folder.
    """
    if suffixes and Path(filename).suffix not in suffixes:
        problems.add(line, f"{shown(filename)} must end in {' or '.join(map(repr, suffixes))}")
        return None
    if fault := leaving_fault(filename):
        problems.add(line, f"{shown(filename)} {fault}")
        return None
    path = inputs_dir / filename
    try:
        if not path.resolve().is_relative_to(inputs_dir.resolve()):
            problems.add(line, f"{shown(filename)} is a link that leads out of the folder of this file")
        elif path.is_dir():
            problems.add(line, f"{shown(filename)} is a folder, not a file")
        elif path.is_file():
            return path
        elif _is_circle(path):
            problems.add(line, f"{shown(filename)} cannot be looked at (a circle of links)")
        else:
            hint = problems.did_you_mean(filename, _siblings(inputs_dir, path))
            problems.add(line, f"there is no file {shown(filename)} beside this file{hint}")
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError is how pathlib of Python 3.11 and 3.12 reports a circle of links; later ones say nothing.
        reason = getattr(error, "strerror", None) or "a circle of links"
        problems.add(line, f"{shown(filename)} cannot be looked at ({reason})")
    return None


def _is_circle(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def leaving_fault(filename: str) -> str | None:
    """Explain why a relative path does not stay inside its folder, as the end of a sentence; None if it does."""
    if not filename or os.path.normpath(filename) == os.curdir:
        return "names no file"
    if _holds_control(filename):
        return "holds a control character"
    if filename.startswith(("/", "~")):
        return "is not relative to the folder of this file"
    if os.path.normpath(filename).split("/")[0] == "..":
        return "leaves the folder of this file"
    return None


def _siblings(inputs_dir: Path, path: Path) -> Iterable[str]:
    """Return files that may have been meant, as they would be written."""
    if not path.parent.is_dir():
        return []
    found = (other for other in path.parent.iterdir() if other.suffix == path.suffix and other.is_file())
    return sorted(os.path.relpath(other, inputs_dir) for other in found)


def _holds_control(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)
