"""What a log says of polls that fail: a service that is away for an hour is not told of a thousand times."""

from __future__ import annotations

import logging

from ..service_faults import is_passing


class PollLog:
    """The polls of one thread: each new kind of failure, then its second, fourth, eighth ... time, and their end."""

    def __init__(self, logger: logging.Logger, task_list: str) -> None:
        self._logger, self._task_list = logger, task_list
        self._kind, self._times, self._failures = "", 0, 0

    def failed(self, error: Exception) -> None:
        kind = f"{type(error).__name__}: {error}"
        self._times = self._times + 1 if kind == self._kind else 1
        self._kind, self._failures = kind, self._failures + 1
        if self._times & (self._times - 1) == 0:
            level = logging.WARNING if is_passing(error) else logging.ERROR
            times = f" ({self._times} times)" if self._times > 1 else ""
            self._logger.log(level, "poll of %r failed: %s%s", self._task_list, error, times)

    def succeeded(self) -> None:
        if self._failures:
            polls = "1 poll" if self._failures == 1 else f"{self._failures} polls"
            self._logger.warning("poll of %r: the service answers again, after %s that failed", self._task_list, polls)
            self._kind, self._times, self._failures = "", 0, 0
