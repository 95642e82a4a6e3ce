"""News of databases for open pages: that something has changed, and not what."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
#: A client that reads no more is noticed when something is sent to it, and proxies keep a connection that is not silent.
BEAT_SECONDS = 15.0
_PATIENCE_SECONDS = 0.1
_BEHIND = 64  #: so many news may wait for one page; then its stream ends, and it connects again and reads everything anew


class Changes:
    """Watches SQLite files with one thread, and tells every open page.

    ``PRAGMA data_version`` changes for a connection when another one has committed. It reads shared memory, and no page of the
    file. A file that was replaced is another file, which its inode tells.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)
        self._opened: dict[Path, sqlite3.Connection] = {}
        self._seen: dict[Path, tuple[int, int]] = {}
        self._streams: set[asyncio.Queue[int | None]] = set()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self.number = 0  #: of the last news

    def start(self) -> None:
        """Begin to watch; to be called where the event loop runs."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._watch, args=(loop,), name="changes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watch and every stream."""
        self._end.set()
        for stream in self._streams:
            with contextlib.suppress(asyncio.QueueFull):  # it is behind, and ends by itself
                stream.put_nowait(None)
        if self._thread is not None:
            self._thread.join()

    async def news(self) -> AsyncIterator[str]:
        """Yield server-sent events, each with the number of the news."""
        stream: asyncio.Queue[int | None] = asyncio.Queue(_BEHIND)
        self._streams.add(stream)
        try:
            yield f"retry: 2000\nid: {self.number}\n\n"
            while not self._end.is_set():
                try:
                    number = await asyncio.wait_for(stream.get(), BEAT_SECONDS)
                except TimeoutError:
                    yield ": nothing new\n\n"
                    continue
                if number is None:
                    return
                yield f"id: {number}\nevent: changed\ndata: {number}\n\n"
        finally:
            self._streams.discard(stream)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        self._look()
        while not self._end.wait(LOOK_SECONDS):
            if self._look():
                with contextlib.suppress(RuntimeError):  # the loop has just been closed
                    loop.call_soon_threadsafe(self._tell)
        for connection in self._opened.values():
            connection.close()

    def _look(self) -> bool:
        """Tell whether a file has changed since the last look."""
        has_changed = False
        for file in self._files:
            try:
                now = self._version(file)
            except (OSError, sqlite3.Error) as error:  # not there yet, or being replaced; it is looked at again
                logger.debug("cannot look at %s: %s", file, error)
                continue
            has_changed |= self._seen.get(file) != now
            self._seen[file] = now
        return has_changed

    def _version(self, file: Path) -> tuple[int, int]:
        inode = file.stat().st_ino
        if file in self._opened and self._seen.get(file, (inode,))[0] != inode:
            self._opened.pop(file).close()
        if file not in self._opened:
            uri = f"{file.absolute().as_uri()}?mode=ro"
            self._opened[file] = sqlite3.connect(uri, uri=True, timeout=_PATIENCE_SECONDS)
        (version,) = self._opened[file].execute("PRAGMA data_version").fetchone()
        return inode, int(version)

    def _tell(self) -> None:
        self.number += 1
        for stream in tuple(self._streams):
            try:
                stream.put_nowait(self.number)
            except asyncio.QueueFull:
                self._streams.discard(stream)
