"""Reports of exceptions of ours that nobody foresaw: a file with the traceback, and one line that names it."""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
import sys
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from .. import __version__
from ..constants import STATE_FOLDER
from ..environment import value_of
from ..masking import masked
from ..variables import AUTOFLOW_OUTPUTS_DIR
from .process_title import without_secrets

MOST_KEPT = 20  #: files in a folder; the oldest of them make room

_BEGINNING, _ENDING = "simpleflow-nb-bug-", ".txt"
_LONGEST_MESSAGE = 200  #: characters of the exception in the line; the file has it whole


def bug_sentence(error: BaseException) -> str:
    """Leave the traceback in a file, without known secrets; returns the line that says so, masked as well.

    The file lies in the state folder that is near (of the outputs, or of the working directory), or else in that for temporary
    files, for its owner alone to read. Where neither can be written to, the traceback follows the line.
    """
    told = " ".join("".join(traceback.format_exception_only(error)).split())
    if len(told) > _LONGEST_MESSAGE:
        told = f"{told[:_LONGEST_MESSAGE]}..."
    text = _report(error)
    for folder in _folders():
        try:
            path = _kept(folder, text)
        except OSError:
            continue  # the next one; the line says where it is
        return masked(f"this is a bug of simpleflow-nb, please report it with {path}: {told}")
    return masked(f"this is a bug of simpleflow-nb, please report it: {told} (no file could be written)\n") + text.rstrip("\n")


def _report(error: BaseException) -> str:
    head = [
        f"simpleflow-nb {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}, process {os.getpid()}",
        f"$ simpleflow-nb {shlex.join(without_secrets(sys.argv[1:]))}",
    ]
    return masked("\n".join([*head, "", *traceback.format_exception(error)]))


def _folders() -> Iterator[Path]:
    """Yield the folders where a report may go, the best first.

    A state folder is used, never made: the bug may have come before it.
    """
    with contextlib.suppress(OSError):  # the working directory may be gone
        here = Path.cwd()
        named = value_of(AUTOFLOW_OUTPUTS_DIR)
        outputs = [Path(named)] if named else []
        for folder in (*outputs, here, *sorted(path.parent for path in here.glob(f"*/{STATE_FOLDER}"))):
            if (state := folder.absolute() / STATE_FOLDER).is_dir():
                yield state
    yield Path(tempfile.gettempdir())


def _kept(folder: Path, text: str) -> Path:
    """Write the report to a file of its own and return the path.

    Raises:
        OSError: nothing can be written there.
    """
    descriptor, name = tempfile.mkstemp(_ENDING, f"{_BEGINNING}{datetime.now(UTC):%Y%m%dT%H%M%S%f}-", folder)
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    own = os.stat(name).st_uid
    with contextlib.suppress(OSError):  # another process makes room at the same time
        found = sorted(path for path in folder.glob(f"{_BEGINNING}*{_ENDING}") if path.lstat().st_uid == own)
        for old in found[:-MOST_KEPT]:
            old.unlink()
    return Path(name)
