"""Time as the service sees it."""

from __future__ import annotations

import time


class Clock:
    """Epoch seconds that never go back, whatever the machine's clock does."""

    virtual = False

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        return time.monotonic() + self._offset

    def timestamp(self) -> float:
        """Return the current time, rounded to whole milliseconds as in events."""
        return round(self.now(), 3)


class VirtualClock(Clock):
    """Real time plus the time skipped: the service jumps to the next timer when nothing can run.

    Work under way takes its real time, so a timeout never overtakes it.
    """

    virtual = True

    def __init__(self, start: float | None = None) -> None:
        super().__init__()
        if start is not None:
            self._offset = start - time.monotonic()
        self.skipped_seconds = 0.0
        self.jumps = 0

    def jump_to(self, moment: float) -> None:
        ahead = moment - self.now()
        if ahead > 0:
            self._offset += ahead
            self.skipped_seconds += ahead
            self.jumps += 1
