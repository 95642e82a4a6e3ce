"""Output that goes past Python, as that of subprocesses does: all of it is there when its cell ends.

ipykernel puts a pipe over each of the descriptors 1 and 2, and has a thread read it. What a cell, or a program that it waits
for, has written last may still be in the pipe or in that thread's hands when the cell is said to be over; nobody listens to
it any more. Here whoever flushes a stream takes first what is in its pipe, and ipykernel flushes at the end of each cell and
before it shows a traceback.

Only the standard library is used, see :mod:`workers.kernels.inside`.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
from typing import Any

#: What an ``ipykernel.iostream.OutStream`` has whose pipe can be taken over; ipykernel 6 and 7 have it.
_PARTS = ("_fid", "_should_watch", "_original_stdstream_fd", "_original_stdstream_copy", "watch_fd_thread", "flush", "write")
_MOST_BYTES = 1 << 20  # more than a pipe holds


def install(shell: Any, settings: Any) -> None:
    """Have what is in the pipes of standard output and error taken at each flush. Nothing happens where there are none, or
    where that is so already."""
    for stream in (sys.stdout, sys.stderr):
        is_ours = isinstance(getattr(stream.flush, "__self__", None), CapturedPipe)
        if not is_ours and all(hasattr(stream, part) for part in _PARTS) and stream._should_watch:  # type: ignore[union-attr]
            CapturedPipe(stream)


class CapturedPipe:
    """The pipe of a stream, read by a thread as before, and by everybody who flushes the stream."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._pipe, self._flush_stream = stream, stream._fid, stream.flush
        self._process = os.getpid()
        self._taking = threading.RLock()  # a signal may be handled in the middle of it
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        stream._should_watch = False
        os.write(stream._original_stdstream_fd, b"\0")  # so does ipykernel wake its thread
        stream.watch_fd_thread.join()
        stream._should_watch = True
        os.set_blocking(self._pipe, False)
        stream.flush = self._flush
        stream.watch_fd_thread = threading.Thread(target=self._watch, name=f"{stream.name} of subprocesses", daemon=True)
        stream.watch_fd_thread.start()

    def _flush(self) -> None:
        if os.getpid() == self._process:  # a fork may have been made while the thread was taking
            self._take()
        self._flush_stream()

    def _watch(self) -> None:
        filled = select.poll()
        filled.register(self._pipe, select.POLLIN)
        while self._take():
            filled.poll()

    def _take(self) -> bool:
        """Pass on what is in the pipe; whether there can be more."""
        with self._taking:
            try:
                content = os.read(self._pipe, _MOST_BYTES)
            except BlockingIOError:
                return bool(self._stream._should_watch)
            if not content or not self._stream._should_watch:  # the notebook has closed it, or ipykernel ends its thread
                return False
            self._stream.write(self._decoder.decode(content))
            try:
                os.write(self._stream._original_stdstream_copy, content)
            except OSError:
                pass  # it is for the log alone, whose disk may be full
        return True
