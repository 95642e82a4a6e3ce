"""How long a journal that cannot be used is tried again: a full disk is cleared, a lock is let go."""

from __future__ import annotations

import logging
import sqlite3
import time

from ..exceptions import JournalError

logger = logging.getLogger(__name__)

JOURNAL_PATIENCE_SECONDS = 40.0  #: less than the 60 s after which boto3 gives up its call: it hears how that ended

_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 1.0
_SILENT_SECONDS = 0.5


class Patience:
    """The tries of one thing, from its first failure on.

    Args:
        seconds: how long there is another try; 0 allows none.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = 0.0
        self._pause = _FIRST_PAUSE_SECONDS
        self._said = False

    def wait(self, error: JournalError) -> bool:
        """Pause before the next try; False when there is to be none.

        The pauses grow to a second. What lasts for more than a moment is a warning in the log, once.
        """
        now = time.monotonic()
        if not self._until:
            self._until = now + self.seconds
        if now >= self._until or not may_pass(error):
            return False
        if not self._said and now - (self._until - self.seconds) >= min(_SILENT_SECONDS, self.seconds / 2):
            self._said = True
            logger.warning("%s; trying again for %g s", error, self.seconds)
        time.sleep(min(self._pause, self._until - now))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        return True

    def succeeded(self) -> None:
        """The next failure is a first one again; if this one was told, so is its end."""
        if self._said:
            logger.warning("the journal can be used again, after %.1f s", time.monotonic() - (self._until - self.seconds))
        self._until, self._pause, self._said = 0.0, _FIRST_PAUSE_SECONDS, False

    def given_up(self, error: JournalError) -> JournalError:
        """The last failure, with the time that it was tried."""
        tried = f"; tried again for {self.seconds:g} s" if self.seconds and may_pass(error) else ""
        return JournalError(f"{error}{tried}")


def may_pass(error: JournalError) -> bool:
    """Whether the same may well succeed later. A row that is refused for what it says will be refused for ever."""
    cause = error.__cause__
    return not isinstance(cause, sqlite3.Error) or isinstance(cause, sqlite3.OperationalError)
