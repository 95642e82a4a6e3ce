"""Pages that were drawn, kept until something has changed: many viewers cost no more than one."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from .changes import Changes

MOST_PAGES = 200
#: How old a page of a domain, or of records in a database server, may be: nothing tells that these have changed.
UNWATCHED_SECONDS = 5.0
#: The same where files tell it, since something else may have changed too: an executed notebook was removed, say.
WATCHED_SECONDS = 60.0


@dataclass(frozen=True)
class KeptPage:
    """A page as it was drawn."""

    body: bytes
    tag: str  #: for ``ETag``
    number: int  #: of the news that it has
    moment: float


class KeptPages:
    """The pages that were asked for lately."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._pages: OrderedDict[str, KeptPage] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}

    async def page(self, address: str, draw: Callable[[], str], *, is_watched: bool) -> KeptPage:
        """Return a page, drawn in a thread if there is none, or something has changed since."""
        lock = self._locks.setdefault(address, asyncio.Lock())
        try:
            async with lock:  # of many that ask at once one draws it
                kept = self._pages.get(address)
                if kept is None or not self._is_fresh(kept, is_watched=is_watched):
                    number, moment = self._changes.number, time.monotonic()  # before it is drawn: what comes now is not in it
                    body = (await run_in_threadpool(draw)).encode()
                    kept = KeptPage(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', number, moment)
                    self._pages[address] = kept
                self._pages.move_to_end(address)
                while len(self._pages) > MOST_PAGES:
                    self._pages.popitem(last=False)
                return kept
        finally:
            if not lock.locked():
                self._locks.pop(address, None)

    def _is_fresh(self, kept: KeptPage, *, is_watched: bool) -> bool:
        age = time.monotonic() - kept.moment
        return age < (WATCHED_SECONDS if is_watched else UNWATCHED_SECONDS) and kept.number == self._changes.number
