"""What happens while a long call is under way, for whoever shows it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Look:
    """Nothing new: given every tenth of a second, so that what counts seconds can be drawn anew and a caller can end it."""


@dataclass(frozen=True)
class Note:
    """A sentence for the person who has asked, as ``going on with 2 interrupted runs``."""

    text: str
    is_warning: bool = False


Event = Look | Note


class UnderWay(Generic[R]):
    """A long call: iterate over it to see what happens, or ask for its result, which waits for the end.

    What was started ends by itself when the iteration is given up (`close`): no task is started any more, those under way
    end, and the same call goes on later.
    """

    def __init__(self, events: Generator[Event, None, R]) -> None:
        self._events = events
        self._result: R | None = None
        self._is_over = False

    def __iter__(self) -> Iterator[Event]:
        self._result = yield from self._events
        self._is_over = True

    def result(self) -> R:
        """What came of it; waits for the end.

        Raises:
            RuntimeError: it was closed before its end.
        """
        for _ in self:
            pass
        if not self._is_over:
            raise RuntimeError("this call was closed before it ended")
        return self._result  # type: ignore[return-value]  # set at the end, by whatever type it has

    def close(self) -> None:
        """Give it up: nothing is lost."""
        self._events.close()
