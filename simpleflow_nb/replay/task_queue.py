"""A queue of futures from which any can be taken out, at the same cost wherever it stands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from ..futures import Future


class TaskQueue:
    """Futures in order, each at most once."""

    __slots__ = ("_futures",)

    def __init__(self) -> None:
        self._futures: OrderedDict[Future[Any], None] = OrderedDict()

    def append(self, future: Future[Any]) -> None:
        self._futures[future] = None

    def extend(self, futures: Iterable[Future[Any]]) -> None:
        for future in futures:
            self._futures[future] = None

    def extendleft(self, futures: Iterable[Future[Any]]) -> None:
        """Put each in front, so that the last one is the first then, as ``deque.extendleft`` does."""
        for future in futures:
            self._futures[future] = None
            self._futures.move_to_end(future, last=False)

    def popleft(self) -> Future[Any]:
        return self._futures.popitem(last=False)[0]

    def discard(self, future: Future[Any]) -> None:
        self._futures.pop(future, None)

    def clear(self) -> None:
        self._futures.clear()

    def __len__(self) -> int:
        return len(self._futures)

    def __iter__(self) -> Iterator[Future[Any]]:
        return iter(self._futures)
