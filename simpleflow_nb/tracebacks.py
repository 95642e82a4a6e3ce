"""Tracebacks of the user's code, without the frames that only led to it."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Collection


def traceback_lines(error: BaseException, carriers: Collection[str]) -> list[str]:
    """What ``traceback.format_exception`` says, from the first frame that is in none of the ``carriers`` (file names).

    An error that was raised by a carrier itself, of a call or a value that is not what it must be, has no such frame:
    its sentence stands alone then, without "Traceback (most recent call last)".
    """
    place = error.__traceback__
    while place is not None and place.tb_frame.f_code.co_filename in carriers:
        place = place.tb_next
    return traceback.format_exception(type(error), error, place)


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
