"""A process that works until a signal asks it to stop."""

from __future__ import annotations

import logging
import queue
import signal
import threading
from collections.abc import Callable
from typing import Protocol

from .supervisor import QUICK, ignore_signals, is_orphan

logger = logging.getLogger(__name__)

STOPPING = (
    "stopping: polls under way are waited for, up to a minute, and what they bring is finished; Ctrl-C again ends at once"
)
_LOOK_SECONDS = 0.5


class Stoppable(Protocol):
    def run(self) -> None: ...
    def stop(self) -> None: ...


def run_until_stopped(process: Stoppable, *, on_start: Callable[[], None], on_stop: Callable[[], None]) -> None:
    """Run it until SIGTERM, Ctrl-C or the end of its supervisor; each further signal calls its ``stop`` again.

    In the main thread. ``on_start`` is called once a signal is heard.

    Raises:
        Exception: what ended it before its time.
    """
    asked: queue.SimpleQueue[None] = queue.SimpleQueue()  # an Event may be in use by the very thread that is interrupted
    for number in QUICK:
        signal.signal(number, lambda *_: asked.put(None))
    threading.Thread(target=_listen, args=(process, asked, on_stop), name="signals", daemon=True).start()
    on_start()
    process.run()
    ignore_signals()


def _listen(process: Stoppable, asked: queue.SimpleQueue[None], on_stop: Callable[[], None]) -> None:
    """Stop the process when it is asked to, and when nobody is left who could ask: its supervisor was killed."""
    is_stopping = False
    while True:
        try:
            asked.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            if is_stopping or not is_orphan():
                continue
            logger.warning("the process that looked after this one is gone; stopping")
        if not is_stopping:
            on_stop()
        is_stopping = True
        process.stop()
