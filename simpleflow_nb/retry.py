"""Retries of failed tasks."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from .exceptions import DefinitionError, TaskFailed


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Number of attempts and the waits between them. The decider waits with timers, so retries survive any crash."""

    attempts: int = 3  #: in all, the first one included
    first_wait: timedelta = timedelta(seconds=10)  #: before the first retry; rounded up to whole seconds, as SWF's timers are
    factor: float = 2.0  #: ratio of each wait to the one before
    longest_wait: timedelta = timedelta(hours=1)
    not_retried: tuple[str, ...] = ()  #: class names of errors that are not retried, such as ``"ValueError"``
    jitter: float = 0.0  #: random share of the wait, 0 to 1, from the run's own seeded stream

    def __post_init__(self) -> None:
        if not isinstance(self.attempts, int):
            raise TypeError(f"attempts is {self.attempts!r}; it is a whole number")
        for name in ("first_wait", "longest_wait"):
            if not isinstance(getattr(self, name), timedelta):
                raise TypeError(f"{name} is {getattr(self, name)!r}; it is a timedelta")
        for name in ("factor", "jitter"):
            if not isinstance(getattr(self, name), int | float):
                raise TypeError(f"{name} is {getattr(self, name)!r}; it is a number")
        if isinstance(self.not_retried, str) or not all(isinstance(one, str) for one in self.not_retried):
            raise TypeError(f"not_retried is {self.not_retried!r}; it is a tuple of class names, such as ('ValueError',)")
        if self.attempts < 1:
            raise ValueError(f"attempts is {self.attempts}; there is always a first one")
        if self.first_wait < timedelta(0) or self.longest_wait < timedelta(0):
            raise ValueError("a wait cannot be negative")
        if not self.factor >= 1:  # a NaN is not, either
            raise ValueError(f"factor is {self.factor}; waits do not get shorter, use 1 or more")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter is {self.jitter}; it is a share from 0 to 1")

    @classmethod
    def times(cls, retry: int) -> RetryPolicy:
        """Return a policy of ``retry`` immediate retries, as in simpleflow."""
        return cls(attempts=retry + 1, first_wait=timedelta(0))

    def allows(self, failures: int, error: TaskFailed) -> bool:
        """Return whether a retry follows after ``failures`` failed attempts, the last one with ``error``."""
        return failures < self.attempts and error.error_type not in self.not_retried

    def wait_seconds(self, failures: int, seed: str) -> int:
        """Return the whole seconds before the next retry, after ``failures`` (1 or more) failed attempts.

        ``seed`` identifies the task and the attempt: the same seed gives the same wait at every replay.
        """
        longest = self.longest_wait.total_seconds()
        try:  # without a first wait there is none at all
            seconds = min(self.first_wait.total_seconds() * self.factor ** (failures - 1), longest)
        except OverflowError:
            seconds = longest if self.first_wait else 0.0
        if self.jitter:
            seconds *= 1 - self.jitter * random.Random(seed).random()
        return math.ceil(seconds)


def retry_policy(retry: int | RetryPolicy) -> RetryPolicy:
    """Return the policy for a value of ``with_attributes(retry=...)``; for a number always the same object.

    Raises:
        DefinitionError: it is neither a policy nor a number from 0.
    """
    if isinstance(retry, RetryPolicy):
        return retry
    if not isinstance(retry, int) or retry < 0:
        raise DefinitionError(f"retry is {retry!r:.80}; it is a number of retries, 0 or more, or a RetryPolicy")
    return _immediate(retry)


_immediate = cache(RetryPolicy.times)  # each submit of a child asks for one
