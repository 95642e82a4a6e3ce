"""States of a label, an item and an attempt at a notebook."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType


class LabelState(StrEnum):
    """The outcome of a label, a report or an item. The value is the word that the run records hold.

    Final states never change. A label that was `NOT_RUN` is skipped with a cause: something that it needs has failed.
    """

    PENDING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"
    CACHED = "cached"  #: taken from a former run
    SKIPPED = "skipped"  #: its notebook said that there was nothing to do, or it needs a skipped label
    NOT_RUN = "not run"

    @classmethod
    def read(cls, word: str) -> LabelState:
        """Parse the word that any version has written.

        Raises:
            ValueError: no version has written that word.
        """
        try:
            return STORED_WORDS[word]
        except KeyError:
            raise ValueError(f"{word!r} is no state of a label; there are {', '.join(cls)}") from None

    @property
    def ended_well(self) -> bool:
        """True if the label has made all that it should."""
        return self in (LabelState.SUCCEEDED, LabelState.CACHED)

    @property
    def was_tried(self) -> bool:
        """True if its notebook was executed, in this run or a former one, with whatever outcome."""
        return self in (LabelState.SUCCEEDED, LabelState.CACHED, LabelState.FAILED)

    @staticmethod
    def of_dependent(needs: Collection[LabelState]) -> LabelState:
        """Return the state of a label that was never started, once the labels that it needs have ended.

        Not run takes precedence: the label is skipped only if nothing that it needs has failed or was not run.
        """
        if LabelState.SKIPPED in needs and all(need.ended_well or need == LabelState.SKIPPED for need in needs):
            return LabelState.SKIPPED
        return LabelState.NOT_RUN


#: Every word that records, results and histories of any version may hold, and terminals show. None is ever taken out.
STORED_WORDS: Mapping[str, LabelState] = MappingProxyType(
    {
        "waiting": LabelState.PENDING,
        "pending": LabelState.PENDING,
        "running": LabelState.RUNNING,
        "done": LabelState.SUCCEEDED,
        "succeeded": LabelState.SUCCEEDED,
        "failed": LabelState.FAILED,
        "FAILED": LabelState.FAILED,
        "cancelled": LabelState.CANCELLED,
        "timed out": LabelState.TIMED_OUT,
        "timed_out": LabelState.TIMED_OUT,
        "cached": LabelState.CACHED,
        "skipped": LabelState.SKIPPED,
        "not run": LabelState.NOT_RUN,
    }
)


class AttemptState(StrEnum):
    """The outcome of one attempt at a notebook. The value is the ``status`` in its ``run.json``."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  #: its worker ended without recording the outcome
