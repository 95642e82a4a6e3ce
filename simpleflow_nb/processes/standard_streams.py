"""Standard output and error of the processes that we start."""

from __future__ import annotations

import codecs
import io
import os
import stat
import sys
from typing import Any

_ESCAPES = "simpleflow-nb-escapes"  #: the name by which Python's codecs know `_escaped`


def write_by_lines() -> None:
    """Have each line written as soon as it is printed, also into a pipe or a file.

    Python keeps what goes there until some thousand bytes are together or the interpreter ends well; what is killed, or ends by
    ``os._exit`` as a forked process does, would take the last of it along. To be called at the entry of every process of
    ours: those that are forked from it inherit it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None without a descriptor; whoever put something else there knows why
            stream.reconfigure(line_buffering=True)


def print_anything() -> None:
    """Have what the encoding of standard output cannot express printed as an escape (half a surrogate, say), as Python does
    for standard error, instead of ending a command that has done its work.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        codecs.register_error(_ESCAPES, _escaped)
        sys.stdout.reconfigure(errors="backslashreplace" if sys.stdout.errors == "strict" else _ESCAPES)


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Bytes of file names that are no text go out as they are, where Python lets them."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeEncodeError:
        return codecs.lookup_error("backslashreplace")(error)


def outlive_readers() -> None:
    """Go on when whoever reads what is printed goes away (``... | head -1``): the rest is printed for nobody.

    Python raises BrokenPipeError wherever something is printed then, which would end a run in its midst, or hide how it ended.
    For a process of ours that is nothing else; does nothing where standard output and error are no pipes.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper):
            continue
        try:
            descriptor = stream.fileno()
            mode = os.fstat(descriptor).st_mode
        except OSError:
            continue
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            stream.flush()
            pipe = io.BufferedWriter(_Pipe(descriptor, "wb", closefd=False))
            setattr(sys, name, io.TextIOWrapper(pipe, encoding=stream.encoding, errors=stream.errors, line_buffering=True))


class _Pipe(io.FileIO):
    """The writing end of a pipe. When nobody reads it any more, what is written goes nowhere, also that of processes which have
    the descriptor from this one and are started later."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(memoryview(data).cast("B"))
