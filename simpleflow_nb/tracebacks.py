"""Texts and tracebacks of exceptions of the user's code, without the frames of its callers in the engine."""

from __future__ import annotations

import traceback
from collections.abc import Collection


def text_of(error: BaseException) -> str:
    """Return the text of an exception; in Python's own words if its ``__str__`` raises."""
    try:
        return str(error)
    except BaseException:  # code of the user, in whose place the first exception is told
        return "<exception str() failed>"


def split_reason(reason: str | None) -> tuple[str, str]:
    """Split a reason like ``ValueError: nope`` into the class name and the message of a Python exception.

    The name is empty, and the message the whole reason, if there was no such exception.
    """
    head, separator, message = (reason or "").partition(":")
    return (head, message.removeprefix(" ")) if separator and head.isidentifier() else ("", reason or "")


def traceback_lines(error: BaseException, carriers: Collection[str]) -> list[str]:
    """Format an exception, from the first frame that is in none of the ``carriers`` (file names).

    An error raised by a carrier itself, about a wrong call or value, has no such frame: then the message is returned alone,
    without "Traceback (most recent call last)".
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename in carriers:
        frames = frames.tb_next
    return traceback.format_exception(type(error), error, frames)


def sentence_lines(error: BaseException, packages: tuple[str, ...]) -> list[str] | None:
    """Format an exception without its traceback if all frames are in files that begin with one of ``packages``; None if one is
    in other code.
    """
    frames = error.__traceback__
    while frames is not None:
        if not frames.tb_frame.f_code.co_filename.startswith(packages):
            return None
        frames = frames.tb_next
    return traceback.format_exception_only(error)


def ended_by(error: BaseException) -> Exception:
    """Return what to raise for an exception that ended a thread: elsewhere it must not pass for an interrupt or an exit."""
    if isinstance(error, Exception):
        return error
    told = RuntimeError(f"a thread was ended by {type(error).__name__}: {text_of(error)}")
    told.__cause__ = error
    return told
