"""Output that bypasses Python, such as that of subprocesses, is complete when its cell ends.

ipykernel replaces the descriptors 1 and 2 by pipes, which a thread reads. The last output of a cell, or of a program that it
waits for, may still be in the pipe or in that thread when the end of the cell is reported; it is lost then. With this module,
flushing a stream first reads its pipe, and ipykernel flushes at the end of each cell and before it shows a traceback.

Only the standard library is used, see :mod:`workers.kernels.inside`.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
from typing import Any

#: Attributes of an ``ipykernel.iostream.OutStream`` whose pipe can be taken over, as in ipykernel 6 and 7.
_PARTS = ("_fid", "_should_watch", "_original_stdstream_fd", "_original_stdstream_copy", "watch_fd_thread", "flush", "write")
_MOST_BYTES = 1 << 20  # more than a pipe holds


def install(shell: Any, settings: Any) -> None:
    """Read the pipes of standard output and error at each flush. Nothing is done if there are none, or if it is
    done already.
    """
    for stream in (sys.stdout, sys.stderr):
        is_ours = isinstance(getattr(stream.flush, "__self__", None), CapturedPipe)
        if not is_ours and all(hasattr(stream, part) for part in _PARTS) and stream._should_watch:  # type: ignore[union-attr]
            CapturedPipe(stream)


class CapturedPipe:
    """The pipe of a stream, read by a thread as before, and by every flush of the stream."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._pipe, self._flush_stream = stream, stream._fid, stream.flush
        self._process = os.getpid()
        self._taking = threading.RLock()  # a signal may be handled in the middle of it
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        stream._should_watch = False
        os.write(stream._original_stdstream_fd, b"\0")  # as ipykernel does to wake its thread
        stream.watch_fd_thread.join()
        stream._should_watch = True
        os.set_blocking(self._pipe, False)
        stream.flush = self._flush
        stream.watch_fd_thread = threading.Thread(target=self._watch, name=f"{stream.name} of subprocesses", daemon=True)
        stream.watch_fd_thread.start()

    def _flush(self) -> None:
        if os.getpid() == self._process:  # the process may have forked while the thread was reading
            self._take()
        self._flush_stream()

    def _watch(self) -> None:
        filled = select.poll()
        filled.register(self._pipe, select.POLLIN)
        while self._take():
            filled.poll()

    def _take(self) -> bool:
        """Pass on the content of the pipe; return True if there can be more."""
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
                pass  # only the log is affected, whose disk may be full
        return True
