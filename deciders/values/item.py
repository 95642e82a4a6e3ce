"""A label of a run, or one of the items that it is fanned out to."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A label may have points and digits in it, and no colon: `validate` refuses it. An index is the whole number behind the colon.
_ITEM = re.compile(r"(?P<label>.+):(?P<index>0|[1-9][0-9]*)", re.DOTALL | re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """``LABEL``, or ``LABEL:INDEX``: an item is numbered from 0."""

    label: str
    index: int | None = None  #: None: the whole label

    @classmethod
    def parse(cls, text: str) -> Item:
        """Parse the text that `str` gives."""
        if (found := _ITEM.fullmatch(text)) is not None:
            return cls(found["label"], int(found["index"]))
        return cls(text)

    def __str__(self) -> str:
        return self.label if self.index is None else f"{self.label}:{self.index}"
