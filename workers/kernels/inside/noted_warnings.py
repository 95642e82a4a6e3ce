"""Warnings are added to the reply of the cell, marked as the analyst's own or others'; printed output is unchanged.

A warning is the analyst's own if the code that called ``warnings.warn`` is a cell or a file of theirs, and its category is
UserWarning itself or defined there. The printed path is no criterion: a library that gives a ``stacklevel`` names the cell.
"""

from __future__ import annotations

import linecache  # noqa: F401  needed for printing a warning
import logging
import os
import sys
import warnings
from types import FrameType
from typing import Any

KEPT_WARNINGS = 50  #: in a kernel, of each kind: own and others
KEPT_CHARACTERS = 300  #: of each


class OwnCode:
    """The analyst's own code: ``cells``, which is the beginning of their files' names, and what is below some folders."""

    def __init__(self, folders: Any, cells: str | None = None) -> None:
        self.cells, self.folders = cells, tuple(os.path.realpath(folder) + os.sep for folder in folders)

    def has_file(self, path: str) -> bool:
        """Return whether a file is the analyst's own; one of an installed library is not, wherever that is."""
        if self.cells is not None and path.startswith(self.cells):
            return True
        path = os.path.realpath(path)
        return path.startswith(self.folders) and not {"site-packages", "dist-packages"} & set(path.split(os.sep))

    def has_warned(self, message: Any, frame: FrameType | None) -> bool:
        """Return whether a warning is the analyst's own; ``frame`` is the innermost frame below that of the hook."""
        while frame is not None and frame.f_code.co_filename == warnings.__file__:
            frame = frame.f_back
        return frame is not None and self.has_file(frame.f_code.co_filename) and self._has_category(message.category)

    def _has_category(self, category: type) -> bool:
        if category is UserWarning or category.__module__ == "__main__":
            return True
        path = getattr(sys.modules.get(category.__module__), "__file__", None)
        return path is not None and self.has_file(path)


def text_of_warning(message: Any) -> str:
    return f"{message.category.__name__}: {message.message}"[:KEPT_CHARACTERS]


def install(shell: Any, settings: Any) -> None:
    """Record each warning before it is shown. Warnings that are ignored, recorded or not shown do not count."""
    from ipykernel.compiler import get_tmp_directory

    own = OwnCode(settings["own_folders"], get_tmp_directory() + os.sep)
    show, show_as_python = warnings._showwarnmsg, warnings._showwarnmsg_impl  # type: ignore[attr-defined]
    left = {True: KEPT_WARNINGS, False: KEPT_WARNINGS}

    def is_shown() -> bool:
        how = warnings.showwarning
        if how is warnings._showwarning_orig:  # type: ignore[attr-defined]
            return warnings._showwarnmsg_impl is show_as_python  # type: ignore[attr-defined]  # else catch_warnings(record=True)
        return how is getattr(logging, "_showwarning", None)  # logging.captureWarnings()

    def note(message: Any) -> None:
        is_own = own.has_warned(message, sys._getframe(2))
        if left[is_own] > 0 and is_shown():
            left[is_own] -= 1
            told = {"source": "simpleflow_nb.warning", "is_own": is_own, "text": text_of_warning(message)}
            shell.payload_manager.write_payload(told, single=False)

    def noted_and_shown(message: Any) -> None:
        try:
            note(message)
        except Exception as error:
            # A warning must not break the code that warns. This line turns the run orange.
            warnings._showwarnmsg = show  # type: ignore[attr-defined]
            print(f"WARNING: warnings are not counted any more: {error!r}", file=sys.stderr)
        show(message)

    warnings._showwarnmsg = noted_and_shown  # type: ignore[attr-defined]
