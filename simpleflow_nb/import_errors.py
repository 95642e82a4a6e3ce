"""Location of errors in the import of a user's module."""

from __future__ import annotations

import importlib
import os
import traceback


def location_of_import_error(error: BaseException) -> str:
    """Return the line at which an import failed, as `` (shop/orders.py:3)``; "" without one, as for a missing module."""
    if isinstance(error, SyntaxError):
        return ""  # its message says where
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen") and frame.filename != importlib.__file__
    ]
    frame = frames[-1] if len(frames) > 1 else None  # the first frame is the one that imports the module
    return f" ({frame.filename.removeprefix(f'{os.getcwd()}/')}:{frame.lineno})" if frame else ""
