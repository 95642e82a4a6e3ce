"""States of an item, and of a label as far as its items tell: the words of a run that is a graph of steps."""

from __future__ import annotations

from enum import StrEnum

from .label_state import LabelState


class ItemState(StrEnum):
    """The progress of an item. The value is the word of conditions, of `run.json` and of people.

    ``pending -> running -> succeeded | failed | cancelled | timed_out | cached | skipped``, or from pending straight to
    ``skipped | cancelled | cached | failed``. Final states never change. What was not run because of a failure is skipped, with
    that failure as its cause. A label has the same states, but for `TIMED_OUT`: it has failed then.
    """

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    CACHED = "cached"  #: taken from a former run, or from another one
    SKIPPED = "skipped"  #: by a condition, by its own notebook, or because of a failure on the way to it

    @classmethod
    def read(cls, word: str) -> ItemState:
        """Parse the word that any version has written, also for a label.

        Raises:
            ValueError: no version has written that word.
        """
        try:
            return cls(word)
        except ValueError:
            state = LabelState.read(word)
        return cls.SKIPPED if state is LabelState.NOT_RUN else cls[state.name]

    @property
    def is_final(self) -> bool:
        """True if the state never changes any more."""
        return self in FINAL

    @property
    def ended_well(self) -> bool:
        """True if the item has made all that it should."""
        return self in GOOD

    @property
    def ended_badly(self) -> bool:
        """True if what needs the item does not run, unless its step says otherwise."""
        return self in BAD

    @property
    def said(self) -> str:
        """The state as the end of a sentence that begins with the item: ``timed out``."""
        return _SAID.get(self, str(self))


GOOD = frozenset({ItemState.SUCCEEDED, ItemState.CACHED})
BAD = frozenset({ItemState.FAILED, ItemState.TIMED_OUT, ItemState.CANCELLED})
FINAL = GOOD | BAD | {ItemState.SKIPPED}

_SAID = {
    ItemState.PENDING: "is pending",
    ItemState.RUNNING: "is running",
    ItemState.CANCELLED: "was cancelled",
    ItemState.TIMED_OUT: "timed out",
    ItemState.CACHED: "was cached",
    ItemState.SKIPPED: "was skipped",
}
