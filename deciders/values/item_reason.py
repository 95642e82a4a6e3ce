"""Reasons why an item ran although it ran before, or was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .key_parts import MOST_CHANGES


class Fate(StrEnum):
    """The fate of an item that had run before. The value is the word in front of the reason."""

    RAN = "ran"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class ItemReason:
    """The reason of one item of a run; `str` gives the sentence of records, which `parse` reads."""

    fate: Fate
    said: str  #: a clause without a stop

    @classmethod
    def parse(cls, text: str | None) -> ItemReason | None:
        """Read the sentence; None if it is another one, such as why an item was skipped."""
        word, colon, said = (text or "").partition(": ")
        return cls(Fate(word), said) if colon and word in tuple(Fate) else None

    @classmethod
    def kept_from(cls, run: str | None) -> ItemReason:
        """Return that of an item which equals one of the run ``NAME/INSTANCE``; None: of an earlier run of its own instance."""
        return cls(Fate.KEPT, f"same as {run}" if run is not None else "same as before")

    @classmethod
    def changed(cls, changes: Sequence[str], compared_with: str | None = None) -> ItemReason:
        """Return that of an item whose parts differ from those in the former run of its instance, or of ``compared_with``.

        At most three changes are listed; the others are counted.
        """
        more = f" and {len(changes) - MOST_CHANGES} more" if len(changes) > MOST_CHANGES else ""
        other = f" (compared with {compared_with})" if compared_with is not None else ""
        return cls(Fate.RAN, f"{', '.join(changes[:MOST_CHANGES])}{more}{other}")

    @classmethod
    def ran(cls, said: str) -> ItemReason:
        """Return that of an item which ran for another cause."""
        return cls(Fate.RAN, said)

    def __str__(self) -> str:
        return f"{self.fate}: {self.said}"
