"""The C library's allocator, in processes that live for months."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_one_arena() -> None:
    """Let all threads that start from now on take memory from one place, in glibc; elsewhere nothing happens.

    glibc gives each new thread an arena of its own, up to eight a core, and what is freed in one is of no use to the others:
    a process that starts threads for each run grows for weeks, with nothing in it that Python knows of.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back_memory() -> None:
    """Return what is free to the system, in glibc; elsewhere nothing happens. Takes some milliseconds."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
