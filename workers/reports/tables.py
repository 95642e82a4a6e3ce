"""HTML tables, above all those of pandas, to tables that can be read on paper."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from workers.reports import css
from workers.reports.text import breakable, is_right_to_left
from workers.reports.tree import Element, Text
from workers.reports.typst_code import EMPTY, Code, Value, array, call, content, keyword, literal

if TYPE_CHECKING:
    from workers.reports.html import HtmlWriter

#: of a longer table this many rows are printed at each end
ROWS_AT_EACH_END = 500
#: fewer rows of a table with more cells than this; Typst needs about 20 kB of memory for each
CELL_LIMIT = 12_000
#: of all tables of a report together; those that come after show their first and last rows only
REPORT_CELL_LIMIT = 24_000
ROWS_BEYOND_LIMIT = 10
COLUMN_LIMIT = 200
#: as many characters fit beside each other in the smallest type that is used
LINE_CHARACTERS = 118
#: a table of up to this many rows is not parted by the end of a page
WHOLE_ROWS = 15
#: a column of prose is given this many and wraps
COLUMN_CHARACTERS = 40

_NUMBER = re.compile(r"[(+\-\u2212]?[$€£¥]?\s?(?:\d[\d,.'  ]*|\.\d+)(?:[eE][+-]?\d+)?\s?%?\)?|[+\-\u2212]?inf", re.IGNORECASE)
_MISSING = frozenset(("", "nan", "none", "<na>", "nat", "null", "-", "\u2014", "\u2013", "n/a", "...", "\u2026"))
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

    @property
    def is_heading(self) -> bool:
        return self.tag.name == "th"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table as a grid: every cell knows its place, whatever spans there are."""

    cells: list[list[Cell]]  #: by the row in which they begin
    header_rows: int
    column_count: int
    columns_left_out: int = 0  #: columns of the source beyond those of the grid

    @cached_property
    def columns(self) -> list[list[Cell]]:
        """The cells of the body that cover one column only, by column."""
        columns: list[list[Cell]] = [[] for _ in range(self.column_count)]
        for row in self.cells[self.header_rows :]:
            for cell in row:
                if len(cell.columns) == 1:
                    columns[cell.columns.start].append(cell)
        return columns

    @cached_property
    def index_columns(self) -> int:
        """How many columns at the left name the row: those with heading cells alone."""
        named = (bool(column) and all(cell.is_heading for cell in column) for column in self.columns)
        count = sum(1 for _ in takewhile(bool, named))
        return count if count < self.column_count else 0

    @cached_property
    def numeric(self) -> list[bool]:
        """Whether a column holds numbers (and missing values) only."""
        return [_is_numeric([cell.text for cell in column[:300]]) for column in self.columns]


def _is_numeric(texts: Sequence[str]) -> bool:
    present = [text for text in texts if text.lower() not in _MISSING]
    return bool(present) and all(_NUMBER.fullmatch(text) for text in present)


def with_fewer_rows(html: str) -> str:
    """``html`` with the middle rows of a very long table cut out before it is parsed, the number of them left as an attribute.

    Only tables without nested tables or cells that cover several rows are cut here; ``table_code`` shortens the others.
    """
    if html.count("<tr") <= 2 * ROWS_BEYOND_LIMIT or html.count("<table") != 1 or "rowspan" in html:
        return html
    body = html.find("<tbody")
    starts = [body + row.start() for row in re.finditer(r"<tr\b", html[body:])] if body >= 0 else []
    if len(starts) < 2:
        return html
    ends = rows_at_each_end(len(re.findall(r"<t[dh]\b", html[starts[0] : starts[1]])))
    if len(starts) <= 2 * ends + 1:
        return html
    # one more than is shown at each end, so that what is left is still seen to be too long
    cut = len(starts) - 2 * ends - 1
    told = f'<table data-rows-cut="{cut}" data-rows-end="{ends}"'
    return html[: starts[ends + 1]].replace("<table", told, 1) + html[starts[-ends] :]


