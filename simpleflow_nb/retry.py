"""When a failed task is tried again."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from .exceptions import TaskFailed


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Attempts and the waits between them. The decider carries it out with timers, so it survives any crash."""

    attempts: int = 3  #: tries in all, the first one included
    first_wait: timedelta = timedelta(seconds=10)  #: before the second try; rounded up to whole seconds, as SWF's timers are
    factor: float = 2.0  #: each wait is this many times the one before
    longest_wait: timedelta = timedelta(hours=1)
    not_retried: tuple[str, ...] = ()  #: class names of errors that are not worth a second try, such as ``"ValueError"``
    jitter: float = 0.0  #: share of the wait, 0 to 1, that is drawn at random from the run's own seeded stream

    def __post_init__(self) -> None:
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
        """simpleflow's ``retry``: that many more tries, each at once."""
        return cls(attempts=retry + 1, first_wait=timedelta(0))

    def allows(self, failures: int, error: TaskFailed) -> bool:
        """Whether another try follows when ``failures`` tries have failed, the last one with ``error``."""
        return failures < self.attempts and error.error_type not in self.not_retried

    def wait_seconds(self, failures: int, seed: str) -> int:
        """Whole seconds before the next try, after ``failures`` (1 or more) failed tries.

        ``seed`` names the task and the attempt: the same seed gives the same wait at every replay.
        """
        longest = self.longest_wait.total_seconds()
        try:  # no first wait, no wait at all, however often
            seconds = min(self.first_wait.total_seconds() * self.factor ** (failures - 1), longest)
        except OverflowError:
            seconds = longest if self.first_wait else 0.0
        if self.jitter:
            seconds *= 1 - self.jitter * random.Random(seed).random()
        return math.ceil(seconds)


def retry_policy(retry: int | RetryPolicy, *, not_retried: Iterable[str] = ()) -> RetryPolicy:
    """A policy from what ``with_attributes(retry=...)`` takes."""
    if isinstance(retry, RetryPolicy):
        return retry
    policy = RetryPolicy.times(retry)
    return RetryPolicy(attempts=policy.attempts, first_wait=policy.first_wait, not_retried=tuple(not_retried))
