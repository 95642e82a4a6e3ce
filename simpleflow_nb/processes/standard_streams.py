"""Standard output and error of our processes."""

from __future__ import annotations

import codecs
import io
import os
import stat
import sys
from typing import Any

_ESCAPES = "simpleflow-nb-escapes"  #: the name by which Python's codecs know `_escaped`


def write_by_lines() -> None:
    """Write each line as soon as it is printed, also into a pipe or a file.

    Python buffers some thousand bytes there until the interpreter exits normally; a process that is killed, or ends by
    ``os._exit`` as a forked one does, would lose the last of them. To be called at the start of every process of ours; forked
    processes inherit it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None without a descriptor; another object was put there on purpose
            stream.reconfigure(line_buffering=True)


def print_anything() -> None:
    """Escape characters that the encoding of standard output lacks (or lone surrogates), as Python does for standard error.

    Otherwise they would end a command that has done its work.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        codecs.register_error(_ESCAPES, _escaped)
        sys.stdout.reconfigure(errors="backslashreplace" if sys.stdout.errors == "strict" else _ESCAPES)


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write undecodable bytes of file names unchanged, if Python can; escape other characters."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeEncodeError:
        return codecs.lookup_error("backslashreplace")(error)


def outlive_readers() -> None:
    """Go on when the reader of our output ends (``... | head -1``), and drop the rest of the output.

    Otherwise Python raises BrokenPipeError at the next print, which would end a run in the middle, or hide how it ended.
    Only for our own processes; does nothing if standard output and error are no pipes.
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
    """The writing end of a pipe. Without a reader, output is dropped, also that of processes started later with it."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(memoryview(data).cast("B"))
