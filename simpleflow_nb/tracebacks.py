"""Tracebacks of the user's code, without the frames that only led to it."""

from __future__ import annotations

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
