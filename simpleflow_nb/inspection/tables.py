"""Tables of results, and their output formats."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import payload
from ..variables import SIMPLEFLOW_FORMAT

FORMATS = SIMPLEFLOW_FORMAT.words


@dataclass
class Table:
    """Rows under a header. ``None`` is an empty cell."""

    header: Sequence[str]
    rows: list[Sequence[Any]] = field(default_factory=list)


def formatted(table: Table, style: str = "tabular", *, with_header: bool = False) -> str:
    """Format the table as text, without a line break at the end.

    ``tabular`` aligns columns, two blanks apart; ``human`` is one line a column for each row; ``json`` is a list of lists
    (of objects when a header is asked for); ``prettyjson`` is a list of objects, indented; ``csv`` and ``tsv`` are quoted as
    spreadsheets expect.
    """
    return _STYLES[style](table, with_header)


def _tabular(table: Table, with_header: bool) -> str:
    rows = [[_cell(value) for value in row] for row in table.rows]
    if with_header:
        rows.insert(0, [str(name) for name in table.header])
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(len(table.header))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _human(table: Table, with_header: bool) -> str:
    width = max((len(name) for name in table.header), default=0)
    blocks = []
    for row in table.rows:
        pairs = zip(table.header, row, strict=True)
        blocks.append("\n".join(f"{name.ljust(width)}  {_cell(value)}".rstrip() for name, value in pairs))
    return "\n\n".join(blocks)


def _json(table: Table, with_header: bool) -> str:
    if with_header:
        return payload.encode([dict(zip(table.header, row, strict=True)) for row in table.rows])
    return payload.encode([list(row) for row in table.rows])


def _pretty_json(table: Table, with_header: bool) -> str:
    import json

    rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    return json.dumps(json.loads(payload.encode(rows)), indent=2, sort_keys=True, ensure_ascii=False)


def _separated(delimiter: str) -> Callable[[Table, bool], str]:
    def format_rows(table: Table, with_header: bool) -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
        if with_header:
            writer.writerow(table.header)
        writer.writerows([["" if value is None else value for value in row] for row in table.rows])
        return buffer.getvalue().rstrip("\n")

    return format_rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value)


_STYLES: dict[str, Callable[[Table, bool], str]] = {
    "tabular": _tabular,
    "human": _human,
    "json": _json,
    "prettyjson": _pretty_json,
    "csv": _separated(","),
    "tsv": _separated("\t"),
}


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 run``, ``2 runs``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
