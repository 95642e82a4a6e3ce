"""Retries of a journal that cannot be used: a full disk gets cleared, a lock gets released."""

from __future__ import annotations

import logging
import sqlite3
import time

from ..exceptions import JournalError

logger = logging.getLogger(__name__)

JOURNAL_PATIENCE_SECONDS = 40.0  #: less than the 60 s after which boto3 gives up a call, so that it gets the error

_FIRST_PAUSE_SECONDS = 0.005
_LONGEST_PAUSE_SECONDS = 1.0
_SILENT_SECONDS = 0.5


class Patience:
    """The retries of one operation, from its first failure on.

    Args:
        seconds: time limit of the retries; 0 allows none.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = 0.0
        self._pause = _FIRST_PAUSE_SECONDS
        self._said = False

    def wait(self, error: JournalError) -> bool:
        """Pause before the next retry; return False when the time is up.

        The pauses grow to a second. A failure that lasts is logged as a warning, once.
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
        """Start over at the next failure; if this one was logged, so is its end."""
        if self._said:
            logger.warning("the journal can be used again, after %.1f s", time.monotonic() - (self._until - self.seconds))
        self._until, self._pause, self._said = 0.0, _FIRST_PAUSE_SECONDS, False

    def given_up(self, error: JournalError) -> JournalError:
        """Return the last failure, with the time spent on retries."""
        tried = f"; tried again for {self.seconds:g} s" if self.seconds and may_pass(error) else ""
        return JournalError(f"{error}{tried}")


def may_pass(error: JournalError) -> bool:
    """Return whether a retry may succeed. A row refused for its contents will always be refused."""
    cause = error.__cause__
    return not isinstance(cause, sqlite3.Error) or isinstance(cause, sqlite3.OperationalError)
