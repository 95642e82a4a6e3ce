"""The state of a run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class RunState(StrEnum):
    """How a run ended, or that it runs. The value is the word of the run records, of JSON and of people."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"  #: its notebooks said that there was nothing to do
    FAILED = "failed"
    TIMED_OUT = "timed out"  #: it could not record its end, as one that was terminated
    TERMINATED = "terminated"
    CANCELLED = "cancelled"
    PARTIAL = "partial"  #: only some of its notebooks were asked for

    @classmethod
    def read(cls, word: str) -> RunState:
        """The state that any version, or AutoFlow, has written so.

        Raises:
            ValueError: no version has.
        """
        try:
            return STORED_WORDS[word]
        except KeyError:
            raise ValueError(f"{word!r} is no state of a run; there are {', '.join(cls)}") from None

    @property
    def says_nothing(self) -> bool:
        """Whether the instance is what it was before such an end."""
        return self in SAYS_NOTHING

    @property
    def of_instance(self) -> RunState:
        """What the instance is after such an end, to the rules of what is due: one that timed out has failed."""
        return self if self in (RunState.RUNNING, RunState.SUCCEEDED, RunState.SKIPPED) else RunState.FAILED


SAYS_NOTHING = (RunState.CANCELLED, RunState.PARTIAL)

#: Every word that records, results and requests of any version may hold. None is ever taken out.
STORED_WORDS: Mapping[str, RunState] = MappingProxyType(
    {
        "running": RunState.RUNNING,
        "succeeded": RunState.SUCCEEDED,
        "already done": RunState.SUCCEEDED,  # the result of a run whose instance had succeeded before
        "success": RunState.SUCCEEDED,  # AutoFlow's
        "skipped": RunState.SKIPPED,
        "failed": RunState.FAILED,
        "timed out": RunState.TIMED_OUT,
        "timed_out": RunState.TIMED_OUT,
        "terminated": RunState.TERMINATED,
        "cancelled": RunState.CANCELLED,
        "partial": RunState.PARTIAL,
    }
)
