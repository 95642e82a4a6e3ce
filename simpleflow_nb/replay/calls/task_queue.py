"""A queue of futures from which any can be taken out, at the same cost wherever it stands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from ...futures import Future


class TaskQueue(OrderedDict[Future[Any], None]):
    """Futures in order, each at most once.

    A dict itself, not an owner of one: whether there are any is asked at every submit, and costs no call then.
    """

    def append(self, future: Future[Any]) -> None:
        self[future] = None

    def extend(self, futures: Iterable[Future[Any]]) -> None:
        for future in futures:
            self[future] = None

    def extendleft(self, futures: Iterable[Future[Any]]) -> None:
        """Put each in front, so that the last one is the first then, as ``deque.extendleft`` does."""
        for future in futures:
            self[future] = None
            self.move_to_end(future, last=False)

    def popleft(self) -> Future[Any]:
        return self.popitem(last=False)[0]

    def discard(self, future: Future[Any]) -> None:
        self.pop(future, None)
