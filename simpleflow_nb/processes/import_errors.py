"""Where the import of a user's module failed."""

from __future__ import annotations

import importlib
import os
import traceback


def place_of_import_error(error: BaseException) -> str:
    """`` (shop/orders.py:3)``: the line that made the import of a module fail; "" where there is none, as of a missing one."""
    if isinstance(error, SyntaxError):
        return ""  # it says itself where
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen") and frame.filename != importlib.__file__
    ]
    place = frames[-1] if len(frames) > 1 else None  # the first is the one that asked for the module
    return f" ({place.filename.removeprefix(f'{os.getcwd()}/')}:{place.lineno})" if place else ""
