"""Printed text arrives in arbitrarily many pieces, and is joined to few."""

from __future__ import annotations

from nbformat import NotebookNode

#: A piece grows to at least this many characters before the next one stays separate: each addition copies the whole piece.
FULL_CHARACTERS = 50_000


def join_last_outputs(cell: NotebookNode) -> None:
    """Join the last two outputs of a cell if both are text on the same stream and the first is not full."""
    outputs = cell.get("outputs") or []
    if len(outputs) < 2:
        return
    first, last = outputs[-2], outputs[-1]
    if first.output_type == last.output_type == "stream" and first.name == last.name and len(first.text) < FULL_CHARACTERS:
        first.text += last.text
        outputs.pop()
