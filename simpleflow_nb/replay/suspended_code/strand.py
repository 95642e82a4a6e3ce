"""A strand: a part of a run's code that waits on its own, with a greenlet of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

from greenlet import greenlet

from ...futures import Future


class Strand:
    """``run()`` itself, or what it has started beside it: a chain, a group with a limit, a task of a coroutine.

    A run's strands take turns in one thread, in an order that its history alone decides; each goes on until it waits.

    Attributes:
        name: for ``workflow.stack``.
        future: ends with the strand; None for ``run()``.
        raises_in: the strand in which failed tasks of this one are raised; itself, unless it only carries out what
            another strand has submitted.
        waits_for: the futures on which it was suspended.
        interrupts: exceptions to be raised at its next wait: a timeout, a cancellation.
    """

    __slots__ = (
        "back",
        "future",
        "greenlet",
        "interrupts",
        "is_roused",
        "is_shielded",
        "name",
        "raises_in",
        "waits_for",
        "waits_for_any",
    )

    def __init__(
        self, body: Callable[[], None], name: str, future: Future[Any] | None = None, raises_in: Strand | None = None
    ) -> None:
        self.greenlet = greenlet(body)
        self.greenlet.gr_context = copy_context()
        self.name, self.future = name, future
        self.raises_in = raises_in or self
        self.back: greenlet | None = None  # goes on when this strand waits
        self.is_roused = self.is_shielded = False
        self.waits_for: tuple[Any, ...] = ()
        self.waits_for_any = False  # the end of one is enough
        self.interrupts: deque[BaseException] = deque()

    def failing(self) -> Strand:
        """Return the strand in which failures of this one's tasks are raised."""
        strand = self
        while strand.raises_in is not strand:
            strand = strand.raises_in
        return strand

    def forget(self, interrupt: BaseException | None) -> None:
        """Drop an interrupt that has not been raised yet."""
        self.interrupts = deque(one for one in self.interrupts if one is not interrupt)

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Raise interrupts and failures only after the block."""
        was_shielded, self.is_shielded = self.is_shielded, True
        try:
            yield
        finally:
            self.is_shielded = was_shielded
