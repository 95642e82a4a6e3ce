"""Tracebacks of the user's code, without the frames of its callers in the engine."""

from __future__ import annotations

import traceback
from collections.abc import Collection


def traceback_lines(error: BaseException, carriers: Collection[str]) -> list[str]:
    """Format an exception, from the first frame that is in none of the ``carriers`` (file names).

    An error raised by a carrier itself, about a wrong call or value, has no such frame: then the message is returned alone,
    without "Traceback (most recent call last)".
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename in carriers:
        frames = frames.tb_next
    return traceback.format_exception(type(error), error, frames)
