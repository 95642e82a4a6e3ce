"""Differences between two runs, as a table."""

from __future__ import annotations

from typing import Any

from ... import payload
from ...inspection.tables import Table
from ..looking.run_differences import DifferenceKind, RunDifferences

_MOST_CHARACTERS = 60  #: of a value, for people
_DIGEST_CHARACTERS = 12


def differences_table(found: RunDifferences, *, is_for_programs: bool) -> Table:
    """Return a row for each difference; for people long values are cut."""
    shown = _whole if is_for_programs else _short
    table = Table(["kind", "name", found.first.title, found.second.title])
    table.rows += [[one.kind, one.name, shown(one.kind, one.first), shown(one.kind, one.second)] for one in found.differences]
    return table


def _whole(kind: DifferenceKind, value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else payload.encode(value)


def _short(kind: DifferenceKind, value: Any) -> str:
    text = _whole(kind, value)
    if text is None:
        return "-"
    if kind is DifferenceKind.NOTEBOOK:
        return text[:_DIGEST_CHARACTERS]
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."
