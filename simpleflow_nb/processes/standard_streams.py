"""Standard output and error of the processes that we start."""

from __future__ import annotations

import io
import sys


def write_by_lines() -> None:
    """Have each line written as soon as it is printed, also into a pipe or a file.

    Python keeps what goes there until some thousand bytes are together or the interpreter ends well; what is killed, or ends by
    ``os._exit`` as a forked process does, would take the last of it along. To be called at the entry of every process of
    ours: those that are forked from it inherit it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None without a descriptor; whoever put something else there knows why
            stream.reconfigure(line_buffering=True)
