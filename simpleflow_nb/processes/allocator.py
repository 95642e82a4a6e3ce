"""The allocator of the C library, in processes that run for months."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_one_arena() -> None:
    """Let all threads started from now on share one arena of glibc; does nothing with other C libraries.

    glibc gives each new thread an arena of its own, up to eight per core, and memory freed in one cannot be used by others: a
    process that starts threads for each run grows for weeks, without any Python object to show for it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_back_memory() -> None:
    """Return free memory to the system; only with glibc. Takes some milliseconds."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
