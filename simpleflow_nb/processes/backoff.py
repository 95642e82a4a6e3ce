"""Waits between retries of calls that may succeed later."""

from __future__ import annotations

import random
import threading

_LONGEST_SECONDS = 20.0  #: a service that works again is used within this time


class Backoff:
    """Doubling waits with jitter, reset by a success."""

    def __init__(self, stop: threading.Event, *, first_seconds: float = 0.5) -> None:
        self._stop, self._first, self._failures = stop, first_seconds, 0

    def succeeded(self) -> None:
        self._failures = 0

    def wait(self) -> None:
        """Wait, longer after each failure in a row; return at once when stopped."""
        longest = min(self._first * 2**self._failures, _LONGEST_SECONDS)
        self._failures = min(self._failures + 1, 10)
        self._stop.wait(random.uniform(longest / 2, longest))
