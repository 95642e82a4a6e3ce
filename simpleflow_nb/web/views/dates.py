"""The first page: the dates in sight by workflow, the months before, and what runs now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ...application.looking.overviews import Overview, OverviewCell, OverviewLine
from ..shelf import Shelf, Shelved
from ..signs import Sign, sign_of

_MOST_MONTHS = 36
_MOST_DATELESS = 40


@dataclass(frozen=True)
class Section:
    """The grid of one project."""

    shelved: Shelved
    found: Overview
    days: Sequence[tuple[date, bool]]  #: newest first; whether its month is written above it
    lines: Sequence[Line]


@dataclass(frozen=True)
class Line:
    """A line of the grid."""

    line: OverviewLine
    cells: Sequence[Sequence[tuple[OverviewCell, Sign]]]  #: by day, newest first
    months: Sequence[tuple[str, Counter[str], str]]  #: month, lights, the worst of them
    more_months: int  #: how many there are before those
    dateless: Sequence[tuple[OverviewCell, Sign]]
    more_dateless: int


def dates_page(shelf: Shelf, month: str | None) -> Mapping[str, Any]:
    """Return the values of the page."""
    return {"sections": [_section(one, month) for one in shelf], "month": month, "has_several": len(shelf) > 1}


def _section(shelved: Shelved, month: str | None) -> Section:
    project = shelved.project
    found = project.overview(month=month)
    days = [date.fromisoformat(day) for day in found.days]
    shown = [(day, number == 0 or day.month != days[number - 1].month) for number, day in enumerate(days)]
    return Section(shelved, found, shown, [_line(one, found.days) for one in found.lines])


def _line(line: OverviewLine, days: Sequence[str]) -> Line:
    months = [(month, counts, _worst(counts)) for month, counts in sorted(line.months.items(), reverse=True)]
    return Line(
        line,
        [_signed(line.cells.get(day, ())) for day in days],
        months[:_MOST_MONTHS],
        max(0, len(months) - _MOST_MONTHS),
        _signed(line.dateless[:_MOST_DATELESS]),
        max(0, len(line.dateless) - _MOST_DATELESS),
    )


def _signed(cells: Iterable[OverviewCell]) -> list[tuple[OverviewCell, Sign]]:
    return [(cell, sign_of(cell.state, cell.light)) for cell in cells]


def _worst(counts: Counter[str]) -> str:
    return next((light for light in ("running", "red", "orange") if counts[light]), "green")
