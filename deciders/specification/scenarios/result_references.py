"""The scraps that the results of a set show: ``label.name`` of a label with one item."""

from __future__ import annotations

from collections.abc import Collection

from ...problems import shown
from ...steps.references import split_reference


def result_fault(reference: str, labels: Collection[str], fans: Collection[str]) -> str | None:
    """Return a sentence that says why a reference names no single scrap; None if it does.

    ``labels`` are those of the workflow, ``fans`` those of them with lists of items: a row of the results has one value.
    """
    try:
        label, name = split_reference(reference, labels)
    except ValueError as error:
        return str(error)
    if name is None:
        return f"{shown(label)} names none of its scraps; write {label}.name"
    if label in fans:
        return f"{shown(label)} has a list of items, and a result is one value; name a label that takes the whole list"
    return None
