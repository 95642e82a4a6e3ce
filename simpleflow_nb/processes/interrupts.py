"""Counting Ctrl-C and SIGTERM: after the first, tasks under way finish; after the second they are ended."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


def may_be_interrupted() -> bool:
    """Return whether Ctrl-C raises KeyboardInterrupt in this thread. If not, one that arrives here was raised by user code."""
    return (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )


class Interrupts:
    """Counts interrupts within its ``with`` block in the main thread; elsewhere there are none."""

    def __init__(self) -> None:
        self.count = 0
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._former[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former.clear()

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.count += 1  # nothing that takes a lock: this thread may hold it


@contextmanager
def at_first_interrupt(act: Callable[[], None]) -> Iterator[None]:
    """Call ``act``, in a thread of its own, at the first Ctrl-C or SIGTERM; a second one ends the process as it would any.

    Only in the main thread.
    """
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()  # a lock could be in the hands of the interrupted thread
    numbers = (signal.SIGINT, signal.SIGTERM)

    def ask(number: int, _: object) -> None:
        signal.signal(number, former[signal.Signals(number)])
        asked.put(True)

    def listen() -> None:
        if asked.get():
            act()

    former = {number: signal.signal(number, ask) for number in numbers}
    thread = threading.Thread(target=listen, name="signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        asked.put(False)
        thread.join()
