"""The state of a label of a run, or of an item of it, and of one attempt at a notebook."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType


class LabelState(StrEnum):
    """What became of a label, a report or an item. The value is the word that the run records hold.

    Final states never change. A label that was `NOT_RUN` is skipped with a cause: something that it needs has failed.
    """

    PENDING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"
    CACHED = "cached"  #: taken from a former run
    SKIPPED = "skipped"  #: its notebook said that there was nothing to do, or it needs such a label
    NOT_RUN = "not run"

    @classmethod
    def read(cls, word: str) -> LabelState:
        """The state that any version has written so.

        Raises:
            ValueError: no version has.
        """
        try:
            return STORED_WORDS[word]
        except KeyError:
            raise ValueError(f"{word!r} is no state of a label; there are {', '.join(cls)}") from None

    @property
    def ended_well(self) -> bool:
        """Whether there is what it should have made."""
        return self in (LabelState.SUCCEEDED, LabelState.CACHED)

    @property
    def was_tried(self) -> bool:
        """Whether its notebook was executed, in this run or a former one, to whatever end."""
        return self in (LabelState.SUCCEEDED, LabelState.CACHED, LabelState.FAILED)

    @staticmethod
    def of_dependent(needs: Collection[LabelState]) -> LabelState:
        """What a label is that waits for others and was never started, once those that it needs have ended.

        Not run goes before skipped: it is skipped only if nothing that it needs has failed or was not run.
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
    """What became of one attempt at a notebook. The value is the ``status`` in its ``run.json``."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  #: its worker has left no end
