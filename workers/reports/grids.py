"""The grid of an HTML table: the rows and columns that each cell covers, and the content of its columns."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from .cell_values import is_numeric
from .tree import Element, Text

COLUMN_LIMIT = 200
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A cell with the rows and columns that it covers."""

    tag: Element
    rows: range
    columns: range

    @cached_property
    def text(self) -> str:
        return _BLANKS.sub(" ", self.tag.get_text()).strip()

    @cached_property
    def is_plain(self) -> bool:
        """True if there is no markup in it."""
        return all(isinstance(child, Text) for child in self.tag.children)

    @property
    def is_heading(self) -> bool:
        return self.tag.name == "th"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table as a grid: the position of every cell is known, whatever its span."""

    cells: list[list[Cell]]  #: by the row in which they begin
    header_rows: int
    column_count: int
    columns_left_out: int = 0  #: columns of the source beyond those of the grid

    @cached_property
    def columns(self) -> list[list[Cell]]:
        """The cells of the body that cover only one column, by column."""
        columns: list[list[Cell]] = [[] for _ in range(self.column_count)]
        for row in self.cells[self.header_rows :]:
            for cell in row:
                if len(cell.columns) == 1:
                    columns[cell.columns.start].append(cell)
        return columns

    @cached_property
    def index_columns(self) -> int:
        """The number of columns at the left that name the row: those with heading cells only."""
        named = (bool(column) and all(cell.is_heading for cell in column) for column in self.columns)
        count = sum(1 for _ in takewhile(bool, named))
        return count if count < self.column_count else 0

    @cached_property
    def numeric(self) -> list[bool]:
        """For each column, whether it holds only numbers (and missing values)."""
        return [is_numeric([cell.text for cell in column[:300]]) for column in self.columns]


def grid_of(table: Element) -> Grid:
    """Return the grid of an HTML table. Spans are cut at the table's edge and at the end of its head, columns after 200 left
    out.
    """
    rows, header_rows = _rows(table)
    cells: list[list[Cell]] = []
    taken: dict[int, int] = {}  # column -> first row in which it is free again
    column_count = left_out = 0
    for number, row in enumerate(rows):
        section_end = header_rows if number < header_rows else len(rows)
        placed: list[Cell] = []
        column = 0
        for place, tag in enumerate(row):
            while taken.get(column, 0) > number:
                column += 1
            if column >= COLUMN_LIMIT:
                left_out = max(left_out, sum(_span(rest, "colspan") for rest in row[place:]))
                break
            columns = range(column, min(column + _span(tag, "colspan"), COLUMN_LIMIT))
            height = range(number, min(number + _span(tag, "rowspan"), section_end))
            taken.update(dict.fromkeys(columns, height.stop))
            placed.append(Cell(tag=tag, rows=height, columns=columns))
            column = columns.stop
        # columns that only the spans of cells reach are none
        column_count = max(column_count, *(cell.columns.start + 1 for cell in placed), 0)
        cells.append(placed)
    grid = Grid(cells=cells, header_rows=header_rows, column_count=column_count, columns_left_out=left_out)
    return _with_merged_header(grid)


def _rows(table: Element) -> tuple[list[list[Element]], int]:
    head: list[list[Element]] = []
    body: list[list[Element]] = []
    foot: list[list[Element]] = []
    has_head = bool(table.own("thead"))
    for section in table.own("thead", "tbody", "tfoot"):
        for row in section.own("tr"):
            cells = row.own("td", "th")
            if not cells:
                continue
            if section.name == "thead" or (not has_head and not body and all(cell.name == "th" for cell in cells)):
                head.append(cells)
            else:
                (foot if section.name == "tfoot" else body).append(cells)
    if not body and not foot:  # a head alone would never be printed on a page of its own
        return head, 0
    return head + body + foot, len(head)


def _span(tag: Element, name: str) -> int:
    value = tag.get(name)
    if not value:
        return 1
    return max(1, int(value)) if re.fullmatch(r"\d{1,5}", value) else 1


def _with_merged_header(grid: Grid) -> Grid:
    """Move the names of the index up a line: pandas puts them on a last line of the head, where the columns have none."""
    index, lines = grid.index_columns, grid.header_rows
    if lines < 2 or not index:
        return grid
    names, above = grid.cells[lines - 1], grid.cells[lines - 2]
    if [cell.columns for cell in names] != [range(column, column + 1) for column in range(grid.column_count)]:
        return grid
    if [cell.columns for cell in above[:index]] != [range(column, column + 1) for column in range(index)]:
        return grid
    if any(cell.text for cell in names[index:]) or any(cell.text for cell in above[:index]):
        return grid
    moved = [Cell(tag=cell.tag, rows=range(lines - 2, lines - 1), columns=cell.columns) for cell in names[:index]]
    body = [
        [Cell(tag=cell.tag, rows=range(cell.rows.start - 1, cell.rows.stop - 1), columns=cell.columns) for cell in row]
        for row in grid.cells[lines:]
    ]
    header = [*grid.cells[: lines - 2], moved + above[index:]]
    return replace(grid, cells=header + body, header_rows=lines - 1)
