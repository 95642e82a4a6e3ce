"""Names of a run's artefacts in its arguments, its result and its records, and for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .item import Item
from .report_format import REPORT_FORMATS, TYPESET

_REPORT = "report:"


class ArtefactKind(StrEnum):
    """The kinds of artefacts of a label."""

    NOTEBOOK = "notebook"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class ArtefactKey:
    """The executed notebook of a label or an item, or a report of it.

    Printed as records hold it among artefacts, labels and notes: ``count``, ``report:count`` for its pdf and
    ``report:count.html``; of an item ``count:3``, ``report:count:3``.
    """

    label: str
    format: str | None = None  #: of a report; None for the executed notebook
    index: int | None = None  #: of an item, from 0; None for a label without items

    @classmethod
    def parse(cls, text: str) -> ArtefactKey:
        """Parse the text of a record.

        A label that ends in a format reads as the report in that format of a shorter label: both have the same text.
        """
        if not text.startswith(_REPORT):
            item = Item.parse(text)
            return cls(item.label, None, item.index)
        return cls._report(text.removeprefix(_REPORT), TYPESET)

    @classmethod
    def of_file_name(cls, text: str) -> ArtefactKey:
        """Parse the text of `file_name`, always as a report; an unknown format is accepted, too."""
        name, _, format = text.rpartition(".")
        item = Item.parse(name)
        return cls(item.label, format, item.index)

    @classmethod
    def _report(cls, name: str, otherwise: str) -> ArtefactKey:
        head, point, ending = name.rpartition(".")
        is_named = bool(point) and ending in REPORT_FORMATS and ending != TYPESET
        item = Item.parse(head if is_named else name)
        return cls(item.label, ending if is_named else otherwise, item.index)

    def __str__(self) -> str:
        if self.format is None:
            return str(self.item)
        return f"{_REPORT}{self.item}" if self.format == TYPESET else f"{_REPORT}{self.file_name}"

    @property
    def kind(self) -> ArtefactKind:
        return ArtefactKind.NOTEBOOK if self.format is None else ArtefactKind.REPORT

    @property
    def is_report(self) -> bool:
        return self.format is not None

    @property
    def item(self) -> Item:
        """The label or item that the artefact belongs to."""
        return Item(self.label, self.index)

    @property
    def file_name(self) -> str:
        """The name for people: ``count.pdf`` for a report, whatever its file is called; for a notebook the label alone."""
        return str(self.item) if self.format is None else f"{self.item}.{self.format}"

    @property
    def shown(self) -> str:
        """The name as the subject of a sentence: ``count``, ``count.html``."""
        return str(self).removeprefix(_REPORT)
