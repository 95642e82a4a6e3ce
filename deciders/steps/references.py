"""References of a file to what a label has made: ``label.name``, in which labels may have points themselves."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import NamedTuple

from ..wording import did_you_mean, kind_of, shown

_NUMBER = re.compile(r"0|[1-9][0-9]*", re.ASCII)


class ValueKind(StrEnum):
    """Kind of a value that an item leaves beside its files. The value is the key of the file that refers to it."""

    SCRAP = "scrap"
    OUTPUT = "output"


class ValueName(NamedTuple):
    """A value that an item leaves, by name."""

    kind: ValueKind
    name: str | None  #: None: all that it gave as its output

    def __str__(self) -> str:
        return self.kind if self.name is None else f"{self.kind} {shown(self.name)}"


class Reference(NamedTuple):
    """A value of a label: of the item that is meant, or of all its items as a list."""

    label: str
    value: ValueName

    def __str__(self) -> str:
        return f"{{{self.value.kind}: {self.label if self.value.name is None else f'{self.label}.{self.value.name}'}}}"

    @classmethod
    def parse(cls, kind: ValueKind, text: object, labels: Collection[str]) -> Reference:
        """Parse what stands behind ``scrap:`` or ``output:``; ``labels`` are those of the file.

        The longest label that fits is meant. An output may do without a name: all that the label gave.

        Raises:
            ValueError: a sentence that says what is wrong with it.
        """
        if not isinstance(text, str):
            raise ValueError(f"'{kind}' takes label.name, not {kind_of(text)}")
        label, name = split_reference(text, labels)
        if name is None and kind is ValueKind.SCRAP:
            raise ValueError(f"{{scrap: {text}}} names the label {label!r} and none of its scraps; write {label}.name")
        return cls(label, ValueName(kind, name))


def split_reference(text: str, labels: Collection[str]) -> tuple[str, str | None]:
    """Split ``label.name`` into both: the longest label of the file that fits. The name is None if the text is a label.

    Raises:
        ValueError: no label of the file fits.
    """
    if text in labels:
        return text, None
    end = len(text)
    while (end := text.rfind(".", 0, end)) > 0:
        if text[:end] in labels and end + 1 < len(text):
            return text[:end], text[end + 1 :]
    meant = text.partition(".")[0] or text
    raise ValueError(f"there is no label {shown(meant)}{did_you_mean(meant, labels)}")


def items_as_labels(labels: Collection[str], fans: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each label that reads like an item of a fan, and that fan: ``a.0`` beside a fan ``a``."""
    for label in labels:
        fan, point, number = label.rpartition(".")
        if point and fan in fans and _NUMBER.fullmatch(number):
            yield label, fan
