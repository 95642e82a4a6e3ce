"""Printed text comes in as many pieces as chance will have it, and stands in few."""

from __future__ import annotations

from nbformat import NotebookNode

#: A piece grows to at least so many characters before the next one stands alone: each addition copies the whole piece.
FULL_CHARACTERS = 50_000


def join_last_outputs(cell: NotebookNode) -> None:
    """Make one of the last two outputs of a cell, if both are text on the same stream and the first is not full."""
    outputs = cell.get("outputs") or []
    if len(outputs) < 2:
        return
    first, last = outputs[-2], outputs[-1]
    if first.output_type == last.output_type == "stream" and first.name == last.name and len(first.text) < FULL_CHARACTERS:
        first.text += last.text
        outputs.pop()