def rows_at_each_end(columns: int) -> int:
    """How many rows of a long table with so many columns are shown at each end."""
    return min(ROWS_AT_EACH_END, max(ROWS_BEYOND_LIMIT, CELL_LIMIT // max(1, columns) // 2))


def table_code(table: Element, writer: "HtmlWriter", depth: int, tags: int) -> list[Code]:
    """One table, in as many pieces as its columns need, the index repeated in each; nothing for one without rows.

    Tables of more than 1,000 rows (fewer if it has many columns) show their first and last rows, as the caption says.
    """
    grid = grid_of(table)
    if not grid.cells or not grid.column_count:
        return []
    return list(_TableWriter(grid, table, writer, depth, tags).pieces())


def grid_of(table: Element) -> Grid:
    """The grid of an HTML table. Spans are cut at the table's edge and at the end of its head, columns after 200 left out."""
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
    """pandas puts the names of the index on a last line of the head, where the columns have none: move them a line up."""
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


def column_pieces(grid: Grid) -> list[list[int]]:
    """The columns of each piece of a table, without the index: one piece if it fits, else pieces of about equal width."""
    widths = _column_widths(grid)
    index, room = grid.index_columns, LINE_CHARACTERS - sum(widths[: grid.index_columns])
    room = max(room, LINE_CHARACTERS // 3)
    total = sum(widths[index:])
    if total <= room:
        return [list(range(index, grid.column_count))]
    goal = total / -(-total // room)
    pieces: list[list[int]] = [[]]
    width = before = 0  # of the piece, and of the pieces before it
    for column in range(index, grid.column_count):
        too_wide = width + widths[column] > room
        enough = before + width + widths[column] / 2 > goal * len(pieces)
        if pieces[-1] and (too_wide or enough):
            pieces.append([])
            before, width = before + width, 0
        pieces[-1].append(column)
        width += widths[column]
    return pieces


def _column_widths(grid: Grid) -> list[int]:
    """Estimated widths in characters, the space between columns included."""
    widths = [max((len(cell.text) for cell in column), default=0) for column in grid.columns]
    for row in grid.cells[: grid.header_rows]:
        for cell in row:
            if len(cell.columns) == 1:
                widths[cell.columns.start] = max(widths[cell.columns.start], _wrapped_width(cell.text))
    return [max(2, min(width, COLUMN_CHARACTERS)) + 2 for width in widths]


def _wrapped_width(heading: str) -> int:
    """Characters of the longer of two lines on which a heading can be set, broken at a blank or after an underscore."""
    breaks = [found.end() for found in re.finditer(r"[ _]+", heading)]
    return min((max(place, len(heading) - place) for place in breaks), default=len(heading))


class _TableWriter:
    def __init__(self, grid: Grid, table: Element, writer: "HtmlWriter", depth: int, tags: int) -> None:
        self.grid, self.table, self.writer, self.depth, self.tags = grid, table, writer, depth, tags
        body = range(grid.header_rows, len(grid.cells))
        at_each_end = rows_at_each_end(grid.column_count)
        if writer.draft.table_cells + min(len(body), 2 * at_each_end) * grid.column_count > REPORT_CELL_LIMIT:
            at_each_end = ROWS_BEYOND_LIMIT
        writer.draft.table_cells += min(len(body), 2 * at_each_end) * grid.column_count
        cut = table.get("data-rows-cut")
        self.cut = int(cut) if re.fullmatch(r"\d{1,9}", cut) else 0
        self.sections = [body]
        self.omitted = 0
        if len(body) > 2 * at_each_end:
            self.sections = [body[:at_each_end], body[-at_each_end:]]
            self.omitted = len(body) - 2 * at_each_end + self.cut

    def pieces(self) -> Iterator[Code]:
        pieces = column_pieces(self.grid)
        for columns in pieces:
            kept = [*range(self.grid.index_columns), *columns]
            yield call(
                "report.data-table",
                columns=len(kept),
                align=array(keyword("right" if self._is_aligned_right(column) else "left") for column in kept),
                header=array(array(row) for row in self._clipped(range(self.grid.header_rows), kept)),
                body=array(self._body(kept)),
                sample=array(self._sample(kept)),
                caption=self._caption(columns, len(pieces) > 1),
                whole=self._is_small(),
            )

    def _is_aligned_right(self, column: int) -> bool:
        words = "".join(cell.text for cell in self.grid.columns[column][:20])
        return self.grid.numeric[column] or is_right_to_left(words)

    def _is_small(self) -> bool:
        body = self.grid.cells[self.grid.header_rows :]
        return len(body) <= WHOLE_ROWS and sum(len(cell.text) for row in body for cell in row) < 3_000

    def _body(self, kept: list[int]) -> Iterator[Code]:
        for number, section in enumerate(self.sections):
            if number:
                yield call("report.rows-left-out", columns=len(kept), text=literal(f"{self.omitted:,} rows left out"))
            for row in self._clipped(section, kept):
                yield from row

    def _clipped(self, rows: range, kept: list[int]) -> Iterator[list[Code]]:
        """The cells of ``rows`` and ``kept`` row by row, spans cut to what is kept, holes filled."""
        position = {column: place for place, column in enumerate(kept)}
        filled: dict[int, int] = {}
        if rows:
            reaching_in = [
                cell for row in self._rows_reaching(rows.start) for cell in row if cell.rows.start < rows.start < cell.rows.stop
            ]
        for number in rows:
            begun = [*reaching_in, *self.grid.cells[number]] if number == rows.start else self.grid.cells[number]
            written: dict[int, Code] = {}
            for cell in begun:
                places = [position[column] for column in cell.columns if column in position]
                height = min(cell.rows.stop, rows.stop) - number
                if places and height > 0:
                    written[places[0]] = self._cell(cell, len(places), height, cell.columns.start)
                    filled.update(dict.fromkeys(places, number + height))
            for place in range(len(kept)):
                if filled.get(place, 0) <= number:
                    written[place] = EMPTY
            yield [written[place] for place in sorted(written)]

    def _rows_reaching(self, row: int) -> list[list[Cell]]:
        # only the first row of the second section can be reached from above
        return self.grid.cells[self.grid.header_rows : row] if len(self.sections) > 1 and row == self.sections[1].start else []

    def _cell(self, cell: Cell, width: int, height: int, column: int) -> Code:
        declared = self.writer.sheet.of(cell.tag)
        body = self._cell_body(cell)
        if is_right_to_left(cell.text):
            body = call("report.right-to-left", body)
        if css.bar(declared):
            body = call("report.bar-text", body)
        if named := css.text_arguments(declared):
            body = call("text", body, **named)
        body = css.decorated(body, declared)
        in_header = cell.rows.start < self.grid.header_rows
        if in_header:
            body = call("strong", body)
        elif cell.is_heading:
            body = call("report.row-number" if self.grid.numeric[column] else "report.row-name", body)
        placed: dict[str, Value] = {}
        if width > 1:
            placed["colspan"] = width
        if height > 1:
            placed["rowspan"] = height
        if fill := css.background_code(declared):
            placed["fill"] = fill
        if side := css.alignment(cell.tag, declared):
            placed["align"] = keyword(side)
        elif width > 1:
            placed["align"] = keyword("center")
        if in_header and len(cell.columns) > 1 and cell.text:
            return call("report.group-heading", body, **placed)
        return call("table.cell", body, **placed) if placed else body

    def _cell_body(self, cell: Cell) -> Code:
        if all(isinstance(child, Text) for child in cell.tag.children) and not self.writer.sheet.kept_blanks(cell.tag):
            in_header = cell.rows.start < self.grid.header_rows
            return literal(breakable(cell.text.replace("_", "_\u200b") if in_header else cell.text))
        if cell.tag.find("table", "ul", "ol", "p", "pre", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote") is None:
            return content(self.writer.inline(list(cell.tag.children), self.depth, self.tags))
        return call("report.cell-blocks", content(self.writer.blocks(cell.tag, self.depth, self.tags)))

    def _sample(self, kept: list[int]) -> Iterator[Code]:
        """The longest texts of each column, cut to what a column is given: Typst measures these instead of the whole table."""
        longest: list[list[str]] = []
        for column in kept:
            texts = [cell.text for cell in self.grid.columns[column]]
            texts += [
                cell.text[: _wrapped_width(cell.text)]
                for row in self.grid.cells[: self.grid.header_rows]
                for cell in row
                if cell.columns == range(column, column + 1)
            ]
            longest.append(sorted(dict.fromkeys(texts), key=len, reverse=True)[:3])
        for number in range(3):
            for texts in longest:
                yield literal(texts[number][:COLUMN_CHARACTERS] if number < len(texts) else "")

    def _caption(self, columns: list[int], in_pieces: bool) -> Code | None:
        parts = [_BLANKS.sub(" ", caption.get_text()).strip() for caption in self.table.own("caption")]
        if in_pieces:
            index, count = self.grid.index_columns, self.grid.column_count - self.grid.index_columns
            first, last = columns[0] - index + 1, columns[-1] - index + 1
            parts.append(f"columns {first} to {last} of {count}" if first < last else f"column {first} of {count}")
        if self.grid.columns_left_out:
            parts.append(f"{self.grid.columns_left_out:,} more columns left out")
        if self.omitted:
            shown = len(self.sections[0])
            total = self.omitted + 2 * shown
            parts.append(f"first {shown} and last {shown} of {total:,} rows")
        return literal(" · ".join(part for part in parts if part)) if any(parts) else None
