"""How the things that a run leaves are called in its arguments, its result and its records, and to people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from .item import Item

ReportFormat = Literal["pdf", "html"]
REPORT_FORMATS: tuple[str, ...] = get_args(ReportFormat)

_REPORT = "report:"
_PLAIN_FORMAT = "pdf"  #: the one that is not named in records, as it was the first


class ArtefactKind(StrEnum):
    """What there is of a label."""

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
        """What records hold as ``text``.

        A label that ends in a format reads as the report of that format of a shorter one: they are called the same.
        """
        if not text.startswith(_REPORT):
            item = Item.parse(text)
            return cls(item.label, None, item.index)
        return cls._report(text.removeprefix(_REPORT), _PLAIN_FORMAT)

    @classmethod
    def of_file_name(cls, text: str) -> ArtefactKey:
        """What `file_name` gives ``text`` for, always a report; of a format that nobody has heard of, too."""
        name, _, format = text.rpartition(".")
        item = Item.parse(name)
        return cls(item.label, format, item.index)

    @classmethod
    def _report(cls, name: str, otherwise: str) -> ArtefactKey:
        head, point, ending = name.rpartition(".")
        is_named = bool(point) and ending in REPORT_FORMATS and ending != _PLAIN_FORMAT
        item = Item.parse(head if is_named else name)
        return cls(item.label, ending if is_named else otherwise, item.index)

    def __str__(self) -> str:
        if self.format is None:
            return str(self.item)
        return f"{_REPORT}{self.item}" if self.format == _PLAIN_FORMAT else f"{_REPORT}{self.file_name}"

    @property
    def kind(self) -> ArtefactKind:
        return ArtefactKind.NOTEBOOK if self.format is None else ArtefactKind.REPORT

    @property
    def is_report(self) -> bool:
        return self.format is not None

    @property
    def item(self) -> Item:
        """The label or item that it belongs to."""
        return Item(self.label, self.index)

    @property
    def file_name(self) -> str:
        """How people call it: ``count.pdf`` for a report, whatever its file is called; for a notebook the label alone."""
        return str(self.item) if self.format is None else f"{self.item}.{self.format}"

    @property
    def shown(self) -> str:
        """How it is called in front of what is said of it: ``count``, ``count.html``."""
        return str(self).removeprefix(_REPORT)
